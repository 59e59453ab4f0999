"""Do a change batch by batch: labels in Orthanc, then what was done, in the ledger.

A crash, or an archive that falls silent, may come between any two labels. What it leaves half-written is the
batch that is due next: it is done again, or, where the change was stopped meanwhile, put back. So the labels
of a change that is over are what the ledger says.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial

from sqlalchemy.orm import Session

from auth_service import audit
from auth_service.albums import counts
from auth_service.albums.labelling import apply, put_back
from auth_service.albums.leases import Lease
from auth_service.audit import albums as audit_albums
from auth_service.policy.model import SYSTEM
from auth_service.store import albums as albums_table
from auth_service.store import contents as contents_table
from auth_service.store import counts as counts_table
from auth_service.store import ledger as table
from auth_service.store import reports, uploads
from auth_service.store.ledger import Line, Place, Stamp
from auth_service.store.tables import Album, Change
from auth_service.vocabulary import ChangeState, ChangeVerb, Level, LineFailure, album_label
from auth_service.world import World


def do_batch(world: World, change_id: str, *, lease: Lease, most: int) -> int:
    """Do the next lines of a change, or put them back if it was stopped; return how many.

    Parameters
    ----------
    world : World
    change_id : str
    lease : Lease
    most : int
        Lines that are done and stamped together: what a crash makes us repeat.

    Raises
    ------
    Unavailable
        If Orthanc does not answer: the lines stay due.
    Replaced
        If another process works on the album by now: it does them.

    """
    with world.store.write() as tx:
        change, album = _found(tx, change_id)
        stopped = _is_stopped(change, album)
        if stopped and change.state == ChangeState.WAITING:
            # Nothing of it was begun, and so Orthanc need not be asked.
            table.cancel_due(tx, change_id)
        table.set_state(tx, change_id, ChangeState.RUNNING, finished_at=None)
        lines = table.due(tx, change_id, most)
    if lines:
        if stopped:
            stamps = _put_back(world, lines, album=album, lease=lease)
        else:
            stamps = _apply(world, lines, verb=change.verb, album=album, lease=lease)
        with world.store.write() as tx:
            lease.confirm(tx)
            table.stamp(tx, stamps, world.clock())
            _record_ambiguous(tx, lines, stamps, world)
        if len(lines) == most:
            # More may be due.
            return most
    with world.store.write() as tx:
        lease.confirm(tx)
        _close(tx, change_id, world)
    counts.after_change(world, album_id=album.id, slug=album.slug)
    return len(lines)


def _apply(world: World, lines: Sequence[Line], *, verb: str, album: Album, lease: Lease) -> Sequence[Stamp]:
    return apply(
        world.archive,
        label=album_label(album.slug),
        verb=ChangeVerb(verb),
        lines=lines,
        known=cache(partial(_places, world, album, lines)),
        before=lease.keep,
    )


def _put_back(world: World, lines: Sequence[Line], *, album: Album, lease: Lease) -> Sequence[Stamp]:
    """Undo what an attempt may have begun of a change that was stopped."""
    put_back(
        world.archive,
        album_label(album.slug),
        [line.series_uid for line in lines],
        inside=_places(world, album, lines).keys(),
        before=lease.keep,
    )
    return [Stamp(line=line.id, failure=LineFailure.CANCELLED) for line in lines]


def _places(world: World, album: Album, lines: Iterable[Line]) -> Mapping[str, Place]:
    with world.store.read() as tx:
        return contents_table.places(tx, album.id, [line.series_uid for line in lines])


def finish(world: World, change_id: str) -> None:
    """Close a change of which nothing is due, whatever else is asked of its album; harmless when repeated."""
    with world.store.write() as tx:
        change, album = _found(tx, change_id)
        if (
            change.finished_at is None
            and change.state != ChangeState.RECEIVING
            and not table.due(tx, change_id, 1)
        ):
            _close(tx, change_id, world)
    counts.after_change(world, album_id=album.id, slug=album.slug)


def _found(tx: Session, change_id: str) -> tuple[Change, Album]:
    found = table.change(tx, change_id)
    assert found is not None  # noqa: S101 - it was just listed, and changes are never deleted
    return found


def _is_stopped(change: Change, album: Album) -> bool:
    """Tell whether no more is to be done: somebody stopped it, or it would fill an album that is gone."""
    return change.cancelled_at is not None or (change.verb == ChangeVerb.ADD and album.deleted_at is not None)


def _close(tx: Session, change_id: str, world: World) -> None:
    """Note that all lines are stamped, and put the change on record."""
    change, album = _found(tx, change_id)
    at = world.clock()
    tally = reports.tally(tx, change.id)
    upload = uploads.upload(tx, change.id)
    # Images that came into series which were there before are no line.
    state = ChangeState.DONE if tally.done or (upload is not None and upload.stored) else ChangeState.FAILED
    # Of an upload that was stopped nobody knows what would have come.
    stopped = change.cancelled_at is not None and upload is not None
    if stopped or reports.was_cut_short(tx, change.id):
        state = ChangeState.CANCELLED
    if not table.set_state(tx, change.id, state, finished_at=at):
        return
    if tally.done:
        albums_table.touch(tx, album_id=change.album_id, at=at)
        counts_table.mark(tx, [change.album_id])
    growth = uploads.growth(tx, change.id)
    added = partial(audit_albums.series_added, grown=growth.series, images=growth.images)
    record = added if change.verb == ChangeVerb.ADD else audit_albums.series_removed
    record(
        tx,
        at=at,
        actor=change.actor,
        actor_name=change.actor_name,
        slug=album.slug,
        change=change.id,
        done=tally.done,
        failed=tally.total - tally.done,
    )


def _record_ambiguous(tx: Session, lines: Iterable[Line], stamps: Iterable[Stamp], world: World) -> None:
    uids = {line.id: line.series_uid for line in lines}
    ambiguous = [uids[stamp.line] for stamp in stamps if stamp.failure is LineFailure.AMBIGUOUS]
    audit.ambiguities(tx, at=world.clock(), actor=SYSTEM, level=Level.SERIES, uids=ambiguous)
