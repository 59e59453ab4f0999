"""Ask the archive narrowed questions: only what is open to the actor is found, counted, or told of.

A question goes to Orthanc narrowed to what is visible (``narrowing.py``), so that paging and totals are
right. What would tell of hidden series (modalities and counts of a study) is computed from its permitted
series, and a filter on a modality, or on anything else that is a series', is resolved on permitted series
first; so are ranges of numbers (``ranges.py``). What cannot be narrowed exactly is refused.

Three finds answer a page of studies: the studies, which of them have a hidden series, and whether any of the
identifiers exists twice (then it is nobody's). Where nothing of a study is hidden, what Orthanc says of its
series is true for the asker too; for the others their permitted series are looked at.
``docs/decisions/0005-narrowed-searches.md`` says why.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from auth_service.archive import (
    ALWAYS_INDEXED,
    Archive,
    existing_twice,
    find_all,
    held_in_index,
    type_of_level,
    uid_of_level,
)
from auth_service.errors import Invalid
from auth_service.policy.model import Nothing, Openings, Visibility
from auth_service.search.narrowing import OF_SERIES, partly_hidden, permitted_of_studies
from auth_service.search.ranges import RANGED, Range, within
from auth_service.vocabulary import Level

MAX_LIMIT = 1000
"""No page is longer, whatever was asked."""

MOST_NAMED = 50_000
"""Things that a search names for a change at most."""

COMPUTED = ("ModalitiesInStudy", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances")
"""Attributes of a study that tell of its series: computed from the permitted ones."""

_SERIES_COUNTS = "NumberOfSeriesRelatedInstances"

_IMAGE_ATTRIBUTES = frozenset({"Rows", "Columns", "BitsAllocated", "NumberOfFrames", "SOPClassUID"})
"""Attributes of an instance that are read from its file where the index does not hold them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One key to sort by."""

    keyword: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A search at one level, in DICOM's words; values match as PS3.4 says in section C.2.2.2."""

    level: Level
    filters: Mapping[str, str] = field(default_factory=dict)
    tags: Sequence[str] = ()
    """Keywords of the attributes to return."""
    limit: int = MAX_LIMIT
    since: int = 0
    order: Sequence[Order] = ()
    ranges: Mapping[str, Range] = field(default_factory=dict)
    """By keyword: what of it numbers are looked for in (``ranges.py``)."""
    children: bool = False
    """Whether Orthanc's identifiers of a study's series are wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that was found, with nothing in it that tells of what is hidden."""

    id: str
    level: Level
    uid: str
    parent: str | None
    labels: frozenset[str]
    tags: Mapping[str, str | None]
    main_tags: Mapping[str, str]
    patient_tags: Mapping[str, str]
    series: tuple[str, ...] = ()
    """Of a study, where they were asked for: Orthanc's identifiers of the permitted series."""


def find(archive: Archive, question: Question, visibility: Visibility) -> list[Row]:
    """Answer one page of a search.

    Raises
    ------
    Invalid
        If a filter, an attribute or a sort key cannot be narrowed exactly at this level.
    Unavailable
        If Orthanc does not answer.

    """
    _check(archive, question)
    if isinstance(visibility, Nothing) or question.limit == 0:
        return []
    asked = _narrowed(archive, question, visibility)
    if asked is None:
        return []
    if question.level is Level.STUDY:
        return _find_studies(archive, question, asked, visibility)
    return _find_series(archive, question, asked, visibility)


def find_decided(
    archive: Archive, question: Question, uids: Collection[str], visibility: Visibility
) -> list[Row]:
    """Answer one page of series that were each decided about already.

    Parameters
    ----------
    uids : collection of str
        Their SeriesInstanceUIDs; what else is asked is the question's.
    visibility : Visibility
        By it is known which of their labels may be told.

    """
    _check(archive, question)
    if not uids or isinstance(visibility, Nothing) or question.limit == 0:
        return []
    query = {**question.filters, "SeriesInstanceUID": "\\".join(sorted(uids))}
    return _find_series(archive, question, {"Level": "Series", "Query": query}, visibility)


def count(archive: Archive, question: Question, visibility: Visibility) -> int:
    """Answer how many there are in all, the page aside."""
    _check(archive, question)
    if isinstance(visibility, Nothing):
        return 0
    asked = _narrowed(archive, question, visibility)
    return 0 if asked is None else archive.count(asked)


def find_uids(archive: Archive, question: Question, visibility: Visibility) -> list[str]:
    """Return the identifiers of all that a search finds, its page and order aside.

    Raises
    ------
    Invalid
        If it cannot be narrowed exactly, or finds more than `MOST_NAMED`.

    """
    _check(archive, question)
    asked = None if isinstance(visibility, Nothing) else _narrowed(archive, question, visibility)
    if asked is None:
        return []
    keyword = uid_of_level[question.level]
    content = {"ResponseContent": [], "RequestedTags": [keyword]}
    found = find_all(archive, {**asked, **content}, limit=MOST_NAMED + 1)
    if len(found) > MOST_NAMED:
        raise Invalid("query", "More than {most} are found: ask for fewer at once.", most=str(MOST_NAMED))
    return list(dict.fromkeys(_uid(question.level, row) for row in found))


def find_instances(archive: Archive, question: Question, *, series_uid: str) -> list[Row]:
    """Answer one page of the instances of one series; the caller has decided that it is permitted."""
    _check(archive, question)
    if question.limit == 0:
        return []
    answer = archive.find(_within(question, series_uid) | _page(question) | _content(question))
    return [_row(Level.INSTANCE, found, None) for found in answer]


def count_instances(archive: Archive, question: Question, *, series_uid: str) -> int:
    """Answer how many instances of one permitted series match."""
    _check(archive, question)
    return archive.count(_within(question, series_uid))


def known_tags(archive: Archive, level: Level) -> frozenset[str]:
    """Return the keywords that may be filtered by and asked for at a level, those of its parents included."""
    main = archive.main_tags()
    known = main[Level.STUDY]
    if level is Level.STUDY:
        return known | frozenset(COMPUTED)
    known |= main[Level.SERIES] | {_SERIES_COUNTS}
    if level is Level.SERIES:
        return known
    return known | main[Level.INSTANCE] | _IMAGE_ATTRIBUTES


def _check(archive: Archive, question: Question) -> None:
    known = known_tags(archive, question.level)
    filterable = known - {_SERIES_COUNTS, *(set(COMPUTED) - {"ModalitiesInStudy"})}
    if question.level is Level.STUDY:
        filterable |= OF_SERIES & archive.main_tags()[Level.SERIES]
    ranged = RANGED.keys() if question.level is not Level.INSTANCE else frozenset()
    sortable = known - {_SERIES_COUNTS, *COMPUTED}
    for name, keywords, allowed in (
        ("Query", question.filters, filterable),
        ("Ranges", question.ranges, ranged),
        ("RequestedTags", question.tags, known),
        ("OrderBy", [order.keyword for order in question.order], sortable),
    ):
        for keyword in keywords:
            if keyword not in allowed:
                raise Invalid(
                    name,
                    "{field}: {keyword} cannot be used at the level {level}.",
                    keyword=keyword[:64],
                    level=str(question.level),
                )


def _narrowed(archive: Archive, question: Question, visibility: Openings) -> dict[str, Any] | None:
    if question.level is Level.INSTANCE:
        raise Invalid("Level", "Instances are searched within one series: name it in {field}.")
    return within(archive, question.level, question.filters, question.ranges, visibility)


def _find_studies(
    archive: Archive, question: Question, asked: Mapping[str, Any], visibility: Openings
) -> list[Row]:
    # First what Orthanc computes, then what is hidden: a series that arrives in between is in neither.
    found = archive.find({**asked, **_page(question), **_of_studies(question)})
    _read_from_index(archive, question, found)
    partly = partly_hidden(archive, found, visibility)
    permitted: dict[str, list[dict[str, Any]]] = defaultdict(list)
    looked_at = [study for study in found if study["ID"] in partly]
    for series in permitted_of_studies(archive, looked_at, visibility, [_SERIES_COUNTS]):
        permitted[series["ParentStudy"]].append(series)
    twice = existing_twice(archive, Level.STUDY, [_uid(Level.STUDY, study) for study in found])
    return [
        _study_row(question, study, permitted[study["ID"]] if study["ID"] in partly else None, visibility)
        for study in found
        if (study["ID"] not in partly or permitted[study["ID"]]) and _uid(Level.STUDY, study) not in twice
    ]


def _find_series(
    archive: Archive, question: Question, asked: Mapping[str, Any], visibility: Openings
) -> list[Row]:
    found = archive.find({**asked, **_page(question), **_content(question, "StudyInstanceUID")})
    twice = existing_twice(archive, Level.SERIES, [_uid(Level.SERIES, series) for series in found])
    split = existing_twice(archive, Level.STUDY, [_uid(Level.STUDY, series) for series in found])
    return [
        _row(Level.SERIES, series, visibility)
        for series in found
        if _uid(Level.SERIES, series) not in twice and _uid(Level.STUDY, series) not in split
    ]


def _within(question: Question, series_uid: str) -> dict[str, Any]:
    return {
        "Level": type_of_level[Level.INSTANCE],
        "Query": {**question.filters, "SeriesInstanceUID": series_uid},
    }


def _page(question: Question) -> dict[str, Any]:
    order = list(question.order)
    if order and order[-1].keyword != uid_of_level[question.level]:
        # Equal keys come in any order, which may differ from page to page: the identifier settles it.
        order.append(Order(keyword=uid_of_level[question.level]))
    return {
        "Limit": min(question.limit, MAX_LIMIT),
        "Since": question.since,
        "OrderBy": [
            {
                "Type": "DicomTag",
                "Key": key.keyword,
                "Direction": "DESC" if key.descending else "ASC",
            }
            for key in order
        ],
    }


def _content(question: Question, *also: str) -> dict[str, Any]:
    asked = [tag for tag in question.tags if tag not in COMPUTED]
    return {
        "ResponseContent": ["Labels", "Parent", "MainDicomTags"],
        "RequestedTags": list(dict.fromkeys([*asked, uid_of_level[question.level], *also])),
    }


def _of_studies(question: Question) -> dict[str, Any]:
    """Ask for the index's own attributes of studies as a whole.

    Asked for one by one, one that a study does not have is looked for in a file of it: thirty times the cost.
    """
    computed = [tag for tag in question.tags if tag in COMPUTED]
    children = ["Children"] if question.children else []
    return {
        "ResponseContent": ["Labels", "Parent", "MainDicomTags", *children],
        "RequestedTags": [uid_of_level[Level.STUDY], *computed],
    }


def _read_from_index(archive: Archive, question: Question, found: Sequence[dict[str, Any]]) -> None:
    """Put the attributes that were asked for among the requested tags of each study.

    What a study's index was not made to hold, because it came before the site added the attribute, is asked
    for by its name after all.
    """
    asked = [tag for tag in question.tags if tag not in COMPUTED]
    lacking: dict[str, set[str]] = {}
    for study in found:
        values = study["PatientMainDicomTags"] | study["MainDicomTags"]
        study["RequestedTags"] |= {tag: values.get(tag) for tag in asked}
        if unknown := set(asked) - values.keys() - ALWAYS_INDEXED:
            lacking[study["ID"]] = unknown
    if not lacking:
        return
    held = {row["ID"]: held_in_index(row) for row in archive.find(_again(found, lacking, "Metadata"))}
    old = {one: tags for one, unknown in lacking.items() if (tags := unknown - held.get(one, unknown))}
    if not old:
        return
    by_id = {study["ID"]: study for study in found}
    for row in archive.find(_again(found, old) | {"RequestedTags": sorted(set().union(*old.values()))}):
        if row["ID"] in old:
            by_id[row["ID"]]["RequestedTags"] |= row["RequestedTags"]


def _again(found: Sequence[dict[str, Any]], which: Collection[str], *content: str) -> dict[str, Any]:
    """Ask once more about some of the studies that were found."""
    uids = sorted(_uid(Level.STUDY, study) for study in found if study["ID"] in which)
    return {
        "Level": type_of_level[Level.STUDY],
        "Query": {"StudyInstanceUID": "\\".join(uids)},
        "ResponseContent": list(content),
    }


def _study_row(
    question: Question,
    study: dict[str, Any],
    permitted: Sequence[dict[str, Any]] | None,
    visibility: Openings,
) -> Row:
    """Write a study; ``permitted`` is ``None`` where all of its series are, as Orthanc counts them."""
    row = _row(Level.STUDY, study, visibility)
    if permitted is None:
        modalities = (row.tags.get("ModalitiesInStudy") or "").split("\\")
        computed = {"ModalitiesInStudy": _joined(modalities)} if "ModalitiesInStudy" in question.tags else {}
        children = study.get("Series", ())
    else:
        instances = sum(int(one["RequestedTags"].get(_SERIES_COUNTS) or 0) for one in permitted)
        computed = {
            "ModalitiesInStudy": _joined(one["RequestedTags"].get("Modality") or "" for one in permitted),
            "NumberOfStudyRelatedSeries": str(len(permitted)),
            "NumberOfStudyRelatedInstances": str(instances),
        }
        children = [one["ID"] for one in permitted] if question.children else ()
    return replace(row, tags={**row.tags, **computed}, series=tuple(sorted(children)))


def _joined(modalities: Iterable[str]) -> str:
    return "\\".join(sorted({*modalities} - {""}))


def _row(level: Level, found: dict[str, Any], visibility: Openings | None) -> Row:
    parents = {Level.STUDY: "ParentPatient", Level.SERIES: "ParentStudy", Level.INSTANCE: "ParentSeries"}
    return Row(
        id=found["ID"],
        level=level,
        uid=_uid(level, found),
        parent=found.get(parents[level]),
        labels=visibility.shown(found.get("Labels", ())) if visibility else frozenset(),
        tags=found["RequestedTags"],
        main_tags=found.get("MainDicomTags", {}),
        patient_tags=found.get("PatientMainDicomTags", {}),
    )


def _uid(level: Level, found: dict[str, Any]) -> str:
    return str(found["RequestedTags"][uid_of_level[level]])
