"""Search for numbers between two others, which DICOM's matching cannot say (PS3.4, section C.2.2.2.5).

Orthanc compares text: ``10`` would come before ``2``, and an age in months before one in years. So everything
that the rest of the question finds is looked at, up to a bound, and what suits is asked for by its
identifiers: pages and totals are then Orthanc's own again. Beyond the bound the question is refused.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from math import isfinite
from types import MappingProxyType
from typing import Any

from auth_service.archive import Archive, named, uid_of_level
from auth_service.policy.model import Openings
from auth_service.search.narrowing import all_of, at_series, narrowed
from auth_service.vocabulary import Level

_AGE = re.compile(r"(\d{1,3})([DWMY])")
_DAY = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
_IN_A_YEAR = {"D": 365.25, "W": 52.18, "M": 12, "Y": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """From one number to another, both included; without one of them, to the end."""

    lowest: float | None = None
    highest: float | None = None

    def holds(self, value: float | None) -> bool:
        """Tell whether a value is in it; one that is not there is in none."""
        if value is None:
            return False
        return (self.lowest is None or value >= self.lowest) and (
            self.highest is None or value <= self.highest
        )


def thickness(tags: Mapping[str, str]) -> float | None:
    """Return SliceThickness in mm; what is no number is none."""
    try:
        read = float(tags.get("SliceThickness") or "")
    except ValueError:
        return None
    return read if isfinite(read) else None


def age(tags: Mapping[str, str]) -> float | None:
    """Return the completed years of a patient at a study: as recorded, else counted from the birth date."""
    recorded = _AGE.fullmatch((tags.get("PatientAge") or "").strip().upper())
    if recorded:
        return float(int(recorded[1]) // _IN_A_YEAR[recorded[2]])
    born, then = _day(tags.get("PatientBirthDate")), _day(tags.get("StudyDate"))
    if born is None or then is None or then < born:
        return None
    return float(then.year - born.year - ((then.month, then.day) < (born.month, born.day)))


Reader = Callable[[Mapping[str, str]], float | None]

RANGED: Mapping[str, tuple[Level, Reader]] = MappingProxyType(
    {"SliceThickness": (Level.SERIES, thickness), "PatientAge": (Level.STUDY, age)}
)
"""What may be searched so: at which level it is, and how its number is read (an age in completed years)."""


def within(
    archive: Archive,
    level: Level,
    filters: Mapping[str, str],
    ranges: Mapping[str, Range],
    openings: Openings,
) -> dict[str, Any] | None:
    """Return a narrowed question about what is in all of the ranges; ``None``: nothing can match.

    Raises
    ------
    Invalid
        If more than a bound would have to be looked at.

    """
    of_series = {key: one for key, one in ranges.items() if RANGED[key][0] is Level.SERIES}
    of_study = {key: one for key, one in ranges.items() if RANGED[key][0] is Level.STUDY}
    looked_at = Level.SERIES if of_series else level
    asked = at_series(level, filters) if looked_at is not level else filters
    question = narrowed(archive, looked_at, asked, openings)
    if question is None or not ranges:
        return question
    found = _suiting(archive, looked_at, question, ranges if looked_at is Level.STUDY else of_series)
    if found and of_study and looked_at is Level.SERIES:
        studies = named(Level.STUDY, (row["RequestedTags"]["StudyInstanceUID"] for row in found))
        suiting = {row["ID"] for row in _suiting(archive, Level.STUDY, studies, of_study)}
        found = [row for row in found if row["ParentStudy"] in suiting]
    if not found:
        return None
    # The labels of albums stand on studies and on series: who loses one in between finds nothing by it.
    labels = question if openings.albums_only else {}
    return named(level, (row["RequestedTags"][uid_of_level[level]] for row in found)) | {
        name: labels[name] for name in ("Labels", "LabelsConstraint") if name in labels
    }


def _suiting(
    archive: Archive, level: Level, question: Mapping[str, Any], ranges: Mapping[str, Range]
) -> list[dict[str, Any]]:
    rows = all_of(archive, level, question, ("Parent", "MainDicomTags"))
    if not ranges:
        return rows
    return [row for row in rows if all(one.holds(RANGED[key][1](_tags(row))) for key, one in ranges.items())]


def _tags(row: Mapping[str, Any]) -> dict[str, str]:
    return {**row.get("PatientMainDicomTags", {}), **row["MainDicomTags"]}


def _day(value: str | None) -> date | None:
    found = _DAY.fullmatch((value or "").strip())
    try:
        return date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        return None
