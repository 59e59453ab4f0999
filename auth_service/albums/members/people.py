"""Say who can do anything in an album, and why: groups, roles and rules expanded to their people.

Only owners are told, on record. Of rules they learn what touches their album: that somebody may see
everything, or what carries a label of the site's that series of theirs carry. Named are members, whom owners
named, and of groups, roles and rules those whom the site lets one find: who made an empty album would
otherwise learn from a rule about everything who has a role. The others are counted.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from auth_service.albums.members.finding import may_name
from auth_service.albums.rights import check, on_record
from auth_service.archive import Archive
from auth_service.audit import members as audit_members
from auth_service.days import last_day_of
from auth_service.directory import DirectoryPerson, Some
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor, Grant, Subject
from auth_service.store import albums as table
from auth_service.vocabulary import EVERYTHING, Action, Finding, GivenBy, SubjectKind, album_label
from auth_service.world import World

MOST_PEOPLE = 1000
"""People of groups and roles who are looked up for one answer."""

MOST_ASKED = 50
"""Groups, roles and people of rules that Keycloak is asked about for one answer."""


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
class Unnamed:
    """People who have rights for one reason, and are not named to who asks."""

    source: Source
    people: int
    more: bool
    """Whether there may be more of them, or more that could be named, than were looked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePage:
    """Some of the people who are named, how many these are, and all of the others as counts."""

    items: tuple[Somebody, ...]
    total: int
    unnamed: tuple[Unnamed, ...]

    @property
    def complete(self) -> bool:
        """Whether all of them could be looked up."""
        return not any(each.more for each in self.unnamed)


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
    with on_record(world, actor=actor, origin=origin), world.store.write() as tx:
        album = check(tx, world, actor=actor, action=Action.MANAGE, slug=slug)
        audit_members.people_read(tx, at=at, actor=actor, slug=slug, origin=origin)
        given = [(member, name) for member, name in table.members(tx, album.id)]
        grants = {member.id: table.grant_of(member, slug=slug, zone=zone) for member, _ in given}
    found = _People(world, may_name(world, actor), frozenset(group.id for group in actor.groups))
    for member, name in given:
        grant = grants[member.id]
        by_group = grant.subject.kind is SubjectKind.GROUP
        source = replace(
            _source(world, grant, at, kind=GivenBy.GROUP if by_group else GivenBy.MEMBERSHIP),
            member=member.id,
            group=member.subject_name if by_group else None,
        )
        if by_group:
            found.expand(source, grant.subject)
        else:
            found.name(source, _subject_of(grant.subject), member.subject_name, name)
    for grant in _rules(world, slug):
        found.expand(_of_rule(world, grant, at), grant.subject)
    people = sorted(found.people.values(), key=lambda each: (each.username.casefold(), each.username))
    return PeoplePage(
        items=tuple(people[offset : offset + limit]), total=len(people), unnamed=tuple(found.unnamed)
    )


@dataclass(slots=True)
class _People:
    """Who has rights, as far as Keycloak is asked: nobody makes it read a whole realm for one answer."""

    world: World
    may_name: Callable[[str], bool]
    own_groups: Collection[str]
    people: dict[str, Somebody] = field(default_factory=dict)
    unnamed: list[Unnamed] = field(default_factory=list)
    asked: int = 0
    looked_up: int = 0

    def name(self, source: Source, subject: str, username: str, name: str) -> None:
        """Note a reason for somebody."""
        somebody = self.people.setdefault(subject, Somebody(username=username, name=name))
        somebody.sources.append(source)

    def expand(self, source: Source, subject: Subject) -> None:
        """Note a reason for all whom it is about: by their names, or by how many they are."""
        if subject.kind is SubjectKind.PERSON and not self.may_name(_subject_of(subject)):
            self.unnamed.append(Unnamed(source=source, people=1, more=False))
            return
        found = self._looked_up(subject)
        # Who is in a group of one's own is a colleague: for that the colleagues need not be asked for.
        own = subject.id in self.own_groups and self.world.settings.find_people is Finding.SAME_GROUPS
        hidden = 0
        for each in found.people:
            if own or self.may_name(each.subject):
                self.name(source, each.subject, each.username, each.name)
            else:
                hidden += 1
        if hidden or not found.complete:
            self.unnamed.append(Unnamed(source=source, people=hidden, more=not found.complete))

    def _looked_up(self, subject: Subject) -> Some:
        most = MOST_PEOPLE - self.looked_up
        if self.asked >= MOST_ASKED or most <= 0:
            return Some(people=(), complete=False)
        self.asked += 1
        directory = self.world.directory
        match subject.kind:
            case SubjectKind.PERSON:
                found = _one(self.world, _subject_of(subject))
            case SubjectKind.ROLE:
                found = directory.some_of_role(subject.id, most=most)
            case _:
                found = directory.some_of_group(subject.id, most=most)
        self.looked_up += len(found.people)
        return found


def _subject_of(subject: Subject) -> str:
    """Return a person's subject identifier, without his provider's name."""
    return subject.id.partition(":")[2]


def _one(world: World, subject: str) -> Some:
    """Return somebody whom a rule names; nobody, if he has no account any more."""
    standing = world.directory.standing(subject)
    if standing is None:
        return Some(people=(), complete=True)
    person = DirectoryPerson(
        provider=world.settings.provider,
        subject=subject,
        username=standing.username,
        name=standing.name,
        email="",
    )
    return Some(people=(person,), complete=True)


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
