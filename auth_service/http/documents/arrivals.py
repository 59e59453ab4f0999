"""Series that came by DICOM, as administrators are told of them and decide about them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from auth_service.http.documents.shared import Given
from auth_service.incoming.filing import LONGEST_REASON, MOST_AT_ONCE
from auth_service.vocabulary import ArrivalState

_Number = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
_Numbers = Annotated[list[_Number], Field(min_length=1, max_length=MOST_AT_ONCE)]
_Slug = Annotated[str, Field(min_length=1, max_length=64)]
_Reason = Annotated[str, Field(max_length=4 * LONGEST_REASON)]


class ArrivalsWanted(Given):
    """Which page of what."""

    state: ArrivalState = Field(ArrivalState.TO_BE_FILED, description="What became of them.")
    limit: int = Field(50, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=1_000_000_000)


class ArrivalDocument(BaseModel):
    """A series that came by DICOM."""

    id: int
    series: str = Field(description="SeriesInstanceUID")
    study: str = Field(description="StudyInstanceUID")
    modality: str
    ae_title: str = Field(description="AE title of who sent it.")
    address: str
    called: str = Field(description="AE title that it was sent to.")
    arrived: datetime
    state: Literal["arriving", "to-be-filed", "filing", "filed", "dismissed", "gone"]
    reason: str | None = Field(
        description="Why it waits: no-rule, no-album, mixed, no-peers, missing, ambiguous or cancelled; "
        "of what was dismissed, why, in the administrator's words."
    )
    present: bool = Field(description="Whether it is in the archive; what follows is empty otherwise.")
    patient_id: str = Field(description="PatientID")
    study_date: str = Field(description="StudyDate")
    study_description: str = Field(description="StudyDescription")
    series_description: str = Field(description="SeriesDescription")
    instances: int


class ArrivalList(BaseModel):
    """A page of series, and how many there are in all."""

    items: list[ArrivalDocument]
    total: int = Field(description="Series.")
    studies: int = Field(description="How many studies these are of.")
    arriving: int = Field(description="Series of which images may still come.")


class FileOne(Given):
    """Into which album."""

    album: _Slug = Field(description="The album's short name.")


class FileMany(FileOne):
    """Which ones, and into which album."""

    ids: _Numbers


class DismissOne(Given):
    """Why."""

    reason: _Reason


class DismissMany(DismissOne):
    """Which ones, and why."""

    ids: _Numbers


class Filed(BaseModel):
    """What puts them into the album."""

    change: str = Field(description="The change, as of ``/api/changes``.")
