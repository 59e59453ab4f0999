"""Narrow a question to what is visible, so that Orthanc itself pages, sorts and counts what is left.

Labels do not inherit in Orthanc: a site's label on a study covers its series, which carry nothing. An album's
stands on series and, as an index, on their studies. So labels alone answer what albums open, and studies that
the site labelled; for the rest - series under labelled studies, studies of which only a series is labelled,
conditions - identifiers are resolved first, and the page is asked of them. Nothing here asks about unlabelled
things but where `Everything` says so. ``docs/decisions/0005-narrowed-searches.md`` says why.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from auth_service.archive import Archive, carrying, find_all, named, type_of_level, uid_of_level
from auth_service.errors import Invalid
from auth_service.policy.model import Openings, Resource
from auth_service.vocabulary import LabelKind, Level, label_kind

MOST_RESOLVED = 10_000
"""Series, or studies, that one question may look at one by one."""

OF_SERIES = frozenset(
    {
        "SeriesDescription",
        "BodyPartExamined",
        "Manufacturer",
        "ManufacturerModelName",
        "ProtocolName",
        "ConvolutionKernel",
        "SliceThickness",
    }
)
"""By what of their series studies may be searched: one permitted series must match all of it."""

_MODALITIES = {Level.STUDY: "ModalitiesInStudy", Level.SERIES: "Modality"}


def narrowed(
    archive: Archive, level: Level, filters: Mapping[str, str], openings: Openings
) -> dict[str, Any] | None:
    """Return a question about studies or series as Orthanc is asked it, for a page or a count.

    Parameters
    ----------
    archive : Archive
    level : Level
    filters : mapping of str to str
        Values to match by keyword (PS3.4, section C.2.2.2), known at this level.
    openings : Openings

    Returns
    -------
    dict or None
        ``None``: nothing can match, and Orthanc need not be asked.

    Raises
    ------
    Invalid
        If it would have to look at more than `MOST_RESOLVED` things one by one.

    """
    if openings.everything:
        return _of_everything(archive, level, filters)
    albums = openings.albums_only
    if albums is not None:
        return _of_albums(archive, level, filters, albums)
    if not openings.labelled:
        return _of_modalities_alone(archive, level, filters, _modalities_of_everything(openings))
    if level is Level.STUDY and not openings.conditional and not _is_about_series(filters):
        return _of_labelled_studies(archive, filters, frozenset(way.label for way in openings.labelled))
    series = _permitted(archive, at_series(level, filters), openings)
    return named(level, (row["RequestedTags"][uid_of_level[level]] for row in series)) if series else None


def partly_hidden(
    archive: Archive, studies: Collection[Mapping[str, Any]], openings: Openings
) -> frozenset[str]:
    """Return Orthanc's identifiers of those studies of which some series may be hidden.

    Of the others every series is visible, so that what Orthanc tells of them all may be told.

    Parameters
    ----------
    studies : collection of mapping
        What Orthanc answered: ``ID``, ``Labels`` and the ``StudyInstanceUID`` among the requested tags.

    """
    if openings.everything:
        return frozenset()
    if openings.conditional:
        return frozenset(row["ID"] for row in studies)
    labels = frozenset(way.label for way in openings.labelled)
    # A site's label on a study covers what is in it.
    others = [row for row in studies if not _of_site(labels).intersection(row["Labels"])]
    if not others:
        return frozenset()
    without_any = named(Level.STUDY, (row["RequestedTags"]["StudyInstanceUID"] for row in others)) | {
        "Level": type_of_level[Level.SERIES],
        "ResponseContent": ["Parent"],
        **carrying(labels),
        "LabelsConstraint": "None",
    }
    return frozenset(series["ParentStudy"] for series in archive.find(without_any))


def permitted_of_studies(
    archive: Archive, studies: Collection[Mapping[str, Any]], openings: Openings, tags: Iterable[str]
) -> list[dict[str, Any]]:
    """Find the permitted series of studies that were found, with these tags and their Modality.

    Parameters
    ----------
    studies : collection of mapping
        What Orthanc answered: ``ID``, ``Labels`` and the ``StudyInstanceUID`` among the requested tags.

    """
    if not studies:
        return []
    question = named(Level.STUDY, (row["RequestedTags"]["StudyInstanceUID"] for row in studies)) | {
        "Level": type_of_level[Level.SERIES],
        "ResponseContent": ["Parent", "Labels"],
        "RequestedTags": ["Modality", *tags],
    }
    albums = openings.albums_only
    if albums is not None:
        return archive.find(question | carrying(albums))
    labels = {row["ID"]: frozenset(row["Labels"]) for row in studies}
    return [row for row in archive.find(question) if openings.opens(resource_of(row, labels))]


def _question(level: Level, filters: Mapping[str, str]) -> dict[str, Any]:
    return {"Level": type_of_level[level], "Query": dict(filters)}


def _of_everything(archive: Archive, level: Level, filters: Mapping[str, str]) -> dict[str, Any] | None:
    """Ask as it was asked, but of studies by what their series are.

    Of that Orthanc knows ModalitiesInStudy alone, and without wildcards.
    """
    wildcards = {"*", "?"} & set(filters.get("ModalitiesInStudy", ""))
    if level is Level.SERIES or not (wildcards or OF_SERIES & filters.keys()):
        return _question(level, filters)
    series = all_of(archive, Level.SERIES, _question(Level.SERIES, at_series(level, filters)))
    return named(level, (row["RequestedTags"]["StudyInstanceUID"] for row in series)) if series else None


def _of_albums(
    archive: Archive, level: Level, filters: Mapping[str, str], labels: frozenset[str]
) -> dict[str, Any] | None:
    """Ask by the labels of albums alone; a filter on what series are is resolved on series first."""
    if level is Level.SERIES or not _is_about_series(filters):
        return _question(level, filters) | carrying(labels)
    series = archive.find(
        _question(Level.SERIES, at_series(level, filters))
        | {"ResponseContent": [], "RequestedTags": ["StudyInstanceUID"]}
        | carrying(labels)
    )
    if not series:
        return None
    return named(level, (row["RequestedTags"]["StudyInstanceUID"] for row in series)) | carrying(labels)


def _of_modalities_alone(
    archive: Archive, level: Level, filters: Mapping[str, str], kinds: frozenset[str]
) -> dict[str, Any] | None:
    """Ask about everything of some modalities; what else is asked of series is resolved on them first."""
    if level is Level.SERIES or not OF_SERIES & filters.keys():
        return _of_modalities(level, filters, kinds)
    question = _of_modalities(Level.SERIES, at_series(level, filters), kinds)
    series = all_of(archive, Level.SERIES, question) if question else []
    return named(level, (row["RequestedTags"]["StudyInstanceUID"] for row in series)) if series else None


def _of_modalities(level: Level, filters: Mapping[str, str], kinds: frozenset[str]) -> dict[str, Any] | None:
    """Ask about everything of some modalities: Orthanc's own filter says exactly that."""
    keyword = _MODALITIES[level]
    asked = filters.get(keyword)
    wanted = sorted(kind for kind in kinds if not asked or _matches(kind, asked))
    return _question(level, {**filters, keyword: "\\".join(wanted)}) if wanted else None


def _matches(kind: str, asked: str) -> bool:
    """Match a code against a list, or a text with wildcards (PS3.4, section C.2.2.2.4)."""
    return any(fnmatchcase(kind, one.replace("[", "[[]")) for one in asked.upper().split("\\"))


def _of_labelled_studies(
    archive: Archive, filters: Mapping[str, str], labels: frozenset[str]
) -> dict[str, Any] | None:
    """Ask by labels, and by identifiers only where a site's label is on a series and not on its study."""
    by_label = _question(Level.STUDY, filters) | carrying(labels)
    series = all_of(archive, Level.SERIES, _question(Level.SERIES, filters) | carrying(_of_site(labels)))
    uids = {row["RequestedTags"]["StudyInstanceUID"] for row in series}
    if not uids:
        return by_label
    # A study that goes between two questions is found no more, and settles nothing.
    studies = all_of(archive, Level.STUDY, named(Level.STUDY, uids))
    labelled = {row["ID"] for row in studies if labels.intersection(row["Labels"])}
    if labelled.issuperset(row["ParentStudy"] for row in series):
        return by_label
    uids |= {row["RequestedTags"]["StudyInstanceUID"] for row in all_of(archive, Level.STUDY, by_label)}
    return named(Level.STUDY, uids)


def _permitted(archive: Archive, filters: dict[str, str], openings: Openings) -> list[dict[str, Any]]:
    """Find every permitted series that matches, each decided about by the policy."""
    labels = frozenset(way.label for way in openings.labelled)
    studies = _studies_of_site(archive, filters, _of_site(labels))
    questions = [_question(Level.SERIES, filters) | carrying(labels)]
    if studies:
        of_these = named(Level.STUDY, (row["RequestedTags"]["StudyInstanceUID"] for row in studies))
        questions.append(_question(Level.SERIES, filters | of_these["Query"]))
    kinds = _modalities_of_everything(openings)
    by_kind = _of_modalities(Level.SERIES, filters, kinds) if kinds else None
    if by_kind is not None:
        questions.append(by_kind)
    found = {row["ID"]: row for question in questions for row in all_of(archive, Level.SERIES, question)}
    carried = {row["ID"]: frozenset(row["Labels"]) for row in studies}
    return [row for row in found.values() if openings.opens(resource_of(row, carried))]


def _studies_of_site(
    archive: Archive, filters: Mapping[str, str], labels: frozenset[str]
) -> list[dict[str, Any]]:
    """Find the studies that carry one of the site's labels and match what of the filters is about studies."""
    if not labels:
        return []
    known = archive.main_tags()[Level.STUDY]
    of_study = {keyword: value for keyword, value in filters.items() if keyword in known}
    return all_of(archive, Level.STUDY, _question(Level.STUDY, of_study) | carrying(labels))


def all_of(
    archive: Archive, level: Level, question: Mapping[str, Any], content: Sequence[str] = ("Labels", "Parent")
) -> list[dict[str, Any]]:
    """Find all that a narrowed question finds, to look at one by one; refuse more than `MOST_RESOLVED`."""
    tags = [uid_of_level[Level.STUDY]]
    if level is Level.SERIES:
        tags += [uid_of_level[Level.SERIES], "Modality"]
    asked = {"ResponseContent": list(content), "RequestedTags": tags}
    found = find_all(archive, {**question, **asked}, limit=MOST_RESOLVED + 1)
    if len(found) > MOST_RESOLVED:
        raise Invalid(
            "query",
            "{field}: more than {most} things would have to be looked at one by one to answer this."
            " Ask about fewer: name a date, a patient or a study.",
            most=str(MOST_RESOLVED),
        )
    return found


def at_series(level: Level, filters: Mapping[str, str]) -> dict[str, str]:
    """Write filters on studies as filters on their series."""
    at_series = {keyword: value for keyword, value in filters.items() if keyword != "ModalitiesInStudy"}
    if level is Level.STUDY and (modality := filters.get("ModalitiesInStudy")):
        at_series["Modality"] = modality
    return at_series


def _is_about_series(filters: Mapping[str, str]) -> bool:
    return bool(filters.get("ModalitiesInStudy") or OF_SERIES & filters.keys())


def _modalities_of_everything(openings: Openings) -> frozenset[str]:
    ways = openings.ways - openings.labelled
    return frozenset(kind for way in ways for kind in way.modalities or ())


def _of_site(labels: Iterable[str]) -> frozenset[str]:
    return frozenset(label for label in labels if label_kind(label) is LabelKind.SITE)


def resource_of(row: Mapping[str, Any], study_labels: Mapping[str, frozenset[str]]) -> Resource:
    """Return a series of an answer as the policy sees it; labels of studies are by Orthanc's identifier."""
    return Resource(
        level=Level.SERIES,
        labels=frozenset(row["Labels"]),
        study_labels=study_labels.get(row["ParentStudy"], frozenset()),
        modality=row["RequestedTags"].get("Modality") or "",
    )
