"""Members of albums, as they are given and told."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from auth_service.http.documents.shared import Actions, Day, Given, GivenActions


class SubjectGiven(Given):
    """Exactly one of the two."""

    user: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(None, description="A user name.")
    group: Annotated[str, Field(min_length=1, max_length=1024)] | None = Field(
        None, description="A group's full path."
    )


class MemberGiven(Given):
    """Rights for a person or a group."""

    subject: SubjectGiven
    role: Literal["owner", "member"] = "member"
    actions: Actions = Field([], description="What a member may do; an owner may do everything.")
    until: Day | None = Field(None, description="The last day, in the site's time zone; null: no end.")


class MemberChange(Given):
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
