"""Changes of what is in albums, as they are asked for and told."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from auth_service.albums.changing import MOST_NAMED
from auth_service.albums.following import MOST_LISTED
from auth_service.albums.ledger import MOST_TOLD
from auth_service.http.documents.shared import Given, Moment, Text
from auth_service.http.scoped import CountBody
from auth_service.vocabulary import LineFailure

_Name = Annotated[Text, Field(max_length=1024)]
_Names = Annotated[list[_Name], Field(max_length=MOST_NAMED)]


class WhatDocument(Given):
    """What is to be put in or taken out: all that is named in any of these ways."""

    studies: _Names = Field([], description="StudyInstanceUIDs: all of their series that you may see.")
    series: _Names = Field([], description="SeriesInstanceUIDs.")
    names: _Names = Field([], description="A list: identifiers, accession numbers, patients' identifiers.")
    album: Text | None = Field(None, max_length=64, description="Another album's short name: all of it.")
    query: CountBody | None = Field(
        None, description="A search, as for /tools/count-resources: all that it finds."
    )


class ChangeWanted(Given):
    """Exactly one of the two."""

    add: WhatDocument | None = None
    remove: WhatDocument | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.add is None) is (self.remove is None):
            raise ValueError("name exactly one of add and remove")
        return self


class NotTakenDocument(BaseModel):
    """Something that was named and is not taken."""

    uid: str = Field(description="As it was named: mostly an identifier.")
    reason: str = Field(description=f"One of {', '.join(LineFailure)}.")
    lacking: list[str] = Field([], description="Of what is forbidden: the rights on it that you lack.")


class ProspectDocument(BaseModel):
    """What a change would do."""

    series: int
    studies: int
    present: int = Field(description="Of the series: how many are in the album already.")
    failed: list[NotTakenDocument] = Field(description=f"What would not be taken: the first {MOST_TOLD}.")
    failed_total: int


class GrownDocument(BaseModel):
    """A series that was in the album before, and got images by an upload."""

    series: str = Field(description="SeriesInstanceUID")
    images: int


class ChangeDocument(BaseModel):
    """How far a change has come."""

    id: str
    album: str
    verb: Literal["add", "remove"]
    state: Literal["receiving", "waiting", "running", "done", "failed", "cancelled"]
    by: str = Field(description="Who asked for it.")
    created: datetime
    finished: datetime | None
    stopping: bool = Field(description="Somebody stopped it, and the batch at hand is still done.")
    undoes: str | None = Field(description="The change that it takes back.")
    done: int = Field(description="Series.")
    total: int = Field(description="Series.")
    due: int = Field(description="Series that are still to be done.")
    failed: list[NotTakenDocument] = Field(
        description=f"What was not done, and why: a page of it, or in lists the first {MOST_LISTED}."
    )
    failed_total: int
    grown: list[GrownDocument] = Field(
        description="Series that were in the album before and got images by this upload, for who may see "
        f"what is in it: a page of them, or in lists the first {MOST_LISTED}."
    )
    grown_total: int = Field(description="How many series these are.")
    grown_images: int = Field(description="How many images they got; taking the change back leaves them.")
    staying: int = Field(
        description="Images of the change that it takes back which stay: the album had their series before."
    )


class ReportWanted(Given):
    """Which page of what was not done, and of the series that were there before and got images."""

    limit: int = Field(MOST_TOLD, ge=1, le=MOST_TOLD)
    offset: int = Field(0, ge=0, le=1_000_000_000)


class ChangeList(BaseModel):
    """A page of changes, and how many there are in all."""

    items: list[ChangeDocument]
    total: int


class PlacedWanted(Given):
    """Which page of what is in an album, and when."""

    at: Moment | None = Field(None, description="What was in it at this moment: for who may read the audit.")
    limit: int = Field(1000, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=1_000_000_000)


class PlacedDocument(BaseModel):
    """A series that is in an album, or was."""

    study: str = Field(description="StudyInstanceUID")
    series: str = Field(description="SeriesInstanceUID")


class PlacedList(BaseModel):
    """A page of what is in an album, and how much there is in all."""

    items: list[PlacedDocument]
    total: int


class StudyPlacedDocument(BaseModel):
    """A study of which something is in an album, or was."""

    study: str = Field(description="StudyInstanceUID")
    series: list[str] = Field(description="SeriesInstanceUIDs: those that are in it.")


class StudyPlacedList(BaseModel):
    """A page of studies, and how many there are in all."""

    items: list[StudyPlacedDocument]
    total: int
