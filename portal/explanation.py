"""What auth_service tells of a decision: the steps as they were taken, and what would let somebody in."""

from datetime import date, datetime

from portal.answers import Answer


class AlbumName(Answer):
    """An album, by name."""

    slug: str
    title: str
    owners: tuple[str, ...] = ()


class Credential(Answer):
    """Who asked, and whether he is heard."""

    kind: str
    id: str
    name: str
    username: str
    refused: str | None
    by_bearer: bool = False
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    sessions: int | None = None
    session_ended: str | None = None
    actions: tuple[str, ...] | None = None
    """What a token is narrowed to."""
    albums: tuple[str, ...] | None = None
    until: date | None = None


class Target(Answer):
    """The row of the table of routes."""

    path: str
    row: str | None
    route: str | None
    parameter: str | None = None
    why: str | None = None
    """Why it is for nobody, in English."""


class SeriesStep(Answer):
    """A series and what came of it."""

    uid: str
    labels: tuple[str, ...]
    allowed: bool


class Thing(Answer):
    """What was asked about."""

    level: str
    uid: str
    study: str | None
    series: tuple[SeriesStep, ...] = ()


class GrantStep(Answer):
    """A grant that was considered."""

    source: str
    album: AlbumName | None
    group: str | None
    role: str | None
    label: str
    modalities: tuple[str, ...] | None
    actions: tuple[str, ...]
    until: date | None
    outcome: str
    decided: bool


class Way(Answer):
    """One thing that would let him in."""

    kind: str
    action: str | None
    album: AlbumName | None
    label: str | None
    ended: date | None
    token_too: bool


class Recorded(Answer):
    """Something on record."""

    at: datetime
    event: str
    action: str | None
    target: str | None
    reason: str | None
    request_id: str | None
    count: int


class Explanation(Answer):
    """Why somebody gets something, or does not."""

    whole: bool
    asked: str
    others: tuple[str, ...]
    action: str | None
    credential: Credential
    target: Target | None
    thing: Thing | None
    grants: tuple[GrantStep, ...]
    outcome: str
    status: int
    reason: str
    rule: str | None
    ways: tuple[Way, ...]
    record: Recorded | None
    decisions: tuple[Recorded, ...]


class Person(Answer):
    """Somebody to ask about."""

    sub: str
    username: str
    name: str = ""


class PeopleList(Answer):
    """People who match."""

    items: tuple[Person, ...]
