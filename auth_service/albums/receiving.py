"""Put series into an album as they arrive: the intent first, then the image, then the label.

The line of a series is in the ledger before the archive gets its first image, so that a crash between any two
steps leaves a line that is due: whoever looks next gives the label to what has come (`label_arrived`), and
when nothing more comes (`close`) the change is finished like any other, and says what never came.
"""

import time

from sqlalchemy.orm import Session

from auth_service.albums import ledger, turns
from auth_service.albums.batches import BATCH
from auth_service.albums.labelling import apply, locate
from auth_service.albums.leases import Lease, Replaced
from auth_service.errors import Conflict
from auth_service.policy.model import SYSTEM
from auth_service.store import counts as counts_table
from auth_service.store import ledger as table
from auth_service.store.ledger import Line, Place, Stamp
from auth_service.vocabulary import ChangeState, ChangeVerb, LineFailure, album_label
from auth_service.world import World

_PATIENCE = 10.0
"""Seconds that a series waits for its label while another process works on the album."""
_PAUSE = 0.2


def intend(tx: Session, world: World, *, change: str, series: str) -> None:
    """Write down that a series is about to come; harmless when it was written down before.

    Raises
    ------
    Conflict
        If nothing more may come by this change.

    """
    found = table.change(tx, change)
    if found is None or found[0].state != ChangeState.RECEIVING or found[0].cancelled_at is not None:
        raise Conflict("This upload is over.", reason="over")
    if table.line(tx, change, series) is None:
        table.add_line(tx, change, album_id=found[1].id, series=series, at=world.clock())


def is_due(tx: Session, *, change: str, series: str) -> bool:
    """Tell whether a series was written down for a change and has not got its label yet."""
    line = table.line(tx, change, series)
    return line is not None and line.done_at is None and line.failure is None


def arrived(world: World, *, change: str, series: str) -> bool:
    """Label a series that the archive has now, as it was written down; ``False``: it has it twice.

    Raises
    ------
    Unavailable
        If Orthanc does not answer: the line stays due.

    """
    with world.store.read() as tx:
        found, line = table.change(tx, change), table.line(tx, change, series)
        if found is None or line is None:
            raise LookupError("a series arrived that was never written down")
        album, over = found[1], line.failure is not None
        album_id, slug, deleted = album.id, album.slug, album.deleted_at is not None
    if over and not deleted:
        # The change was closed while the image was under way: what came is not left without its label.
        begun = ledger.begin(world, actor=SYSTEM, album=slug, verb=ChangeVerb.ADD, series=[series])
        return ledger.run(world, change=begun).done > 0
    if over:
        return True
    stamps = _label(world, album_id=album_id, slug=slug, lines=[Line(id=line.id, series_uid=series)])
    return all(stamp.failure is not LineFailure.AMBIGUOUS for stamp in stamps)


def label_arrived(world: World, *, change: str) -> None:
    """Label every series of a change that is receiving which has come and has no label yet."""
    with world.store.read() as tx:
        found = table.change(tx, change)
        lines = table.due(tx, change, BATCH)
    if found is None or not lines:
        return
    there = locate(world.archive, [line.series_uid for line in lines])
    come = [line for line in lines if isinstance(there[line.series_uid], Place)]
    _label(world, album_id=found[1].id, slug=found[1].slug, lines=come)


def close(world: World, *, change: str) -> None:
    """Say that nothing more comes by a change, and finish it; harmless when it was said before."""
    label_arrived(world, change=change)
    with world.store.write() as tx:
        table.received(tx, change)
    ledger.run(world, change=change)


def _label(world: World, *, album_id: int, slug: str, lines: list[Line]) -> list[Stamp]:
    if not lines:
        return []
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            with turns.alone_with(world, album_id) as lease:
                if lease is not None:
                    return _label_with(world, lease, album_id=album_id, slug=slug, lines=lines)
        except Replaced:
            # It may be had again, and what was written already may be written once more.
            continue
        time.sleep(_PAUSE)
    # Another process has much to do on this album. The lines stay due, and are looked after.
    return []


def _label_with(world: World, lease: Lease, *, album_id: int, slug: str, lines: list[Line]) -> list[Stamp]:
    label = album_label(slug)
    stamps = apply(world.archive, label=label, verb=ChangeVerb.ADD, lines=lines, known={}, before=lease.keep)
    with world.store.write() as tx:
        lease.confirm(tx)
        table.stamp(tx, stamps, world.clock())
        counts_table.mark(tx, [album_id])
    return stamps
