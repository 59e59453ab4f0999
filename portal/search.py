"""What people do on the page Search: ask across all that they may see, and keep the question.

The question is in the page's address, under DICOM's own names. A text that is looked for may stand anywhere;
``*`` and ``?`` stand for any characters and any one. What a series is asked of studies, too: found are those
with one series that the person may see and that matches all of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any, Self

from portal.dicom import Series, Study, parse_date

PER_PAGE = 25
LONGEST = 200
"""Characters of one value in the address."""


class SearchLevel(StrEnum):
    """What is looked for."""

    STUDY = "study"
    SERIES = "series"


class Sex(StrEnum):
    """The values of PatientSex (PS3.3, C.7.1.1)."""

    FEMALE = "F"
    MALE = "M"
    OTHER = "O"


_TEXTS = (
    "PatientName",
    "PatientID",
    "AccessionNumber",
    "StudyDescription",
    "SeriesDescription",
    "BodyPartExamined",
    "Manufacturer",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which studies, or series; days and numbers are inclusive, ages are completed years."""

    level: SearchLevel = SearchLevel.STUDY
    PatientName: str = ""
    PatientID: str = ""
    AccessionNumber: str = ""
    StudyDescription: str = ""
    SeriesDescription: str = ""
    BodyPartExamined: str = ""
    Manufacturer: str = ""
    Modality: str = ""
    PatientSex: str = ""
    first_day: date | None = None
    last_day: date | None = None
    thickness_from: float | None = None
    thickness_to: float | None = None
    age_from: float | None = None
    age_to: float | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Read it from an address; what cannot be read is left out, so that an old address still opens."""
        read: dict[str, Any] = {}
        for name in (*_TEXTS, "Modality", "PatientSex"):
            if value := " ".join(query.get(name, "").split())[:LONGEST]:
                read[name] = value
        for name in ("first_day", "last_day"):
            read[name] = parse_date(query.get(name, "").replace("-", ""))
        for name in ("thickness_from", "thickness_to", "age_from", "age_to"):
            read[name] = _number(query.get(name))
        if query.get("level") == SearchLevel.SERIES:
            read["level"] = SearchLevel.SERIES
        if read.get("PatientSex") not in tuple(Sex):
            read.pop("PatientSex", None)
        return cls(**read)

    @property
    def query(self) -> dict[str, str]:
        """The question as an address holds it."""
        held: dict[str, str] = {}
        for name in PARAMETERS:
            value = getattr(self, name)
            if value in ("", None, SearchLevel.STUDY):
                continue
            held[name] = f"{value:g}" if isinstance(value, float) else str(value)
        return held

    @property
    def orthanc(self) -> dict[str, Any]:
        """The question as ``/tools/find`` is asked it, behind the gate."""
        of_study = self.level is SearchLevel.STUDY
        asked = {name: anywhere(value) for name in _TEXTS if (value := getattr(self, name))}
        if self.Modality:
            asked["ModalitiesInStudy" if of_study else "Modality"] = self.Modality
        if self.PatientSex:
            asked["PatientSex"] = self.PatientSex
        if self.first_day or self.last_day:
            asked["StudyDate"] = between(self.first_day, self.last_day)
        ranges = {
            "SliceThickness": _range(self.thickness_from, self.thickness_to),
            "PatientAge": _range(self.age_from, self.age_to),
        }
        return {
            "Level": "Study" if of_study else "Series",
            "Query": asked,
            "Ranges": {name: one for name, one in ranges.items() if one},
        }


PARAMETERS = tuple(one.name for one in fields(Search))
"""What the page's address holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A study or a series that was found, and the labels by which the person sees something of it."""

    study: Study
    series: Series | None = None
    face: Series | None = None
    """The series whose picture stands for it."""
    labels: tuple[str, ...] = ()

    @property
    def uid(self) -> str:
        """The identifier by which it is selected."""
        return self.series.SeriesInstanceUID if self.series else self.study.StudyInstanceUID


def swapped(first: float | None, last: float | None) -> tuple[float | None, float | None]:
    """Put two bounds in order: who writes them the other way round means the same."""
    if first is not None and last is not None and first > last:
        return last, first
    return first, last


def titles(labels: Iterable[str], albums: Mapping[str, str]) -> list[str]:
    """Name the albums among some labels, as far as the person knows them: by their titles, in order."""
    return sorted(albums[label] for label in labels if label in albums)


def ticked(uids: Sequence[str], before: Iterable[int], now: Iterable[int]) -> tuple[list[str], list[str]]:
    """Say which rows of a page were ticked since, and which no longer are."""
    old, new = set(before), set(now)
    return [uids[row] for row in sorted(new - old)], [uids[row] for row in sorted(old - new)]


def between(first: date | None, last: date | None) -> str:
    """Write a range of days, these included, as DICOM does (PS3.4, section C.2.2.2.5)."""
    return "-".join(f"{day:%Y%m%d}" if day else "" for day in (first, last))


def anywhere(text: str) -> str:
    """Write for Orthanc that a text stands anywhere in a value."""
    # A backslash would begin a list of values: any one character stands for it.
    return f"*{text.replace(chr(92), '?')}*"


def _number(value: str | None) -> float | None:
    try:
        read = float((value or "").replace(",", "."))
    except ValueError:
        return None
    return read if 0 <= read < 1e6 else None  # noqa: PLR2004 - NaN and infinity are neither


def _range(first: float | None, last: float | None) -> dict[str, float]:
    first, last = swapped(first, last)
    return {name: value for name, value in (("From", first), ("To", last)) if value is not None}
