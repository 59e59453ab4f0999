"""Say who can do anything in an album, and why: groups, roles and rules expanded to their people.

Only owners are told. Of rules they learn what touches their album: that somebody may see everything, or what
carries a label of the site's that series of theirs carry.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from auth_service.albums.rights import check, on_record
from auth_service.archive import Archive
from auth_service.days import last_day_of
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor, Grant
from auth_service.store import albums as table
from auth_service.vocabulary import EVERYTHING, Action, GivenBy, SubjectKind, album_label
from auth_service.world import World

MOST_PEOPLE = 5000
"""People who are looked up for one answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One reason for which somebody may do something."""

    kind: GivenBy
    member: int | None = None
    """The number of the member that gives it."""
    group: str | None = None
    """Path of the group that is a member."""
    role: str | None = None
    """The realm role to which a rule gives it."""
    rule: str | None = None
    """File and line."""
    everything: bool = False
    modalities: tuple[str, ...] | None = None
    actions: frozenset[Action]
    until: date | None
    ended: bool


@dataclass(slots=True, kw_only=True)
class Somebody:
    """Somebody who may do something in an album, or could."""

    username: str
    name: str
    sources: list[Source] = field(default_factory=list)

    @property
    def actions(self) -> frozenset[Action]:
        """All that he may do now."""
        return frozenset().union(*(source.actions for source in self.sources if not source.ended))

    @property
    def ended(self) -> bool:
        """Whether nothing of it runs any more."""
        return all(source.ended for source in self.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePage:
    """Some of the people, and how many there are."""

    items: tuple[Somebody, ...]
    total: int
    complete: bool
    """Whether all of them could be looked up."""


Named = tuple[str, str, str]
"""Subject, user name, name."""


def people_of_album(
    world: World, *, actor: Actor, slug: str, limit: int, offset: int, origin: Origin = NOWHERE
) -> PeoplePage:
    """Return a page of everybody who may do anything in an album, by user name.

    Raises
    ------
    NotFound
        If there is no such album, or none for him.
    Forbidden
        If he is not an owner.
    Unavailable
        If Keycloak or Orthanc does not answer.

    """
    zone, at = world.settings.zone, world.clock()
    with on_record(world, actor=actor, origin=origin), world.store.read() as tx:
        album = check(tx, world, actor=actor, action=Action.MANAGE, slug=slug)
        given = [(member, name) for member, name in table.members(tx, album.id)]
        memberships = {member.id: table.grant_of(member, slug=slug, zone=zone) for member, _ in given}
    found = _People()
    for member, name in given:
        grant = memberships[member.id]
        by_group = grant.subject.kind is SubjectKind.GROUP
        source = replace(
            _source(world, grant, at, kind=GivenBy.GROUP if by_group else GivenBy.MEMBERSHIP),
            member=member.id,
            group=member.subject_name if by_group else None,
        )
        found.add(source, _whom(world, grant, known=(member.subject_name, name)))
    for grant in _rules(world, slug):
        found.add(_of_rule(world, grant, at), _whom(world, grant))
    people = sorted(found.people.values(), key=lambda each: (each.username.casefold(), each.username))
    return PeoplePage(
        items=tuple(people[offset : offset + limit]), total=len(people), complete=found.complete
    )


@dataclass(slots=True)
class _People:
    people: dict[str, Somebody] = field(default_factory=dict)
    complete: bool = True

    def add(self, source: Source, whom: Iterable[Named]) -> None:
        """Note a reason for some people; when there are too many, those not yet known are left out."""
        for subject, username, name in whom:
            if subject not in self.people and len(self.people) >= MOST_PEOPLE:
                self.complete = False
                continue
            somebody = self.people.setdefault(subject, Somebody(username=username, name=name))
            somebody.sources.append(source)


def _whom(world: World, grant: Grant, *, known: tuple[str, str] | None = None) -> Iterator[Named]:
    """Expand a grant to its people, asked of Keycloak; a person whose names are known is not asked for."""
    subject = grant.subject
    if subject.kind is SubjectKind.PERSON:
        _, _, sub = subject.id.partition(":")
        if known is not None:
            yield sub, *known
            return
        standing = world.directory.standing(sub)
        if standing is not None:
            yield sub, standing.username, standing.name
        return
    of_role = subject.kind is SubjectKind.ROLE
    directory = world.directory
    found = directory.people_of_role(subject.id) if of_role else directory.people_of_group(subject.id)
    for person in found:
        yield person.subject, person.username, person.name


def _rules(world: World, slug: str) -> Iterator[Grant]:
    """Find the rules that open something of an album."""
    carried: dict[str, bool] = {}
    for grant in world.rules.everybodys():
        if grant.label == EVERYTHING:
            yield grant
            continue
        if grant.label not in carried:
            carried[grant.label] = _carries(world.archive, slug, grant.label)
        if carried[grant.label]:
            yield grant


def _carries(archive: Archive, slug: str, label: str) -> bool:
    """Tell whether any series of an album carries a label, or its study does."""
    both: Mapping[str, object] = {
        "Query": {},
        "Labels": sorted({album_label(slug), label}),
        "LabelsConstraint": "All",
        "ResponseContent": [],
        "Limit": 1,
    }
    # On a study the album's label says that some series of it are in the album: those it opens too.
    return any(archive.find({"Level": level, **both}) for level in ("Series", "Study"))


def _of_rule(world: World, grant: Grant, at: datetime) -> Source:
    return replace(
        _source(world, grant, at, kind=GivenBy.RULE),
        role=grant.subject.id if grant.subject.kind is SubjectKind.ROLE else None,
        rule=grant.source.removeprefix("rules:"),
        everything=grant.label == EVERYTHING,
        modalities=tuple(sorted(grant.modalities)) if grant.modalities is not None else None,
    )


def _source(world: World, grant: Grant, at: datetime, *, kind: GivenBy) -> Source:
    return Source(
        kind=kind,
        actions=grant.actions,
        until=last_day_of(grant.until, world.settings.zone),
        ended=grant.until is not None and grant.until <= at,
    )
