"""Read what a DICOM file says of itself (PS3.10), and refuse what is none, or not whole."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import SEEK_CUR
from pathlib import Path
from typing import IO

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from auth_service.targets import MAX_UID, UID_PATTERN, VIEWER_CLASSES
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

_LONG_VR = (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
"""Value representations with a length of four bytes (PS3.5, section 7.1.2)."""

_UNDEFINED = 0xFFFFFFFF
_ITEM, _END_OF_ITEM, _END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_DEEPEST = 32
_LONGEST = 1024
"""Bytes of a value that identifies an image, or says how it is written."""

_HEADER, _DELIMITERS = 0x0002, 0xFFFE
"""Groups that are no part of a data set."""
_CLASS, _SYNTAX = 0x00020002, 0x00020010
_CHARACTERS = 0x00080005
_NAMED = {
    0x00080016: "SOPClassUID",
    0x00080018: "SOPInstanceUID",
    0x00100020: "PatientID",
    0x0020000D: "StudyInstanceUID",
    0x0020000E: "SeriesInstanceUID",
}


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

    Each attribute stands once, in ascending order (PS3.5, section 7.1), and nothing follows the last: readers
    differ in which of two they take, so that the archive might store under another name than was judged.
    Nothing of the file but these few values is ever in memory.

    Raises
    ------
    Unfit
        If it is no DICOM file, is damaged or cut off, or is nothing that an album holds.

    """
    with file.open("rb") as stream:
        start = stream.read(132)
        if start[128:] != b"DICM" or start[:2] == b"PK":
            # What lacks the prefix is not guessed at (PS3.10, section 7.1), and a zip file is none.
            raise Unfit(LineFailure.NOT_DICOM)
        size = file.stat().st_size
        meta = _Walk(stream, ExplicitVRLittleEndian, size).header()
        syntax = UID(_text(meta, _SYNTAX))
        if syntax == DeflatedExplicitVRLittleEndian:
            # What it would unpack to has no bound.
            raise Unfit(LineFailure.NOT_ACCEPTED)
        if not syntax.is_transfer_syntax:
            raise Unfit(LineFailure.BROKEN)
        walk = _Walk(stream, syntax, size)
        values = walk.top()
    found = {name: _text(values, tag) for tag, name in _NAMED.items()}
    # The index of a disc says what it is in its header alone.
    head = _head(found, found["SOPClassUID"] or _text(meta, _CLASS))
    if not walk.has_pixels and "Image Storage" in UID(head.sop_class).name:
        raise Unfit(LineFailure.BROKEN)
    return head


def head_of(dataset: Dataset) -> Head:
    """Return what identifies a data set; raises as `read`."""
    found = {name: str(dataset.get(name) or "") for name in _NAMED.values()}
    return _head(found, found["SOPClassUID"])


def _head(found: Mapping[str, str], sop_class: str) -> Head:
    if sop_class and not is_storable(sop_class):
        raise Unfit(LineFailure.NOT_STORABLE)
    names = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
    uids = [found[name] for name in names]
    patient = found["PatientID"].strip()
    # Orthanc makes its identifiers of these four, with a bar between them.
    if not all(UID_PATTERN.fullmatch(uid) for uid in uids) or "|" in patient or len(patient) > MAX_UID:
        raise Unfit(LineFailure.BROKEN)
    return Head(sop_class=uids[0], sop=uids[1], study=uids[2], series=uids[3], patient=patient)


def _text(values: Mapping[int, bytes], tag: int) -> str:
    value = values.get(tag, b"").rstrip(b"\0 ")
    if _NAMED.get(tag) != "PatientID":
        return value.decode("ascii", "replace").strip()
    named = values.get(_CHARACTERS, b"").decode("ascii", "replace").strip("\0 ").split("\\")
    return decode_bytes(value, convert_encodings(named), set())


def is_storable(sop_class: str) -> bool:
    """Tell a storage SOP class of objects of a study (PS3.4, section B.5); vendors' private ones are none."""
    if sop_class in VIEWER_CLASSES:  # some are younger than pydicom's list
        return True
    known = UID(sop_class)
    if known.type != "SOP Class" or "Storage" not in known.name:
        return False
    return not any(part in known.name for part in _NOT_OF_STUDIES)


@dataclass(slots=True)
class _Walk:
    """Goes through a data set element by element, and keeps of it only what identifies it."""

    stream: IO[bytes]
    syntax: UID
    size: int
    has_pixels: bool = False

    def header(self) -> dict[int, bytes]:
        """Return the file meta information, which is the elements of group 2 (PS3.10, section 7.1)."""
        values: dict[int, bytes] = {}
        while self.stream.tell() < self.size:
            begin = self.stream.tell()
            group = self._number(2)
            self.stream.seek(begin)
            if group != _HEADER:
                break
            tag, _, length = self._element()
            if length <= _LONGEST:
                values[tag] = self._bytes(length)
            else:
                self._skip(length)
        return values

    def top(self) -> dict[int, bytes]:
        """Return the values that are asked for; raises `Unfit` where elements are not as they must be."""
        values: dict[int, bytes] = {}
        last = -1
        while self.stream.tell() < self.size:
            tag, vr, length = self._element()
            if tag <= last or tag >> 16 in (_HEADER, _DELIMITERS):
                raise Unfit(LineFailure.BROKEN)
            last = tag
            self.has_pixels = self.has_pixels or tag in _PIXELS
            if length == _UNDEFINED:
                # In what has no known representation it is implicit (PS3.5, section 6.2.2).
                inside = replace(self, syntax=ImplicitVRLittleEndian) if vr == b"UN" else self
                inside.skip_items(pixels=tag in _PIXELS)
            elif (tag in _NAMED or tag == _CHARACTERS) and length <= _LONGEST:
                values[tag] = self._bytes(length)
            else:
                self._skip(length)
        return values

    def _element(self) -> tuple[int, bytes, int]:
        tag = (self._number(2) << 16) + self._number(2)
        if self.syntax.is_implicit_VR or tag >> 16 == _DELIMITERS:
            return tag, b"", self._number(4)
        vr = self._bytes(2)
        if not (vr.isalpha() and vr.isupper()):
            raise Unfit(LineFailure.BROKEN)
        if vr not in _LONG_VR:
            return tag, vr, self._number(2)
        self._skip(2)
        return tag, vr, self._number(4)

    def skip_items(self, *, pixels: bool) -> None:
        """Skip a sequence, or fragments, of undefined length: to the end that belongs to it."""
        # What is open: True for a sequence (or fragments), False for an item of undefined length.
        open_ones = [True]
        while open_ones:
            if len(open_ones) > _DEEPEST:
                raise Unfit(LineFailure.BROKEN)
            tag, _, length = self._element() if not open_ones[-1] else self._delimiter()
            if open_ones[-1]:
                if tag == _END:
                    open_ones.pop()
                elif tag != _ITEM or (pixels and length == _UNDEFINED):
                    raise Unfit(LineFailure.BROKEN)
                elif length == _UNDEFINED:
                    open_ones.append(False)
                else:
                    self._skip(length)
            elif tag == _END_OF_ITEM:
                open_ones.pop()
            elif length == _UNDEFINED:
                open_ones.append(True)
            else:
                self._skip(length)

    def _delimiter(self) -> tuple[int, bytes, int]:
        return (self._number(2) << 16) + self._number(2), b"", self._number(4)

    def _number(self, length: int) -> int:
        return int.from_bytes(self._bytes(length), "little" if self.syntax.is_little_endian else "big")

    def _bytes(self, length: int) -> bytes:
        found = self.stream.read(length)
        if len(found) < length:
            raise Unfit(LineFailure.BROKEN)
        return found

    def _skip(self, length: int) -> None:
        if self.stream.tell() + length > self.size:
            raise Unfit(LineFailure.BROKEN)
        self.stream.seek(length, SEEK_CUR)
