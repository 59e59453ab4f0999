"""What is taken away, as it is asked for and told: lists of identifiers, sizes, manifests."""

from typing import Literal

from pydantic import BaseModel, Field, model_validator

from auth_service.downloads import MOST_NAMED
from auth_service.http.dependencies import Uid
from auth_service.http.documents.shared import Given

ArchiveFormat = Literal["zip", "dicomdir"]

MOST_IN_AN_ADDRESS = 50


class Named(Given):
    """Studies and series, by their identifiers of DICOM."""

    studies: list[Uid] = Field([], max_length=MOST_NAMED, description="StudyInstanceUIDs")
    series: list[Uid] = Field([], max_length=MOST_NAMED, description="SeriesInstanceUIDs")

    @model_validator(mode="after")
    def _within_bounds(self) -> "Named":
        if len(self.studies) + len(self.series) > MOST_NAMED:
            raise ValueError(f"at most {MOST_NAMED} studies and series together")
        return self


class NotEmpty(Named):
    """Likewise, and something at least."""

    @model_validator(mode="after")
    def _something(self) -> "NotEmpty":
        if not self.studies and not self.series:
            raise ValueError("name a study or a series at least")
        return self


class ArchiveWanted(NotEmpty):
    """What an archive is to be made of."""

    format: ArchiveFormat = Field("zip", description="dicomdir: with a DICOMDIR (PS3.10, section 8.6).")


class ArchiveNamed(Given):
    """What an archive is to be made of, in an address."""

    study: list[Uid] = Field([], max_length=MOST_IN_AN_ADDRESS)
    series: list[Uid] = Field([], max_length=MOST_IN_AN_ADDRESS)
    format: ArchiveFormat = "zip"

    @model_validator(mode="after")
    def _something(self) -> "ArchiveNamed":
        if not self.study and not self.series:
            raise ValueError("name a study or a series at least")
        return self


class AlbumPartWanted(Given):
    """Which part of an album."""

    study: list[Uid] = Field(
        [],
        max_length=MOST_IN_AN_ADDRESS,
        description="StudyInstanceUIDs: only their series in the album; none: the whole album.",
    )


class AlbumArchiveWanted(AlbumPartWanted):
    """Which part of an album, and in which form."""

    format: ArchiveFormat = "zip"


class ManifestWanted(AlbumPartWanted):
    """Which part of an album, and in which form it is to be listed."""

    format: Literal["json", "csv"] = "json"


class SizeDocument(BaseModel):
    """How much may be taken away."""

    studies: int
    series: int
    instances: int
    bytes: int = Field(description="Of the files as they are stored, before they are packed.")
    complete: bool = Field(
        description="false: it is more than that; not all series are measured yet. Ask again to go on."
    )
    left_out: int = Field(description="How many of the things that were named may not be taken away.")


class ManifestLine(BaseModel):
    """One series to fetch, under DICOM's own names."""

    StudyInstanceUID: str
    SeriesInstanceUID: str
    Modality: str
    SeriesDescription: str
    NumberOfSeriesRelatedInstances: int
    RetrieveURL: str = Field(description="Where DICOMweb gives it (PS3.18, section 10.4).")


class Manifest(BaseModel):
    """What of an album may be taken away, series by series."""

    items: list[ManifestLine]
    total: int
