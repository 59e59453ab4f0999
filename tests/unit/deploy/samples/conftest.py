"""Small sources of the same form as the real ones, and what `make` writes from them, once for all tests."""

import gzip
import io
import plistlib
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from deploy.samples import sources
from deploy.samples.library import Library
from deploy.samples.make import Places, all_studies, make
from deploy.samples.manifest import Manifest
from deploy.samples.model import Study

HEAD_SHAPE = (12, 24, 32)
HEAD_SPACING = (0.9570312, 0.9570312, 1.5)
BRAIN_SHAPE = (197, 233, 40)
SOME_STUDIES = ("head-ct/01", "head-ct/02", "head-ct/12", "head-ct/13", "unlabelled/01", "lung-phantom/01")
MORE_STUDIES = ("brain-mr/01", "brain-mr/02")


@dataclass(frozen=True, eq=False)
class Head:
    """A head CT as InVesalius stores it, and the arrays that went into it."""

    file: Path
    matrix: NDArray[np.int16]
    bone: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Made:
    """What `make` wrote."""

    folder: Path
    manifest: Manifest
    studies: tuple[Study, ...]


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(f"tmp/{name}")
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def write_head(file: Path) -> Head:
    rng = np.random.default_rng(1)
    slices, rows, columns = HEAD_SHAPE
    matrix = rng.integers(-1024, 3034, HEAD_SHAPE, dtype=np.int16)
    bone = matrix > 226
    plan = {
        "matrix": {"filename": "matrix.dat", "shape": list(HEAD_SHAPE), "dtype": "int16"},
        "spacing": list(HEAD_SPACING),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "w:gz") as archive:
        _add(archive, "main.plist", plistlib.dumps(plan))
        _add(archive, "matrix.dat", matrix.astype("<i2").tobytes())
        for stem, mask in (("mask_0", bone), ("mask_1", matrix > -142)):
            flagged = np.ones((slices + 1, rows + 1, columns + 1), dtype=np.uint8)
            flagged[1:, 1:, 1:] = np.where(mask, 255, 0)
            _add(archive, f"{stem}.dat", flagged.tobytes())
    return Head(file, matrix, bone)


def write_wheel(file: Path) -> dict[str, NDArray[np.uint8]]:
    """Write a brain of noise in the template's form; return its arrays (axes to right, front, head)."""
    rng = np.random.default_rng(2)
    arrays: dict[str, NDArray[np.uint8]] = {}
    affine = np.array([[1, 0, 0, -98], [0, 1, 0, -134], [0, 0, 1, -72], [0, 0, 0, 1]], dtype=float)
    with zipfile.ZipFile(file, "w") as archive:
        for part in ("t1", "gm", "wm"):
            values = np.zeros(BRAIN_SHAPE, dtype=np.uint8)
            values[30:170, 30:200, :] = rng.integers(0, 256, (140, 170, BRAIN_SHAPE[2]), dtype=np.uint8)
            arrays[part] = values
            raw = nibabel.Nifti1Image(values, affine).to_bytes()  # type: ignore[no-untyped-call]
            name = f"nilearn/datasets/data/mni_icbm152_{part}_tal_nlin_sym_09a_converted.nii.gz"
            archive.writestr(name, gzip.compress(raw, compresslevel=1))
    return arrays


@pytest.fixture(scope="session")
def head(tmp_path_factory: pytest.TempPathFactory) -> Head:
    return write_head(tmp_path_factory.mktemp("invesalius") / "examples" / sources.CRANIUM)


@dataclass(frozen=True, eq=False)
class Brain:
    """A brain template as nilearn carries it."""

    wheel: Path
    arrays: dict[str, NDArray[np.uint8]]


@pytest.fixture(scope="session")
def brain(tmp_path_factory: pytest.TempPathFactory) -> Brain:
    wheel = tmp_path_factory.mktemp("wheels") / "nilearn.whl"
    return Brain(wheel, write_wheel(wheel))


@pytest.fixture(scope="session")
def places(head: Head, brain: Brain) -> Places:
    return Places(Library(head.file, brain.wheel, cranium_sha256=None), sources.pydicom_files())


@pytest.fixture(scope="session")
def make_some(places: Places) -> Callable[[Path, tuple[str, ...]], Made]:
    def making(folder: Path, keys: tuple[str, ...]) -> Made:
        studies = tuple(study for study in all_studies() if study.key in keys)
        return Made(folder, make(folder, places, studies, lambda: None), studies)

    return making


@pytest.fixture(scope="session")
def made(
    make_some: Callable[[Path, tuple[str, ...]], Made], tmp_path_factory: pytest.TempPathFactory
) -> Made:
    return make_some(tmp_path_factory.mktemp("samples"), SOME_STUDIES + MORE_STUDIES)
