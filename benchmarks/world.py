"""The benchmarks' own archive: the sample data, and an album of many series of one image each."""

import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from deploy.native import samples
from deploy.native.stack import Stack
from tests.integration.people import SignedIn, sign_in
from tests.integration.truth import Truth

MANY = 1500
"""Series, so that none is asked for again while nginx still knows its decision."""

_ROOT = "2.25.2026"
_SIZE = 256


@dataclass(frozen=True, kw_only=True)
class World:
    """A running stack with data, and two people in it."""

    stack: Stack
    info: dict[str, Any]
    truth: Truth
    owner: SignedIn
    member: SignedIn

    @classmethod
    def prepare(cls, stack: Stack) -> "World":
        """Start the stack and load what the measurements need; both are quick when done before."""
        info = stack.up()
        orthanc = info["internal"]["orthanc"]
        with httpx.Client(
            base_url=orthanc["url"],
            auth=(orthanc["username"], orthanc["password"]),
            timeout=60,
            trust_env=False,
        ) as archive:
            _load(archive)
        _make_album(stack)
        return cls(
            stack=stack,
            info=info,
            truth=Truth(info, samples.make(stack.cache, stack.say) / "manifest.json"),
            owner=sign_in(info, "pi-a"),
            member=sign_in(info, "member-a"),
        )

    @property
    def many_frames(self) -> list[str]:
        """One frame of each of the many series."""
        return [
            f"/dicom-web/studies/{study}/series/{series}/instances/{series}.1/frames/1"
            for study, series in _identifiers()
        ]


def _identifiers() -> Iterator[tuple[str, str]]:
    for number in range(1, MANY + 1):
        study = f"{_ROOT}.{(number + 9) // 10}"
        yield study, f"{study}.{number}"


def _load(archive: httpx.Client) -> None:
    print(f"loading {MANY} series of one image each", flush=True)
    with ThreadPoolExecutor(4) as pool:
        for answer in pool.map(
            lambda pair: archive.post("/instances", content=_image(*pair)), _identifiers()
        ):
            answer.raise_for_status()


def _image(study: str, series: str) -> bytes:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = UID(f"{series}.1")
    dataset = FileDataset("", {}, preamble=b"\0" * 128, file_meta=meta)
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = f"{series}.1"
    dataset.StudyInstanceUID = study
    dataset.SeriesInstanceUID = series
    dataset.PatientID = f"BENCH-{study.rpartition('.')[2]}"
    dataset.PatientName = "TEST^BENCH"
    dataset.Modality = "CT"
    dataset.StudyDate = "20240101"
    dataset.Rows = dataset.Columns = _SIZE
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 0
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelData = np.arange(_SIZE * _SIZE, dtype="<u2").tobytes()
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def _make_album(stack: Stack) -> None:
    """Put the many series into an album of pi-a's, through the same command as the sample albums."""
    file = Path(stack.data.root, "bench-album.json")
    album = {
        "slug": "bench",
        "title": "Bench",
        "description": "Many small series",
        "owner": "pi-a",
        "members": [],
        "series": [series for _, series in _identifiers()],
    }
    file.write_text(json.dumps({"version": 1, "albums": [album]}), encoding="utf-8")
    stack.load_albums(file)
