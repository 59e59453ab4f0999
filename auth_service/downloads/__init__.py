"""Say what of an album or of a list somebody may take away: series, each decided about, and their studies.

An archive is then made of exactly these, however long the list is. An album gives what carries its label, by
its own grants alone. A list of identifiers is resolved in few questions, whatever it names: one by one, ten
thousand studies would take minutes. What exists twice is nobody's.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auth_service.albums.rights import check, on_record, running_grants
from auth_service.archive import (
    AT_ONCE,
    AmbiguousError,
    Archive,
    ArchivedSeries,
    carrying,
    existing_twice,
    labels_of_studies,
)
from auth_service.errors import Conflict
from auth_service.gate import Gate, Listed, Opened, what_is_open
from auth_service.judging import Judge
from auth_service.origin import Origin
from auth_service.pieces import pieces as in_pieces
from auth_service.policy.model import Actor
from auth_service.vocabulary import Action, Level, album_label
from auth_service.world import World

MOST_NAMED = 10_000
"""Studies and series that one list may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One series that may be taken away."""

    series: ArchivedSeries
    instances: int
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What may be taken away together."""

    pieces: tuple[Piece, ...]
    opened: tuple[Opened, ...]
    """By which grants: what goes on record, study by study."""
    left_out: int = 0
    """Things of the list that he may not take away, or that are not there."""

    @property
    def ids(self) -> list[str]:
        """Orthanc's identifiers of the series."""
        return [piece.series.id for piece in self.pieces]

    def or_nothing(self) -> "Load":
        """Return it; raises `Conflict` where it is empty: there is no archive of nothing."""
        if not self.pieces:
            raise Conflict("There is nothing in it that you may take away.", reason="empty")
        return self


def of_album(world: World, *, actor: Actor, slug: str, studies: Collection[str] = (), origin: Origin) -> Load:
    """Return what of an album may be taken away: its series, or those of some studies.

    Raises
    ------
    NotFound
        If there is no such album, or none for him.
    Forbidden
        If he may see it, but take nothing away.

    """
    with on_record(world, actor=actor, origin=origin), world.store.read() as tx:
        album = check(tx, world, actor=actor, action=Action.DOWNLOAD, slug=slug)
        grants = running_grants(tx, world, actor=actor, slug=album.slug)
    label = album_label(album.slug)
    query = {"StudyInstanceUID": "\\".join(sorted(set(studies)))} if studies else {}
    rows = world.archive.find(_series_of(query) | carrying({label}))
    pieces = _once(world.archive, (_piece(row, frozenset({label}), frozenset()) for row in rows))
    judge = Judge(actor=actor, archive=world.archive, grants=grants, at=world.clock())
    judged = (judge.each(Action.DOWNLOAD, series) for series in _by_study(pieces).values())
    return _load(pieces, [what_is_open(judgement) for judgement in judged])


def of_list(
    gate: Gate, *, actor: Actor, studies: Collection[str], series: Collection[str], target: str
) -> Load:
    """Return what of a list may be taken away, where all that it names may be.

    Of a study that is named these are the series that he may take away, as of each archive of a study.

    Raises
    ------
    NotFound
        If any of it does not exist, or exists twice, or is hidden; that is put on record.
    Forbidden
        If he may see it, but not take it away.

    """
    pieces, listed = _listed(gate.archive, studies, series)
    return _load(pieces, gate.open_all(actor, Action.DOWNLOAD, listed, target))


def of_list_as_far_as_may(
    gate: Gate, *, actor: Actor, studies: Collection[str], series: Collection[str]
) -> Load:
    """Return what of a list may be taken away; the rest is left out, and how much that is, is told."""
    pieces, listed = _listed(gate.archive, studies, series)
    opened = gate.open_some(actor, Action.DOWNLOAD, listed)
    return _load(pieces, opened, left_out=len(listed) - sum(one is not None for one in opened))


def _load(pieces: Iterable[Piece], opened: Sequence[Opened | None], left_out: int = 0) -> Load:
    known = [one for one in opened if one is not None]
    permitted = {series.id for one in known for series in one.series}
    kept = {piece.series.id: piece for piece in pieces if piece.series.id in permitted}
    return Load(pieces=tuple(kept.values()), opened=tuple(known), left_out=left_out)


def _listed(
    archive: Archive, studies: Collection[str], series: Collection[str]
) -> tuple[list[Piece], list[Listed]]:
    """Resolve what a list names; what is not there is in it all the same, with no series."""
    by_study = _resolved(archive, "StudyInstanceUID", dict.fromkeys(studies))
    by_series = _resolved(archive, "SeriesInstanceUID", dict.fromkeys(series))
    listed = [
        *(_as_listed(Level.STUDY, uid, by_study.get(uid, ())) for uid in dict.fromkeys(studies)),
        *(_as_listed(Level.SERIES, uid, by_series.get(uid, ())) for uid in dict.fromkeys(series)),
    ]
    return [piece for found in (by_study, by_series) for each in found.values() for piece in each], listed


def _as_listed(level: Level, uid: str, pieces: Sequence[Piece]) -> Listed:
    # A study is one thing in Orthanc, and so is a series: more of them are two patients'.
    parents = {piece.series.study_id if level is Level.STUDY else piece.series.id for piece in pieces}
    if len(parents) > 1:
        return Listed(uid=uid, level=level, ambiguous=AmbiguousError(level, uid))
    return Listed(uid=uid, level=level, series=tuple(piece.series for piece in pieces))


def _resolved(archive: Archive, keyword: str, uids: Collection[str]) -> Mapping[str, Sequence[Piece]]:
    found: dict[str, list[Piece]] = defaultdict(list)
    times: Counter[str] = Counter()
    for some in in_pieces(list(uids), AT_ONCE):
        rows = archive.find(_series_of({keyword: "\\".join(some)}))
        studies = (row["RequestedTags"]["StudyInstanceUID"] for row in rows)
        labels, here = labels_of_studies(archive, studies)
        times |= here
        for row in rows:
            piece = _piece(row, frozenset(row["Labels"]), labels.get(row["ParentStudy"], frozenset()))
            uid = piece.series.study_uid if keyword == "StudyInstanceUID" else piece.series.uid
            found[uid].append(piece)
    if keyword == "StudyInstanceUID":
        return found
    # The study of a series that is named must be one thing too.
    return {
        uid: each for uid, each in found.items() if all(times[piece.series.study_uid] <= 1 for piece in each)
    }


def _series_of(query: Mapping[str, str]) -> dict[str, Any]:
    return {
        "Level": "Series",
        "Query": dict(query),
        # Its main tags come from the index; a requested one that is missing would be looked for in files.
        "ResponseContent": ["Labels", "Parent", "MainDicomTags"],
        "RequestedTags": ["StudyInstanceUID", "NumberOfSeriesRelatedInstances"],
    }


def _piece(row: Mapping[str, Any], labels: frozenset[str], study_labels: frozenset[str]) -> Piece:
    tags = row["MainDicomTags"]
    return Piece(
        series=ArchivedSeries(
            id=row["ID"],
            uid=tags["SeriesInstanceUID"],
            labels=labels,
            modality=tags.get("Modality") or "",
            study_id=row["ParentStudy"],
            study_uid=row["RequestedTags"]["StudyInstanceUID"],
            study_labels=study_labels,
        ),
        instances=int(row["RequestedTags"].get("NumberOfSeriesRelatedInstances") or 0),
        description=tags.get("SeriesDescription") or "",
    )


def _once(archive: Archive, pieces: Iterable[Piece]) -> list[Piece]:
    """Leave out what exists twice, itself or its study, in the order of the identifiers."""
    found = sorted(pieces, key=lambda piece: (piece.series.study_uid, piece.series.uid))
    twice = existing_twice(archive, Level.SERIES, (piece.series.uid for piece in found))
    split = existing_twice(archive, Level.STUDY, (piece.series.study_uid for piece in found))
    return [piece for piece in found if piece.series.uid not in twice and piece.series.study_uid not in split]


def _by_study(pieces: Iterable[Piece]) -> Mapping[str, Sequence[ArchivedSeries]]:
    found: dict[str, list[ArchivedSeries]] = defaultdict(list)
    for piece in pieces:
        found[piece.series.study_uid].append(piece.series)
    return found
