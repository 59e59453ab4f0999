"""Look at the members of an album, change what they have, and take it back; several of them at once.

An album keeps an owner: a person, without an end date.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from auth_service.albums.members.expiring import open_since
from auth_service.albums.members.given import (
    Held,
    MemberView,
    Rights,
    checked_note,
    for_record,
    rights_of,
    valid,
    view_of,
    words,
)
from auth_service.albums.members.limits import Giver, giver_in
from auth_service.albums.rights import check, on_record
from auth_service.audit import albums as audit_albums
from auth_service.audit import members as audit_members
from auth_service.errors import Conflict, Invalid, NotFound
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor
from auth_service.store import albums as table
from auth_service.store import invitations as invitations_table
from auth_service.store import members as members_table
from auth_service.store.tables import Album, Invitation, Member
from auth_service.vocabulary import Action, AlbumRole, SubjectKind
from auth_service.world import World

MOST_AT_ONCE = 1000
"""Members that one request changes at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is to change; what is not given stays."""

    role: AlbumRole | None = None
    actions: frozenset[Action] | None = None
    add: frozenset[Action] = frozenset()
    """Rights to be had besides; an owner has them."""
    take: frozenset[Action] = frozenset()
    """Rights to be had no more; of an owner nothing can be taken, he would have to be a member first."""
    until: date | None = None
    keep_until: bool = True
    """Whether the last day stays; otherwise it becomes ``until``, where ``None`` is no end."""
    note: str | None = None

    def of(self, old: Rights) -> Rights:
        """Return what becomes of rights."""
        role = old.role if self.role is None else self.role
        if self.take and role is AlbumRole.OWNER:
            raise Invalid("take", "An owner has every right: make him a member with those that he keeps.")
        actions = ((old.actions if self.actions is None else self.actions) | self.add) - self.take
        return Rights(
            role=role,
            actions=frozenset() if role is AlbumRole.OWNER else actions,
            until=old.until if self.keep_until else self.until,
        )


def list_members(world: World, *, actor: Actor, slug: str, origin: Origin = NOWHERE) -> list[MemberView]:
    """Return the members of an album, and after them the addresses that are invited.

    Raises
    ------
    NotFound
        If there is no such album, or none for him.
    Forbidden
        If he is not an owner.

    """
    with on_record(world, actor=actor, origin=origin), world.store.read() as tx:
        album = check(tx, world, actor=actor, action=Action.MANAGE, slug=slug)
        held: list[tuple[Held, str]] = list(table.members(tx, album.id))
        held += [(each, "") for each in invitations_table.of_albums(tx, [album.id], since=open_since(world))]
        return [view_of(each, name, settings=world.settings) for each, name in held]


def change_members(
    world: World,
    *,
    actor: Actor,
    slug: str,
    edit: Edit,
    members: Collection[int] = (),
    invitations: Collection[int] = (),
    origin: Origin = NOWHERE,
) -> list[MemberView]:
    """Change the rights of members, and what invited addresses will get: all of them, or nothing.

    Raises
    ------
    NotFound
        If there is no such album, or none for him.
    Forbidden
        If he is not an owner, or gives more than he has, for longer, or to himself.
    Invalid
        If a field is not what was expected, or one of them is not in the album.
    Conflict
        If the album would be left without an owner.

    """
    with on_record(world, actor=actor, origin=origin), world.store.write() as tx:
        giver, held = _checked(tx, world, actor, slug, members=members, invitations=invitations)
        with giver.on_record():
            for each in held:
                change(tx, world, giver, each, edit, origin=origin)
        keeps_an_owner(tx, giver.album)
        names = {found.id: name for found, name in table.members(tx, giver.album.id)}
        return [
            view_of(each, names[each.id] if isinstance(each, Member) else "", settings=world.settings)
            for each in held
        ]


def remove_members(
    world: World,
    *,
    actor: Actor,
    slug: str,
    members: Collection[int] = (),
    invitations: Collection[int] = (),
    origin: Origin = NOWHERE,
) -> None:
    """Take rights in an album, and invitations, back: all of them, or nothing; raises as `change_members`."""
    with on_record(world, actor=actor, origin=origin), world.store.write() as tx:
        giver, held = _checked(tx, world, actor, slug, members=members, invitations=invitations)
        for each in held:
            _remove(tx, world, giver, each, origin=origin)
        keeps_an_owner(tx, giver.album)


def change_member(
    world: World,
    *,
    actor: Actor,
    slug: str,
    member_id: int,
    role: AlbumRole | None = None,
    actions: frozenset[Action] | None = None,
    until: date | None = None,
    keep_until: bool = True,
    note: str | None = None,
    origin: Origin = NOWHERE,
) -> MemberView:
    """Change one member's rights; the parameters are those of `Edit`, what is raised of `change_members`.

    A member who is not there is `NotFound`.
    """
    edit = Edit(role=role, actions=actions, until=until, keep_until=keep_until, note=note)
    with _one():
        found = change_members(world, actor=actor, slug=slug, edit=edit, members=[member_id], origin=origin)
    return found[0]


def change_invitation(
    world: World, *, actor: Actor, slug: str, invitation_id: int, edit: Edit, origin: Origin = NOWHERE
) -> MemberView:
    """Change what one invited address will get; raises as `change_member`."""
    with _one():
        found = change_members(
            world, actor=actor, slug=slug, edit=edit, invitations=[invitation_id], origin=origin
        )
    return found[0]


def remove_member(world: World, *, actor: Actor, slug: str, member_id: int, origin: Origin = NOWHERE) -> None:
    """Take one member's rights back; raises as `change_member`."""
    with _one():
        remove_members(world, actor=actor, slug=slug, members=[member_id], origin=origin)


def remove_invitation(
    world: World, *, actor: Actor, slug: str, invitation_id: int, origin: Origin = NOWHERE
) -> None:
    """Take one invitation back; raises as `change_member`."""
    with _one():
        remove_members(world, actor=actor, slug=slug, invitations=[invitation_id], origin=origin)


def keeps_an_owner(tx: Session, album: Album) -> None:
    """Refuse to leave an album without a person who owns it for good: a group may be empty, a date passes."""
    if not any(
        member.subject_kind == SubjectKind.PERSON and member.until is None
        for member, _ in table.owners(tx, [album.id])
    ):
        raise Conflict(
            "An album keeps at least one person as owner without an end date.", reason="last-owner"
        )


def change(tx: Session, world: World, giver: Giver, held: Held, edit: Edit, *, origin: Origin) -> bool:
    """Change one of them, and put it on record; tell whether anything changed.

    Raises
    ------
    Forbidden
        If more is given than who changes it has, or for longer, or to himself.
    Invalid
        If a field is not what was expected.

    """
    before = for_record(held)
    new = edit.of(rights_of(held))
    valid(world, new, until_is_new=not edit.keep_until)
    giver.check_change(held, new)
    held.role, held.actions, held.until = new.role, words(new), new.until
    if edit.note is not None:
        held.note = checked_note(edit.note)
    tx.flush()
    after = for_record(held)
    if after == before:
        return False
    about: dict[str, Any] = {
        "at": world.clock(),
        "actor": giver.actor,
        "slug": giver.album.slug,
        "before": before,
        "after": after,
    }
    if isinstance(held, Invitation):
        # Who decided last answers for it when it is used: an owner may give what the inviter could not.
        held.created_by = giver.actor.key
        audit_members.invitation_changed(tx, invitation=held.id, origin=origin, **about)
    else:
        audit_albums.member_changed(tx, member=held.id, origin=origin, **about)
    return True


def _remove(tx: Session, world: World, giver: Giver, held: Held, *, origin: Origin) -> None:
    about: dict[str, Any] = {
        "at": world.clock(),
        "actor": giver.actor,
        "slug": giver.album.slug,
        "before": for_record(held),
    }
    number = held.id
    if isinstance(held, Invitation):
        if invitations_table.take(tx, number):
            audit_members.invitation_removed(tx, invitation=number, origin=origin, **about)
    else:
        table.remove_member(tx, number)
        audit_albums.member_removed(tx, member=number, origin=origin, **about)


def _checked(
    tx: Session,
    world: World,
    actor: Actor,
    slug: str,
    *,
    members: Collection[int],
    invitations: Collection[int],
) -> tuple[Giver, Sequence[Held]]:
    """Return the actor as who decides about the album's members, and those that are named."""
    giver = giver_in(tx, world, actor=actor, slug=slug, owner=True)
    if not members and not invitations:
        raise Invalid("members", "{field}: name at least one.")
    if len(members) + len(invitations) > MOST_AT_ONCE:
        raise Invalid("members", "{field}: at most {most} at once.", most=str(MOST_AT_ONCE))
    found = members_table.some(tx, album_id=giver.album.id, ids=members)
    since = open_since(world)
    invited = invitations_table.some(tx, album_id=giver.album.id, ids=invitations, since=since)
    named: list[tuple[str, Collection[int], set[int]]] = [
        ("members", members, {each.id for each in found}),
        ("invitations", invitations, {each.id for each in invited}),
    ]
    for field, asked, known in named:
        for number in sorted(set(asked) - known):
            raise Invalid(field, "{field}: there is no number {number} in this album.", number=str(number))
    return giver, [*found, *invited]


@contextmanager
def _one() -> Iterator[None]:
    """Say of a single one that is not there what is said of everything that is not there."""
    try:
        yield
    except Invalid as error:
        if error.field in ("members", "invitations"):
            raise NotFound from None
        raise
