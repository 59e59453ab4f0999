"""The manifest: what `make` wrote, for those who load it and for tests that need the truth.

``manifest.json`` stands in the folder of the samples; it is written last, so a folder with a manifest is
complete. Paths are relative to it, with forward slashes. UIDs are DICOM UIDs as strings. Fields are only
ever added within one `version`.

``files``
    Every DICOM file, in the order of loading.
``albums``
    The albums to make: ``slug``, ``title``, ``description``, ``owner`` (a user name), ``members`` (user
    names and their actions) and ``series`` (SeriesInstanceUIDs; the whole content, no study is implied).
``special``
    The cases that tests look for. ``two_albums``, ``unlabelled``: StudyInstanceUIDs. ``partial``: a study
    of which ``visible_series`` are in an album and ``hidden_series`` in none (no visible series has their
    modalities). ``showcase``: the head CT with its original pixels. ``clinical``: the files of pydicom, in
    no album.
``phantom``
    What is known about the lung phantom (`phantom`), per series: analytic volumes and densities.
``studies``
    What is in the folder, study by study, for counting.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from deploy.native.errors import CannotGoOn

NAME = "manifest.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Member(_Part):
    """A person who gets rights in an album."""

    user: str
    actions: tuple[str, ...]


class Album(_Part):
    """An album to make."""

    slug: str
    title: str
    description: str
    owner: str
    members: tuple[Member, ...]
    series: tuple[str, ...]


class Partial(_Part):
    """A study of which only some series are in an album."""

    study: str
    visible_series: tuple[str, ...]
    hidden_series: tuple[str, ...]


class Showcase(_Part):
    """The head CT with its original pixels."""

    study: str
    series: str
    slices: int


class Clinical(_Part):
    """One file of pydicom."""

    modality: str
    study: str
    series: str
    file: str


class Special(_Part):
    """The cases that tests look for."""

    two_albums: str
    unlabelled: str
    partial: Partial
    showcase: Showcase
    clinical: tuple[Clinical, ...]


class Shape(_Part):
    """An ellipsoid: centre and semi-axes in mm, density in HU, volume in ml."""

    name: str
    centre_mm: tuple[float, float, float]
    semi_axes_mm: tuple[float, float, float]
    density_hu: float
    volume_ml: float


class Truth(_Part):
    """What is known about one series of the phantom.

    Attributes
    ----------
    lungs_ml : float
        Both lungs with what is in them; ``right_lung_ml`` + ``left_lung_ml``.
    aerated_ml : float
        The lungs without nodules.
    mean_aerated_hu : float
        Mean density of the aerated lungs.
    laa950_percent : float
        Share of the aerated lungs below -950 HU: the emphysema.
    noise_hu : float
        Standard deviation of the noise; the densities are those before it.
    tolerance_percent : float
        How far a count of voxels may be from the analytic lung volumes: the grid is coarse.

    """

    study: str
    series: str
    right_lung_ml: float
    left_lung_ml: float
    lungs_ml: float
    aerated_ml: float
    emphysema_ml: float
    nodules_ml: float
    mean_aerated_hu: float
    laa950_percent: float
    lung_density_hu: float
    noise_hu: float
    tolerance_percent: float
    voxel_ml: float
    shapes: tuple[Shape, ...]


class Phantom(_Part):
    """The truth of the lung phantom."""

    description: str
    series: tuple[Truth, ...]


class SeriesEntry(_Part):
    """One series in the folder."""

    series: str
    modality: str
    description: str
    folder: str
    instances: int


class StudyEntry(_Part):
    """One study in the folder."""

    study: str
    patient_id: str
    description: str
    albums: tuple[str, ...]
    series: tuple[SeriesEntry, ...]


class Manifest(_Part):
    """Everything in the folder of the samples."""

    version: Literal[1] = 1
    files: tuple[str, ...]
    albums: tuple[Album, ...]
    special: Special
    phantom: Phantom
    studies: tuple[StudyEntry, ...]


def write(manifest: Manifest, folder: Path) -> Path:
    """Write the manifest, whole or not at all."""
    target = folder / NAME
    unfinished = folder / f".{NAME}"
    unfinished.write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    unfinished.replace(target)
    return target


def read(folder: Path) -> Manifest:
    """Read the manifest of a folder.

    Raises
    ------
    CannotGoOn
        If there is none (the folder is not complete), or if it is of another version.

    """
    file = folder / NAME
    try:
        return Manifest.model_validate_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CannotGoOn(
            f"There is no {NAME} in {folder}.", "Make the sample data first: python -m deploy.samples make."
        ) from error
    except ValidationError as error:
        raise CannotGoOn(
            f"{file} is not a manifest of version 1.", "Remove the folder and make the sample data again."
        ) from error
