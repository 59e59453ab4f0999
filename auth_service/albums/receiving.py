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
from auth_service.albums.batches import finish
from auth_service.albums.labelling import apply
from auth_service.albums.leases import Lease, Replaced
from auth_service.archive import AmbiguousError, Archive, ArchivedInstance
from auth_service.errors import Conflict, Unavailable
from auth_service.policy.model import SYSTEM
from auth_service.store import counts as counts_table
from auth_service.store import ledger as table
from auth_service.store import uploads
from auth_service.store.ledger import Line, Stamp
from auth_service.store.tables import Album
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
    album = check_receiving(tx, change)
    if table.line(tx, change, series) is None:
        table.add_line(tx, change, album_id=album.id, series=series, at=world.clock())
    uploads.expect(tx, change, series=series, instance=instance)


def check_receiving(tx: Session, change: str) -> Album:
    """Return the album of a change; raises `Conflict` where nothing more may come by it."""
    found = table.change(tx, change)
    if found is None or found[0].state != ChangeState.RECEIVING or found[0].cancelled_at is not None:
        raise Conflict("This upload is over.", reason="over")
    return found[1]


def did_not_come(tx: Session, *, change: str, series: str) -> None:
    """Note that the archive did not take the image: whatever of the series comes later is another's."""
    uploads.expect(tx, change, series=series, instance=None)


def label_before(world: World, *, change: str, series: str) -> bool:
    """Label a series that came by this very change and has no label yet; ``False``: it is none.

    Raises
    ------
    Unavailable
        If it cannot be labelled now: nothing more of it may come before it is.

    """
    with world.store.read() as tx:
        line, instance = table.line(tx, change, series), uploads.expected(tx, change).get(series)
    if line is None or line.done_at is not None or line.failure is not None or instance is None:
        return False
    if not arrived(world, change=change, series=series, instance=instance):
        return False
    with world.store.read() as tx:
        line = table.line(tx, change, series)
    if line is None or line.done_at is None:
        raise Unavailable("album")
    return True


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
    if deleted:
        return False
    if over:
        # The change was closed while the image was under way: what came is not left without its label.
        begun = ledger.begin(world, actor=SYSTEM, album=slug, verb=ChangeVerb.ADD, series=[series])
        done = ledger.run(world, change=begun).done > 0
    else:
        stamps = _label(world, album_id=album_id, slug=slug, lines=[Line(id=line.id, series_uid=series)])
        done = all(stamp.failure is not LineFailure.AMBIGUOUS for stamp in stamps)
    if done and not _alone_in(world.archive, instance, slug=slug):
        # Another process gave it to another album at the same moment: it is neither's.
        undone = ledger.begin(world, actor=SYSTEM, album=slug, verb=ChangeVerb.REMOVE, series=[series])
        ledger.run(world, change=undone)
        return False
    return done


def label_arrived(world: World, *, change: str) -> None:
    """Label every series of a change that is receiving which has come by it and has no label yet."""
    with world.store.read() as tx:
        found = table.change(tx, change)
    if found is None or found[0].state != ChangeState.RECEIVING:
        return
    album = found[1]
    if album.deleted_at is not None:
        return
    for line in _come(world, change, slug=album.slug):
        _label(world, album_id=album.id, slug=album.slug, lines=[line])


def close(world: World, *, change: str) -> None:
    """Say that nothing more comes by a change, and finish it; harmless when it was said before.

    Raises
    ------
    Unavailable
        If something that has come cannot be labelled now: it goes on receiving, and is closed later.

    """
    label_arrived(world, change=change)
    with world.store.read() as tx:
        found = table.change(tx, change)
    if found is None:
        return
    receives = found[0].state == ChangeState.RECEIVING and found[1].deleted_at is None
    if receives and _come(world, change, slug=found[1].slug):
        raise Unavailable("album")
    with world.store.write() as tx:
        if table.received(tx, change):
            # What of these comes from now on does not come by this.
            table.give_up(tx, change)
    finish(world, change)


def _come(world: World, change: str, *, slug: str) -> list[Line]:
    """Return the lines that are due of which the announced image has come."""
    with world.store.read() as tx:
        expected = uploads.expected(tx, change)
        lines = table.due_of(tx, change, expected)
    return [
        line for line in lines if _came(world.archive, expected[line.series_uid], line.series_uid, slug=slug)
    ]


def _came(archive: Archive, instance: str, series: str, *, slug: str) -> bool:
    """Tell whether an image has come, as the only one of a series that is in no other album.

    What has the album's label already came by it alone; of what has not, any other image is somebody else's.
    """
    # Counted before the label is looked for: what makes it more than one comes after the label, or by others.
    only = archive.count({"Level": "Instance", "Query": {"SeriesInstanceUID": series}}) == 1
    try:
        found = archive.instance(instance)
    except AmbiguousError:
        return False
    if found is None or found.series.uid != series or _others(found, slug):
        return False
    return only or album_label(slug) in found.series.labels


def _alone_in(archive: Archive, instance: str, *, slug: str) -> bool:
    try:
        found = archive.instance(instance)
    except AmbiguousError:
        return False
    return found is not None and not _others(found, slug)


def _others(found: ArchivedInstance, slug: str) -> bool:
    """Tell whether the series of an image is in another album."""
    others = found.series.labels - {album_label(slug)}
    return any(label_kind(label) is LabelKind.ALBUM for label in others)


def _label(world: World, *, album_id: int, slug: str, lines: list[Line]) -> list[Stamp]:
    if not lines:
        return []
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            with turns.alone_with(world, album_id, patience=_PATIENCE) as lease:
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
    stamps = apply(
        world.archive, label=label, verb=ChangeVerb.ADD, lines=lines, known=dict, before=lease.keep
    )
    with world.store.write() as tx:
        lease.confirm(tx)
        table.stamp(tx, stamps, world.clock())
        counts_table.mark(tx, [album_id])
    return stamps
