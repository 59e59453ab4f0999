"""Give people, groups and addresses rights in an album.

Nobody hands out more than he has: only owners make owners; who may invite gives at most his own rights and
end date.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

from sqlalchemy.orm import Session

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
from auth_service.albums.rights import Refused, check, check_open, may, on_record, running_grants
from auth_service.audit import albums as audit_albums
from auth_service.audit import members as audit_members
from auth_service.days import end_of, last_day_of
from auth_service.directory import DirectoryPerson
from auth_service.errors import Conflict, Forbidden, Invalid
from auth_service.origin import NOWHERE, Origin
from auth_service.people import keep_named
from auth_service.policy.handing_on import lasts, later
from auth_service.policy.model import Actor, Decision, Grant, Group
from auth_service.settings import Settings
from auth_service.store import albums as table
from auth_service.store import invitations
from auth_service.store.tables import Album, Invitation, Member
from auth_service.vocabulary import (
    MEMBER_ACTIONS,
    Action,
    ActorKind,
    AlbumRole,
    Finding,
    SubjectKind,
)
from auth_service.world import World

BEYOND_OWN = "beyond-own-rights"
"""Why somebody who may invite was refused."""

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
        If he may not invite, or gives more than he has.
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
            check_open(check_may_give(tx, world, actor, slug, rights))
        found = look_up(world, named)
        with world.store.write() as tx:
            album = check_may_give(tx, world, actor, slug, rights)
            given = give(tx, album=album, found=found, rights=rights, note=note, at=world.clock(), by=actor)
            check_open_invitations(tx, actor)
            record_given(tx, given, album=album, actor=actor, at=world.clock(), origin=origin)
            return view_of(given, found.name if isinstance(found, DirectoryPerson) else "")


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
    tx: Session, *, album: Album, found: Found, rights: Rights, note: str, at: datetime, by: Actor
) -> Member | Invitation:
    """Write down what is given; a person who was never here becomes known.

    Raises
    ------
    Conflict
        If the person or group is a member already, the address is invited, or the album is archived.

    """
    check_open(album)
    terms: dict[str, Any] = {
        "album_id": album.id,
        "role": rights.role,
        "actions": words(rights),
        "until": rights.until,
        "note": note,
        "created_at": at,
        "created_by": by.key,
    }
    if isinstance(found, str):
        invitation = Invitation(address=found, **terms)
        if not invitations.add(tx, invitation):
            raise Conflict("{name} is invited already.", reason="invited", name=found)
        return invitation
    member = Member(**_subject(tx, found, at), **terms)
    if not table.add_member(tx, member):
        raise Conflict("{name} is a member already.", reason="member", name=member.subject_name)
    return member


def check_open_invitations(tx: Session, by: Actor) -> None:
    """Refuse to leave more invitations of one inviter open than there may be.

    Raises
    ------
    Conflict
        If there are more.

    """
    if by.kind is not ActorKind.SYSTEM and invitations.number_of_inviter(tx, by.key) > MOST_OPEN:
        raise Conflict(
            "More than {most} of your invitations would wait to be used: take some back first.",
            reason="open-invitations",
            most=str(MOST_OPEN),
        )


def record_given(
    tx: Session, given: Member | Invitation, *, album: Album, actor: Actor, at: datetime, origin: Origin
) -> None:
    """Put on record what was given."""
    about: dict[str, Any] = {
        "at": at,
        "actor": actor,
        "slug": album.slug,
        "after": for_record(given),
        "origin": origin,
    }
    if isinstance(given, Invitation):
        audit_members.invited(tx, invitation=given.id, **about)
    else:
        audit_albums.member_added(tx, member=given.id, **about)


def check_may_give(tx: Session, world: World, actor: Actor, slug: str, rights: Rights) -> Album:
    """Check that the actor may give these rights: an owner any, who may invite at most his own."""
    if may(tx, world, actor=actor, action=Action.MANAGE, slug=slug):
        return check(tx, world, actor=actor, action=Action.MANAGE, slug=slug)
    album = check(tx, world, actor=actor, action=Action.INVITE, slug=slug)
    own = running_grants(tx, world, actor=actor, slug=slug)
    if rights.role is AlbumRole.OWNER:
        raise _beyond(slug, own, Forbidden("Only owners make owners.", reason="role"))
    lacking = rights.actions - frozenset().union(*(grant.actions for grant in own))
    if lacking:
        error = Forbidden(
            "You cannot give a right that you do not have: {right}.", reason="actions", right=min(lacking)
        )
        raise _beyond(slug, own, error)
    end = end_of(rights.until, world.settings.zone)
    if not all(_lasts(own, action, end) for action in rights.actions):
        raise _beyond(
            slug, own, Forbidden("You cannot give a right for longer than you have it.", reason="until")
        )
    return album


def within(settings: Settings, own: Sequence[Grant], wanted: Rights) -> Rights | None:
    """Return what is left of rights that somebody with these grants may give; ``None``: nothing.

    The last day is the earliest of those of the rights that are left: one membership has one.

    Parameters
    ----------
    own : sequence of Grant
        Those of the giver that run in the album.

    """
    if any(Action.MANAGE in grant.actions for grant in own):
        return wanted
    if not any(Action.INVITE in grant.actions for grant in own):
        return None
    left = {
        action: [grant.until for grant in own if action in grant.actions]
        for action in wanted.effective & MEMBER_ACTIONS
    }
    longest = {action: reduce(later, ends) for action, ends in left.items() if ends}
    if not longest:
        return None
    days = [last_day_of(end, settings.zone) for end in longest.values()]
    limits = [day for day in (*days, wanted.until) if day is not None]
    until = min(limits) if limits else None
    return Rights(role=AlbumRole.MEMBER, actions=frozenset(longest), until=until)


def _lasts(own: Collection[Grant], action: Action, end: datetime | None) -> bool:
    """Tell whether one of the grants holds this action until a moment, or without an end."""
    return any(action in grant.actions and lasts(grant.until, end) for grant in own)


def _beyond(slug: str, own: Collection[Grant], error: Forbidden) -> Refused:
    nearest = min(own, key=lambda grant: grant.source)
    decision = Decision(allowed=False, reason=BEYOND_OWN, rule=nearest.source, label=nearest.label)
    return Refused(Action.INVITE, slug, decision, error)


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
