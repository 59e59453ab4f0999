"""Studies and series as Orthanc describes them, with DICOM's own names, read tolerantly.

De-identified and old files carry what the standard does not allow; a value that cannot be read is absent here
and never an error. UIDs are the exception: they become addresses, so anything else than a UID is refused.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, NamedTuple, Self

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_UID_LENGTH = 64
_DATE = re.compile(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})")
_TIME = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(\.\d{1,6})?")
_AGE = re.compile(r"(\d{1,3})([DWMY])")
_NUMBER = re.compile(r"[+-]?\d{1,12}")

IMAGELESS = frozenset(
    {"SR", "PR", "KO", "DOC", "RTSTRUCT", "RTPLAN", "RTRECORD", "REG", "AU", "ECG", "HD", "PLAN"}
)
"""Modalities whose objects hold no pixels: there is no picture to ask for."""

SECONDARY = frozenset({"SEG", "RTDOSE", "OT", "SC"})
"""Modalities that stand for a study only when it has nothing better to show."""


class Age(NamedTuple):
    """A DICOM age: ``053Y`` is 53 of ``Y``; the unit is one of D, W, M, Y."""

    number: int
    unit: str


def is_uid(value: object) -> bool:
    """Tell whether a value is a DICOM UID."""
    return isinstance(value, str) and len(value) <= _UID_LENGTH and _UID.fullmatch(value) is not None


def parse_date(value: str | None) -> date | None:
    """Read a DA value; ``20240301`` and the older ``2024.03.01`` are days."""
    found = _DATE.fullmatch((value or "").strip())
    try:
        return date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        return None


def parse_time(value: str | None) -> time | None:
    """Read a TM value, whole or cut short after hours or minutes."""
    found = _TIME.fullmatch((value or "").strip())
    if not found:
        return None
    hours, minutes, seconds, _ = found.groups()
    try:
        return time(int(hours), int(minutes or 0), int(seconds or 0))
    except ValueError:
        return None


def parse_age(value: str | None) -> Age | None:
    """Read an AS value such as ``053Y`` or ``11M``."""
    found = _AGE.fullmatch((value or "").strip().upper())
    return Age(int(found[1]), found[2]) if found else None


def parse_name(value: str | None) -> str:
    """Read a PN value for display: ``Doe^Jane^Q`` is ``Doe, Jane Q``; the first group with anything in it."""
    for group in (value or "").split("="):
        family, *others = (part.strip() for part in (group.split("^") + [""] * 5)[:5])
        given, middle, prefix, suffix = others
        first = " ".join(part for part in (prefix, given, middle) if part)
        name = ", ".join(part for part in (family, first, suffix) if part)
        if name:
            return name
    return ""


def parse_number(value: str | None) -> int | None:
    """Read an IS value."""
    text = (value or "").strip()
    return int(text) if _NUMBER.fullmatch(text) else None


def parse_codes(value: str | None) -> tuple[str, ...]:
    r"""Read a multi-valued CS: ``CT\SEG`` is two codes; each once, in the order given."""
    return tuple(dict.fromkeys(code for part in (value or "").split("\\") if (code := part.strip())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One study, as far as the person may see it: counts and modalities are of the permitted series."""

    StudyInstanceUID: str
    PatientID: str = ""
    PatientName: str = ""
    PatientSex: str = ""
    PatientBirthDate: date | None = None
    PatientAge: Age | None = None
    StudyDate: date | None = None
    StudyTime: time | None = None
    StudyID: str = ""
    StudyDescription: str = ""
    AccessionNumber: str = ""
    ReferringPhysicianName: str = ""
    InstitutionName: str = ""
    ModalitiesInStudy: tuple[str, ...] = ()
    NumberOfStudyRelatedSeries: int | None = None
    NumberOfStudyRelatedInstances: int | None = None

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self | None:
        """Read one item of an expanded ``/tools/find`` answer; None when it has no StudyInstanceUID."""
        tags = _tags(answer)
        if not is_uid(tags.get("StudyInstanceUID")):
            return None
        return cls(
            StudyInstanceUID=tags["StudyInstanceUID"],
            PatientID=tags.get("PatientID", ""),
            PatientName=parse_name(tags.get("PatientName")),
            PatientSex=tags.get("PatientSex", "").upper(),
            PatientBirthDate=parse_date(tags.get("PatientBirthDate")),
            PatientAge=parse_age(tags.get("PatientAge")),
            StudyDate=parse_date(tags.get("StudyDate")),
            StudyTime=parse_time(tags.get("StudyTime")),
            StudyID=tags.get("StudyID", ""),
            StudyDescription=tags.get("StudyDescription", ""),
            AccessionNumber=tags.get("AccessionNumber", ""),
            ReferringPhysicianName=parse_name(tags.get("ReferringPhysicianName")),
            InstitutionName=tags.get("InstitutionName", ""),
            ModalitiesInStudy=parse_codes(tags.get("ModalitiesInStudy")),
            NumberOfStudyRelatedSeries=parse_number(tags.get("NumberOfStudyRelatedSeries")),
            NumberOfStudyRelatedInstances=parse_number(tags.get("NumberOfStudyRelatedInstances")),
        )

    @property
    def patient(self) -> str:
        """What the patient is called in lists: the ID, or the name where there is no ID."""
        return self.PatientID or self.PatientName

    @property
    def age(self) -> Age | None:
        """The age at the study: as recorded, else counted from the birth date."""
        if self.PatientAge or not (self.PatientBirthDate and self.StudyDate):
            return self.PatientAge
        born, then = self.PatientBirthDate, self.StudyDate
        years = then.year - born.year - ((then.month, then.day) < (born.month, born.day))
        return Age(years, "Y") if years >= 0 else None

    @property
    def taken(self) -> datetime | None:
        """When the study was made, if both day and time are known; DICOM says no time zone."""
        if self.StudyDate and self.StudyTime:
            return datetime.combine(self.StudyDate, self.StudyTime)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series that the person may see."""

    SeriesInstanceUID: str
    StudyInstanceUID: str
    SeriesNumber: int | None = None
    SeriesDescription: str = ""
    Modality: str = ""
    BodyPartExamined: str = ""
    ProtocolName: str = ""
    Manufacturer: str = ""
    ManufacturerModelName: str = ""
    ConvolutionKernel: str = ""
    SliceThickness: str = ""
    SeriesDate: date | None = None
    NumberOfSeriesRelatedInstances: int | None = None

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self | None:
        """Read one item of an expanded ``/tools/find`` answer; None when a UID is missing."""
        tags = _tags(answer)
        if not (is_uid(tags.get("SeriesInstanceUID")) and is_uid(tags.get("StudyInstanceUID"))):
            return None
        return cls(
            SeriesInstanceUID=tags["SeriesInstanceUID"],
            StudyInstanceUID=tags["StudyInstanceUID"],
            SeriesNumber=parse_number(tags.get("SeriesNumber")),
            SeriesDescription=tags.get("SeriesDescription", ""),
            Modality=tags.get("Modality", "").upper(),
            BodyPartExamined=tags.get("BodyPartExamined", ""),
            ProtocolName=tags.get("ProtocolName", ""),
            Manufacturer=tags.get("Manufacturer", ""),
            ManufacturerModelName=tags.get("ManufacturerModelName", ""),
            ConvolutionKernel=tags.get("ConvolutionKernel", ""),
            SliceThickness=tags.get("SliceThickness", ""),
            SeriesDate=parse_date(tags.get("SeriesDate")),
            NumberOfSeriesRelatedInstances=parse_number(tags.get("NumberOfSeriesRelatedInstances")),
        )

    @property
    def has_picture(self) -> bool:
        """Whether the objects hold pixels that can be asked for as a picture."""
        return self.Modality not in IMAGELESS


def in_order(series: Iterable[Series]) -> list[Series]:
    """Sort series as they were made: by number, those without one last, then by UID to stay the same."""
    return sorted(
        series,
        key=lambda one: (one.SeriesNumber is None, one.SeriesNumber or 0, one.SeriesInstanceUID),
    )


def face(series: Iterable[Series]) -> Series | None:
    """Choose the series whose picture stands for its study: images before what was derived from them."""
    pictured = [one for one in in_order(series) if one.has_picture]
    return min(pictured, key=lambda one: one.Modality in SECONDARY, default=None)


def _tags(answer: Mapping[str, Any]) -> dict[str, str]:
    """Join the groups of tags of one answer; values that are no text are left out."""
    tags: dict[str, str] = {}
    for group in ("RequestedTags", "PatientMainDicomTags", "MainDicomTags"):
        found = answer.get(group)
        if isinstance(found, Mapping):
            tags |= {
                name: value.strip("\0 ") for name, value in found.items() if isinstance(value, str) and value
            }
    return tags
