"""Read what a DICOM file says of itself (PS3.10), and refuse what is none, or not whole."""

from dataclasses import dataclass
from os import SEEK_CUR
from pathlib import Path
from typing import IO

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from auth_service.targets import UID_PATTERN, VIEWER_CLASSES
from auth_service.vocabulary import LineFailure

_NOT_OF_STUDIES = (
    "Directory",
    "Commitment",
    "Hanging Protocol",
    "Color Palette",
    "Implant",
    "Protocol Approval",
)
"""In names of classes: objects that belong to no study of a patient (PS3.3, section A.1.4)."""

_PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_LONG_VR = (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"UN")
_UNDEFINED = 0xFFFFFFFF
_LARGE = 1024**2
"""Bytes of an element that is not read into memory: none that identifies an image is so large."""
_ITEM, _END = 0xFFFEE000, 0xFFFEE0DD


class Unfit(Exception):
    """A file that cannot be taken, and why."""

    def __init__(self, why: LineFailure) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What identifies an image, and says what it is."""

    sop_class: str
    sop: str
    study: str
    series: str
    patient: str
    """PatientID, which may be empty (type 2)."""


def read(file: Path) -> Head:
    """Read a file's own words.

    Raises
    ------
    Unfit
        If it is no DICOM file, is damaged or cut off, or is nothing that an album holds.

    """
    with file.open("rb") as stream:
        if not _looks_like_dicom(stream):
            raise Unfit(LineFailure.NOT_DICOM)
        try:
            dataset = dcmread(stream, stop_before_pixels=True, defer_size=_LARGE)
            head = head_of(dataset)
            whole = _is_whole(stream, dataset, file.stat().st_size)
        except Unfit:
            raise
        except Exception:  # noqa: BLE001 - pydicom raises nearly anything for a damaged file
            raise Unfit(LineFailure.BROKEN) from None
    if not whole:
        raise Unfit(LineFailure.BROKEN)
    return head


def head_of(dataset: Dataset) -> Head:
    """Return what identifies a data set.

    Raises
    ------
    Unfit
        If it lacks an identifier, or is nothing that an album holds.

    """
    sop_class = str(dataset.get("SOPClassUID") or "")
    if not sop_class:
        # A file of a disc's index says what it is in its header alone.
        sop_class = str(getattr(dataset, "file_meta", Dataset()).get("MediaStorageSOPClassUID") or "")
    if sop_class and not is_storable(sop_class):
        raise Unfit(LineFailure.NOT_STORABLE)
    names = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
    uids = [str(dataset.get(name) or "") for name in names]
    if not all(UID_PATTERN.fullmatch(uid) for uid in uids):
        raise Unfit(LineFailure.BROKEN)
    return Head(
        sop_class=uids[0],
        sop=uids[1],
        study=uids[2],
        series=uids[3],
        patient=str(dataset.get("PatientID") or "").strip(),
    )


def is_storable(sop_class: str) -> bool:
    """Tell a storage SOP class of objects of a study (PS3.4, section B.5); vendors' private ones are none."""
    if sop_class in VIEWER_CLASSES:  # some are younger than pydicom's list
        return True
    known = UID(sop_class)
    if known.type != "SOP Class" or "Storage" not in known.name:
        return False
    return not any(part in known.name for part in _NOT_OF_STUDIES)


def _looks_like_dicom(stream: IO[bytes]) -> bool:
    """Look for the preamble's prefix (PS3.10, section 7.1); what lacks it is not guessed at."""
    start = stream.read(132)
    stream.seek(0)
    return start[128:] == b"DICM"


def _is_whole(stream: IO[bytes], dataset: FileDataset, size: int) -> bool:
    """Tell whether all is there that the file says there is; pydicom itself does not mind."""
    syntax = UID(str(dataset.file_meta.TransferSyntaxUID))
    if syntax == DeflatedExplicitVRLittleEndian:
        return True
    if stream.tell() < size:
        return _ends_with_its_pixels(_Numbers(stream, syntax), size)
    if "Image Storage" in UID(str(dataset.SOPClassUID)).name:
        return False
    last: object = dataset.get_item(max(dataset.keys()))
    if not isinstance(last, RawDataElement) or last.length == _UNDEFINED:
        return True
    return last.value_tell + last.length <= size


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Reads a stream as its transfer syntax says (PS3.5, section 7.1)."""

    stream: IO[bytes]
    syntax: UID

    def number(self, length: int) -> int:
        return int.from_bytes(self.stream.read(length), "little" if self.syntax.is_little_endian else "big")

    def tag(self) -> int:
        return (self.number(2) << 16) + self.number(2)


def _ends_with_its_pixels(numbers: _Numbers, size: int) -> bool:
    stream = numbers.stream
    if numbers.tag() not in _PIXELS:
        return False
    if not numbers.syntax.is_implicit_VR:
        if stream.read(2) not in _LONG_VR:
            return False
        stream.seek(2, SEEK_CUR)
    length = numbers.number(4)
    if length != _UNDEFINED:
        return stream.tell() + length <= size
    while stream.tell() + 8 <= size:
        tag, length = numbers.tag(), numbers.number(4)
        if tag != _ITEM:
            return tag == _END
        stream.seek(length, SEEK_CUR)
    return False
