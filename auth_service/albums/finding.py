"""Find the albums that somebody may see, and say what is in them as far as he may view it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy.orm import Session

from auth_service.albums import counts
from auth_service.albums.counts import Kept
from auth_service.albums.holdings import Holding
from auth_service.albums.rights import Access, access, accesses, on_record
from auth_service.albums.words import holds, plain
from auth_service.days import end_of, moment, moment_after
from auth_service.errors import Unavailable
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor
from auth_service.store import albums as table
from auth_service.store import deidentification, favourites
from auth_service.store.tables import Album
from auth_service.vocabulary import Action, AlbumRole
from auth_service.world import World

MOST_AT_ONCE = 200
"""Albums that one answer holds at most."""

Sort = Literal[
    "created",
    "-created",
    "changed",
    "-changed",
    "title",
    "-title",
    "members",
    "-members",
    "studies",
    "-studies",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumView:
    """An album as one actor sees it."""

    access: Access
    owners: tuple[str, ...]
    members: int
    """Memberships that run: people's and groups'."""
    favourite: bool
    deidentifies: bool | None
    """Whether it takes no identified file; ``None``: he may put none in."""
    kept: Kept | None
    """``None``: it was never counted, and Orthanc does not answer; or he may not view what is in it."""

    @property
    def album(self) -> Album:
        """The album itself."""
        return self.access.album

    @property
    def holding(self) -> Holding | None:
        """What is in it."""
        return self.kept.holding if self.kept else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """From one day to another in the site's time zone, both included; ``None``: open."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumQuery:
    """Which albums are asked for, and in which order."""

    search: str = ""
    """Words of title, description and owners' names; a star in one is any characters."""
    modality: str | None = None
    mine: bool | None = None
    """``True``: those that he owns; ``False``: those of others; ``None``: both."""
    favourite: bool | None = None
    archived: bool = False
    can: Action | None = None
    """Those where he may do this."""
    created: Days = Days()
    changed: Days = Days()
    sort: Sort = "-changed"
    limit: int = MOST_AT_ONCE
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumPage:
    """Some of the albums that match, and how many match."""

    items: tuple[AlbumView, ...]
    total: int
    complete: bool
    """Whether everything could be counted that was never counted before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shelf:
    """What is known of the albums of one person without their content."""

    owners: dict[int, tuple[str, ...]]
    members: dict[int, int]
    favourites: frozenset[int]
    deidentifying: frozenset[int]

    def view(self, found: Access, kept: dict[int, Kept]) -> AlbumView:
        number = found.album.id
        return AlbumView(
            access=found,
            owners=self.owners[number],
            members=self.members.get(number, 0),
            favourite=number in self.favourites,
            deidentifies=number in self.deidentifying if Action.UPLOAD in found.actions else None,
            kept=kept.get(number),
        )


def find_albums(world: World, *, actor: Actor, query: AlbumQuery) -> AlbumPage:
    """Return the albums that an actor may see, with the counts that are kept beside them.

    Raises
    ------
    Unavailable
        If they are to be filtered by modality, one was never counted and Orthanc does not answer.

    """
    chosen = _chooser(world, query)
    with world.store.read() as tx:
        found = accesses(tx, actor, at=world.clock(), zone=world.settings.zone)
        shelf = _shelf(tx, world, actor, found)
    found = [each for each in found if chosen(each, shelf)]
    by_content = query.modality is not None or query.sort.removeprefix("-") == "studies"
    kept, complete = _kept(world, found) if by_content else ({}, True)
    if query.modality is not None and not complete:
        raise Unavailable("orthanc")
    views = [shelf.view(each, kept) for each in found]
    if query.modality is not None:
        views = [view for view in views if view.holding and query.modality in view.holding.modalities]
    shown = _ordered(views, query.sort)[query.offset : query.offset + query.limit]
    if not by_content:
        kept, complete = _kept(world, [view.access for view in shown])
        shown = [shelf.view(view.access, kept) for view in shown]
    return AlbumPage(items=tuple(shown), total=len(views), complete=complete)


def find_album(world: World, *, actor: Actor, slug: str, origin: Origin = NOWHERE) -> AlbumPage:
    """Return one album that an actor may see, counted.

    Raises
    ------
    NotFound
        If there is none, or none for him.

    """
    with on_record(world, actor=actor, origin=origin), world.store.read() as tx:
        found = access(tx, world, actor=actor, slug=slug)
        shelf = _shelf(tx, world, actor, [found])
    kept, complete = _kept(world, [found])
    return AlbumPage(items=(shelf.view(found, kept),), total=1, complete=complete)


def running_owners(tx: Session, world: World, album_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """Return the names of the owners whose right still runs, by album."""
    at, zone = world.clock(), world.settings.zone
    names: dict[int, list[str]] = {album_id: [] for album_id in album_ids}
    for member, name in table.owners(tx, list(names)):
        end = end_of(member.until, zone)
        if end is None or at < end:
            names[member.album_id].append(name)
    return {album_id: tuple(each) for album_id, each in names.items()}


def _kept(world: World, found: Collection[Access]) -> tuple[dict[int, Kept], bool]:
    """Return what is kept of these albums, as far as he may view it."""
    return counts.kept(
        world, {each.album.id: each.album.slug for each in found if Action.VIEW in each.actions}
    )


def _shelf(tx: Session, world: World, actor: Actor, found: Collection[Access]) -> _Shelf:
    ids = [each.album.id for each in found]
    today = world.clock().astimezone(world.settings.zone).date()
    members = table.numbers_of_members(tx, ids, today=today)
    return _Shelf(
        owners=running_owners(tx, world, ids),
        members={album_id: sum(kinds.values()) for album_id, kinds in members.items()},
        favourites=favourites.of_person(tx, actor.subject_id),
        deidentifying=deidentification.among(
            tx, [each.album.id for each in found if Action.UPLOAD in each.actions]
        ),
    )


def _chooser(world: World, query: AlbumQuery) -> Callable[[Access, _Shelf], bool]:
    """Return what tells whether an album matches, as far as its content is not asked about."""
    created = _within("created", query.created, world)
    changed = _within("changed", query.changed, world)

    def matches(found: Access, shelf: _Shelf) -> bool:
        album = found.album
        return (
            (album.archived_at is not None) is query.archived
            and query.mine in (None, found.role is AlbumRole.OWNER)
            and query.favourite in (None, album.id in shelf.favourites)
            and (query.can is None or query.can in found.actions)
            and created(album.created_at)
            and changed(album.changed_at)
            and holds((album.title, album.description, *shelf.owners[album.id]), query.search)
        )

    return matches


def _within(name: str, days: Days, world: World) -> Callable[[datetime], bool]:
    """Return what tells whether a moment is on one of these days; raises `Invalid` with the field."""
    zone = world.settings.zone
    first = moment(f"{name}_from", days.first, zone) if days.first else None
    after = moment_after(f"{name}_to", days.last, zone) if days.last else None
    return lambda at: (first is None or first <= at) and (after is None or at < after)


def _ordered(views: list[AlbumView], sort: Sort) -> list[AlbumView]:
    """Order albums; equal ones by title and then slug, in both directions."""
    views = sorted(views, key=lambda view: (plain(view.album.title), view.album.slug))
    by, descending = sort.removeprefix("-"), sort.startswith("-")
    if by == "title":
        return views[::-1] if descending else views
    if by == "members":
        return sorted(views, key=lambda view: view.members, reverse=descending)
    if by in ("changed", "created"):
        return sorted(views, key=lambda view: getattr(view.album, f"{by}_at"), reverse=descending)
    known = [view for view in views if view.holding]
    known.sort(key=lambda view: view.holding.studies if view.holding else 0, reverse=descending)
    return known + [view for view in views if not view.holding]
