"""The access model once more, written apart as sets of triples: slow, plain, sharing no code with the engine.

A world is a handful of people, groups, roles, labels and series; ``may`` is the set of all that is allowed.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class NaiveGrant:
    who: str
    """``person:keycloak:anna``, ``group:g1`` or ``role:reader``."""
    actions: frozenset[str]
    label: str
    """``*``: whatever it carries."""
    until: datetime | None
    modalities: frozenset[str] | None = None


@dataclass(frozen=True)
class NaivePerson:
    name: str
    groups: frozenset[str]
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True)
class NaiveSeries:
    uid: str
    labels: frozenset[str]
    study_labels: frozenset[str]
    modality: str = "CT"


@dataclass(frozen=True)
class NaiveToken:
    maker: NaivePerson
    actions: frozenset[str]
    albums: frozenset[str] | None


def token_may(
    token: NaiveToken, grants: list[NaiveGrant], series: list[NaiveSeries], now: datetime
) -> set[tuple[str, str]]:
    """Return every allowed (action, SeriesInstanceUID): what the maker may by those albums, and no more."""
    reached = [grant for grant in grants if token.albums is None or grant.label in token.albums]
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
        names = {f"person:keycloak:{person.name}"}
        names |= {f"group:{group}" for group in person.groups}
        names |= {f"role:{role}" for role in person.roles}
        for grant in grants:
            if grant.who not in names:
                continue
            if grant.until is not None and grant.until <= now:
                continue
            for one in series:
                if grant.modalities is not None and one.modality not in grant.modalities:
                    continue
                by_study = grant.label in one.study_labels and not grant.label.startswith("album-")
                if grant.label == "*" or grant.label in one.labels or by_study:
                    allowed |= {(person.name, action, one.uid) for action in grant.actions}
    return allowed
