"""What the API takes and gives, as pydantic models: ``/api/openapi.json`` is made from them."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    TypeAdapter,
    WithJsonSchema,
)

from auth_service.albums import MOST_AT_ONCE, Sort
from auth_service.vocabulary import (
    MEMBER_ACTIONS,
    OWNER_ACTIONS,
    RULE_ACTIONS,
    TOKEN_ACTIONS,
    Action,
    AuditEvent,
)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _day(value: object) -> object:
    """Let only ``YYYY-MM-DD`` be a day: pydantic would also take moments and numbers for one."""
    if value is not None and not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise ValueError("a day is written YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_day)]

Actions = Annotated[
    list[Annotated[str, Field(max_length=32)]],
    Field(max_length=len(Action)),
    WithJsonSchema({"type": "array", "items": {"type": "string", "enum": sorted(MEMBER_ACTIONS)}}),
]
"""The words are checked where they are read, with an answer in the person's language."""

GivenActions = Annotated[
    list[str],
    WithJsonSchema({"type": "array", "items": {"type": "string", "enum": sorted(OWNER_ACTIONS)}}),
]


class _Given(BaseModel):
    """Something that a client sends: what is not known is refused, not passed over."""

    model_config = ConfigDict(extra="forbid")


class ErrorBody(BaseModel):
    """What went wrong."""

    error: str = Field(description="A word for programs.")
    message: str = Field(description="A sentence for people, in their language.")
    reason: str | None = Field(
        None, description="The field, part or rule; left out where something is hidden."
    )


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Say in the description of a route with which errors it answers."""
    return {status: {"model": ErrorBody} for status in (401, 429, *statuses)}


# Who asks


class GroupDocument(BaseModel):
    """A Keycloak group: the id decides, the path is for people."""

    id: str
    path: str


class OwnSessionDocument(BaseModel):
    """The session that asks."""

    id: str
    created: datetime
    expires: datetime


class MembershipDocument(BaseModel):
    """What he may do in one album."""

    slug: str
    title: str
    role: Literal["owner", "member"]
    actions: GivenActions
    until: date | None = Field(description="The last day, in the site's time zone.")


class LabelDocument(BaseModel):
    """What a rule gives him."""

    label: str = Field(description="A label in Orthanc, or * for everything.")
    actions: Annotated[
        list[str],
        WithJsonSchema({"type": "array", "items": {"type": "string", "enum": sorted(RULE_ACTIONS)}}),
    ]
    modalities: list[str] | None = Field(description="Only series of these; null: of any.")
    until: date | None = Field(description="The last day, in the site's time zone.")


class MeDocument(BaseModel):
    """Who asks, and what he may do where."""

    sub: str
    username: str
    name: str
    email: str
    language: Literal["en", "fr"] | None = Field(description="What he chose; null: what his browser prefers.")
    roles: list[str]
    groups: list[GroupDocument] = Field(description="With all groups above them; none to a program.")
    session: OwnSessionDocument | None
    albums: list[MembershipDocument]
    labels: list[LabelDocument] = Field(description="What rules give him, beside his albums.")


class MeChange(_Given):
    """What a person may change about himself."""

    language: Literal["en", "fr"] | None = Field(description="null: what the browser prefers.")


# Tokens


class TokenWanted(_Given):
    """What a token is for, and what it is narrowed to."""

    name: str = Field(max_length=200, description="For its maker: what it is for.")
    actions: Annotated[
        list[Annotated[str, Field(max_length=32)]],
        Field(max_length=len(Action)),
        WithJsonSchema({"type": "array", "items": {"type": "string", "enum": sorted(TOKEN_ACTIONS)}}),
    ]
    albums: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=1000)] | None = Field(
        None, description="Slugs; null: every album that its maker sees when it is used."
    )
    until: Day | None = Field(
        None, description="The last day, in the site's time zone; null: the last one that the site allows."
    )


class TokenDocument(BaseModel):
    """A token, as its maker sees it."""

    id: str
    name: str
    actions: GivenActions
    albums: list[str] | None = Field(description="Slugs; null: every album of its maker.")
    created: datetime
    until: date = Field(description="The last day, in the site's time zone.")
    over: bool
    used: datetime | None = Field(description="About when it was last used.")
    used_from: str | None = Field(description="The address that it was then used from.")


class NewToken(TokenDocument):
    """A token that was just made, with its secret: nobody will ever see it again."""

    token: str


class TokenList(BaseModel):
    """A page of tokens, and how many there are in all."""

    items: list[TokenDocument]
    total: int
    first: date = Field(description="Today, in the site's time zone: a new token lasts until then at least.")
    last: date = Field(description="The day until which a new token may last at most.")


# How the parts are

Up = Literal["up", "down"]


class Parts(BaseModel):
    """The parts that the portal needs."""

    auth_service: Up
    orthanc: Up
    keycloak: Up


class Health(BaseModel):
    """Whether everything works."""

    status: Literal["ok", "degraded"]
    parts: Parts


# Rules


class RemarkDocument(BaseModel):
    """Something to say about a rules file, and where; both counted from one."""

    line: int
    column: int
    message: str


class RulesDocument(BaseModel):
    """How it stands with the rules file."""

    state: Literal["off", "good", "kept", "none"] = Field(
        description="off: there is none; kept: the file as it is now cannot be taken, what was in force"
        " stays; none: it was never good, and nobody but administrators is served."
    )
    file: str
    since: datetime | None = Field(description="Since when the rules in force are in force.")
    rules: int
    problems: list[RemarkDocument]
    warnings: list[RemarkDocument]


class RulesCheck(BaseModel):
    """What is said of a text."""

    problems: list[RemarkDocument] = Field(description="With any of them it could not be taken.")
    warnings: list[RemarkDocument]
    unasked: list[Literal["keycloak", "orthanc"]] = Field(
        description="Parts that could not be asked, so that some warnings may be missing."
    )


# Albums


class PictureDocument(BaseModel):
    """The series whose picture stands for an album."""

    study: str = Field(description="StudyInstanceUID")
    series: str = Field(description="SeriesInstanceUID")


class AlbumDocument(BaseModel):
    """An album as the one who asks sees it.

    Counts are null where he may not view what is in it, and where Orthanc does not answer.
    """

    slug: str
    label: str = Field(description="What its series carry in Orthanc.")
    title: str
    description: str
    role: Literal["owner", "member"]
    actions: GivenActions
    until: date | None = Field(description="The last day on which he may, in the site's time zone.")
    studies: int | None
    series: int | None
    instances: int | None
    modalities: list[str] | None
    created: datetime
    changed: datetime = Field(description="When series were last put in or taken out.")
    owners: list[str]
    picture: PictureDocument | None


class OneAlbum(AlbumDocument):
    """An album, and whether Orthanc could be asked."""

    archive: Up = Field(description="down: Orthanc does not answer, so counts are null.")


class AlbumList(BaseModel):
    """A page of albums, and how many there are in all."""

    items: list[AlbumDocument]
    total: int
    archive: Up = Field(description="down: Orthanc does not answer, so counts are null.")


class AlbumsWanted(_Given):
    """Which albums, in which order."""

    search: str = Field("", max_length=200, description="Words of title, description and owners' names.")
    modality: str | None = Field(
        None,
        pattern=r"^[A-Z0-9_]{1,16}$",
        description="Albums that hold it; 503 when Orthanc does not answer.",
    )
    mine: bool | None = Field(None, description="true: those he owns; false: those of others.")
    sort: Sort = "-changed"
    limit: int = Field(50, ge=1, le=MOST_AT_ONCE)
    offset: int = Field(0, ge=0, le=1_000_000_000)


# Members


class SubjectGiven(_Given):
    """Exactly one of the two."""

    user: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(None, description="A user name.")
    group: Annotated[str, Field(min_length=1, max_length=1024)] | None = Field(
        None, description="A group's full path."
    )


class MemberGiven(_Given):
    """Rights for a person or a group."""

    subject: SubjectGiven
    role: Literal["owner", "member"] = "member"
    actions: Actions = Field([], description="What a member may do; an owner may do everything.")
    until: Day | None = Field(None, description="The last day, in the site's time zone; null: no end.")


class MemberChange(_Given):
    """What is left out stays."""

    role: Literal["owner", "member"] | None = None
    actions: Actions | None = None
    until: Day | None = Field(None, description="The last day, in the site's time zone; null: no end.")


class SubjectDocument(BaseModel):
    """The person or the group."""

    user: str | None = None
    group: str | None = None
    name: str = Field(description="What he is called, or the group's path.")


class MemberDocument(BaseModel):
    """Somebody's rights in an album."""

    id: int
    subject: SubjectDocument
    role: Literal["owner", "member"]
    actions: GivenActions
    until: date | None
    created: datetime


class MemberList(BaseModel):
    """A page of members, and how many there are in all."""

    items: list[MemberDocument]
    total: int


# Audit

_AWARE = TypeAdapter(AwareDatetime)


def _day_or_moment(value: object) -> date | datetime:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return date.fromisoformat(value)
    return _AWARE.validate_python(value)


DayOrMoment = Annotated[
    date | datetime,
    PlainValidator(_day_or_moment),
    WithJsonSchema({"anyOf": [{"type": "string", "format": form} for form in ("date", "date-time")]}),
]


class AuditWanted(_Given):
    """Which records; what is left out narrows nothing."""

    event: list[AuditEvent] = Field([], max_length=len(AuditEvent))
    actor: str = Field("", max_length=256, description="An actor's key, or a part of a name.")
    action: Action | None = None
    album: str | None = Field(None, max_length=64, description="A slug: what happened through this album.")
    label: str | None = Field(None, max_length=64, description="For administrators: any label.")
    study: str | None = Field(None, pattern=r"^[0-9.]{1,64}$", description="StudyInstanceUID")
    reason: str | None = Field(None, max_length=256)
    target: str = Field("", max_length=256, description="A part of what it was about.")
    since: DayOrMoment | None = Field(
        None, alias="from", description="A day in the site's time zone, or a moment with its offset."
    )
    until: DayOrMoment | None = Field(
        None, alias="to", description="The last day, or the first moment that does not count any more."
    )
    upto: int | None = Field(
        None, ge=1, le=2**31 - 1, description="Nothing newer than this record: pages do not shift."
    )
    limit: int = Field(50, ge=1, le=200)
    offset: int = Field(0, ge=0, le=1_000_000_000)
    format: Literal["json", "csv"] | None = Field(
        None, description="csv: all that matches, as a file; so does Accept: text/csv."
    )


class AuditEntryDocument(BaseModel):
    """What happened. Owners of an album are not told addresses, sessions and numbers of requests."""

    id: int
    at: datetime
    event: str
    actor: str = Field(description="The actor's key.")
    actor_name: str
    action: str | None
    level: str | None
    target: str | None
    study_uid: str | None
    label: str | None = Field(description="Through which label it happened.")
    reason: str | None
    rule: str | None = Field(description="Which grant decided.")
    count: int = Field(description="How many times, where repeats within a minute share a record.")
    details: dict[str, Any]
    session: str | None
    address: str | None
    request_id: str | None


class AuditList(BaseModel):
    """A page of the audit, the newest first, and how many records match in all."""

    items: list[AuditEntryDocument]
    total: int
