"""Check what an actor may do in an album; a refusal goes on record, whatever became of its transaction."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from auth_service.errors import Conflict, Forbidden, NotFound, ServiceError
from auth_service.gate import record_denial
from auth_service.grants import grants_of
from auth_service.judging import Verdict
from auth_service.origin import Origin
from auth_service.policy.engine import decide
from auth_service.policy.model import Actor, Decision, Grant, Resource
from auth_service.store import albums as table
from auth_service.store.tables import Album, Member
from auth_service.vocabulary import OWNER_ACTIONS, Action, ActorKind, AlbumRole, Level, album_label
from auth_service.world import World


class Refused(Exception):
    """Somebody may not do something in an album: what goes on record, and what he is told."""

    def __init__(self, action: Action, slug: str, decision: Decision, error: ServiceError) -> None:
        super().__init__(decision.reason)
        self.action = action
        self.slug = slug
        self.decision = decision
        self.error = error


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """An album that an actor may see, with all that he may do in it.

    Several memberships may run at once, his own and his groups': what is shown is all of it together.
    """

    album: Album
    role: AlbumRole
    actions: frozenset[Action]
    until: date | None
    """The last day of the membership that runs the longest; ``None``: no end."""


def accesses(tx: Session, actor: Actor, *, at: datetime, zone: ZoneInfo) -> list[Access]:
    """Return the albums in which any membership of the actor runs."""
    running: dict[int, tuple[Album, list[Member], set[Action]]] = {}
    for album, member in table.memberships_of(tx, actor):
        grant = table.grant_of(member, slug=album.slug, zone=zone)
        if _reaches(grant, actor, at):
            _, members, actions = running.setdefault(album.id, (album, [], set()))
            members.append(member)
            actions.update(actor.left_of(grant).actions)
    return [_access(*found) for found in running.values()]


def access(tx: Session, world: World, *, actor: Actor, slug: str) -> Access:
    """Return one album that the actor may see.

    Raises
    ------
    Refused
        If there is none, or none for him: the two look the same.

    """
    found = accesses(tx, actor, at=world.clock(), zone=world.settings.zone)
    for each in found:
        if each.album.slug == slug:
            return each
    decision = _decide(tx, world, actor, Action.VIEW, slug)
    raise Refused(Action.VIEW, slug, decision, NotFound())


def check(tx: Session, world: World, *, actor: Actor, action: Action, slug: str) -> Album:
    """Return an album in which the actor may do something, locked against others who change it.

    The system itself may do everything: it does what somebody was allowed before, or what a site loads.

    Raises
    ------
    Refused
        If he may not, or must not even learn that there is such an album.

    """
    album = table.album(tx, slug, lock=True)
    if album is not None and actor.kind is ActorKind.SYSTEM:
        return album
    grants = grants_of(tx, world, actor)
    decision, verdict = judge_album(actor, action, slug, grants=grants, at=world.clock())
    if album is None or verdict is Verdict.HIDDEN:
        raise Refused(action, slug, decision, NotFound())
    if verdict is Verdict.FORBIDDEN:
        error = Forbidden("You may see this album, but not do this in it.", reason=action)
        raise Refused(action, slug, decision, error)
    return album


def check_open(album: Album) -> None:
    """Refuse what an archived album does not do: take series in, give them away, take new members.

    Raises
    ------
    Conflict
        If it is archived.

    """
    if album.archived_at is not None:
        raise Conflict(
            "This album is archived: nothing goes in or out, and nobody new is invited.", reason="archived"
        )


def check_open_to(tx: Session, world: World, *, actor: Actor, action: Action, slug: str) -> Album:
    """Return an album in which the actor may do something that an archived one does not do.

    Raises
    ------
    Refused
        As of `check`.
    Conflict
        If it is archived.

    """
    album = check(tx, world, actor=actor, action=action, slug=slug)
    check_open(album)
    return album


def judge_album(
    actor: Actor, action: Action, slug: str, *, grants: Collection[Grant], at: datetime
) -> tuple[Decision, Verdict]:
    """Judge one action in an album, with nothing put on record; hidden from who has nothing in it."""
    decision = decide(actor, action, Resource(level=Level.ALBUM, uid=slug), grants=grants, at=at)
    if decision.allowed:
        return decision, Verdict.ALLOWED
    knows = any(_is_of(grant, slug) and _reaches(grant, actor, at) for grant in grants)
    return decision, Verdict.FORBIDDEN if knows else Verdict.HIDDEN


def may(tx: Session, world: World, *, actor: Actor, action: Action, slug: str) -> bool:
    """Tell whether the actor may do something in an album."""
    return actor.kind is ActorKind.SYSTEM or _decide(tx, world, actor, action, slug).allowed


def running_grants(tx: Session, world: World, *, actor: Actor, slug: str) -> Sequence[Grant]:
    """Return the grants that the actor has in one album now."""
    at = world.clock()
    grants = grants_of(tx, world, actor)
    return [actor.left_of(grant) for grant in grants if _is_of(grant, slug) and grant.holds_for(actor, at)]


@contextmanager
def on_record(world: World, *, actor: Actor, origin: Origin) -> Iterator[None]:
    """Put a refusal on record, in a transaction of its own, and tell the actor what he may know of it."""
    try:
        yield
    except Refused as refused:
        record_denial(
            world,
            actor=actor,
            action=refused.action,
            decision=refused.decision,
            level=Level.ALBUM,
            target=refused.slug[:64],
            origin=origin,
        )
        raise refused.error from None


def _decide(tx: Session, world: World, actor: Actor, action: Action, slug: str) -> Decision:
    grants = grants_of(tx, world, actor)
    return judge_album(actor, action, slug, grants=grants, at=world.clock())[0]


def _reaches(grant: Grant, actor: Actor, at: datetime) -> bool:
    """Tell whether a grant lets the actor know of its album: a program, only where it is left something."""
    if not grant.holds_for(actor, at):
        return False
    return actor.in_person or bool(actor.left_of(grant).actions)


def _is_of(grant: Grant, slug: str) -> bool:
    return grant.label == album_label(slug)


def _access(album: Album, memberships: Sequence[Member], actions: Collection[Action]) -> Access:
    owns = AlbumRole.OWNER in {member.role for member in memberships} and set(actions) >= OWNER_ACTIONS
    ends = [member.until for member in memberships]
    return Access(
        album=album,
        role=AlbumRole.OWNER if owns else AlbumRole.MEMBER,
        actions=frozenset(actions),
        until=None if None in ends else max(end for end in ends if end is not None),
    )
