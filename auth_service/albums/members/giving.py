"""Give people, groups and addresses rights in an album; ``limits.py`` says how far that goes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from auth_service.albums.members.expiring import open_since, remove_expired
from auth_service.albums.members.given import (
    MemberView,
    Rights,
    checked_note,
    folded,
    for_record,
    valid,
    view_of,
    words,
)
from auth_service.albums.members.limits import Giver, giver_in
from auth_service.albums.rights import check_open, on_record
from auth_service.audit import albums as audit_albums
from auth_service.audit import members as audit_members
from auth_service.directory import DirectoryPerson
from auth_service.errors import Conflict, Invalid
from auth_service.origin import NOWHERE, Origin
from auth_service.people import keep_named
from auth_service.policy.model import Actor, Group
from auth_service.store import albums as table
from auth_service.store import invitations
from auth_service.store.tables import Invitation, Member
from auth_service.vocabulary import (
    ActorKind,
    Finding,
    SubjectKind,
)
from auth_service.world import World

MOST_OPEN = 1000
"""Invitations of one inviter, into all albums, that wait at one time: as many as one table has lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """To whom rights are to be given: exactly one of them."""

    user: str | None = None
    group: str | None = None
    email: str | None = None

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.user, self.group, self.email)) != 1:
            raise Invalid("subject", "Name either a user, a group or an address.")


Found = DirectoryPerson | Group | str
"""Whom a name means: an account, a group, or an address that waits for its account."""


def add_member(
    world: World,
    *,
    actor: Actor,
    slug: str,
    rights: Rights,
    user: str | None = None,
    group: str | None = None,
    email: str | None = None,
    note: str = "",
    origin: Origin = NOWHERE,
) -> MemberView:
    """Give a person, a group, or whoever has an address rights in an album.

    Parameters
    ----------
    world : World
    actor : Actor
        An owner, or a member who may invite.
    slug : str
    rights : Rights
    user, group, email : str, optional
        A user name, a group's path, or an address: exactly one of them. An address of which no account is
        known, or may be known to the actor, waits for whoever signs in with it.
    note : str
    origin : Origin

    Raises
    ------
    NotFound
        If there is no such album, or none for him.
    Forbidden
        If he may not invite, or gives more than he has, for longer than he has it, or to himself.
    Invalid
        If a field is not what was expected, or nobody has this name.
    Conflict
        If the album is archived, the person or group is a member already, the address is invited, or too
        many of his invitations are open.
    Unavailable
        If the name cannot be looked up.

    """
    valid(world, rights)
    note = checked_note(note)
    named = Named(user=user, group=group, email=email)
    with on_record(world, actor=actor, origin=origin):
        # Names are looked up only where they can be given something, and never within a transaction.
        with world.store.read() as tx:
            giver = giver_in(tx, world, actor=actor, slug=slug)
            with giver.on_record():
                giver.check(rights)
            check_open(giver.album)
        found = look_up(world, named)
        with world.store.write() as tx:
            giver = giver_in(tx, world, actor=actor, slug=slug)
            remove_expired(tx, world, album_id=giver.album.id)
            with giver.on_record():
                given = give(tx, giver, found, rights=rights, note=note, at=world.clock())
            check_open_invitations(tx, world, actor)
            record_given(tx, given, giver, at=world.clock(), origin=origin)
            name = found.name if isinstance(found, DirectoryPerson) else ""
            return view_of(given, name, settings=world.settings)


def look_up(world: World, named: Named) -> Found:
    """Find out whom a name means.

    Where the setting hides people an address is not looked up at all: neither the answer nor the time that it
    takes can then tell whether it has an account.

    Raises
    ------
    Invalid
        If nobody has this name, or the address is none.
    Unavailable
        If Keycloak does not answer.

    """
    if named.user is not None:
        person = world.directory.person(named.user)
        if person is None:
            raise Invalid("subject.user", "Nobody has the user name {name}.", name=named.user)
        return person
    if named.group is not None:
        group = world.directory.group(named.group)
        if group is None:
            raise Invalid("subject.group", "There is no group {path}.", path=named.group)
        return group
    address = folded(named.email or "")
    if address is None:
        raise Invalid("subject.email", "{field} is not an address that can be invited.")
    if world.settings.find_people is Finding.SAME_GROUPS:
        return address
    return world.directory.person_of_address(address) or address


def give(
    tx: Session, giver: Giver, found: Found, *, rights: Rights, note: str, at: datetime
) -> Member | Invitation:
    """Write down what is given; a person who was never here becomes known.

    Raises
    ------
    Forbidden
        If the giver has not as much, or not for as long, or gives it to himself.
    Conflict
        If the person or group is a member already, the address is invited, or the album is archived.

    """
    giver.check(rights)
    album = giver.album
    check_open(album)
    terms: dict[str, Any] = {
        "album_id": album.id,
        "role": rights.role,
        "actions": words(rights),
        "until": rights.until,
        "note": note,
        "created_at": at,
        "created_by": giver.actor.key,
    }
    if isinstance(found, str):
        invitation = Invitation(address=found, **terms)
        if not invitations.add(tx, invitation):
            raise Conflict("{name} is invited already.", reason="invited", name=found)
        return invitation
    member = Member(**_subject(tx, found, at), **terms)
    if not table.add_member(tx, member):
        raise Conflict("{name} is a member already.", reason="member", name=member.subject_name)
    giver.check_other(member.subject_kind, member.subject_id)
    return member


def check_open_invitations(tx: Session, world: World, by: Actor) -> None:
    """Refuse to leave more invitations of one inviter open than there may be.

    Raises
    ------
    Conflict
        If there are more.

    """
    if by.kind is ActorKind.SYSTEM:
        return
    if invitations.number_of_inviter(tx, by.key, since=open_since(world)) > MOST_OPEN:
        raise Conflict(
            "More than {most} of your invitations would wait to be used: take some back first.",
            reason="open-invitations",
            most=str(MOST_OPEN),
        )


def record_given(
    tx: Session, given: Member | Invitation, giver: Giver, *, at: datetime, origin: Origin
) -> None:
    """Put on record what was given."""
    about: dict[str, Any] = {
        "at": at,
        "actor": giver.actor,
        "slug": giver.album.slug,
        "after": for_record(given),
        "origin": origin,
    }
    if isinstance(given, Invitation):
        audit_members.invited(tx, invitation=given.id, **about)
    else:
        audit_albums.member_added(tx, member=given.id, **about)


def _subject(tx: Session, found: DirectoryPerson | Group, at: datetime) -> dict[str, str]:
    """Return the columns that name a member; a person who was never here becomes known."""
    if isinstance(found, Group):
        return {"subject_kind": SubjectKind.GROUP, "subject_id": found.id, "subject_name": found.path}
    keep_named(tx, found, at=at)
    return {
        "subject_kind": SubjectKind.PERSON,
        "subject_id": found.subject_id,
        "subject_name": found.username,
    }
