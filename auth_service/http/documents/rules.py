"""The rules file, as the API says how it stands."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class RemarkDocument(BaseModel):
    """Something to say about a rules file, and where; both counted from one."""

    line: int
    column: int
    message: str


class RulesDocument(BaseModel):
    """How it stands with the rules file."""

    state: Literal["off", "good", "kept", "none"] = Field(
        description="off: there is none; kept: the file as it is now cannot be taken, what was in force"
        " stays; none: it was never good, and nobody but administrators is served."
    )
    file: str
    since: datetime | None = Field(description="Since when the rules in force are in force.")
    rules: int
    problems: list[RemarkDocument]
    warnings: list[RemarkDocument]


class RulesCheck(BaseModel):
    """What is said of a text."""

    problems: list[RemarkDocument] = Field(description="With any of them it could not be taken.")
    warnings: list[RemarkDocument]
    unasked: list[Literal["keycloak", "orthanc"]] = Field(
        description="Parts that could not be asked, so that some warnings may be missing."
    )
