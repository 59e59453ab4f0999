"""Show who has rights in all albums that somebody owns: people down, albums across."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from auth_service.albums.members.expiring import open_since
from auth_service.albums.members.given import Held, MemberView, view_of
from auth_service.albums.rights import accesses
from auth_service.policy.model import Actor
from auth_service.store import albums as table
from auth_service.store import invitations
from auth_service.store.tables import Invitation
from auth_service.vocabulary import Action
from auth_service.world import World


@dataclass(slots=True, kw_only=True)
class Row:
    """A person, a group, or an invited address, and what it has in each album."""

    first: MemberView
    """Says who it is."""
    by_album: dict[str, MemberView] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Some of the rows, how many there are, and every album."""

    albums: tuple[tuple[str, str], ...]
    """Slug and title, by title."""
    rows: Sequence[Row]
    total: int


def members_of_mine(world: World, *, actor: Actor, limit: int, offset: int) -> Matrix:
    """Return everybody who was given rights in an album of which the actor decides about members."""
    with world.store.read() as tx:
        found = accesses(tx, actor, at=world.clock(), zone=world.settings.zone)
        mine = {each.album.id: each.album for each in found if Action.MANAGE in each.actions}
        held: list[tuple[Held, str]] = [(member, name) for member, name in table.members_of(tx, mine)]
        held += [(each, "") for each in invitations.of_albums(tx, mine, since=open_since(world))]
        rows: dict[tuple[str, str], Row] = {}
        for each, name in held:
            view = view_of(each, name, settings=world.settings)
            row = rows.setdefault(_key(each), Row(first=view))
            row.by_album[mine[each.album_id].slug] = view
    ordered = sorted(
        rows.values(), key=lambda row: (row.first.state, row.first.kind, row.first.name.casefold())
    )
    titles = sorted(
        ((album.slug, album.title) for album in mine.values()), key=lambda each: each[1].casefold()
    )
    return Matrix(albums=tuple(titles), rows=ordered[offset : offset + limit], total=len(ordered))


def _key(held: Held) -> tuple[str, str]:
    if isinstance(held, Invitation):
        return "address", held.address
    return held.subject_kind, held.subject_id
