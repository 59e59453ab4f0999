"""Make albums and change what they are called.

A use case is: check, change, audit in one transaction.
"""

import re
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from auth_service.albums.rights import check, on_record
from auth_service.albums.words import plain
from auth_service.audit import albums as audit_albums
from auth_service.directory import DirectoryPerson
from auth_service.errors import Forbidden, Invalid
from auth_service.origin import NOWHERE, Origin
from auth_service.people import keep_named
from auth_service.policy.model import Actor
from auth_service.settings import Settings
from auth_service.store import albums as table
from auth_service.store import counts as counts_table
from auth_service.store.tables import Album, Member
from auth_service.vocabulary import Action, ActorKind, AlbumRole, SubjectKind
from auth_service.world import World

LONGEST_SLUG = 50
LONGEST_TITLE = 255
LONGEST_DESCRIPTION = 2048

SLUG = re.compile(r"[a-z0-9][a-z0-9-]*")

RESERVED = frozenset({"ownerless"})
"""What stands in an address of ours where a slug would: no album is called so."""

_TRIES = 20


def create_album(
    world: World,
    *,
    actor: Actor,
    title: str,
    description: str = "",
    slug: str | None = None,
    owner: str | None = None,
    origin: Origin = NOWHERE,
) -> str:
    """Make an album and its first owner; return its slug.

    Parameters
    ----------
    world : World
    actor : Actor
        A person, who then owns it, or the system, which names the owner.
    title, description : str
    slug : str, optional
        Made from the title, with a random end, when it is not given; one that was ever used gets such an end,
        so that the answer is the same whether the other album is hidden, deleted or open.
    owner : str, optional
        User name of the owner, where the system makes the album.
    origin : Origin
        Where the request came from.

    Raises
    ------
    Forbidden
        If nobody asks, somebody names another owner than himself, or may make none here.
    Invalid
        If a field is not what was expected.
    Unavailable
        If the owner's name cannot be looked up.

    """
    title, description = _title(title), _description(description)
    slugs = _slugs(None if slug is None else _slug(slug), title)
    person = _owner(world, actor, owner)
    at = world.clock()
    with world.store.write() as tx:
        album = _add(tx, slugs=slugs, title=title, description=description, at=at, created_by=actor.key)
        if person is not None:
            keep_named(tx, person, at=at)
        first = person or actor
        table.add_member(tx, _first_owner(album, first.subject_id, first.username, at, actor.key))
        counts_table.begin_empty(tx, album_id=album.id, at=at)
        audit_albums.album_created(
            tx,
            at=at,
            actor=actor,
            slug=album.slug,
            title=title,
            owner=first.username,
            origin=origin,
        )
    return album.slug


def may_make(settings: Settings, actor: Actor) -> bool:
    """Tell whether somebody may make albums here: who signed in, and has a role that the site names."""
    makers = settings.roles_of_album_makers
    return actor.in_person and (not makers or bool(makers & actor.roles))


def edit_album(
    world: World,
    *,
    actor: Actor,
    slug: str,
    title: str | None = None,
    description: str | None = None,
    origin: Origin = NOWHERE,
) -> None:
    """Change an album's title and description; what is not given stays, and so does its slug.

    Raises
    ------
    NotFound
        If there is no such album, or none for him.
    Forbidden
        If he may not ``edit`` it.
    Invalid
        If a field is not what was expected.

    """
    wanted: dict[str, str] = {}
    if title is not None:
        wanted["title"] = _title(title)
    if description is not None:
        wanted["description"] = _description(description)
    with on_record(world, actor=actor, origin=origin), world.store.write() as tx:
        album = check(tx, world, actor=actor, action=Action.EDIT, slug=slug)
        before = {name: getattr(album, name) for name in wanted if getattr(album, name) != wanted[name]}
        if not before:
            return
        after = {name: wanted[name] for name in before}
        for name, value in after.items():
            setattr(album, name, value)
        audit_albums.album_edited(
            tx, at=world.clock(), actor=actor, slug=slug, before=before, after=after, origin=origin
        )


def slug_from(title: str) -> str:
    """Make a slug from a title: ASCII letters, digits and dashes."""
    words = re.findall(r"[a-z0-9]+", plain(title).encode("ascii", "ignore").decode())
    return "-".join(words)[:LONGEST_SLUG].strip("-") or "album"


def _add(
    tx: Session, *, slugs: Iterable[str], title: str, description: str, at: datetime, created_by: str
) -> Album:
    for slug in slugs:
        if slug not in RESERVED and not table.slug_is_taken(tx, slug):
            album = table.add_album(
                tx, slug=slug, title=title, description=description, at=at, created_by=created_by
            )
            if album is not None:
                return album
    raise Invalid("slug", "No free name could be found; choose another one.")


def _slugs(wanted: str | None, title: str) -> Iterator[str]:
    """Yield slugs to try.

    One that is made from a title always ends at random: an end that only some have would say that there is,
    or was, an album of that title, and a number would say how many. One that is asked for is given as it is
    where it is free, as scripts and people rely on it; whoever tries one out learns that it was used once or
    is reserved, not for what, by whom, or whether it still is, and each try makes an album of his, on record.
    """
    if wanted is not None:
        yield wanted
    stem = slug_from(title) if wanted is None else wanted
    for _ in range(_TRIES):
        yield f"{stem[: LONGEST_SLUG - 5].rstrip('-')}-{secrets.token_hex(2)}"


def _first_owner(album: Album, subject: str, username: str, at: datetime, created_by: str) -> Member:
    return Member(
        album_id=album.id,
        subject_kind=SubjectKind.PERSON,
        subject_id=subject,
        subject_name=username,
        role=AlbumRole.OWNER,
        actions=[],
        until=None,
        created_at=at,
        created_by=created_by,
    )


def _owner(world: World, actor: Actor, owner: str | None) -> DirectoryPerson | None:
    """Look up the owner that the system names; ``None`` where a person makes his own album."""
    if actor.in_person and owner is None:
        if not may_make(world.settings, actor):
            raise Forbidden("Only people of certain roles make albums here.", reason="role")
        return None
    if actor.kind is not ActorKind.SYSTEM or owner is None:
        raise Forbidden("You cannot make an album for somebody else.")
    person = world.directory.person(owner)
    if person is None:
        raise Invalid("owner", "Nobody has the user name {name}.", name=owner)
    return person


def _title(title: str) -> str:
    title = " ".join(title.split())
    if not 0 < len(title) <= LONGEST_TITLE or not title.isprintable():
        raise Invalid("title", "Give a title of 1 to {most} characters.", most=str(LONGEST_TITLE))
    return title


def _description(description: str) -> str:
    description = description.strip()
    if len(description) > LONGEST_DESCRIPTION:
        raise Invalid(
            "description", "Give a description of at most {most} characters.", most=str(LONGEST_DESCRIPTION)
        )
    return description


def _slug(slug: str) -> str:
    if len(slug) > LONGEST_SLUG or not SLUG.fullmatch(slug):
        raise Invalid(
            "slug",
            "A short name has at most {most} small letters, digits and dashes, and no dash first.",
            most=str(LONGEST_SLUG),
        )
    return slug
