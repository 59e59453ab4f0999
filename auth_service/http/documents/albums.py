"""Albums, as they are asked for and told."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, WithJsonSchema

from auth_service.albums.finding import MOST_AT_ONCE, Sort
from auth_service.http.documents.shared import Actions, Day, Given, GivenActions, Up
from auth_service.vocabulary import OWNER_ACTIONS

Word = Annotated[
    Annotated[str, Field(max_length=32)],
    WithJsonSchema({"type": "string", "enum": sorted(OWNER_ACTIONS)}),
]
"""An action; it is checked where it is read, with an answer in the person's language."""


class PictureDocument(BaseModel):
    """The series whose picture stands for an album."""

    study: str = Field(description="StudyInstanceUID")
    series: str = Field(description="SeriesInstanceUID")


class AlbumDocument(BaseModel):
    """An album as the one who asks sees it.

    Counts are null where he may not view what is in it, and where it was never counted, as Orthanc does not
    answer.
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
    counted: datetime | None = Field(description="When that was so.")
    members: int = Field(description="People and groups whose rights run.")
    favourite: bool
    deidentifies: bool | None = Field(
        description="Whether what is uploaded is de-identified; null: he may upload nothing."
    )
    archived: datetime | None = Field(description="Since when nothing goes in or out; null: it is not.")
    created: datetime
    changed: datetime = Field(description="When series were last put in or taken out.")
    owners: list[str]
    picture: PictureDocument | None


class OneAlbum(AlbumDocument):
    """An album, and whether Orthanc could be asked where it had to be."""

    archive: Up = Field(description="down: it was never counted, and Orthanc does not answer.")


class AlbumList(BaseModel):
    """A page of albums, and how many there are in all."""

    items: list[AlbumDocument]
    total: int
    archive: Up = Field(description="down: some were never counted, and Orthanc does not answer.")


class AlbumGiven(Given):
    """A new album."""

    title: str
    description: str = ""
    slug: str | None = Field(
        None,
        description="Made from the title when left out; then, or if it was ever used, it ends at random.",
    )


class AlbumChange(Given):
    """What is left out stays."""

    title: str | None = None
    description: str | None = None


class DeletionDocument(BaseModel):
    """What deleting an album does; no image is ever deleted by it."""

    slug: str = Field(description="What must be written to confirm.")
    title: str
    people: int = Field(description="People whose rights are over then, his own included.")
    groups: int
    studies: int
    series: int = Field(description="Series that lose the album's label.")
    unseen: int = Field(description="Of these, those that are in no other album in which he may view.")


class Deleted(BaseModel):
    """What takes the album's label away, in the background."""

    change: str | None = Field(description="The change in the ledger; null: it never held anything.")


class HandOver(Given):
    """To whom an album is handed over."""

    user: str = Field(min_length=1, max_length=255, description="A user name.")
    keep: Actions | None = Field(
        None, description="What the one who hands it over may do as a member; null: he leaves."
    )


class OwnerlessDocument(BaseModel):
    """An album that nobody owns who could sign in."""

    slug: str
    title: str
    last_owners: list[str]
    members: int


class OwnerlessList(BaseModel):
    """The albums without an owner among those that were looked at."""

    items: list[OwnerlessDocument]
    looked_at: int
    total: int = Field(description="How many albums there are to look at.")


class OwnerNamed(Given):
    """Who is to own an album without an owner, and why."""

    user: str = Field(min_length=1, max_length=255, description="A user name.")
    reason: str = Field(max_length=1000)


class AlbumsWanted(Given):
    """Which albums, in which order."""

    search: str = Field(
        "",
        max_length=200,
        description="Words of title, description and owners' names; * in one is any characters.",
    )
    modality: str | None = Field(
        None,
        pattern=r"^[A-Z0-9_]{1,16}$",
        description="Albums that hold it; 503 where one was never counted and Orthanc does not answer.",
    )
    mine: bool | None = Field(None, description="true: those he owns; false: those of others.")
    favourite: bool | None = Field(None, description="true: his favourites; false: the others.")
    archived: bool = Field(False, description="true: those that are archived, instead of those that are not.")
    can: Word | None = Field(None, description="Albums in which he may do this.")
    created_from: Day | None = Field(None, description="A day in the site's time zone, included.")
    created_to: Day | None = None
    changed_from: Day | None = None
    changed_to: Day | None = None
    sort: Sort = "-changed"
    limit: int = Field(50, ge=1, le=MOST_AT_ONCE)
    offset: int = Field(0, ge=0, le=1_000_000_000)
