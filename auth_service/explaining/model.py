"""The nouns of an explanation: the steps of a decision, in the order in which they are taken.

Words, identifiers and dates only; sentences are made where they are shown, in the language of who reads.
"""

from dataclasses import dataclass
from datetime import date, datetime

from auth_service.vocabulary import Action, ActorKind, Level, Outcome, WayOut, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumName:
    """An album, by name."""

    slug: str
    title: str
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """The first step: who asks, and whether he is heard at all."""

    kind: ActorKind
    id: str
    """The subject of a person, the public identifier of a token."""
    name: str
    username: str
    refused: Why | None
    """Why it is not good; ``None``: it is."""
    by_bearer: bool = False
    """Whether a person came by a token that he got at Keycloak himself, and not by a session."""
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    sessions: int | None = None
    """Live sessions of a person; ``None`` for tokens, and to those who may not know."""
    session: str | None = None
    """The session by which the request on record came: its public identifier."""
    session_ended: str | None = None
    """Why that session is no more."""
    actions: tuple[Action, ...] | None = None
    """What a token is narrowed to."""
    albums: tuple[str, ...] | None = None
    """Slugs that a token is narrowed to; ``None``: every album of its maker."""
    until: date | None = None
    """A token's last day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The second step: the row of the table of routes that an address belongs to."""

    path: str
    row: str | None
    """Its name; ``None``: no row has this address."""
    route: str | None
    """Method and template."""
    way: str | None
    parameter: str | None = None
    """The parameter, or the place in the path, that is refused."""
    why: str | None = None
    """Why it is for nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesStep:
    """A series, the labels that open it, and what came of it."""

    uid: str
    labels: tuple[str, ...]
    allowed: bool
    reason: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """The third step: what is asked about, resolved to one thing of the archive, or an album."""

    level: Level
    uid: str
    """Or the slug of an album."""
    study: str | None = None
    """StudyInstanceUID, once it is found."""
    study_labels: tuple[str, ...] = ()
    series: tuple[SeriesStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantStep:
    """A grant that was considered, and what it counted for."""

    source: str
    album: AlbumName | None
    group: str | None
    """The path of the group that it was given to; ``None``: to him, or to a role."""
    role: str | None
    """The realm's role that a rule gives it to."""
    label: str
    """A label, or ``*`` for everything."""
    modalities: tuple[str, ...] | None
    """Only series of these; ``None``: of any."""
    actions: tuple[Action, ...]
    until: date | None
    """The last day."""
    outcome: Why
    decided: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One thing that would let him in."""

    kind: WayOut
    action: Action | None = None
    album: AlbumName | None = None
    label: str | None = None
    ended: date | None = None
    """The last day of a right that is over."""
    token_too: bool = False
    """A token that leaves it is needed besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Something on record."""

    at: datetime
    event: str
    actor: str
    actor_name: str
    action: str | None
    level: str | None
    target: str | None
    study: str | None
    label: str | None
    reason: str | None
    rule: str | None
    request_id: str | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why somebody gets something, or does not: now, by the code that decides."""

    whole: bool
    """``False``: as far as the albums of who reads it are concerned, and no further."""
    asked: str
    """What was asked about, without what does not matter."""
    others: tuple[str, ...]
    """What else the address names."""
    action: Action | None
    credential: Credential
    target: Target | None
    thing: Thing | None
    grants: tuple[GrantStep, ...]
    outcome: Outcome
    reason: Why
    rule: str | None
    label: str | None
    ways: tuple[Way, ...]
    record: Recorded | None
    """What the request whose number was given left on record."""
    decisions: tuple[Recorded, ...]
    """The last ones about him, the newest first."""

    @property
    def status(self) -> int:
        """The HTTP status that he gets."""
        return _STATUS[self.outcome]


_STATUS = {
    Outcome.ALLOWED: 200,
    Outcome.HIDDEN: 404,
    Outcome.FORBIDDEN: 403,
    Outcome.UNAUTHENTICATED: 401,
    Outcome.INVALID: 400,
}
