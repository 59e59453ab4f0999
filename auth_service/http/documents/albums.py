"""Albums, as they are asked for and told."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from auth_service.albums import MOST_AT_ONCE, Sort
from auth_service.http.documents.shared import Given, GivenActions, Up


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


class AlbumsWanted(Given):
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
