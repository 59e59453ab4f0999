"""What happened, as it is asked for and told."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, PlainValidator, TypeAdapter, WithJsonSchema

from auth_service.http.documents.shared import DAY, Given
from auth_service.vocabulary import Action, AuditEvent

_AWARE = TypeAdapter(AwareDatetime)


def _day_or_moment(value: object) -> date | datetime:
    if isinstance(value, str) and DAY.fullmatch(value):
        return date.fromisoformat(value)
    return _AWARE.validate_python(value)


DayOrMoment = Annotated[
    date | datetime,
    PlainValidator(_day_or_moment),
    WithJsonSchema({"anyOf": [{"type": "string", "format": form} for form in ("date", "date-time")]}),
]


class AuditWanted(Given):
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
