"""Write what was found as DICOM JSON (PS3.18, annex F), with the attributes that QIDO-RS asks for."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydicom import config
from pydicom.datadict import dictionary_VM, dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement

from auth_service.search import Row
from auth_service.vocabulary import Level

_STUDY = (
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ModalitiesInStudy",
    "ReferringPhysicianName",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyID",
    "NumberOfStudyRelatedSeries",
    "NumberOfStudyRelatedInstances",
)
_PARENT_STUDY = tuple(
    keyword for keyword in _STUDY if keyword != "ModalitiesInStudy" and not keyword.startswith("Number")
)
_SERIES = ("Modality", "SeriesDescription", "SeriesInstanceUID", "SeriesNumber")

ATTRIBUTES: Mapping[Level, Sequence[str]] = {
    Level.STUDY: _STUDY,
    Level.SERIES: (*_PARENT_STUDY, *_SERIES, "NumberOfSeriesRelatedInstances"),
    Level.INSTANCE: (
        *_PARENT_STUDY,
        *_SERIES,
        "SOPClassUID",
        "SOPInstanceUID",
        "InstanceNumber",
        "Rows",
        "Columns",
        "BitsAllocated",
        "NumberOfFrames",
    ),
}
"""What every answer holds at each level (PS3.18, tables 10.6.3-3 to -5, as Orthanc reads them)."""

_RARE = frozenset({"SeriesDescription", "Rows", "Columns", "BitsAllocated", "NumberOfFrames", "SeriesNumber"})
"""Attributes that are left out, not written empty, where the image has none."""


_TEXT = frozenset({"AE", "AS", "CS", "DA", "DT", "LO", "LT", "SH", "ST", "TM", "UC", "UR", "UT"})
"""Value representations of which one value is written as it is: pydicom comes to the same, at twenty times
the cost (``tests/unit/auth_service/search/test_dicom_json.py``)."""


def keyword_of(name: str) -> str | None:
    """Read the name of an attribute as QIDO-RS and Orthanc write it; ``None`` where it is none.

    A keyword, eight hexadecimal digits, or ``gggg,eeee``.
    """
    digits = name.replace(",", "") if len(name) == len("gggg,eeee") else name
    if len(digits) == len("ggggeeee"):
        try:
            return keyword_for_tag(int(digits, 16)) or None
        except ValueError:
            pass
    return name if tag_for_keyword(name) is not None else None


def write(row: Row, keywords: Sequence[str], *, root: str) -> dict[str, Any]:
    """Write one row.

    Parameters
    ----------
    row : Row
        With at least ``keywords`` in its tags.
    keywords : Sequence[str]
        The attributes to write.
    root : str
        Address of the DICOMweb service, for ``RetrieveURL``.

    """
    values: dict[str, str | None] = {keyword: row.tags.get(keyword) for keyword in keywords}
    values |= {"SpecificCharacterSet": "ISO_IR 192", "RetrieveURL": root + _path(row)}
    if row.level is Level.INSTANCE:
        values["InstanceAvailability"] = "ONLINE"
    written = [
        (tag, _element(tag, value))
        for keyword, value in values.items()
        if (value or keyword not in _RARE) and (tag := tag_for_keyword(keyword)) is not None
    ]
    return {f"{tag:08X}": element for tag, element in sorted(written)}


def _path(row: Row) -> str:
    path = f"/studies/{row.tags['StudyInstanceUID']}"
    if row.level is not Level.STUDY:
        path += f"/series/{row.tags['SeriesInstanceUID']}"
    if row.level is Level.INSTANCE:
        path += f"/instances/{row.uid}"
    return path


def _element(tag: int, value: str | None) -> dict[str, Any]:
    """Write a value as Orthanc gives it; one that its own type cannot hold is written empty."""
    representation = dictionary_VR(tag)
    if not value:
        return {"vr": representation}
    if representation in _TEXT and "\\" not in value:
        return {"vr": representation, "Value": [value]}
    try:
        converted = _converted(value, representation, dictionary_VM(tag))
        element = DataElement(tag, representation, converted, validation_mode=config.IGNORE)
        return element.to_json_dict(None, 0)
    except (ValueError, TypeError, OverflowError):
        return {"vr": representation}


def _converted(value: str, representation: str, multiplicity: str) -> object:
    values = value.split("\\") if multiplicity != "1" else [value]
    if representation in ("US", "UL", "SS", "SL"):
        numbers = [int(one) for one in values]
        return numbers if len(numbers) > 1 else numbers[0]
    return values if len(values) > 1 else values[0]
