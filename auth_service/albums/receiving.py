"""Put series into an album as they arrive: the intent first, then the image, then the label.

The line of a series is in the ledger before the archive gets its first image, so that a crash between any two
steps leaves a line that is due: whoever looks next gives the label to what has come (`label_arrived`), and
when nothing more comes (`close`) the change is finished like any other, and says what never came.

A line alone gives nobody anything: what has come is known by the very image that was announced, into a series
that is in no album yet. Otherwise who announces a series that he knows of would get what others send of it.
"""

import time

from sqlalchemy.orm import Session

from auth_service.albums import ledger, turns
from auth_service.albums.batches import BATCH
from auth_service.albums.labelling import apply
from auth_service.albums.leases import Lease, Replaced
from auth_service.archive import Archive
from auth_service.errors import Conflict
from auth_service.policy.model import SYSTEM
from auth_service.store import counts as counts_table
from auth_service.store import ledger as table
from auth_service.store import uploads
from auth_service.store.ledger import Line, Stamp
from auth_service.vocabulary import ChangeState, ChangeVerb, LabelKind, LineFailure, album_label, label_kind
from auth_service.world import World

_PATIENCE = 10.0
"""Seconds that a series waits for its label while another process works on the album."""
_PAUSE = 0.2


def intend(tx: Session, world: World, *, change: str, series: str, instance: str) -> None:
    """Write down that a series is about to come, with this image; harmless when it was written down before.

    Parameters
    ----------
    instance : str
        Orthanc's identifier of the image.

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
    uploads.expect(tx, change, series=series, instance=instance)


def did_not_come(tx: Session, *, change: str, series: str) -> None:
    """Note that the archive did not take the image: whatever of the series comes later is another's."""
    uploads.expect(tx, change, series=series, instance=None)


def came_before(world: World, *, change: str, series: str) -> bool:
    """Tell whether a series came by this very change, and has not got its label yet."""
    with world.store.read() as tx:
        found, line = table.change(tx, change), table.line(tx, change, series)
        instance = uploads.expected(tx, change).get(series)
        if found is None or line is None or instance is None:
            return False
        slug, due = found[1].slug, line.done_at is None and line.failure is None
    return due and _came(world.archive, instance, series, slug=slug)


def arrived(world: World, *, change: str, series: str, instance: str) -> bool:
    """Label a series that came with an image, as it was written down; ``False``: it came from elsewhere too.

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
    if not _came(world.archive, instance, series, slug=slug):
        return False
    if over and not deleted:
        # The change was closed while the image was under way: what came is not left without its label.
        begun = ledger.begin(world, actor=SYSTEM, album=slug, verb=ChangeVerb.ADD, series=[series])
        return ledger.run(world, change=begun).done > 0
    if over:
        return True
    stamps = _label(world, album_id=album_id, slug=slug, lines=[Line(id=line.id, series_uid=series)])
    return all(stamp.failure is not LineFailure.AMBIGUOUS for stamp in stamps)


def label_arrived(world: World, *, change: str) -> None:
    """Label every series of a change that is receiving which has come by it and has no label yet."""
    with world.store.read() as tx:
        found = table.change(tx, change)
        lines, expected = table.due(tx, change, BATCH), uploads.expected(tx, change)
    if found is None or found[0].state != ChangeState.RECEIVING:
        return
    come = [
        line
        for line in lines
        if line.series_uid in expected
        and _came(world.archive, expected[line.series_uid], line.series_uid, slug=found[1].slug)
    ]
    _label(world, album_id=found[1].id, slug=found[1].slug, lines=come)


def close(world: World, *, change: str) -> None:
    """Say that nothing more comes by a change, and finish it; harmless when it was said before."""
    label_arrived(world, change=change)
    with world.store.write() as tx:
        if table.received(tx, change):
            # What of these comes from now on does not come by this.
            table.give_up(tx, change)
    ledger.run(world, change=change)


def _came(archive: Archive, instance: str, series: str, *, slug: str) -> bool:
    """Tell whether an image has come, into a series that nobody has put into another album meanwhile."""
    found = archive.instance(instance)
    if found is None or found.series.uid != series:
        return False
    others = found.series.labels - {album_label(slug)}
    return not any(label_kind(label) is LabelKind.ALBUM for label in others)


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
