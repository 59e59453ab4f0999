"""Count what somebody may see, and by what, for administrators: numbers, and no name of a patient."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from auth_service import search
from auth_service.albums.rights import accesses
from auth_service.audit import members as audit_members
from auth_service.days import last_day_of
from auth_service.errors import NotFound
from auth_service.grants import grants_of
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.engine import visible
from auth_service.policy.model import Actor, Grant
from auth_service.vocabulary import (
    ALBUM_LABEL_PREFIX,
    Action,
    ActorKind,
    GivenBy,
    LabelKind,
    Level,
    SubjectKind,
    label_kind,
)
from auth_service.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenBy:
    """How much one grant lets somebody view."""

    kind: GivenBy
    album: str | None
    group: str | None
    role: str | None
    rule: str | None
    label: str
    until: date | None
    studies: int
    series: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sees:
    """How much somebody may view; what several grants open counts once in all."""

    username: str
    name: str
    albums: int
    studies: int
    series: int
    by: tuple[SeenBy, ...]


def count_access(world: World, *, asker: Actor, subject: str, origin: Origin = NOWHERE) -> Sees:
    """Count what somebody may view now, on record.

    Parameters
    ----------
    asker : Actor
        An administrator in person: the caller has made sure.
    subject : str
        The other's subject identifier at Keycloak.

    Raises
    ------
    NotFound
        If Keycloak has no such account, or it is disabled.
    Unavailable
        If Keycloak or Orthanc does not answer.

    """
    standing = world.directory.standing(subject)
    if standing is None:
        raise NotFound
    actor = Actor(
        kind=ActorKind.PERSON,
        provider=world.settings.provider,
        subject=subject,
        name=standing.name,
        username=standing.username,
        roles=standing.roles,
        groups=standing.groups,
    )
    at = world.clock()
    with world.store.write() as tx:
        audit_members.access_counted(tx, at=at, actor=asker, about=actor.key, origin=origin)
        grants = grants_of(tx, world, actor)
        seen = accesses(tx, actor, at=at, zone=world.settings.zone)
    running = [grant for grant in grants if grant.holds_for(actor, at) and Action.VIEW in grant.actions]
    studies, series = _count(world, actor, running)
    return Sees(
        username=actor.username,
        name=actor.name,
        albums=sum(Action.VIEW in each.actions for each in seen),
        studies=studies,
        series=series,
        by=tuple(_seen_by(world, actor, grant) for grant in running),
    )


def _seen_by(world: World, actor: Actor, grant: Grant) -> SeenBy:
    studies, series = _count(world, actor, [grant])
    of_album = label_kind(grant.label) is LabelKind.ALBUM
    subject = grant.subject
    paths = {group.id: group.path for group in actor.groups}
    by_group = subject.kind is SubjectKind.GROUP
    return SeenBy(
        kind=GivenBy.RULE if not of_album else GivenBy.GROUP if by_group else GivenBy.MEMBERSHIP,
        album=grant.label.removeprefix(ALBUM_LABEL_PREFIX) if of_album else None,
        group=paths.get(subject.id) if by_group else None,
        role=subject.id if subject.kind is SubjectKind.ROLE else None,
        rule=grant.source.removeprefix("rules:") if not of_album else None,
        label=grant.label,
        until=last_day_of(grant.until, world.settings.zone),
        studies=studies,
        series=series,
    )


def _count(world: World, actor: Actor, grants: Iterable[Grant]) -> tuple[int, int]:
    seen = visible(actor, Action.VIEW, grants=list(grants), at=world.clock())
    studies, series = (
        search.count(world.archive, search.Question(level=level), seen)
        for level in (Level.STUDY, Level.SERIES)
    )
    return studies, series
