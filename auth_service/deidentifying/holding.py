"""Hold pictures until an owner has looked at them: then they go on into the album, or are thrown away."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from secrets import token_hex

from pydicom import dcmread
from sqlalchemy.orm import Session

from auth_service.albums.rights import check, on_record
from auth_service.audit import deidentification as audit
from auth_service.deidentifying.cleaning import text_of
from auth_service.deidentifying.core import Held, written
from auth_service.deidentifying.files import HeldFolder
from auth_service.deidentifying.pictures import NotDrawn, drawn, frames_of
from auth_service.errors import Conflict, NotFound, NotInPerson, Unavailable
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import SYSTEM, Actor
from auth_service.store import albums as albums_table
from auth_service.store import held as table
from auth_service.store.tables import Album, HeldFile
from auth_service.vocabulary import Action
from auth_service.world import World

PART = "held files"

_AT_ONCE = 500
_ORPHANED = timedelta(hours=1)
"""A file without a row is that of a crash when it is so old; a younger one may be about to get its row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A held picture that an owner lets go on."""

    album: str
    """Slug."""
    file: bytes
    """DICOM, de-identified; it says that nothing is burned into it."""
    uploaded_by: str
    """Key of the actor who uploaded it."""
    uploaded_by_name: str
    origin: Origin


GoOn = Callable[[Released], None]
"""Puts a released file into its album, as an upload of its owner's; what it raises leaves the file held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPage:
    """Some of the pictures that an album holds, and how many there are."""

    items: Sequence[HeldFile]
    total: int
    until: timedelta
    """How long each is held."""


def hold(world: World, *, album: Album, held: Held, actor: Actor, origin: Origin = NOWHERE) -> None:
    """Keep a picture for its album's owners to look at; the same one again is held once.

    Raises
    ------
    Unavailable
        If it cannot be kept, or no folder is named for it: it must not be let through instead.

    """
    folder, name = _folder(world), token_hex(16)
    try:
        folder.write(name, held.file)
    except OSError:
        raise Unavailable(PART) from None
    kept = False
    try:
        with world.store.write() as tx:
            kept = _keep(
                tx,
                world,
                album,
                held=held,
                actor=actor,
                origin=origin,
                name=name,
                size=len(held.file),
            )
    finally:
        if not kept:
            folder.remove(name)


def held_of(
    world: World, *, actor: Actor, slug: str, limit: int, offset: int, origin: Origin = NOWHERE
) -> HeldPage:
    """List what an album holds; for its owners, in person.

    Raises
    ------
    NotFound
        If there is no such album, or none for him.
    Forbidden
        If he is not an owner.

    """
    with on_record(world, actor=actor, origin=origin), world.store.read() as tx:
        album = _owned(tx, world, actor, slug)
        items = table.of_album(tx, album.id, limit=limit, offset=offset)
        return HeldPage(items=items, total=table.number(tx, album.id), until=_kept_for(world))


def picture_of(
    world: World, *, actor: Actor, slug: str, held: str, frame: int, origin: Origin = NOWHERE
) -> bytes:
    """Draw one frame of a held picture, as PNG.

    Raises
    ------
    NotFound
        If there is no such album or picture, or none for him.
    Forbidden
        If he is not an owner.
    Conflict
        If it cannot be drawn.
    Unavailable
        If the file cannot be read.

    """
    with on_record(world, actor=actor, origin=origin), world.store.read() as tx:
        row = _row(tx, _owned(tx, world, actor, slug), held)
    return _drawn(_read(world, row), frame)


def release(
    world: World, *, actor: Actor, slug: str, held: str, go_on: GoOn, origin: Origin = NOWHERE
) -> None:
    """Let a picture go on into its album: an owner has seen that nobody is named in it.

    That is on record before anything happens. What a crash interrupts is still held, and may be released
    again: the same instance is in the album once.

    Raises
    ------
    NotFound
        If there is no such album or picture, or none for him.
    Forbidden
        If he is not an owner.
    Conflict
        If it cannot be drawn, so that nobody can have looked at it.
    Unavailable
        If the file cannot be read, or does not get into the album.

    """
    with on_record(world, actor=actor, origin=origin):
        with world.store.read() as tx:
            row = _row(tx, _owned(tx, world, actor, slug), held)
        file = _read(world, row)
        _drawn(file, 1)
        with world.store.write() as tx:
            row = _row(tx, _owned(tx, world, actor, slug), held)
            audit.held_released(
                tx,
                at=world.clock(),
                actor=actor,
                slug=slug,
                held=held,
                sop=row.sop_uid,
                origin=origin,
            )
    go_on(
        Released(
            album=slug,
            file=_clean(file),
            uploaded_by=row.uploaded_by,
            uploaded_by_name=row.uploaded_by_name,
            origin=origin,
        )
    )
    with world.store.write() as tx:
        table.remove(tx, held)
    _folder(world).remove(held)


def discard(world: World, *, actor: Actor, slug: str, held: str, origin: Origin = NOWHERE) -> None:
    """Throw a held picture away.

    Raises
    ------
    NotFound
        If there is no such album or picture, or none for him.
    Forbidden
        If he is not an owner.

    """
    with on_record(world, actor=actor, origin=origin), world.store.write() as tx:
        row = _row(tx, _owned(tx, world, actor, slug), held)
        table.remove(tx, row.id)
        audit.held_discarded(
            tx, at=world.clock(), actor=actor, slug=slug, held=held, expired=False, origin=origin
        )
    _folder(world).remove(held)


def drop(world: World, names: Sequence[str]) -> None:
    """Remove files whose rows are gone; where that fails, `sweep` does it later."""
    for name in names if world.settings.held_folder else ():
        try:
            _folder(world).remove(name)
        except OSError:
            return


def sweep(world: World) -> None:
    """Throw away what was held too long, and the files that no row names any more."""
    if not world.settings.held_folder:
        return
    folder, now = _folder(world), world.clock()
    with world.store.read() as tx:
        over = bool(table.older(tx, now - _kept_for(world), limit=1))
    if over:
        _expire(world, folder, now)
    found = list(folder.older((now - _ORPHANED).timestamp()))[:_AT_ONCE]
    if found:
        with world.store.read() as tx:
            known = table.known(tx, found)
        for name in found:
            if name not in known:
                folder.remove(name)


def _expire(world: World, folder: HeldFolder, now: datetime) -> None:
    with world.store.write() as tx:
        rows = table.older(tx, now - _kept_for(world), limit=_AT_ONCE)
        slugs = albums_table.slugs(tx, {row.album_id for row in rows})
        for row in rows:
            table.remove(tx, row.id)
            audit.held_discarded(
                tx, at=now, actor=SYSTEM, slug=slugs[row.album_id], held=row.id, expired=True
            )
    for row in rows:
        folder.remove(row.id)


def _keep(
    tx: Session,
    world: World,
    album: Album,
    *,
    held: Held,
    actor: Actor,
    origin: Origin,
    name: str,
    size: int,
) -> bool:
    dataset, at = held.dataset, world.clock()
    series, modality = text_of(dataset, "SeriesInstanceUID"), text_of(dataset, "Modality")
    first = not table.holds_series(tx, album.id, series)
    row = HeldFile(
        id=name,
        album_id=album.id,
        study_uid=text_of(dataset, "StudyInstanceUID"),
        series_uid=series,
        sop_uid=text_of(dataset, "SOPInstanceUID"),
        patient=text_of(dataset, "PatientID"),
        modality=modality,
        why=str(held.why),
        frames=frames_of(dataset),
        size=size,
        held_at=at,
        uploaded_by=actor.key,
        uploaded_by_name=actor.name or actor.username,
    )
    if not table.add(tx, row):
        return False
    if first:
        audit.upload_held(
            tx, at=at, actor=actor, slug=album.slug, why=str(held.why), modality=modality, origin=origin
        )
    return True


def _owned(tx: Session, world: World, actor: Actor, slug: str) -> Album:
    if not actor.in_person:
        raise NotInPerson
    return check(tx, world, actor=actor, action=Action.MANAGE, slug=slug)


def _row(tx: Session, album: Album, held: str) -> HeldFile:
    row = table.one(tx, album.id, held)
    if row is None:
        raise NotFound
    return row


def _read(world: World, row: HeldFile) -> bytes:
    try:
        return _folder(world).read(row.id)
    except OSError:
        raise Unavailable(PART) from None


def _drawn(file: bytes, frame: int) -> bytes:
    try:
        return drawn(file, frame=frame)
    except NotDrawn:
        raise Conflict(
            "This picture cannot be shown, so that nobody can look at it: discard it.", reason="picture"
        ) from None


def _clean(file: bytes) -> bytes:
    """Say in the file what its owner saw: nothing is burned into it."""
    dataset = dcmread(BytesIO(file))
    dataset.BurnedInAnnotation = "NO"
    return written(dataset)


def _kept_for(world: World) -> timedelta:
    return timedelta(days=world.settings.held_days)


def _folder(world: World) -> HeldFolder:
    if not world.settings.held_folder:
        raise Unavailable(PART)
    return HeldFolder(Path(world.settings.held_folder))
