"""Write what was found as Orthanc's REST API does, from the allowed parts only.

What Orthanc adds of its own (when it was last updated, whether it is complete) tells of hidden series too,
and is left out.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from auth_service.search import Row
from auth_service.vocabulary import Level

ALL = frozenset({"MainDicomTags", "Labels", "Parent", "Children"})
"""What an expanded answer holds."""

_TYPES: Mapping[Level, str] = {Level.STUDY: "Study", Level.SERIES: "Series", Level.INSTANCE: "Instance"}
_PARENTS: Mapping[Level, str] = {
    Level.STUDY: "ParentPatient",
    Level.SERIES: "ParentStudy",
    Level.INSTANCE: "ParentSeries",
}


def write(row: Row, content: Collection[str], requested: Sequence[str] = ()) -> dict[str, Any]:
    """Write one row.

    Parameters
    ----------
    row : Row
        With at least ``requested`` in its tags.
    content : Collection[str]
        Parts of the answer, of `ALL`.
    requested : Sequence[str]
        Keywords of the attributes that were asked for.

    """
    answer: dict[str, Any] = {"ID": row.id, "Type": _TYPES[row.level]}
    if requested:
        answer["RequestedTags"] = {keyword: row.tags.get(keyword) for keyword in requested}
    if "MainDicomTags" in content:
        answer["MainDicomTags"] = dict(row.main_tags)
        if row.level is Level.STUDY:
            answer["PatientMainDicomTags"] = dict(row.patient_tags)
    if "Labels" in content:
        answer["Labels"] = sorted(row.labels)
    if "Parent" in content:
        answer[_PARENTS[row.level]] = row.parent
    if "Children" in content and row.level is Level.STUDY:
        answer["Series"] = list(row.series)
    return answer
