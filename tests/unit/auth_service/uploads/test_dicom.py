"""What a file says of itself is read as every reader reads it, or the file is refused."""

import struct
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from auth_service.uploads.dicom import Unfit, read
from auth_service.vocabulary import LineFailure
from tests.fakes.files import dicom, zipped

WHOLE = dicom("2.1", "2.1.1", "2.1.1.1")


def refusal(tmp_path: Path, content: bytes) -> LineFailure | None:
    file = tmp_path / "file.dcm"
    file.write_bytes(content)
    try:
        read(file)
    except Unfit as unfit:
        return unfit.why
    return None


def short(tag: int, vr: bytes, value: bytes) -> bytes:
    """Write an element with explicit representation."""
    return struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr + struct.pack("<H", len(value)) + value


def test_a_whole_file_says_who_it_is(tmp_path: Path) -> None:
    file = tmp_path / "file.dcm"
    file.write_bytes(WHOLE)
    head = read(file)
    assert (head.study, head.series, head.sop, head.patient) == ("2.1", "2.1.1", "2.1.1.1", "P2.1")


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_in_whatever_way_it_is_written(tmp_path: Path, syntax: UID) -> None:
    dataset = pydicom.dcmread(BytesIO(WHOLE))
    inner = Dataset()
    inner.CodeValue = "1"
    dataset.ProcedureCodeSequence = [inner, Dataset()]
    dataset["ProcedureCodeSequence"].is_undefined_length = True
    dataset.PixelData = bytes(8)
    dataset.file_meta.TransferSyntaxUID = syntax
    out = BytesIO()
    pydicom.dcmwrite(
        out,
        dataset,
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=syntax != ExplicitVRBigEndian,
        enforce_file_format=True,
    )
    assert refusal(tmp_path, out.getvalue()) is None


def test_a_name_in_another_alphabet_is_read_as_it_is_meant(tmp_path: Path) -> None:
    file = tmp_path / "file.dcm"
    file.write_bytes(
        dicom("2.1", "2.1.1", "2.1.1.1", SpecificCharacterSet="ISO_IR 192", PatientID="\u00e9t\u00e9")
    )
    assert read(file).patient == "\u00e9t\u00e9"


@pytest.mark.parametrize(
    "name", ["CT_small.dcm", "JPEG2000.dcm", "MR_small_RLE.dcm", "rtplan.dcm", "test-SR.dcm"]
)
def test_real_files_are_whole_and_not_when_they_are_cut_off(tmp_path: Path, name: str) -> None:
    content = Path(str(get_testdata_file(name))).read_bytes()
    assert refusal(tmp_path, content) is None
    for cut in (3, len(content) // 3, len(content) // 2):
        assert refusal(tmp_path, content[:-cut]) is LineFailure.BROKEN, cut


def test_what_begins_like_a_zip_file_is_none_of_ours(tmp_path: Path) -> None:
    for sign in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        assert refusal(tmp_path, sign + WHOLE[4:]) is LineFailure.NOT_DICOM


def test_nothing_follows_the_last_attribute(tmp_path: Path) -> None:
    hidden = zipped({"hidden.dcm": dicom("2.2", "2.2.1", "2.2.1.1")})
    assert refusal(tmp_path, WHOLE + hidden) is LineFailure.BROKEN
    assert refusal(tmp_path, WHOLE + bytes(2)) is LineFailure.BROKEN


def test_an_attribute_stands_once_and_in_its_place(tmp_path: Path) -> None:
    for tag, vr, value in (
        (0x0020000D, b"UI", b"2.9\0"),
        (0x0020000E, b"UI", b"2.9.1\0"),
        (0x00080018, b"UI", b"2.9.1.1\0"),
        (0x00100020, b"LO", b"P2.9"),
    ):
        element = short(tag, vr, value)
        begin = WHOLE.index(struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr, 300)
        for content in (WHOLE[:begin] + element + WHOLE[begin:], WHOLE + element):
            assert refusal(tmp_path, content) is LineFailure.BROKEN, hex(tag)


@pytest.mark.parametrize("patient", ["P|2.1", "P" * 65])
def test_a_patients_identifier_is_one(tmp_path: Path, patient: str) -> None:
    content = dicom("2.1", "2.1.1", "2.1.1.1", PatientID=patient)
    assert refusal(tmp_path, content) is LineFailure.BROKEN


def test_what_would_unpack_without_bound_is_not_unpacked(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(BytesIO(WHOLE))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    out = BytesIO()
    pydicom.dcmwrite(out, dataset, enforce_file_format=True)
    assert refusal(tmp_path, out.getvalue()) is LineFailure.NOT_ACCEPTED


def test_sequences_without_end_are_not_followed(tmp_path: Path) -> None:
    opened = struct.pack("<HH2sHI", 0x0008, 0x1032, b"SQ", 0, 0xFFFFFFFF)
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    begin = WHOLE.index(struct.pack("<HH", 0x0010, 0x0010))
    deep = WHOLE[:begin] + (opened + item) * 1000 + WHOLE[begin:]
    assert refusal(tmp_path, deep) is LineFailure.BROKEN
