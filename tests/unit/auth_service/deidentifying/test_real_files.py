"""The clinical files that pydicom brings along, of every kind: they still load, and keep their pixels."""

from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate

from auth_service.deidentifying.core import Deidentified, Held, deidentify, written
from auth_service.deidentifying.pictures import NotDrawn, drawn
from tests.unit.auth_service.deidentifying.making import elements, profile, secrets_of

FOLDER = Path(pydicom.__file__).parent / "data" / "test_files"
NAMES = (
    "CT_small.dcm",
    "MR_small.dcm",
    "MR_small_bigendian.dcm",
    "JPEG2000.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_rle_2frame.dcm",
    "examples_palette.dcm",
    "examples_overlay.dcm",
    "examples_ybr_color.dcm",
    "image_dfl.dcm",
    "liver_1frame.dcm",
    "reportsi.dcm",
    "rtdose.dcm",
    "rtplan.dcm",
    "test-SR.dcm",
    "waveform_ecg.dcm",
)
# What these files have in common with themselves afterwards, as their identifying values are common words.
HARMLESS = {b"REMOVED", b"ANONYMIZED"}

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # of old files, which break many rules


def deidentified(name: str) -> tuple[Dataset, bytes]:
    source = dcmread(FOLDER / name)
    outcome = deidentify(source, profile())
    assert isinstance(outcome, Deidentified | Held), outcome
    return dcmread(FOLDER / name), written(outcome.dataset)


@pytest.mark.parametrize("name", NAMES)
def test_it_loads_and_its_pixels_are_the_same(name: str) -> None:
    source, file = deidentified(name)
    out = dcmread(BytesIO(file))
    assert str(out)
    assert out.SOPClassUID == source.SOPClassUID
    assert out.file_meta.TransferSyntaxUID == source.file_meta.TransferSyntaxUID
    assert out.file_meta.MediaStorageSOPInstanceUID == out.SOPInstanceUID != source.SOPInstanceUID
    if "PixelData" in source:
        assert out.PixelData == source.PixelData
        kept = ("Rows", "Columns", "BitsAllocated", "SamplesPerPixel", "PhotometricInterpretation")
        assert [out.get(keyword) for keyword in kept] == [source.get(keyword) for keyword in kept]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_identifies_is_left(name: str) -> None:
    source, file = deidentified(name)
    pixels = source.PixelData if "PixelData" in source else b""
    text = file.replace(pixels, b"") if pixels else file
    left = [secret for secret in secrets_of(source) - HARMLESS if secret in text]
    assert not left
    assert not [one.keyword for one in elements(dcmread(BytesIO(file))) if one.tag.is_private]


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name.startswith(("SC_", "examples_", "CT", "MR_"))]
)
def test_it_can_be_drawn_for_who_must_look(name: str) -> None:
    assert drawn(deidentified(name)[1]).startswith(b"\x89PNG")


def test_a_box_without_length_does_not_hold_the_service_up() -> None:
    file = deidentified("JPEG2000.dcm")[1]
    source = dcmread(BytesIO(file))
    box = b"\0\0\0\x0cjP  " + b"\0" * 100
    source.PixelData = encapsulate([box])
    with pytest.raises(NotDrawn):
        drawn(written(source))


def test_what_is_no_picture_is_not_drawn() -> None:
    for file in (b"", b"not DICOM", deidentified("test-SR.dcm")[1]):
        with pytest.raises(NotDrawn):
            drawn(file)
