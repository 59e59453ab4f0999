"""API tokens, as they are asked for and told."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field, WithJsonSchema

from auth_service.http.documents.shared import Day, Given, GivenActions
from auth_service.vocabulary import TOKEN_ACTIONS, Action


class TokenWanted(Given):
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
