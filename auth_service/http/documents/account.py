"""Who asks, as the API says it, and what he may change of it."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, WithJsonSchema

from auth_service.http.documents.shared import Given, GivenActions
from auth_service.vocabulary import RULE_ACTIONS


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
    makes_albums: bool = Field(description="Whether he may make albums.")
    albums: list[MembershipDocument]
    labels: list[LabelDocument] = Field(description="What rules give him, beside his albums.")
    waiting: int | None = Field(
        description="To administrators, how many series that came by DICOM wait to be filed; "
        "null: none, and none can come."
    )


class MeChange(Given):
    """What a person may change about himself."""

    language: Literal["en", "fr"] | None = Field(description="null: what the browser prefers.")
