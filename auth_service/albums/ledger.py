"""Put series into albums and take them out, so that nothing is ever half-forgotten.

A change is: what is intended, in the ledger; labels, in Orthanc; what was done, in the ledger. A crash
between any two steps leaves lines that are due, which `resume_all` finishes at the next start: every step may
be repeated. Changes of one album are done one after the other, in the order in which they were asked for.

A series carries the album's label; its study carries it as an index only (so that one paged question finds
studies), for as long as any of its series does.
"""

import logging
import re
import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy.orm import Session

from auth_service import audit
from auth_service.albums import counts
from auth_service.albums.labelling import apply
from auth_service.audit import albums as audit_albums
from auth_service.errors import Forbidden, Invalid, NotFound
from auth_service.policy.model import SYSTEM, Actor
from auth_service.store import albums as albums_table
from auth_service.store import counts as counts_table
from auth_service.store import ledger as table
from auth_service.store.ledger import Line, Stamp
from auth_service.store.tables import Change
from auth_service.targets import MAX_UID, UID
from auth_service.vocabulary import ActorKind, ChangeState, ChangeVerb, Level, LineFailure, album_label
from auth_service.world import World

BATCH = 200
"""Lines that are done and stamped together: what a crash makes us repeat at most."""

log = logging.getLogger(__name__)

_UID = re.compile(UID)

_locks: defaultdict[tuple[str, int], threading.Lock] = defaultdict(threading.Lock)
"""One for each album of each database: its changes wait for one another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A series that could not be put in or taken out."""

    uid: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How far a change has come, and exactly what did not succeed."""

    change: str
    verb: str
    state: str
    done: int
    total: int
    failed: tuple[Failure, ...]


def begin(world: World, *, actor: Actor, album: str, verb: ChangeVerb, series: Iterable[str]) -> str:
    """Write down what is to be done to an album, and return the identifier of the change.

    Parameters
    ----------
    world : World
    actor : Actor
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
        If the actor is not the system itself: people's changes must first prove that nobody gets more than
        he has by them, and that rule has not been built yet.
    Invalid
        If there are no series, or one is not an identifier at all.

    """
    if actor.kind is not ActorKind.SYSTEM:
        raise Forbidden("Albums cannot be filled by people yet.")
    uids = list(dict.fromkeys(series))
    if not uids:
        raise Invalid("series", "Name at least one series.")
    for uid in uids:
        if len(uid) > MAX_UID or not _UID.fullmatch(uid):
            raise Invalid("series", "This is not a DICOM identifier: {uid}.", uid=uid[:MAX_UID])
    change, at = uuid4().hex, world.clock()
    who = {"actor": actor.key, "actor_name": actor.name}
    with world.store.write() as tx:
        # Locked: of one that is being deleted nothing may be asked that would come after its end.
        found = albums_table.album(tx, album, lock=True)
        if found is None:
            raise NotFound
        table.add_change(tx, change_id=change, album_id=found.id, verb=verb, series=uids, **who, at=at)
        audit_albums.change_begun(
            tx, at=at, **who, slug=found.slug, change=change, verb=verb, series=len(uids)
        )
    return change


def run(world: World, *, change: str) -> Report:
    """Do a change, and whatever was asked of the same album before it; harmless when repeated.

    Raises
    ------
    NotFound
        If there is no such change.
    Unavailable
        If Orthanc does not answer: what is left stays due, and is done by `resume_all` or by this again.

    """
    with world.store.read() as tx:
        found = table.change(tx, change)
        if found is None:
            raise NotFound
        album_id = found[1].id
    with _locks[world.store.url, album_id]:
        with world.store.read() as tx:
            due = table.unfinished(tx, album_id)
        for each in due[: due.index(change) + 1] if change in due else []:
            _finish(world, each)
    return report(world, change=change)


def resume_all(world: World) -> list[Report]:
    """Finish what a crash, or an archive that did not answer, has interrupted.

    Raises
    ------
    Unavailable
        If Orthanc does not answer; what could be done is done.

    """
    with world.store.read() as tx:
        due = table.unfinished(tx)
    reports = [run(world, change=change) for change in due]
    for each in reports:
        log.info("resumed change %s: %d of %d done", each.change, each.done, each.total)
    return reports


def report(world: World, *, change: str) -> Report:
    """Say how far a change has come.

    Raises
    ------
    NotFound
        If there is no such change.

    """
    with world.store.read() as tx:
        found = table.change(tx, change)
        if found is None:
            raise NotFound
        done, total = table.tally(tx, change)
        failures = table.failures(tx, change)
    return Report(
        change=change,
        verb=found[0].verb,
        state=found[0].state,
        done=done,
        total=total,
        failed=tuple(Failure(uid=uid, reason=reason) for uid, reason in failures),
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
        return table.contents(tx, found.id, at=at)


def _finish(world: World, change_id: str) -> None:
    """Do what is due of one change, batch by batch; its album's lock is held."""
    with world.store.write() as tx:
        found = table.change(tx, change_id)
        assert found is not None  # noqa: S101 - it was just listed, and changes are never deleted
        change, album = found
        table.set_state(tx, change_id, ChangeState.RUNNING, finished_at=None)
    verb = ChangeVerb.ADD if change.verb == ChangeVerb.ADD else ChangeVerb.REMOVE
    while True:
        with world.store.read() as tx:
            lines = table.due(tx, change_id, BATCH)
            known = table.places(tx, album.id, [line.series_uid for line in lines])
        if not lines:
            break
        stamps = apply(world.archive, label=album_label(album.slug), verb=verb, lines=lines, known=known)
        with world.store.write() as tx:
            table.stamp(tx, stamps, world.clock())
            _record_ambiguous(tx, lines, stamps, world.clock())
    with world.store.write() as tx:
        _close(tx, change, album.slug, world.clock())
    counts.after_change(world, album_id=album.id, slug=album.slug)


def _close(tx: Session, change: Change, slug: str, at: datetime) -> None:
    """Note that all lines are stamped, and put the change on record."""
    done, total = table.tally(tx, change.id)
    state = ChangeState.DONE if done else ChangeState.FAILED
    if not table.set_state(tx, change.id, state, finished_at=at):
        return
    if done:
        albums_table.touch(tx, album_id=change.album_id, at=at)
        counts_table.mark(tx, [change.album_id])
    record = audit_albums.series_added if change.verb == ChangeVerb.ADD else audit_albums.series_removed
    record(
        tx,
        at=at,
        actor=change.actor,
        actor_name=change.actor_name,
        slug=slug,
        change=change.id,
        done=done,
        failed=total - done,
    )


def _record_ambiguous(tx: Session, lines: Iterable[Line], stamps: Iterable[Stamp], at: datetime) -> None:
    uids = {line.id: line.series_uid for line in lines}
    ambiguous = [uids[stamp.line] for stamp in stamps if stamp.failure is LineFailure.AMBIGUOUS]
    audit.ambiguities(tx, at=at, actor=SYSTEM, level=Level.SERIES, uids=ambiguous)
