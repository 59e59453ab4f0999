"""What is sent and answered about the de-identification of uploads, and what it holds."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, WithJsonSchema

from auth_service.deidentifying.profile import Option
from auth_service.http.documents.shared import Given

Options = Annotated[
    list[Annotated[str, Field(max_length=32)]],
    Field(max_length=len(Option)),
    WithJsonSchema({"type": "array", "items": {"type": "string", "enum": sorted(Option)}}),
]
"""The words are checked where they are read, with an answer in the person's language."""


class DeidentificationGiven(Given):
    """Which options of the profile an album shall have; none: the Basic Profile alone."""

    options: Options


class DeidentificationDocument(BaseModel):
    """Whether an album de-identifies what is uploaded into it, and how. The key is never told."""

    on: bool
    options: list[str]
    since: datetime | None = Field(description="Since when, with these options; null: it is off.")
    by: str = Field(description="Who switched it on or changed it last.")
    has_key: bool = Field(description="There is a key, in use or from before.")
    readable: bool = Field(description="false: the key cannot be read, and every upload is refused.")
    held: int = Field(description="Pictures that wait for a look.")


class HeldDocument(BaseModel):
    """A picture that waits for a look. Its identifiers are those it has in the album."""

    id: str
    study: str
    series: str
    instance: str
    patient: str
    modality: str
    why: str = Field(description="declared, modality, sop-class or capture.")
    frames: int
    size: int = Field(description="Bytes.")
    held: datetime
    until: datetime = Field(description="When it is thrown away.")
    uploaded_by: str


class HeldList(BaseModel):
    """Some of the pictures that an album holds, those of one series together."""

    items: list[HeldDocument]
    total: int
