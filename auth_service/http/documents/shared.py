"""What every part of the API has in common: errors, days, actions, and that what is unknown is refused."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

from auth_service.vocabulary import MEMBER_ACTIONS, OWNER_ACTIONS, Action

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _day(value: object) -> object:
    """Let only ``YYYY-MM-DD`` be a day: pydantic would also take moments and numbers for one."""
    if value is not None and not (isinstance(value, str) and DAY.fullmatch(value)):
        raise ValueError("a day is written YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_day)]


def _in_utc(value: datetime) -> datetime:
    """Let only be a moment what is one in UTC too: on the calendar's first and last day it may not be."""
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("this moment is before the first year, or after the last") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment with its offset."""


def _storable(value: str) -> str:
    """Refuse what PostgreSQL has no place for in a text."""
    if "\0" in value:
        raise ValueError("a text has no NUL in it")
    return value


Text = Annotated[str, AfterValidator(_storable)]
"""A text that is kept as it was given."""

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


Up = Literal["up", "down"]


class Given(BaseModel):
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
