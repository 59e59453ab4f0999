"""Ask auth_service whether an album de-identifies what is uploaded into it, and what it holds for a look."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from urllib.parse import quote

from portal.answers import Answer
from portal.asking import Asker, read


class Option(StrEnum):
    """An option of the profile, in the order in which they are shown (a test compares them)."""

    MODIFIED_DATES = "modified-dates"
    PATIENT_CHARACTERISTICS = "patient-characteristics"
    DEVICE_IDENTITY = "device-identity"
    CLEAN_DESCRIPTORS = "clean-descriptors"
    UIDS = "uids"


class Suspicion(StrEnum):
    """Why a picture waits."""

    DECLARED = "declared"
    MODALITY = "modality"
    SOP_CLASS = "sop-class"
    CAPTURE = "capture"


HELD_PER_PAGE = 20


class Deidentification(Answer):
    """Whether an album de-identifies what is uploaded into it, and how."""

    on: bool
    options: tuple[str, ...] = ()
    since: datetime | None = None
    by: str = ""
    has_key: bool = False
    readable: bool = True
    held: int = 0


class HeldPicture(Answer):
    """A picture that waits for a look."""

    id: str
    study: str
    series: str
    patient: str = ""
    modality: str = ""
    why: str = ""
    frames: int = 1
    held: datetime
    until: datetime
    uploaded_by: str = ""


class HeldPictures(Answer):
    """Some of the pictures that wait, and how many there are."""

    items: tuple[HeldPicture, ...]
    total: int


class Deidentifying(Protocol):
    """What can be asked in one person's name. Each may raise `Invalid` with a sentence."""

    def deidentification(self, slug: str) -> Deidentification:
        """Say whether an album de-identifies, and how."""

    def deidentify(self, slug: str, options: Sequence[str], *, language: str) -> None:
        """Switch it on, or change its options."""

    def stop_deidentifying(self, slug: str, *, forget: bool) -> None:
        """Switch it off, and perhaps have the key forgotten."""

    def held(self, slug: str) -> HeldPictures:
        """List the first pictures that wait for a look."""

    def release_held(self, slug: str, picture: str, *, language: str) -> None:
        """Let a picture go on into the album."""

    def discard_held(self, slug: str, picture: str) -> None:
        """Throw a picture away."""


class HttpDeidentifying(Asker):
    """The same over HTTP."""

    def deidentification(self, slug: str) -> Deidentification:
        """See `Deidentifying`."""
        return read(Deidentification, self._ask("GET", _address(slug, "deidentification")))

    def deidentify(self, slug: str, options: Sequence[str], *, language: str) -> None:
        """See `Deidentifying`."""
        body, headers = {"options": list(options)}, {"Accept-Language": language}
        self._ask("PUT", _address(slug, "deidentification"), json=body, headers=headers)

    def stop_deidentifying(self, slug: str, *, forget: bool) -> None:
        """See `Deidentifying`."""
        self._ask("DELETE", _address(slug, "deidentification"), params={"forget": str(forget).lower()})

    def held(self, slug: str) -> HeldPictures:
        """See `Deidentifying`."""
        return read(HeldPictures, self._ask("GET", _address(slug, "held"), params={"limit": HELD_PER_PAGE}))

    def release_held(self, slug: str, picture: str, *, language: str) -> None:
        """See `Deidentifying`."""
        headers = {"Accept-Language": language}
        self._ask("POST", _address(slug, f"held/{quote(picture, safe='')}/release"), headers=headers)

    def discard_held(self, slug: str, picture: str) -> None:
        """See `Deidentifying`."""
        self._ask("DELETE", _address(slug, f"held/{quote(picture, safe='')}"))


def _address(slug: str, more: str) -> str:
    return f"/api/albums/{quote(slug, safe='')}/{more}"
