"""Which album de-identifies what is uploaded into it; its key, which no route gives out."""

import secrets
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from auth_service.albums.rights import check, on_record
from auth_service.audit import deidentification as audit
from auth_service.credentials.sealing import Sealer
from auth_service.deidentifying.profile import KEY_BYTES, Option, Profile, options_of
from auth_service.errors import Conflict, Invalid, NotInPerson, Unavailable
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor
from auth_service.store import deidentification as table
from auth_service.store import held as held_table
from auth_service.store.tables import Album, AlbumDeidentification
from auth_service.vocabulary import Action
from auth_service.world import World

PART = "de-identification"
"""What does not answer where a key or a profile cannot be read."""

_PURPOSE = "deidentification"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What an owner is told of his album."""

    on: bool
    options: frozenset[Option]
    since: datetime | None
    by_name: str
    has_key: bool
    """There is a key, in use or from before."""
    readable: bool
    """Whether key and options can be read: if not, nothing can be uploaded."""
    held: int
    """Pictures that wait for a look."""


def deidentifies(tx: Session, album: Album) -> bool:
    """Tell whether an album takes no identified file."""
    row = table.of_album(tx, album.id)
    return row is not None and row.since is not None


def of_album(tx: Session, world: World, album: Album) -> Profile | None:
    """Return how an album de-identifies what is uploaded into it; ``None``: it takes files as they are.

    It must be asked for every file: an album that has it on takes no identified file.

    Raises
    ------
    Unavailable
        If the album de-identifies, and its options or its key cannot be read: nothing may go in.

    """
    row = table.of_album(tx, album.id)
    if row is None or row.since is None:
        return None
    profile = _profile(world, row)
    if profile is None:
        raise Unavailable(PART)
    return profile


def deidentification_of(world: World, *, actor: Actor, slug: str, origin: Origin = NOWHERE) -> State:
    """Say whether an album de-identifies, and how; for its owners.

    Raises
    ------
    NotFound
        If there is no such album, or none for him.
    Forbidden
        If he is not an owner.

    """
    with on_record(world, actor=actor, origin=origin), world.store.read() as tx:
        album = check(tx, world, actor=actor, action=Action.MANAGE, slug=slug)
        row = table.of_album(tx, album.id)
        held = held_table.number(tx, album.id)
    if row is None:
        return State(
            on=False,
            options=frozenset(),
            since=None,
            by_name="",
            has_key=False,
            readable=True,
            held=held,
        )
    profile = _profile(world, row)
    return State(
        on=row.since is not None,
        options=profile.options if profile else frozenset(),
        since=row.since,
        by_name=row.changed_by_name,
        has_key=True,
        readable=profile is not None,
        held=held,
    )


def deidentify_uploads(
    world: World, *, actor: Actor, slug: str, options: Collection[str], origin: Origin = NOWHERE
) -> None:
    """Have an album de-identify all that is uploaded from now on; repeating it is harmless.

    A key from before is used again, so that what comes joins what is there.

    Raises
    ------
    NotFound
        If there is no such album, or none for him.
    Forbidden
        If he is not an owner, or not in person.
    Invalid
        If an option is none.
    Conflict
        If the album has a key that cannot be read.

    """
    _in_person(actor)
    wanted = _options(options)
    with on_record(world, actor=actor, origin=origin), world.store.write() as tx:
        album = check(tx, world, actor=actor, action=Action.MANAGE, slug=slug)
        row = table.of_album(tx, album.id, lock=True)
        before = None if row is None or row.since is None else frozenset(row.options)
        if row is not None and _key(world, row) is None:
            raise Conflict(
                "The key of this album cannot be read. Bring the service's encryption key back, or have the"
                " album's key forgotten and begin anew.",
                reason="key",
            )
        if before == frozenset(map(str, wanted)):
            return
        at = world.clock()
        table.keep(
            tx,
            album_id=album.id,
            options=[str(option) for option in wanted],
            sealed_key=row.sealed_key if row is not None else _new_key(world, album.id),
            at=at,
            by=actor.key,
            by_name=actor.name or actor.username,
        )
        audit.deidentification_on(
            tx,
            at=at,
            actor=actor,
            slug=slug,
            before=before,
            after=[str(option) for option in wanted],
            new_key=row is None,
            origin=origin,
        )


def take_uploads_as_they_are(
    world: World, *, actor: Actor, slug: str, forget: bool, origin: Origin = NOWHERE
) -> None:
    """Have an album take files as they are from now on; repeating it is harmless.

    Parameters
    ----------
    world : World
    actor : Actor
        An owner, in person.
    slug : str
    forget : bool
        Remove the key as well: nobody can make the album's pseudonyms again, or find out whose they are.
    origin : Origin

    Raises
    ------
    NotFound
        If there is no such album, or none for him.
    Forbidden
        If he is not an owner, or not in person.

    """
    _in_person(actor)
    with on_record(world, actor=actor, origin=origin), world.store.write() as tx:
        album = check(tx, world, actor=actor, action=Action.MANAGE, slug=slug)
        row = table.of_album(tx, album.id, lock=True)
        if row is None or (row.since is None and not forget):
            return
        if forget:
            table.forget(tx, album.id)
        else:
            row.since = None
        audit.deidentification_off(tx, at=world.clock(), actor=actor, slug=slug, forgot=forget, origin=origin)


def _in_person(actor: Actor) -> None:
    if not actor.in_person:
        raise NotInPerson


def _options(words: Collection[str]) -> frozenset[Option]:
    try:
        return options_of(words)
    except ValueError:
        known = ", ".join(Option)
        raise Invalid("options", "{field}: these are the options: {known}.", known=known) from None


def _profile(world: World, row: AlbumDeidentification) -> Profile | None:
    key = _key(world, row)
    try:
        return Profile(options=options_of(row.options), key=key) if key is not None else None
    except (TypeError, ValueError):
        return None


def _new_key(world: World, album_id: int) -> bytes:
    key = b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    return _sealer(world).seal(_PURPOSE, {"album": album_id, "key": key})


def _key(world: World, row: AlbumDeidentification) -> bytes | None:
    """Return the key, or ``None`` if it cannot be read, or is that of another album."""
    document = _sealer(world).unseal(_PURPOSE, row.sealed_key)
    if document is None or document.get("album") != row.album_id:
        return None
    try:
        key = b64decode(str(document.get("key")), validate=True)
    except NotBase64:
        return None
    return key if len(key) == KEY_BYTES else None


def _sealer(world: World) -> Sealer:
    return Sealer(world.settings.encryption_key)
