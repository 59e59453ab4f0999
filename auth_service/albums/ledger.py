"""Put series into albums and take them out, so that nothing is ever half-forgotten.

A change is: what is intended, in the ledger; labels, in Orthanc; what was done, in the ledger. A crash
between any two steps leaves lines that are due, which `resume_all` finishes at the next start: every step may
be repeated. Changes of one album are done one after the other, in the order in which they were asked for.

A series carries the album's label; its study carries it as an index only (so that one paged question finds
studies), for as long as any of its series does.
"""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import uuid4

from sqlalchemy.orm import Session

from auth_service.albums import turns
from auth_service.albums.naming import NotTaken, is_uid
from auth_service.audit import albums as audit_albums
from auth_service.errors import Conflict, Forbidden, Invalid, NotFound
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor
from auth_service.store import albums as albums_table
from auth_service.store import contents as contents_table
from auth_service.store import ledger as table
from auth_service.store import people, reports, uploads
from auth_service.store.ledger import Place
from auth_service.store.tables import Album, Change
from auth_service.targets import MAX_UID
from auth_service.vocabulary import ActorKind, ChangeState, ChangeVerb
from auth_service.world import World

_PATIENCE = 0.2
"""Seconds between two looks whether another process has done what is waited for."""

MOST_TOLD = 1000
"""Things that did not succeed that one report tells of."""

MOST_UNFINISHED = 20
"""Changes of one person, his programs' included, that may be waiting or running at once, in all albums."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Something that was named and not put in or taken out."""

    uid: str
    """As it was named: mostly an identifier."""
    reason: str
    lacking: tuple[str, ...] = ()
    """Where it is forbidden: the rights that he who asked lacks on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """A series that was in the album before, and got images by an upload."""

    series: str
    """SeriesInstanceUID."""
    images: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How far a change has come, and what did not succeed."""

    change: str
    album: str
    """The album's slug."""
    verb: str
    state: str
    actor_name: str
    created: datetime
    finished: datetime | None
    cancelled: datetime | None
    """When somebody asked for it to be stopped."""
    undoes: str | None
    done: int
    total: int
    """Series that are to be done; what was named and not taken is among the failed alone."""
    due: int
    """Series that are still to be done."""
    failed: tuple[Failure, ...]
    """Some of it: what was named and not taken, then the series that could not be done."""
    failed_total: int
    grown: tuple[Grown, ...]
    """Some of the series that were in the album before and got images by it: for who may see inside."""
    grown_total: int
    """How many such series there are."""
    grown_images: int
    """How many images these got."""
    staying: int
    """Images of the change that it takes back which stay: their series were in the album before."""


def begin(world: World, *, actor: Actor, album: str, verb: ChangeVerb, series: Iterable[str]) -> str:
    """Write down what the system is to do to an album, and return the identifier of the change.

    Parameters
    ----------
    world : World
    actor : Actor
        The system itself: what people ask for is checked in ``changing.py`` first.
    album : str
        The album's slug.
    verb : ChangeVerb
    series : iterable of str
        SeriesInstanceUIDs; one that is named twice is done once.

    Raises
    ------
    NotFound
        If there is no such album.
    Forbidden
        If somebody else asks.
    Invalid
        If there are no series, or one is not an identifier at all.

    """
    if actor.kind is not ActorKind.SYSTEM:
        raise Forbidden("Only the system may do this unasked.")
    uids = list(dict.fromkeys(series))
    if not uids:
        raise Invalid("series", "Name at least one series.")
    for uid in uids:
        if not is_uid(uid):
            raise Invalid("series", "This is not a DICOM identifier: {uid}.", uid=uid[:MAX_UID])
    with world.store.write() as tx:
        # Locked: of one that is being deleted nothing may be asked that would come after its end.
        found = albums_table.album(tx, album, lock=True)
        if found is None:
            raise NotFound
        return write(tx, found, actor=actor, verb=verb, series=uids, at=world.clock())


def write(
    tx: Session,
    album: Album,
    *,
    actor: Actor,
    verb: ChangeVerb,
    series: Collection[str],
    at: datetime,
    not_taken: Collection[NotTaken] = (),
    undoes: str | None = None,
    receiving: bool = False,
    places: Mapping[str, Place] = MappingProxyType({}),
    origin: Origin = NOWHERE,
) -> str:
    """Write down a change that was checked, with what was named for it and is not done; return its id.

    Parameters
    ----------
    series : collection of str
        SeriesInstanceUIDs, each once; without any the change is over as it begins.
    places : mapping of str to Place
        Where series were found just now: they need not be looked for once more.
    receiving : bool
        Whether its series are written down as they come (``receiving.py``).

    Raises
    ------
    Conflict
        If so many changes of this person's are not over.

    """
    change = uuid4().hex
    asker = actor.subject_id if actor.subject else None
    if asker is not None and (series or receiving):
        # Of two that come at once the second waits: the bound holds.
        people.lock(tx, provider=actor.provider, subject=actor.subject)
        if table.number_unfinished(tx, asker) >= MOST_UNFINISHED:
            raise Conflict(
                "You have too many changes under way: wait until one is over, or stop one.", reason="changes"
            )
    table.add_change(
        tx,
        change_id=change,
        album_id=album.id,
        verb=verb,
        series=series,
        actor=actor.key,
        actor_name=actor.name,
        asker=asker,
        undoes=undoes,
        at=at,
        places=places,
        state=ChangeState.RECEIVING if receiving else ChangeState.WAITING,
    )
    table.add_not_taken(tx, change, ((one.name, one.why, one.lacking) for one in not_taken))
    audit_albums.change_begun(
        tx,
        at=at,
        actor=actor,
        slug=album.slug,
        change=change,
        verb=verb,
        series=len(series),
        not_taken=Counter(one.why.value for one in not_taken),
        undoes=undoes,
        origin=origin,
    )
    if not series and not receiving:
        table.set_state(tx, change, ChangeState.FAILED if not_taken else ChangeState.DONE, finished_at=at)
    return change


def run(world: World, *, change: str) -> Report:
    """Do a change, and whatever was asked of the same album before it; harmless when repeated.

    What another process works on is waited for.

    Raises
    ------
    NotFound
        If there is no such change.
    Unavailable
        If Orthanc does not answer: what is left stays due, and is done by `resume_all` or by this again.

    """
    while True:
        with world.store.read() as tx:
            found = table.change(tx, change)
        if found is None:
            raise NotFound
        if found[0].finished_at is not None:
            return report(world, change=change)
        if not turns.step(world, found[1].id):
            time.sleep(_PATIENCE)


def resume_all(world: World) -> list[Report]:
    """Finish what a crash, or an archive that did not answer, has interrupted.

    Raises
    ------
    Unavailable
        If Orthanc does not answer; what could be done is done.

    """
    with world.store.read() as tx:
        due = table.unfinished(tx)
    errors = turns.take_turns(world)
    if errors:
        raise errors[0]
    # What another process works on is waited for.
    return [run(world, change=change) for change in due]


def report(world: World, *, change: str) -> Report:
    """Say how far a change has come, with the first of what did not succeed.

    Raises
    ------
    NotFound
        If there is no such change.

    """
    with world.store.read() as tx:
        found = table.change(tx, change)
        if found is None:
            raise NotFound
        return report_of(tx, *found)


def report_of(
    tx: Session,
    change: Change,
    album: Album,
    *,
    named: bool = True,
    inside: bool = True,
    limit: int = MOST_TOLD,
    offset: int = 0,
) -> Report:
    """Say how far a change has come, which was found with its album.

    Parameters
    ----------
    named : bool
        Whether what was named and not taken is told: it may be about what is only his who named it.
    inside : bool
        Whether it is told which series got images that were in the album before, and not only how many.
    limit, offset : int
        Which page of what did not succeed, and of these series.

    """
    tally = reports.tally(tx, change.id)
    others = reports.number_not_taken(tx, change.id) if named else 0
    failed = [
        Failure(uid=one.name, reason=one.why, lacking=tuple(one.lacking))
        for one in (reports.not_taken(tx, change.id, limit=limit, offset=offset) if offset < others else ())
    ]
    if tally.failed:
        lines = reports.failures(tx, change.id, limit=limit - len(failed), offset=max(0, offset - others))
        failed += [Failure(uid=uid, reason=reason) for uid, reason in lines]
    growth = uploads.growth(tx, change.id)
    grown = uploads.grown(tx, change.id, limit=limit, offset=offset) if inside and growth.series else ()
    return Report(
        change=change.id,
        album=album.slug,
        verb=change.verb,
        state=change.state,
        actor_name=change.actor_name,
        created=change.created_at,
        finished=change.finished_at,
        cancelled=change.cancelled_at,
        undoes=change.undoes,
        done=tally.done,
        total=tally.total,
        due=tally.total - tally.done - tally.failed,
        failed=tuple(failed),
        failed_total=others + tally.failed,
        grown=tuple(Grown(series=series, images=images) for series, images in grown),
        grown_total=growth.series,
        grown_images=growth.images,
        staying=uploads.growth(tx, change.undoes).images if change.undoes else 0,
    )


def contents(world: World, *, album: str, at: datetime | None = None) -> frozenset[str]:
    """Return the SeriesInstanceUIDs that are in an album, or were in it at a moment.

    Raises
    ------
    NotFound
        If there is no such album.

    """
    with world.store.read() as tx:
        found = albums_table.album(tx, album)
        if found is None:
            raise NotFound
        return contents_table.contents(tx, found.id, at=at)
