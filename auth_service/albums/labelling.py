"""Write an album's label in Orthanc, many series at a time, and keep the index on their studies right.

Every step may be repeated. Series come and go, and a process that was replaced may still write the same
label: where something was seen before is where it is now only if it exists, and nothing of its name twice.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from auth_service.archive import (
    COUNTED,
    Archive,
    carrying,
    existing_twice,
    find_named,
    labels_of_studies,
    named,
    type_of_level,
)
from auth_service.archive.labels import unasked
from auth_service.pieces import pieces
from auth_service.store.ledger import Line, Place, Stamp
from auth_service.vocabulary import ChangeVerb, Level, LineFailure

PLACED = {"ResponseContent": ["Parent"], "RequestedTags": ["SeriesInstanceUID", "StudyInstanceUID"]}
"""What of a series must be asked for so that `placed` reads it."""

Before = Callable[[], None]

Known = Callable[[], Mapping[str, Place]]
"""Tells where series of an album were when they were put into it; asked where lines do not say it."""

_ROUNDS = 5
"""How often the index of a study is looked at again while somebody else changes it."""


def apply(
    archive: Archive,
    *,
    label: str,
    verb: ChangeVerb,
    lines: Sequence[Line],
    known: Known,
    before: Before = unasked,
) -> list[Stamp]:
    """Do some lines of a change, and return what came of each.

    Parameters
    ----------
    archive : Archive
    label : str
        The album's.
    verb : ChangeVerb
    lines : sequence of Line
        What is due.
    known : callable
        Returns where series of the album were when they were put into it: one that the archive has lost since
        is taken out by forgetting it.
    before : callable
        Called before each label is sent, and as answers come; what it raises ends it there.

    """
    carries = verb is ChangeVerb.ADD
    found = _expected(archive, lines, known)
    gone = _label_series(archive, label, found, carries=carries, before=before) if found else frozenset()
    if not found or gone:
        # Something is not where it was: all of it is looked for, and what is labelled already is again.
        found = locate(archive, [line.series_uid for line in lines])
        gone = _label_series(archive, label, found, carries=carries, before=before)
    stamps = []
    studies: dict[str, str] = {}
    for line in lines:
        place = found[line.series_uid]
        if isinstance(place, Place) and place.orthanc_series in gone:
            place = LineFailure.MISSING
        if place is LineFailure.MISSING and not carries:
            place = known().get(line.series_uid, LineFailure.MISSING)
        if isinstance(place, Place):
            studies[place.orthanc_study] = place.study_uid
        stamps.append(_stamp(line, place))
    if carries:
        # Each has a series that was labelled just now.
        archive.write_labels(Level.STUDY, list(studies), label, carries=True, before=before)
    else:
        settle(archive, label, studies, before=before)
    # An earlier attempt may have written the label of what can no longer be told apart.
    unclear = [line.series_uid for line in lines if found[line.series_uid] is LineFailure.AMBIGUOUS]
    if unclear:
        put_back(archive, label, unclear, inside=known().keys(), before=before)
    return stamps


def put_back(
    archive: Archive,
    label: str,
    uids: Collection[str],
    *,
    inside: Collection[str],
    before: Before = unasked,
) -> None:
    """Make series carry the label exactly if they are in the album by the ledger, and so their studies.

    Of what exists twice the label is taken off, and put on nothing: which of them was meant is not known.

    Parameters
    ----------
    archive : Archive
    label : str
    uids : collection of str
        What an attempt that was not finished may have touched.
    inside : collection of str
        Those of them that the ledger says are in the album.
    before : callable
        As of `apply`.

    """
    if not uids:
        return
    content = PLACED | {"ResponseContent": ["Labels", "Parent"]}
    rows = list(find_named(archive, Level.SERIES, uids, content))
    unique = locate(archive, uids)
    stray: list[str] = []
    lost: list[str] = []
    for row in rows:
        uid, place = placed(row)
        carries = label in row["Labels"]
        if carries and uid not in inside:
            stray.append(place.orthanc_series)
        elif not carries and uid in inside and unique[uid] == place:
            lost.append(place.orthanc_series)
    archive.write_labels(Level.SERIES, stray, label, carries=False, before=before)
    archive.write_labels(Level.SERIES, lost, label, carries=True, before=before)
    studies = {place.orthanc_study: place.study_uid for _, place in map(placed, rows)}
    settle(archive, label, studies, before=before)


def locate(archive: Archive, uids: Collection[str]) -> dict[str, Place | LineFailure]:
    """Resolve SeriesInstanceUIDs to exactly one series of exactly one study each, or say why not.

    Parameters
    ----------
    archive : Archive
    uids : collection of str
        Well-formed and not empty: Orthanc reads wildcards and lists, and nothing as everything.

    """
    places = [placed(row) for row in find_named(archive, Level.SERIES, uids, PLACED)]
    several = Counter(uid for uid, _ in places)
    # Not by a count: of what goes meanwhile it would take what exists twice for the other.
    _, times = labels_of_studies(archive, (place.study_uid for _, place in places))
    found: dict[str, Place | LineFailure] = dict.fromkeys(uids, LineFailure.MISSING)
    for uid, place in places:
        if uid in found:
            unique = several[uid] == 1 and times[place.study_uid] <= 1
            found[uid] = place if unique else LineFailure.AMBIGUOUS
    return found


def _expected(archive: Archive, lines: Sequence[Line], known: Known) -> Mapping[str, Place | LineFailure]:
    """Return where all of these were found before, if each was and none exists twice by now; else nothing.

    Orthanc makes its identifiers of DICOM's, the patient's among them: what is called the same is the same.
    Who finds one of them gone must look for all of them: one that is gone hides one that exists twice.
    """
    found = {line.series_uid: line.place for line in lines if line.place is not None}
    if len(found) < len(lines):
        found = {**known(), **found}
    if len(found) < len(lines):
        return {}
    studies = {place.study_uid for place in found.values()}
    if existing_twice(archive, Level.SERIES, found) or existing_twice(archive, Level.STUDY, studies):
        return {}
    return found


def _label_series(
    archive: Archive,
    label: str,
    found: Mapping[str, Place | LineFailure],
    *,
    carries: bool,
    before: Before,
) -> frozenset[str]:
    """Label what was found, or take the label off; return what of it is gone, by Orthanc's identifier."""
    series = [place.orthanc_series for place in found.values() if isinstance(place, Place)]
    written = archive.write_labels(Level.SERIES, series, label, carries=carries, before=before)
    return frozenset(one for one, exists in zip(series, written, strict=True) if not exists)


def placed(row: Mapping[str, Any]) -> tuple[str, Place]:
    """Read a series of an answer: its SeriesInstanceUID, and where it is; asked for with `PLACED`."""
    tags = row["RequestedTags"]
    return tags["SeriesInstanceUID"], Place(
        study_uid=tags["StudyInstanceUID"], orthanc_study=row["ParentStudy"], orthanc_series=row["ID"]
    )


def settle(archive: Archive, label: str, studies: Mapping[str, str], *, before: Before = unasked) -> None:
    """Make studies carry the label exactly if one of their series does.

    Looks again after writing, until nothing has changed meanwhile: of two that write at the same time the one
    who looks last sees what the other did.

    Parameters
    ----------
    archive : Archive
    label : str
    studies : mapping of str to str
        StudyInstanceUID by Orthanc's identifier.
    before : callable
        As of `apply`.

    """
    written: dict[str, bool] = {}
    for _ in range(_ROUNDS):
        carrying = _studies_with_labelled_series(archive, label, set(studies.values()))
        stale = {study: study in carrying for study in studies if written.get(study) != (study in carrying)}
        if not stale:
            return
        for carries in (True, False):
            those = [study for study, carried in stale.items() if carried is carries]
            archive.write_labels(Level.STUDY, those, label, carries=carries, before=before)
        written |= stale


def _stamp(line: Line, place: Place | LineFailure) -> Stamp:
    if isinstance(place, LineFailure):
        return Stamp(line=line.id, failure=place)
    return Stamp(line=line.id, place=place)


def _studies_with_labelled_series(archive: Archive, label: str, uids: Collection[str]) -> set[str]:
    found: set[str] = set()
    labelled = {"Level": type_of_level[Level.SERIES]} | carrying([label])
    for some in pieces(sorted(uids), COUNTED):
        if archive.count(named(Level.STUDY, some) | labelled):
            rows = find_named(archive, Level.STUDY, some, labelled | {"ResponseContent": ["Parent"]})
            found.update(row["ParentStudy"] for row in rows)
    return found
