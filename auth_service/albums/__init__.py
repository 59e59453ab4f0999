"""Make albums, and find those that somebody may see.

A use case is: check, change, audit in one transaction. Who may see an album, and what he may do in it,
follows from its members (``rights.py``); what it holds is counted in Orthanc, through the labels that his
``view`` opens.
"""

import re
import secrets
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from auth_service.albums.holdings import Holding, holdings
from auth_service.albums.rights import Access, access, accesses, on_record
from auth_service.audit import albums as audit_albums
from auth_service.days import end_of
from auth_service.directory import DirectoryPerson
from auth_service.errors import Forbidden, Invalid, Unavailable
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor
from auth_service.store import albums as table
from auth_service.store import people
from auth_service.store.tables import Album, Member
from auth_service.vocabulary import Action, ActorKind, AlbumRole, SubjectKind, album_label
from auth_service.world import World

LONGEST_SLUG = 50
LONGEST_TITLE = 255
LONGEST_DESCRIPTION = 2048
MOST_AT_ONCE = 200
"""Albums that one answer holds at most."""

SLUG = re.compile(r"[a-z0-9][a-z0-9-]*")

Sort = Literal["changed", "-changed", "title", "-title", "studies", "-studies"]

_TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumView:
    """An album as one actor sees it."""

    access: Access
    owners: tuple[str, ...]
    holding: Holding | None
    """``None``: Orthanc does not answer, or he may not view what is in it."""

    @property
    def album(self) -> Album:
        """The album itself."""
        return self.access.album


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumQuery:
    """Which albums are asked for, and in which order."""

    search: str = ""
    modality: str | None = None
    mine: bool | None = None
    """``True``: those that he owns; ``False``: those of others; ``None``: both."""
    sort: Sort = "-changed"
    limit: int = MOST_AT_ONCE
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumPage:
    """Some of the albums that match, and how many match."""

    items: tuple[AlbumView, ...]
    total: int
    archive_answers: bool


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
        Made from the title when it is not given; one that was ever used gets a suffix, so that the answer
        is the same whether the other album is hidden, deleted or open.
    owner : str, optional
        User name of the owner, where the system makes the album.
    origin : Origin
        Where the request came from.

    Raises
    ------
    Forbidden
        If nobody asks, or somebody names another owner than himself.
    Invalid
        If a field is not what was expected.
    Unavailable
        If the owner's name cannot be looked up.

    """
    title, description = _title(title), _description(description)
    wanted = slug_from(title) if slug is None else _slug(slug)
    person = _owner(world, actor, owner)
    at = world.clock()
    with world.store.write() as tx:
        album = _add(tx, wanted=wanted, title=title, description=description, at=at, created_by=actor.key)
        if person is not None:
            people.upsert(
                tx,
                provider=person.provider,
                subject=person.subject,
                username=person.username,
                name=person.name,
                email=person.email,
                at=at,
                seen=False,
            )
        subject, username = (
            (f"{person.provider}:{person.subject}", person.username)
            if person is not None
            else (f"{actor.provider}:{actor.subject}", actor.username)
        )
        table.add_member(tx, _first_owner(album, subject, username, at, actor.key))
        audit_albums.album_created(
            tx,
            at=at,
            actor=actor,
            slug=album.slug,
            title=title,
            owner=username,
            origin=origin,
        )
    return album.slug


def slug_from(title: str) -> str:
    """Make a slug from a title: ASCII letters, digits and dashes."""
    words = re.findall(r"[a-z0-9]+", _plain(title).encode("ascii", "ignore").decode())
    return "-".join(words)[:LONGEST_SLUG].strip("-") or "album"


def find_albums(world: World, *, actor: Actor, query: AlbumQuery) -> AlbumPage:
    """Return the albums that an actor may see, counted with one question to Orthanc.

    Raises
    ------
    Unavailable
        If they are to be filtered by modality and Orthanc does not answer. Without that filter the list is
        answered all the same, without counts.

    """
    with world.store.read() as tx:
        found = accesses(tx, actor, at=world.clock(), zone=world.settings.zone)
        owners = _owners(tx, world, found)
    found = [each for each in found if _matches(each, owners[each.album.id], query)]
    if query.modality is None and query.sort.removeprefix("-") != "studies":
        ordered = _ordered([_view(each, owners, {}) for each in found], query.sort)
        shown = ordered[query.offset : query.offset + query.limit]
        counts = _count(world, [view.access for view in shown])
        items = [_view(view.access, owners, counts or {}) for view in shown]
        return AlbumPage(items=tuple(items), total=len(ordered), archive_answers=counts is not None)
    counts = _count(world, found)
    if counts is None and query.modality is not None:
        raise Unavailable("orthanc")
    views = [_view(each, owners, counts or {}) for each in found]
    if query.modality is not None:
        views = [view for view in views if view.holding and query.modality in view.holding.modalities]
    ordered = _ordered(views, query.sort)
    items = ordered[query.offset : query.offset + query.limit]
    return AlbumPage(items=tuple(items), total=len(ordered), archive_answers=counts is not None)


def find_album(world: World, *, actor: Actor, slug: str, origin: Origin = NOWHERE) -> AlbumPage:
    """Return one album that an actor may see, counted.

    Raises
    ------
    NotFound
        If there is none, or none for him.

    """
    with on_record(world, actor=actor, origin=origin), world.store.read() as tx:
        found = access(tx, world, actor=actor, slug=slug)
        owners = _owners(tx, world, [found])
    counts = _count(world, [found])
    items = (_view(found, owners, counts or {}),)
    return AlbumPage(items=items, total=1, archive_answers=counts is not None)


def _count(world: World, shown: Iterable[Access]) -> dict[str, Holding] | None:
    """Count what these albums hold, as far as he may view it; ``None`` if Orthanc does not answer."""
    labels = frozenset(album_label(each.album.slug) for each in shown if Action.VIEW in each.actions)
    try:
        if not labels:
            world.archive.version()
            return {}
        return holdings(world.archive, labels)
    except Unavailable:
        return None


def _view(found: Access, owners: dict[int, tuple[str, ...]], counts: dict[str, Holding]) -> AlbumView:
    holding = counts.get(album_label(found.album.slug))
    return AlbumView(access=found, owners=owners[found.album.id], holding=holding)


def _owners(tx: Session, world: World, found: Collection[Access]) -> dict[int, tuple[str, ...]]:
    """Return the names of the owners whose right still runs, by album."""
    at, zone = world.clock(), world.settings.zone
    names: dict[int, list[str]] = {each.album.id: [] for each in found}
    for member, name in table.owners(tx, list(names)):
        end = end_of(member.until, zone)
        if end is None or at < end:
            names[member.album_id].append(name)
    return {album_id: tuple(each) for album_id, each in names.items()}


def _matches(found: Access, owners: Sequence[str], query: AlbumQuery) -> bool:
    if query.mine is not None and query.mine is not (found.role is AlbumRole.OWNER):
        return False
    text = _plain("\n".join((found.album.title, found.album.description, *owners)))
    return all(word in text for word in _plain(query.search).split())


def _ordered(views: list[AlbumView], sort: Sort) -> list[AlbumView]:
    """Order albums; equal ones by title and then slug, in both directions."""
    views = sorted(views, key=lambda view: (_plain(view.album.title), view.album.slug))
    by, descending = sort.removeprefix("-"), sort.startswith("-")
    if by == "title":
        return views[::-1] if descending else views
    if by == "changed":
        return sorted(views, key=lambda view: view.album.changed_at, reverse=descending)
    known = [view for view in views if view.holding]
    known.sort(key=lambda view: view.holding.studies if view.holding else 0, reverse=descending)
    return known + [view for view in views if not view.holding]


def _plain(text: str) -> str:
    """Take case and accents away, so that ``cerebral`` finds ``Cérébral``."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign)).casefold()


def _add(tx: Session, *, wanted: str, title: str, description: str, at: datetime, created_by: str) -> Album:
    slug = wanted
    for _ in range(_TRIES):
        if not table.slug_is_taken(tx, slug):
            album = table.add_album(
                tx, slug=slug, title=title, description=description, at=at, created_by=created_by
            )
            if album is not None:
                return album
        # Random rather than counted: a number would tell how many albums of this name there are.
        slug = f"{wanted[: LONGEST_SLUG - 5].rstrip('-')}-{secrets.token_hex(2)}"
    raise Invalid("slug", "No free name could be found; choose another one.")


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
