"""An explanation as the API gives it; ``explaining/model.py`` says what its parts mean."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from auth_service.http.documents.shared import GivenActions
from auth_service.vocabulary import ActorKind, Level, Outcome, WayOut, Why


class _Told(BaseModel):
    """A part of an explanation, read from the use case's own."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)


class AlbumNameDocument(_Told):
    """An album, by name."""

    slug: str
    title: str
    owners: list[str]


class CredentialDocument(_Told):
    """Who asks, and whether he is heard at all."""

    kind: ActorKind
    id: str
    """The subject of a person, the public identifier of a token."""
    name: str
    username: str
    refused: Why | None
    """Why the credential is not good; null: it is."""
    by_bearer: bool
    """Whether a person came by a token of Keycloak, which does less than a session."""
    roles: list[str]
    groups: list[str]
    """Paths."""
    sessions: int | None
    """Live sessions of a person; null for tokens, and to owners of albums."""
    session: str | None
    """The session by which the request on record came."""
    session_ended: str | None
    """Why that session is no more."""
    actions: GivenActions | None
    """What a token is narrowed to."""
    albums: list[str] | None
    """Slugs that a token is narrowed to; null: every album of its maker."""
    until: date | None
    """A token's last day."""


class TargetDocument(_Told):
    """The row of the table of routes that an address belongs to (``docs/permissions.md``)."""

    path: str
    row: str | None
    """Its name; null: no row has this address."""
    route: str | None
    """Method and template."""
    way: str | None
    parameter: str | None
    """What is refused: a query parameter, or a place of the path."""
    why: str | None
    """Why it is for nobody, in English."""


class SeriesStepDocument(_Told):
    """A series, the labels that open it, and what came of it."""

    uid: str
    """SeriesInstanceUID"""
    labels: list[str]
    allowed: bool
    reason: Why


class ThingDocument(_Told):
    """What is asked about, resolved."""

    level: Level
    uid: str
    """A UID, or the slug of an album."""
    study: str | None
    """StudyInstanceUID, once it is found."""
    study_labels: list[str]
    series: list[SeriesStepDocument]


class GrantStepDocument(_Told):
    """A grant that was considered, and what it counted for."""

    source: str
    """``membership:17``, or file and line of a rule: ``rules:permissions.jsonc:14``."""
    album: AlbumNameDocument | None
    group: str | None
    """The path of the group that it was given to; null: to him, or to a role."""
    role: str | None
    """The realm's role that a rule gives it to."""
    label: str
    """A label, or ``*`` for everything."""
    modalities: list[str] | None
    """Only series of these; null: of any."""
    actions: GivenActions
    until: date | None
    """The last day, in the site's time zone."""
    outcome: Why
    decided: bool
    """Whether it is the one that decided, or came closest."""


class WayDocument(_Told):
    """One thing that would let him in."""

    kind: WayOut
    action: str | None
    album: AlbumNameDocument | None
    label: str | None
    ended: date | None
    """The last day of a right that is over."""
    token_too: bool
    """Whether a token that leaves it is needed besides."""


class RecordedDocument(_Told):
    """Something in the audit table."""

    at: datetime
    event: str
    actor: str
    actor_name: str
    action: str | None
    level: str | None
    target: str | None
    study: str | None
    """StudyInstanceUID"""
    label: str | None
    reason: str | None
    rule: str | None
    request_id: str | None
    """null to owners of albums."""
    count: int
    """How often, where repeats within a minute were counted."""


class ExplanationDocument(_Told):
    """Why somebody gets something, or does not: now, and by the code that decides."""

    whole: bool
    """false: as far as the albums of who asks are concerned; others may still let him in."""
    asked: str
    """What was asked about, without its query."""
    others: list[str]
    """What else the address names: ask about it by itself."""
    action: str | None
    credential: CredentialDocument
    target: TargetDocument | None
    thing: ThingDocument | None
    grants: list[GrantStepDocument]
    """What counts for most comes first."""
    outcome: Outcome
    status: int
    """The HTTP status that he gets."""
    reason: Why
    rule: str | None
    """The grant that decided, or came closest."""
    label: str | None
    ways: list[WayDocument]
    record: RecordedDocument | None
    """What the request whose number was given left on record."""
    decisions: list[RecordedDocument]
    """The last decisions about him, the newest first."""


class PersonDocument(_Told):
    """Somebody with an account."""

    sub: str
    username: str
    name: str


class PeopleList(BaseModel):
    """People who match, and how many are shown."""

    items: list[PersonDocument]
    total: int
    directory: str
    """``down``: Keycloak does not answer; only people who were seen or named here are listed."""

    model_config = ConfigDict(use_attribute_docstrings=True)
