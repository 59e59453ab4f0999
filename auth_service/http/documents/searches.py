"""Saved searches and selections, as they are asked for and told."""

from datetime import datetime

from pydantic import BaseModel, Field

from auth_service.http.documents.downloads import Named
from auth_service.http.documents.shared import Given


class SearchGiven(Given):
    """A question to keep."""

    name: str = Field(max_length=400, description="One of the same name is replaced.")
    query: str = Field(max_length=10_000, description="As it stands in the address of the page.")


class SearchDocument(BaseModel):
    """A question that was kept."""

    id: int
    name: str
    query: str
    created: datetime


class SearchList(BaseModel):
    """All that somebody has saved."""

    items: list[SearchDocument]
    total: int


class SelectionChange(Given):
    """What is ticked, and what no longer is; the rest stays."""

    add: Named = Named()
    remove: Named = Named()


class SelectionDocument(BaseModel):
    """What somebody has selected."""

    studies: list[str] = Field(description="StudyInstanceUIDs")
    series: list[str] = Field(description="SeriesInstanceUIDs")
    total: int
