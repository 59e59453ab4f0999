"""Questions to the archive that several rooms ask, and what Orthanc calls things."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from pydicom.datadict import keyword_for_tag

from auth_service.archive.model import Archive
from auth_service.pieces import pieces
from auth_service.vocabulary import Level

type_of_level = {Level.STUDY: "Study", Level.SERIES: "Series", Level.INSTANCE: "Instance"}
"""Orthanc's own words for the levels."""

uid_of_level = {
    Level.STUDY: "StudyInstanceUID",
    Level.SERIES: "SeriesInstanceUID",
    Level.INSTANCE: "SOPInstanceUID",
}
"""The attribute that identifies something at each level."""

ALWAYS_INDEXED = frozenset(
    {
        "PatientName",
        "PatientBirthDate",
        "PatientSex",
        "PatientID",
        "OtherPatientIDs",
        "StudyDate",
        "StudyTime",
        "StudyID",
        "StudyDescription",
        "AccessionNumber",
        "StudyInstanceUID",
        "ReferringPhysicianName",
        "InstitutionName",
        "RequestingPhysician",
        "RequestedProcedureDescription",
    }
)
"""What every Orthanc keeps of a study and its patient in its index, however it is configured and whenever
they came: what is not there is not in the files either."""


AT_ONCE = 200
"""Values that one find names: Orthanc compares each thing that it finds with each value, so that the time
grows with their square."""

COUNTED = 2000
"""Values that one count names: of that the time grows with their number."""

_WILDCARDS = frozenset("*?")


def orthanc_id(*identifiers: str) -> str:
    """Return Orthanc's own identifier of a resource.

    Parameters
    ----------
    *identifiers : str
        PatientID, StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID, as far down as the resource is.

    """
    digest = hashlib.sha1("|".join(identifiers).encode(), usedforsecurity=False).hexdigest()
    return "-".join(digest[start : start + 8] for start in range(0, 40, 8))


def carrying(labels: Collection[str]) -> dict[str, Any]:
    """Return the part of a question that narrows it to what carries one of the labels.

    Raises
    ------
    ValueError
        If there is none: to Orthanc an empty list means everything.

    """
    if not labels:
        raise ValueError("a question without labels would be about the whole archive")
    return {"Labels": sorted(labels), "LabelsConstraint": "Any"}


def named(level: Level, uids: Iterable[str]) -> dict[str, Any]:
    """Return the part of a question that asks about what is named.

    Raises
    ------
    ValueError
        If nothing is: to Orthanc an empty list means everything.

    """
    listed = sorted(set(uids))
    if not listed:
        raise ValueError("a question that names nothing would be about the whole archive")
    return {"Level": type_of_level[level], "Query": {uid_of_level[level]: "\\".join(listed)}}


def find_named(
    archive: Archive, level: Level, uids: Iterable[str], content: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Find all that is named, a piece after the other; nothing, where nothing is.

    Parameters
    ----------
    archive : Archive
    level : Level
        Of the identifiers, and of what is found unless ``content`` says otherwise.
    uids : iterable of str
        Each without wildcards, and not empty.
    content : mapping
        What else is asked.

    """
    for some in pieces(sorted(set(uids)), AT_ONCE):
        yield from archive.find({**named(level, some), **content})


def find_all(archive: Archive, question: Mapping[str, Any], *, limit: int) -> list[dict[str, Any]]:
    """Find all that a question finds, in no order, and up to a limit; what it names is asked in pieces."""
    query: Mapping[str, str] = question["Query"]
    for keyword in (uid_of_level[Level.STUDY], uid_of_level[Level.SERIES]):
        listed = list(dict.fromkeys(query.get(keyword, "").split("\\")))
        # By itself an empty value asks for everything, and one with wildcards for more than in a list.
        if len(listed) > AT_ONCE and all(one and not _WILDCARDS.intersection(one) for one in listed):
            break
    else:
        return archive.find({**question, "Limit": limit})
    found: dict[str, dict[str, Any]] = {}
    for some in pieces(listed, AT_ONCE):
        part = {"Query": {**query, keyword: "\\".join(some)}, "Limit": limit - len(found)}
        found |= {row["ID"]: row for row in archive.find({**question, **part})}
        if len(found) >= limit:
            break
    return list(found.values())


def existing_twice(archive: Archive, level: Level, uids: Iterable[str]) -> frozenset[str]:
    """Return those of the identifiers that the archive holds more than once, labels aside.

    Parameters
    ----------
    archive : Archive
    level : Level
    uids : iterable of str
        Of what is there: then there are as many as are named, if none exists twice. Of what may be gone by
        now it is told by `labels_of_studies`.

    """
    keyword = uid_of_level[level]
    several: Counter[str] = Counter()
    for many in pieces(sorted(set(uids)), COUNTED):
        if archive.count(named(level, many)) == len(many):
            continue
        rows = find_named(archive, level, many, {"ResponseContent": [], "RequestedTags": [keyword]})
        several.update(str(row["RequestedTags"][keyword]) for row in rows)
    return frozenset(uid for uid, times in several.items() if times > 1)


def labels_of_studies(
    archive: Archive, uids: Iterable[str]
) -> tuple[dict[str, frozenset[str]], Counter[str]]:
    """Return the labels of studies by Orthanc's identifier, and how often each StudyInstanceUID exists."""
    labels: dict[str, frozenset[str]] = {}
    times: Counter[str] = Counter()
    content = {"ResponseContent": ["Labels"], "RequestedTags": ["StudyInstanceUID"]}
    for row in find_named(archive, Level.STUDY, uids, content):
        labels[row["ID"]] = frozenset(row["Labels"])
        times[row["RequestedTags"]["StudyInstanceUID"]] += 1
    return labels, times


def held_in_index(study: Mapping[str, Any]) -> frozenset[str]:
    """Return the keywords that the index of a study was made to hold when the study came.

    Orthanc writes them beside it: what is not there and not among these may be in a file all the same.
    """
    return keywords_of(study.get("Metadata", {}).get("MainDicomTagsSignature", ""))


@lru_cache(maxsize=64)
def keywords_of(listed: str) -> frozenset[str]:
    """Read Orthanc's ``0008,0020;0010,0020``; what has no keyword in the standard is passed over."""
    tags = (int(tag.replace(",", ""), 16) for tag in listed.split(";") if tag)
    return frozenset(keyword for keyword in map(keyword_for_tag, tags) if keyword)
