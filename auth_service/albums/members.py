"""Give rights in albums to people and groups, change them, and take them back.

Nobody hands out more than he has: only owners make owners and change anybody; who may invite gives at most
his own rights and end date. An album keeps an owner: a person, without an end date.

Each action can be given on its own, also without ``view``: an upload-only dropbox or somebody who only
invites are things that projects ask for. Rights are independent where they are judged, so none opens what
``view`` opens; a form may advise, the rules stay simple.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from auth_service.albums.rights import Refused, check, check_open, may, on_record, running_grants
from auth_service.audit import albums as audit_albums
from auth_service.days import LAST_DAY, end_of
from auth_service.directory import DirectoryPerson
from auth_service.errors import Conflict, Forbidden, Invalid, NotFound
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor, Decision, Grant, Group
from auth_service.store import albums as table
from auth_service.store import people
from auth_service.store.tables import Album, Member
from auth_service.vocabulary import (
    MEMBER_ACTIONS,
    OWNER_ACTIONS,
    Action,
    AlbumRole,
    SubjectKind,
)
from auth_service.world import World

BEYOND_OWN = "beyond-own-rights"
"""Why somebody who may invite was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What a membership gives: an owner has every action, a member those that are named."""

    role: AlbumRole
    actions: frozenset[Action] = frozenset()
    until: date | None = None
    """The last day, in the site's time zone; ``None``: no end."""

    @property
    def effective(self) -> frozenset[Action]:
        """All that may be done."""
        return OWNER_ACTIONS if self.role is AlbumRole.OWNER else self.actions


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberView:
    """A member as owners see him."""

    id: int
    kind: SubjectKind
    subject: str
    """User name or group path, as it was given."""
    name: str
    """What he is called now."""
    rights: Rights
    created: datetime


def list_members(world: World, *, actor: Actor, slug: str, origin: Origin = NOWHERE) -> list[MemberView]:
    """Return the members of an album.

    Raises
    ------
    NotFound
        If there is no such album, or none for him.
    Forbidden
        If he is not an owner.

    """
    with on_record(world, actor=actor, origin=origin), world.store.read() as tx:
        album = check(tx, world, actor=actor, action=Action.MANAGE, slug=slug)
        return [_view(member, name) for member, name in table.members(tx, album.id)]


def add_member(
    world: World,
    *,
    actor: Actor,
    slug: str,
    rights: Rights,
    user: str | None = None,
    group: str | None = None,
    origin: Origin = NOWHERE,
) -> MemberView:
    """Give a person or a group rights in an album.

    Parameters
    ----------
    world : World
    actor : Actor
        An owner, or a member who may invite.
    slug : str
    rights : Rights
    user, group : str, optional
        A user name, or a group's path: exactly one of them.
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
        If the person or group is a member already, or the album is archived.
    Unavailable
        If the name cannot be looked up.

    """
    _valid(world, rights)
    if (user is None) is (group is None):
        raise Invalid("subject", "Name either a user or a group.")
    with on_record(world, actor=actor, origin=origin):
        # Names are looked up only for those who may invite, and never within a transaction.
        with world.store.read() as tx:
            _check_may_give(tx, world, actor, slug, rights)
        person = _person(world, user) if user is not None else None
        found = _group(world, group) if group is not None else None
        with world.store.write() as tx:
            album = _check_may_give(tx, world, actor, slug, rights)
            check_open(album)
            at = world.clock()
            member = Member(
                album_id=album.id,
                **subject_of(tx, person, found, at),
                role=rights.role,
                actions=words_of(rights),
                until=rights.until,
                created_at=at,
                created_by=actor.key,
            )
            if not table.add_member(tx, member):
                raise Conflict("{name} is a member already.", reason="member", name=member.subject_name)
            audit_albums.member_added(
                tx,
                at=at,
                actor=actor,
                slug=slug,
                member=member.id,
                after=for_record(member),
                origin=origin,
            )
            return _view(member, person.name if person else member.subject_name)


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
    origin: Origin = NOWHERE,
) -> MemberView:
    """Change somebody's rights in an album; what is not given stays.

    Parameters
    ----------
    world : World
    actor : Actor
        An owner.
    slug : str
    member_id : int
    role : AlbumRole, optional
    actions : frozenset of Action, optional
    until : date, optional
    keep_until : bool
        Whether the end date stays; otherwise it becomes ``until``, where ``None`` is no end.
    origin : Origin

    Raises
    ------
    NotFound
        If there is no such album or member, or none for him.
    Forbidden
        If he is not an owner.
    Invalid
        If a field is not what was expected.
    Conflict
        If the album would be left without an owner.

    """
    with on_record(world, actor=actor, origin=origin), world.store.write() as tx:
        album, member = _check_member(tx, world, actor, slug, member_id)
        old = _rights(member)
        new = Rights(
            role=old.role if role is None else role,
            actions=old.actions if actions is None else actions,
            until=old.until if keep_until else until,
        )
        _valid(world, new, until_is_new=not keep_until)
        before = for_record(member)
        member.role = new.role
        member.actions = words_of(new)
        member.until = new.until
        tx.flush()
        keeps_an_owner(tx, album)
        if for_record(member) != before:
            audit_albums.member_changed(
                tx,
                at=world.clock(),
                actor=actor,
                slug=slug,
                member=member.id,
                before=before,
                after=for_record(member),
                origin=origin,
            )
        names = {found.id: name for found, name in table.members(tx, album.id)}
        return _view(member, names[member.id])


def remove_member(world: World, *, actor: Actor, slug: str, member_id: int, origin: Origin = NOWHERE) -> None:
    """Take somebody's rights in an album back.

    Raises
    ------
    NotFound
        If there is no such album or member, or none for him.
    Forbidden
        If he is not an owner.
    Conflict
        If the album would be left without an owner.

    """
    with on_record(world, actor=actor, origin=origin), world.store.write() as tx:
        album, member = _check_member(tx, world, actor, slug, member_id)
        before = for_record(member)
        table.remove_member(tx, member.id)
        keeps_an_owner(tx, album)
        audit_albums.member_removed(
            tx,
            at=world.clock(),
            actor=actor,
            slug=slug,
            member=member_id,
            before=before,
            origin=origin,
        )


def _valid(world: World, rights: Rights, *, until_is_new: bool = True) -> None:
    if rights.role is AlbumRole.MEMBER:
        if not rights.actions:
            raise Invalid("actions", "A member needs at least one right.")
        others = rights.actions - MEMBER_ACTIONS
        if others:
            raise Invalid("actions", "Only owners can have the right {right}.", right=min(others))
    today = world.clock().astimezone(world.settings.zone).date()
    if until_is_new and rights.until is not None and rights.until < today:
        raise Invalid("until", "The last day cannot be in the past.")
    if until_is_new and rights.until is not None and rights.until > LAST_DAY:
        raise Invalid(
            "until", "{field} must be {last} or earlier; for no end, give none.", last=LAST_DAY.isoformat()
        )


def _check_may_give(tx: Session, world: World, actor: Actor, slug: str, rights: Rights) -> Album:
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


def _lasts(own: Collection[Grant], action: Action, end: datetime | None) -> bool:
    """Tell whether one of the grants holds this action until a moment, or without an end."""
    return any(
        action in grant.actions and (grant.until is None or (end is not None and end <= grant.until))
        for grant in own
    )


def _beyond(slug: str, own: Collection[Grant], error: Forbidden) -> Refused:
    nearest = min(own, key=lambda grant: grant.source)
    decision = Decision(allowed=False, reason=BEYOND_OWN, rule=nearest.source, label=nearest.label)
    return Refused(Action.INVITE, slug, decision, error)


def _check_member(tx: Session, world: World, actor: Actor, slug: str, member_id: int) -> tuple[Album, Member]:
    album = check(tx, world, actor=actor, action=Action.MANAGE, slug=slug)
    member = table.member(tx, album_id=album.id, member_id=member_id)
    if member is None:
        raise NotFound
    return album, member


def keeps_an_owner(tx: Session, album: Album) -> None:
    """Refuse to leave an album without a person who owns it for good: a group may be empty, a date passes."""
    if not any(
        member.subject_kind == SubjectKind.PERSON and member.until is None
        for member, _ in table.owners(tx, [album.id])
    ):
        raise Conflict(
            "An album keeps at least one person as owner without an end date.", reason="last-owner"
        )


def _person(world: World, user: str) -> DirectoryPerson:
    person = world.directory.person(user)
    if person is None:
        raise Invalid("subject.user", "Nobody has the user name {name}.", name=user)
    return person


def _group(world: World, path: str) -> Group:
    group = world.directory.group(path)
    if group is None:
        raise Invalid("subject.group", "There is no group {path}.", path=path)
    return group


def subject_of(
    tx: Session, person: DirectoryPerson | None, group: Group | None, at: datetime
) -> dict[str, str]:
    """Return the columns that name a member; a person who was never here becomes known."""
    if person is None:
        assert group is not None  # noqa: S101 - exactly one of them was looked up
        return {"subject_kind": SubjectKind.GROUP, "subject_id": group.id, "subject_name": group.path}
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
    return {
        "subject_kind": SubjectKind.PERSON,
        "subject_id": f"{person.provider}:{person.subject}",
        "subject_name": person.username,
    }


def words_of(rights: Rights) -> list[str]:
    """Write actions in the order of the vocabulary; an owner's are all, and are not written down."""
    if rights.role is AlbumRole.OWNER:
        return []
    return [str(action) for action in Action if action in rights.actions]


def _rights(member: Member) -> Rights:
    role = AlbumRole.OWNER if member.role == AlbumRole.OWNER else AlbumRole.MEMBER
    actions = frozenset() if role is AlbumRole.OWNER else table.actions_of(member)
    return Rights(role=role, actions=actions, until=member.until)


def _view(member: Member, name: str) -> MemberView:
    return MemberView(
        id=member.id,
        kind=SubjectKind.GROUP if member.subject_kind == SubjectKind.GROUP else SubjectKind.PERSON,
        subject=member.subject_name,
        name=name,
        rights=_rights(member),
        created=member.created_at,
    )


def for_record(member: Member) -> Mapping[str, Any]:
    """Return a membership as the audit keeps it."""
    return {
        "subject": {"kind": member.subject_kind, "id": member.subject_id, "name": member.subject_name},
        "role": member.role,
        "actions": list(member.actions),
        "until": member.until.isoformat() if member.until else None,
    }
