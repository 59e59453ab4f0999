"""Look at rules before they are live: what is wrong with a text, and who would gain or lose what by it."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auth_service.archive import Archive, carrying, type_of_level
from auth_service.days import end_of
from auth_service.errors import Unavailable
from auth_service.policy import rules as text_of
from auth_service.policy.engine import visible
from auth_service.policy.jsonc import Place
from auth_service.policy.model import Actor, Grant, Openings, Resource, Subject, Visibility
from auth_service.policy.rules import Remark, Rule, remark
from auth_service.rules.named import Name, grants_from, names_of, said_of_names, whom
from auth_service.store import albums, people
from auth_service.vocabulary import EVERYTHING, RULE_ACTIONS, Action, ActorKind, Level, RealmRole, SubjectKind
from auth_service.world import World

_PAGE = 5000
"""Studies or series that are read from the archive at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What is said of a text."""

    rules: tuple[Rule, ...]
    problems: tuple[Remark, ...]
    warnings: tuple[Remark, ...]
    unasked: tuple[str, ...] = ()
    """Parts that could not be asked: ``keycloak``, ``orthanc``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What one person gains or loses of one right."""

    person: Actor
    action: Action
    gained: int
    """Studies of which he may do this to series that he might not do it to before."""
    lost: int


def check(world: World | None, text: str, *, at: datetime) -> Review:
    """Say what is wrong with a text, and what in it has probably not the meaning that was wanted.

    Parameters
    ----------
    world : World, optional
        Without one, Keycloak and Orthanc count as not asked.
    text : str
    at : datetime
        Now.

    """
    found = text_of.read(text)
    if found.problems:
        return Review(rules=(), problems=found.problems, warnings=found.warnings)
    warnings = list(found.warnings)
    unasked = []
    if world is None:
        unasked = ["keycloak", "orthanc"]
    else:
        warnings += _ended(found.rules, world, at)
        for part, ask in (("keycloak", _about_people), ("orthanc", _about_labels)):
            try:
                warnings += ask(world, found.rules)
            except Unavailable:
                unasked.append(part)
    return Review(
        rules=found.rules,
        problems=(),
        warnings=tuple(sorted(warnings, key=lambda one: one.place)),
        unasked=tuple(unasked),
    )


def _ended(rules: Collection[Rule], world: World, at: datetime) -> Iterator[Remark]:
    for rule in rules:
        end = end_of(rule.until, world.settings.zone)
        if end is not None and end <= at:
            yield remark("This has ended and can never match: {day}.", rule.place, day=str(rule.until))


def _about_people(world: World, rules: Collection[Rule]) -> list[Remark]:
    named = whom(world.directory, names_of(rules))
    if named.unasked:
        raise Unavailable("keycloak")
    said = list(said_of_names(rules, named))
    first: dict[str, Place] = {}
    for rule in rules:
        if rule.kind is SubjectKind.ROLE:
            first.setdefault(rule.name, rule.place)
    said += [
        remark("Keycloak knows no role {name}: this gives nothing.", place, name=name)
        for name, place in first.items()
        if not world.directory.has_role(name)
    ]
    if not world.directory.people_of_role(RealmRole.ADMIN):
        said.append(
            remark(
                "No account has the realm role {role}: nobody could see what is wrong with the rules.",
                Place(1, 1),
                role=RealmRole.ADMIN,
            )
        )
    return said


def _about_labels(world: World, rules: Collection[Rule]) -> list[Remark]:
    first: dict[str, Place] = {}
    for rule in rules:
        if rule.label != EVERYTHING:
            first.setdefault(rule.label, rule.place)
    return [
        remark("Nothing in Orthanc carries the label {label} yet.", place, label=label)
        for label, place in first.items()
        if not _is_carried(world.archive, label)
    ]


def _is_carried(archive: Archive, label: str) -> bool:
    return any(
        archive.find(
            {"Level": type_of_level[level], "Query": {}, "ResponseContent": [], "Limit": 1}
            | carrying([label])
        )
        for level in (Level.STUDY, Level.SERIES)
    )


def differences(
    world: World, old: Collection[Rule], new: Collection[Rule], *, at: datetime
) -> list[Difference]:
    """Say who would gain and lose what, memberships of albums taken into account.

    Raises
    ------
    Unavailable
        If Keycloak or Orthanc does not answer.

    """
    named = whom(world.directory, names_of(old) | names_of(new))
    if named.unasked:
        raise Unavailable("keycloak")
    rules = {
        side: grants_from(given, named.subjects, settings=world.settings, source=side)
        for side, given in (("old", old), ("new", new))
    }
    changed = list(_changed(world, named.subjects, rules["old"], rules["new"], at=at))
    if not changed:
        return []
    archived = list(_archived(world.archive))
    counts = {pair: _count(archived, *pair) for pair in {(before, after) for _, _, before, after in changed}}
    told = []
    for person, action, before, after in changed:
        gained, lost = counts[before, after]
        if gained or lost:
            told.append(Difference(person=person, action=action, gained=gained, lost=lost))
    return sorted(told, key=lambda one: (one.person.username, one.action))


def _changed(
    world: World, meant: Mapping[Name, Subject], *sides: tuple[Grant, ...], at: datetime
) -> Iterator[tuple[Actor, Action, Visibility, Visibility]]:
    """Find whose right changes, whether or not the archive holds anything that it would open."""
    for actor in _actors(world, meant):
        with world.store.read() as tx:
            memberships = albums.grants_of(tx, actor, zone=world.settings.zone)
        for action in RULE_ACTIONS:
            before, after = (visible(actor, action, grants=[*memberships, *rules], at=at) for rules in sides)
            if before != after:
                yield actor, action, before, after


def _actors(world: World, meant: Mapping[Name, Subject]) -> Iterator[Actor]:
    """Find everybody whom rules may mean: who was ever here, and whom the names mean in Keycloak."""
    for subject in set(_subjects(world, meant)):
        standing = world.directory.standing(subject)
        if standing is not None:
            yield Actor(
                kind=ActorKind.PERSON,
                provider=world.settings.provider,
                subject=subject,
                name=standing.name,
                username=standing.username,
                roles=standing.roles,
                groups=standing.groups,
            )


def _subjects(world: World, meant: Mapping[Name, Subject]) -> Iterator[str]:
    with world.store.read() as tx:
        ever_here = people.of_provider(tx, world.settings.provider)
    yield from (row.subject for row in ever_here)
    for subject in meant.values():
        if subject.kind is SubjectKind.PERSON:
            yield subject.id.removeprefix(f"{world.settings.provider}:")
        elif subject.kind is SubjectKind.GROUP:
            yield from (person.subject for person in world.directory.people_of_group(subject.id))
        else:
            yield from (person.subject for person in world.directory.people_of_role(subject.id))


def _archived(archive: Archive) -> Iterator[tuple[str, Resource]]:
    """Read every series there is, with Orthanc's identifier of its study."""
    labels = {study["ID"]: frozenset(study["Labels"]) for study in _pages(archive, Level.STUDY)}
    for series in _pages(archive, Level.SERIES):
        yield (
            series["ParentStudy"],
            Resource(
                level=Level.SERIES,
                labels=frozenset(series["Labels"]),
                study_labels=labels.get(series["ParentStudy"], frozenset()),
                modality=series["RequestedTags"].get("Modality") or "",
            ),
        )


def _pages(archive: Archive, level: Level) -> Iterator[dict[str, Any]]:
    question: dict[str, Any] = {
        "Level": type_of_level[level],
        "Query": {},
        "ResponseContent": ["Labels", "Parent"],
        "RequestedTags": ["Modality"] if level is Level.SERIES else [],
        "Limit": _PAGE,
    }
    since, page = 0, archive.find(question)
    while page:
        yield from page
        since += len(page)
        page = archive.find(question | {"Since": since}) if len(page) == _PAGE else []


def _count(
    archived: Collection[tuple[str, Resource]], before: Visibility, after: Visibility
) -> tuple[int, int]:
    """Return of how many studies series are gained, and of how many lost."""
    changed: dict[bool, set[str]] = defaultdict(set)
    for study, series in archived:
        was, will = (isinstance(side, Openings) and side.opens(series) for side in (before, after))
        if was != will:
            changed[will].add(study)
    return len(changed[True]), len(changed[False])
