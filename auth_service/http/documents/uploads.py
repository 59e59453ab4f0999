"""Uploads, as they are begun and told."""

from datetime import datetime

from pydantic import BaseModel, Field

from auth_service.http.documents.changes import ChangeDocument
from auth_service.http.documents.shared import Given


class PieceWanted(Given):
    """What a piece is of."""

    name: str = Field(min_length=1, max_length=1024, description="The file's, with its folders.")
    size: int = Field(ge=0, le=2**50, description="Of the whole file, in bytes.")
    offset: int = Field(0, ge=0, le=2**50, description="Where this piece begins.")


class UploadDocument(BaseModel):
    """How far an upload is."""

    id: str = Field(description="Of the upload, and of the change of the album that it is.")
    album: str
    change: ChangeDocument = Field(description="What it put into the album, and what was refused, with why.")
    files: int = Field(description="Files that were begun.")
    stored: int = Field(
        description="Images that are in the archive now, and were not before; `change.grown_images` of them "
        "came into series that were in the album."
    )
    present: int = Field(description="Images that the archive had already.")
    refused: int = Field(description="Files and images that were refused.")
    seen: datetime = Field(description="When something last came.")
    largest_piece: int = Field(description="Bytes that one request may bring.")


class UploadList(BaseModel):
    """One's own uploads that can be gone on with."""

    items: list[UploadDocument]
    total: int


class FileDocument(BaseModel):
    """How far a file of an upload is."""

    number: int
    name: str
    size: int = Field(description="In bytes.")
    received: int = Field(description="In bytes: where the next piece begins.")
    done: bool = Field(description="It was looked through to its end.")
    stored: int
    present: int
    refused: int


class FileList(BaseModel):
    """A page of the files of an upload, and how many there are in all."""

    items: list[FileDocument]
    total: int
