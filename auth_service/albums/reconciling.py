"""Compare the ledger with the labels in Orthanc, both ways, and put the labels right.

The ledger says what is in an album; labels are its copy, and what decisions are made by. They part when
Orthanc is restored from a backup, when a study is deleted and sent again, or when somebody writes labels by
hand. Of what a change is doing at the moment nothing is said: its labels are ahead of the ledger.

A repair is looked at again when it is done: of two that write at the same time the one who looks last sees
what the other did.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from auth_service.albums.labelling import PLACED, locate, placed, settle
from auth_service.archive import Archive, carrying
from auth_service.audit import albums as audit_albums
from auth_service.pieces import pieces
from auth_service.store import albums as albums_table
from auth_service.store import contents as contents_table
from auth_service.store import ledger as table
from auth_service.store.ledger import Place
from auth_service.store.tables import Album
from auth_service.vocabulary import (
    ALBUM_LABEL_PREFIX,
    LabelKind,
    Level,
    LineFailure,
    Mismatch,
    album_label,
    label_kind,
)
from auth_service.world import World

PIECE = 200
"""Labels that are written, or series that are looked up, before it pauses."""

_ROUNDS = 3
"""How often an album is looked at again while it changes under the repair."""

_OF_FAILURE = {LineFailure.MISSING: Mismatch.MISSING, LineFailure.AMBIGUOUS: Mismatch.AMBIGUOUS}

Pause = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that ledger and labels disagree about."""

    label: str
    what: Mismatch
    level: Level
    uid: str
    """SeriesInstanceUID or StudyInstanceUID."""
    place: Place | None = None
    """Where it is in the archive; ``None`` where it is not, or more than once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What came of one label."""

    label: str
    differences: tuple[Difference, ...]
    """As they were found."""
    left: tuple[Difference, ...]
    """Those that remain: all of them where nothing was to be repaired."""


def reconcile(
    world: World,
    *,
    repair: bool,
    slugs: Collection[str] = (),
    pause: float = 0.0,
    sleep: Pause = time.sleep,
) -> Iterator[Compared]:
    """Compare album after album, and yield each in which something differs.

    Parameters
    ----------
    world : World
    repair : bool
        Whether labels are put right; otherwise nothing is written anywhere.
    slugs : collection of str
        Only these albums; empty: every one, and labels of albums that are not there.
    pause : float
        Seconds to wait after every `PIECE` questions or labels, so that others get their turn.
    sleep : callable

    Raises
    ------
    Unavailable
        If Orthanc does not answer; what was repaired stays, and it can be repeated.

    """
    breathe = _Breath(pause, sleep)
    # Labels first: of an album that is made after it none is known yet, and it is not taken for nobody's.
    labels = frozenset() if slugs else world.archive.all_labels()
    with world.store.read() as tx:
        albums = [album for album in albums_table.every_album(tx) if not slugs or album.slug in slugs]
    for album in albums:
        compared = _album(world, album, repair=repair, breathe=breathe)
        if compared.differences:
            yield compared
    known = {album_label(album.slug) for album in albums}
    for label in sorted(labels - known):
        if label_kind(label) is LabelKind.ALBUM:
            compared = _of_no_album(world, label, repair=repair, breathe=breathe)
            if compared.differences:
                yield compared


class _Breath:
    """Counts what is asked of Orthanc, and waits after each piece of it."""

    def __init__(self, pause: float, sleep: Pause) -> None:
        self._pause, self._sleep, self._count = pause, sleep, 0

    def __call__(self) -> None:
        self._count += 1
        if self._pause and self._count % PIECE == 0:
            self._sleep(self._pause)


def _album(world: World, album: Album, *, repair: bool, breathe: _Breath) -> Compared:
    first = left = _differences(world, album)
    for _ in range(_ROUNDS):
        mendable = [one for one in left if one.place is not None]
        if not repair or not mendable:
            break
        _repair(world, album_label(album.slug), mendable, breathe)
        left = _differences(world, album)
    if repair:
        _on_record(world, album.slug, first, left)
    return Compared(label=album_label(album.slug), differences=tuple(first), left=tuple(left))


def _differences(world: World, album: Album) -> list[Difference]:
    """Compare the ledger of an album with its label, once."""
    label = album_label(album.slug)
    # Labels first: what a change does in between is in the ledger when that is read, as done or under way.
    labelled, indexed = _labelled(world.archive, label)
    with world.store.read() as tx:
        inside = contents_table.placed(tx, album.id) if album.deleted_at is None else {}
        moving = table.under_way(tx, album.id)
    stray = Mismatch.UNKNOWN if album.deleted_at is None else Mismatch.NO_ALBUM
    found = [
        Difference(label=label, what=stray, level=Level.SERIES, uid=uid, place=place)
        for uid, place in labelled
        if uid not in inside and uid not in moving
    ]
    carried = {uid for uid, _ in labelled}
    found += _unlabelled(world.archive, label, [uid for uid in inside if uid not in carried | moving])
    return found + list(_index(label, labelled, indexed))


def _unlabelled(archive: Archive, label: str, uids: list[str]) -> Iterator[Difference]:
    for some in pieces(uids, PIECE):
        for uid, place in locate(archive, some).items():
            if isinstance(place, Place):
                what, where = Mismatch.UNLABELLED, place
            else:
                what, where = _OF_FAILURE[place], None
            yield Difference(label=label, what=what, level=Level.SERIES, uid=uid, place=where)


def _index(
    label: str, labelled: Iterable[tuple[str, Place]], indexed: Mapping[str, str]
) -> Iterator[Difference]:
    """Compare a label on series with the same label on their studies."""
    carrying_series = {place.orthanc_study: place.study_uid for _, place in labelled}
    for orthanc_study in carrying_series.keys() ^ indexed.keys():
        uid = carrying_series.get(orthanc_study) or indexed[orthanc_study]
        place = Place(study_uid=uid, orthanc_study=orthanc_study, orthanc_series="")
        yield Difference(label=label, what=Mismatch.INDEX, level=Level.STUDY, uid=uid, place=place)


def _repair(world: World, label: str, differences: Iterable[Difference], breathe: _Breath) -> None:
    """Put labels on series right, and then the index on their studies."""
    studies: dict[str, str] = {}
    for one in differences:
        assert one.place is not None  # noqa: S101 - only such are given
        studies[one.place.orthanc_study] = one.place.study_uid
        if one.level is Level.SERIES:
            change = world.archive.set_label
            if one.what is not Mismatch.UNLABELLED:
                change = world.archive.remove_label
            change(Level.SERIES, one.place.orthanc_series, label)
            breathe()
    for some in pieces(list(studies.items()), PIECE):
        settle(world.archive, label, dict(some))
        breathe()


def _of_no_album(world: World, label: str, *, repair: bool, breathe: _Breath) -> Compared:
    """Find, and take off, a label of ours that belongs to nothing: nothing was ever put in under it.

    Somebody may make an album of this name meanwhile: then the album's ledger says what carries the label.
    """
    slug = label.removeprefix(ALBUM_LABEL_PREFIX)

    def look() -> list[Difference]:
        labelled, indexed = _labelled(world.archive, label)
        found = [
            Difference(label=label, what=Mismatch.NO_ALBUM, level=Level.SERIES, uid=uid, place=place)
            for uid, place in labelled
        ]
        return found + list(_index(label, labelled, indexed))

    first = left = look()
    for some in pieces(first, PIECE) if repair else ():
        if _made(world, slug) is None:
            _repair(world, label, some, breathe)
    if repair and first:
        left = look()
        _on_record(world, slug, first, left)
    album = _made(world, slug)
    if album is not None:
        return _album(world, album, repair=repair, breathe=breathe)
    return Compared(label=label, differences=tuple(first), left=tuple(left))


def _made(world: World, slug: str) -> Album | None:
    """Return the album that has this slug, or had it, if one was made meanwhile."""
    with world.store.read() as tx:
        return albums_table.whoever_has(tx, slug)


def _labelled(archive: Archive, label: str) -> tuple[list[tuple[str, Place]], dict[str, str]]:
    """Return the series that carry a label, and the studies that do, by Orthanc's identifier."""
    series = archive.find({"Level": "Series", "Query": {}} | PLACED | carrying([label]))
    studies = archive.find(
        {"Level": "Study", "Query": {}, "ResponseContent": [], "RequestedTags": ["StudyInstanceUID"]}
        | carrying([label])
    )
    places = [placed(row) for row in series]
    return places, {row["ID"]: row["RequestedTags"]["StudyInstanceUID"] for row in studies}


def _on_record(world: World, slug: str, first: Iterable[Difference], left: Iterable[Difference]) -> None:
    remaining = {(one.what, one.uid) for one in left}
    repaired = Counter(one.what.value for one in first if (one.what, one.uid) not in remaining)
    if repaired:
        with world.store.write() as tx:
            audit_albums.reconciled(tx, at=world.clock(), slug=slug, repaired=repaired)
