"""Let people and programs send files into an album: begin, send piece by piece, go on, end.

Each file is looked through as soon as all of it has come, image by image (``intake.py``); what cannot be
taken is a line of the change's report, and the rest goes in. What is asked twice - after a connection was
lost, or this service was restarted - is done once.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from auth_service.albums import ledger, receiving
from auth_service.albums.following import sees_inside
from auth_service.albums.ledger import Report
from auth_service.albums.rights import check_open_to, on_record
from auth_service.errors import Conflict, Invalid, NotFound
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor
from auth_service.store import ledger as ledger_table
from auth_service.store import uploads as table
from auth_service.store.tables import Album, Change, Upload, UploadedFile
from auth_service.uploads import spool
from auth_service.uploads.intake import Intake, Taken
from auth_service.uploads.unpacking import Room, pieces
from auth_service.vocabulary import Action, ChangeVerb, LineFailure
from auth_service.world import World

LARGEST_PIECE = 16 * 1024**2
"""Bytes that one request brings at most."""

LONGEST_NAME = 512
_MB = 1024**2

_at_work: set[tuple[str, str, int]] = set()
"""Files that this process is looking through: database, upload, number."""
_at_work_lock = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """How far a file is."""

    number: int
    name: str
    size: int
    received: int
    stored: int
    present: int
    refused: int
    done: bool
    """Whether it was looked through to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadState:
    """How far an upload is."""

    report: Report
    stored: int
    present: int
    refused: int
    seen: datetime
    files: int


def begin(world: World, *, actor: Actor, slug: str, origin: Origin = NOWHERE) -> UploadState:
    """Begin an upload into an album.

    Raises
    ------
    NotFound, Forbidden
        If there is no such album for him, or he may not put series into it.
    Conflict
        If it is archived, or he has too many changes under way.

    """
    with on_record(world, actor=actor, origin=origin), world.store.write() as tx:
        album = check_open_to(tx, world, actor=actor, action=Action.UPLOAD, slug=slug)
        change = open_change(tx, world, album, actor=actor, origin=origin)
    return _state(world, change, actor)


def open_change(tx: Session, world: World, album: Album, *, actor: Actor, origin: Origin) -> str:
    """Write down that something is about to come into an album, and return the identifier of the change."""
    spool.check_room(world.settings)
    at = world.clock()
    change = ledger.write(
        tx, album, actor=actor, verb=ChangeVerb.ADD, series=(), at=at, receiving=True, origin=origin
    )
    table.add(tx, change, at)
    return change


def read(world: World, *, actor: Actor, upload: str) -> UploadState:
    """Say how far one's own upload is.

    Raises
    ------
    NotFound
        If there is no such upload of his.

    """
    with world.store.read() as tx:
        _own(tx, actor, upload)
    return _state(world, upload, actor)


def begun(world: World, *, actor: Actor, slug: str, origin: Origin = NOWHERE) -> list[UploadState]:
    """Return one's own uploads into an album that can be gone on with, the newest first."""
    with on_record(world, actor=actor, origin=origin), world.store.read() as tx:
        album = check_open_to(tx, world, actor=actor, action=Action.UPLOAD, slug=slug)
        found = [
            change.id for change, _ in table.begun(tx, album.id, actor.subject_id) if _is_his(change, actor)
        ]
    return [_state(world, one, actor) for one in found]


def files(
    world: World, *, actor: Actor, upload: str, limit: int, offset: int
) -> tuple[Sequence[FileState], int]:
    """Return some files of one's own upload, in the order of their numbers, and how many there are."""
    with world.store.read() as tx:
        _own(tx, actor, upload)
        found, total = table.files(tx, upload, limit=limit, offset=offset)
        return [_file_state(one) for one in found], total


def expect(
    world: World,
    *,
    actor: Actor,
    upload: str,
    number: int,
    name: str,
    size: int,
    offset: int,
    origin: Origin = NOWHERE,
) -> tuple[FileState, Path]:
    """Make ready for a piece of a file, and return where it is kept.

    Raises
    ------
    NotFound, Forbidden
        If there is no such upload of his, or he may not go on with it.
    Conflict
        If the upload is over, the piece is not the next one, or the file is another than was begun.
    Invalid
        If the file is larger, or there are more, than the site allows.

    """
    spool.check_room(world.settings)
    where = spool.of_file(world.settings, upload, number)
    there = where.stat().st_size if where.exists() else 0
    with on_record(world, actor=actor, origin=origin), world.store.write() as tx:
        change, album, _ = _own(tx, actor, upload)
        check_open_to(tx, world, actor=actor, action=Action.UPLOAD, slug=album.slug)
        receiving.check_receiving(tx, change.id)
        found = table.file(tx, upload, number)
        if found is None:
            _check_bounds(tx, world, upload, size=size)
            found = table.add_file(tx, upload, number=number, name=shown(name), size=size)
        if (found.name, found.size) != (shown(name), size):
            raise Conflict("Another file was begun under this number.", reason="file")
        # What was said to have come may be lost with a disk: what is there counts.
        found.received = found.size if found.done_at is not None else there
        state = _file_state(found)
    if not state.done and offset != state.received:
        raise Conflict(
            "The next piece of this file begins at {received}.", reason="offset", received=str(state.received)
        )
    return state, where


def received(world: World, *, actor: Actor, upload: str, number: int, origin: Origin = NOWHERE) -> FileState:
    """Note that a piece has come, and look the file through if it was the last one.

    Raises
    ------
    Unavailable
        If Orthanc does not answer: the last piece may be sent again, without a byte in it.
    NotFound, Forbidden, Conflict
        If he may not go on.

    """
    where = spool.of_file(world.settings, upload, number)
    there = where.stat().st_size if where.exists() else 0
    with world.store.read() as tx:
        _, album, _ = _own(tx, actor, upload)
        found = table.file(tx, upload, number)
        if found is None:
            raise NotFound
        slug, state = album.slug, _file_state(found)
    if state.done:
        return state
    if there < state.size:
        with world.store.write() as tx:
            table.came(tx, upload, number, received=there, at=world.clock())
        return replace(state, received=there)
    with _working_on(world, upload, number):
        intake = Intake(
            world=world, actor=actor, slug=slug, change=upload, action=Action.UPLOAD, origin=origin
        )
        before = state.stored + state.present + state.refused
        take_all(intake, where, state.name, number=number, before=before)
    where.unlink(missing_ok=True)
    with world.store.read() as tx:
        found = table.file(tx, upload, number)
        assert found is not None  # noqa: S101 - it was just read, and files of uploads are never deleted
        return _file_state(found)


def take_all(
    intake: Intake, file: Path, name: str, *, number: int | None = None, before: int = 0
) -> list[Taken]:
    """Take what a file holds, and count it; what cannot be taken is written into the report.

    Parameters
    ----------
    number : int or None
        The file's, where it is one of several that come one by one: it is done then.
    before : int
        Of what it holds: how much was taken and counted already, before this service was stopped.

    """
    world, upload = intake.world, intake.change
    taken: list[Taken] = []
    room = _room(world, upload)
    # What was counted before takes its room once more as it is passed over.
    room.files += before
    size = 0
    for index, piece in enumerate(pieces(file, name, room, folder=file.parent)):
        if index < before:
            room.total += piece.size
            continue
        if taken:
            with world.store.write() as tx:
                _count(tx, upload, number, taken[-1], size=size, at=world.clock())
        size = piece.size
        if piece.file is None:
            taken.append(Taken(name=piece.name, why=piece.why))
        else:
            taken.append(intake.take(piece.file, piece.name))
    # The last one is counted as the file is done: most files are one image.
    with world.store.write() as tx:
        if taken:
            _count(tx, upload, number, taken[-1], size=size, at=world.clock())
        if number is not None:
            table.done(tx, upload, number, at=world.clock())
    return taken


def refuse(intake: Intake, name: str, why: LineFailure) -> Taken:
    """Write into the report that something cannot be taken, which was not even looked at."""
    one = Taken(name=name, why=why)
    with intake.world.store.write() as tx:
        _count(tx, intake.change, None, one, size=0, at=intake.world.clock())
    return one


def finish(world: World, *, actor: Actor, upload: str) -> UploadState:
    """End one's own upload: what has come is in the album, and what was announced and never came is said.

    Raises
    ------
    NotFound
        If there is no such upload of his.

    """
    with world.store.read() as tx:
        _own(tx, actor, upload)
    close(world, upload)
    return _state(world, upload, actor)


def close(world: World, upload: str) -> None:
    """End an upload, and remove what it has left on disk."""
    receiving.close(world, change=upload)
    spool.drop(world.settings, upload)


def _own(tx: Session, actor: Actor, upload: str) -> tuple[Change, Album, Upload]:
    found, kept = ledger_table.change(tx, upload), table.upload(tx, upload)
    if found is None or kept is None or not _is_his(found[0], actor) or found[1].deleted_at is not None:
        raise NotFound
    return *found, kept


def _is_his(change: Change, actor: Actor) -> bool:
    """Tell whether somebody began an upload himself: his tokens have theirs, which he may see too."""
    if actor.in_person:
        return change.asker == actor.subject_id
    return change.actor == actor.key


def _check_bounds(tx: Session, world: World, upload: str, *, size: int) -> None:
    settings = world.settings
    if table.how_many_files(tx, upload) >= settings.upload_most_files:
        raise Invalid(
            "number", "One upload holds {most} files at most.", most=str(settings.upload_most_files)
        )
    found = table.upload(tx, upload)
    assert found is not None  # noqa: S101 - it was just looked up
    # A zip file may be as large as all that is in it; what was begun and not ended lies on the disk.
    if found.bytes + table.pending(tx, upload) + size > settings.upload_total_mb * _MB:
        raise Invalid("size", "One upload holds {most} MB at most.", most=str(settings.upload_total_mb))


def _room(world: World, upload: str) -> Room:
    settings = world.settings
    with world.store.read() as tx:
        found = table.upload(tx, upload)
        assert found is not None  # noqa: S101 - whoever takes something in has begun it
        images = found.stored + found.present + found.refused
        return Room(
            largest=settings.upload_largest_mb * _MB,
            total=max(settings.upload_total_mb * _MB - found.bytes, 0),
            files=max(settings.upload_most_files - images, 0),
        )


def _count(tx: Session, upload: str, number: int | None, taken: Taken, *, size: int, at: datetime) -> None:
    stored, present = taken.why is None, taken.why is LineFailure.PRESENT
    refused = not (stored or present)
    table.count(
        tx,
        upload,
        number=number,
        at=at,
        stored=int(stored),
        present=int(present),
        refused=int(refused),
        size=size,
    )
    if stored and taken.grew and taken.head is not None:
        table.grow(tx, upload, taken.head.series)
    if taken.why is not None and refused:
        ledger_table.add_not_taken(tx, upload, [(shown(taken.name), taken.why, ())])


def shown(name: str) -> str:
    """Return a file's name as it is written down: its end says most, and no control character stays."""
    clean = "".join(character if character.isprintable() else "_" for character in name)
    return clean[-LONGEST_NAME:]


@contextmanager
def _working_on(world: World, upload: str, number: int) -> Iterator[None]:
    """Have one alone look a file through: whoever sends it again meanwhile is told to wait."""
    what = (world.store.url, upload, number)
    with _at_work_lock:
        if what in _at_work:
            raise Conflict("This file is being looked through.", reason="working")
        _at_work.add(what)
    try:
        yield
    finally:
        with _at_work_lock:
            _at_work.discard(what)


def _state(world: World, upload: str, actor: Actor) -> UploadState:
    with world.store.read() as tx:
        found, kept = ledger_table.change(tx, upload), table.upload(tx, upload)
        if found is None or kept is None:
            raise NotFound
        return UploadState(
            report=ledger.report_of(tx, *found, inside=sees_inside(tx, world, actor, found[1].slug)),
            stored=kept.stored,
            present=kept.present,
            refused=kept.refused,
            seen=kept.seen_at,
            files=table.how_many_files(tx, upload),
        )


def _file_state(found: UploadedFile) -> FileState:
    return FileState(
        number=found.number,
        name=found.name,
        size=found.size,
        received=found.received,
        stored=found.stored,
        present=found.present,
        refused=found.refused,
        done=found.done_at is not None,
    )
