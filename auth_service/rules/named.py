"""From the names that the rules file writes to what lasts: Keycloak's own identifiers, asked for once."""

import threading
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from auth_service.days import end_of
from auth_service.directory import Directory
from auth_service.errors import Unavailable, Untold
from auth_service.policy.jsonc import Place
from auth_service.policy.model import Grant, Subject
from auth_service.policy.rules import Remark, Rule, remark
from auth_service.settings import Settings
from auth_service.vocabulary import SubjectKind

AT_ONCE = 8
"""Names that are asked for at a time."""

Name = tuple[SubjectKind, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Whom the names of some rules mean."""

    subjects: Mapping[Name, Subject]
    unknown: Collection[Name] = field(default_factory=frozenset)
    unasked: Collection[Name] = field(default_factory=frozenset)
    """Those for which Keycloak could not be asked."""


def whom(directory: Directory, names: Collection[Name]) -> Named:
    """Ask Keycloak whom names mean; a role is its name."""
    silent = threading.Event()

    def ask(name: Name) -> Subject | None:
        kind, written = name
        if kind is SubjectKind.ROLE:
            return Subject(kind=kind, id=written)
        if silent.is_set():
            raise Unavailable("keycloak")
        if kind is SubjectKind.GROUP:
            group = directory.group(written)
            return Subject(kind=kind, id=group.id) if group is not None else None
        person = directory.person(written)
        return Subject(kind=kind, id=person.subject_id) if person is not None else None

    def answer(name: Name) -> tuple[Name, Subject | Exception | None]:
        try:
            return name, ask(name)
        except Untold as error:
            return name, error  # it answers, and will not tell of this one
        except Unavailable as error:
            silent.set()
            return name, error

    with ThreadPoolExecutor(AT_ONCE, "rules") as pool:
        answers = dict(pool.map(answer, sorted(set(names))))
    return Named(
        subjects={name: found for name, found in answers.items() if isinstance(found, Subject)},
        unknown=frozenset(name for name, found in answers.items() if found is None),
        unasked=frozenset(name for name, found in answers.items() if isinstance(found, Exception)),
    )


def grants_from(
    rules: Collection[Rule], subjects: Mapping[Name, Subject], *, settings: Settings, source: str
) -> tuple[Grant, ...]:
    """Return what rules give; a name that means nobody gives nothing.

    Parameters
    ----------
    source : str
        The file's name: a grant's own source says the line too.

    """
    return tuple(
        Grant(
            subject=subjects[rule.kind, rule.name],
            actions=rule.actions,
            label=rule.label,
            modalities=rule.modalities,
            until=end_of(rule.until, settings.zone),
            source=f"rules:{source}:{rule.place.line}",
        )
        for rule in rules
        if (rule.kind, rule.name) in subjects
    )


def names_of(rules: Collection[Rule]) -> frozenset[Name]:
    """Return whom rules name."""
    return frozenset((rule.kind, rule.name) for rule in rules)


def said_of_names(rules: Collection[Rule], named: Named) -> tuple[Remark, ...]:
    """Say which names mean nobody, or could not be asked for: once each, where it stands first."""
    first: dict[Name, Place] = {}
    for rule in rules:
        first.setdefault((rule.kind, rule.name), rule.place)
    said = [
        remark("Keycloak knows no {name}: this gives nothing.", place, name=name[1])
        for name, place in first.items()
        if name in named.unknown
    ]
    said += [
        remark("Keycloak could not be asked for {name}: this gives nothing yet.", place, name=name[1])
        for name, place in first.items()
        if name in named.unasked
    ]
    return tuple(said)
