"""What auth_service tells of a decision: the steps as they were taken, and what would let somebody in."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict


class _Told(BaseModel):
    """A part of it; what is said beyond our knowledge is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class AlbumName(_Told):
    """An album, by name."""

    slug: str
    title: str
    owners: tuple[str, ...] = ()


class Credential(_Told):
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


class Target(_Told):
    """The row of the table of routes."""

    path: str
    row: str | None
    route: str | None
    parameter: str | None = None
    why: str | None = None
    """Why it is for nobody, in English."""


class SeriesStep(_Told):
    """A series and what came of it."""

    uid: str
    labels: tuple[str, ...]
    allowed: bool


class Thing(_Told):
    """What was asked about."""

    level: str
    uid: str
    study: str | None
    series: tuple[SeriesStep, ...] = ()


class GrantStep(_Told):
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


class Way(_Told):
    """One thing that would let him in."""

    kind: str
    action: str | None
    album: AlbumName | None
    label: str | None
    ended: date | None
    token_too: bool


class Recorded(_Told):
    """Something on record."""

    at: datetime
    event: str
    action: str | None
    target: str | None
    reason: str | None
    request_id: str | None
    count: int


class Explanation(_Told):
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


class Person(_Told):
    """Somebody to ask about."""

    sub: str
    username: str
    name: str = ""


class PeopleList(_Told):
    """People who match."""

    items: tuple[Person, ...]
