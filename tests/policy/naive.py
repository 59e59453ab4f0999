"""The access model once more, written apart as sets of triples: slow, plain, sharing no code with the engine.

A world is a handful of people, groups, labels and series; ``may`` is the set of everything that is allowed.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class NaiveGrant:
    who: str
    """``person:keycloak:anna`` or ``group:g1``."""
    actions: frozenset[str]
    label: str
    until: datetime | None


@dataclass(frozen=True)
class NaivePerson:
    name: str
    groups: frozenset[str]


@dataclass(frozen=True)
class NaiveSeries:
    uid: str
    labels: frozenset[str]
    study_labels: frozenset[str]


@dataclass(frozen=True)
class NaiveToken:
    maker: NaivePerson
    actions: frozenset[str]
    labels: frozenset[str] | None


def token_may(
    token: NaiveToken, grants: list[NaiveGrant], series: list[NaiveSeries], now: datetime
) -> set[tuple[str, str]]:
    """Return every allowed (action, SeriesInstanceUID): what the maker may by those labels, and no more."""
    reached = [grant for grant in grants if token.labels is None or grant.label in token.labels]
    return {
        (action, uid)
        for _, action, uid in may([token.maker], reached, series, now)
        if action in token.actions
    }


def may(
    people: list[NaivePerson], grants: list[NaiveGrant], series: list[NaiveSeries], now: datetime
) -> set[tuple[str, str, str]]:
    """Return every allowed (person, action, SeriesInstanceUID)."""
    allowed = set()
    for person in people:
        names = {f"person:keycloak:{person.name}"} | {f"group:{group}" for group in person.groups}
        for grant in grants:
            if grant.who not in names:
                continue
            if grant.until is not None and grant.until <= now:
                continue
            for one in series:
                by_study = grant.label in one.study_labels and not grant.label.startswith("album-")
                if grant.label in one.labels or by_study:
                    allowed |= {(person.name, action, one.uid) for action in grant.actions}
    return allowed
