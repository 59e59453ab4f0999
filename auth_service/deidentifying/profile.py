"""What an album asks of de-identification: the options of the profile, and the album's own secret."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

KEY_BYTES = 32
"""An album's key: 256 random bits."""


class Option(StrEnum):
    """An option of the Basic Application Level Confidentiality Profile (PS3.15, section E.3)."""

    MODIFIED_DATES = "modified-dates"
    PATIENT_CHARACTERISTICS = "patient-characteristics"
    DEVICE_IDENTITY = "device-identity"
    UIDS = "uids"
    CLEAN_DESCRIPTORS = "clean-descriptors"


CODES: dict[Option, tuple[str, str]] = {
    Option.CLEAN_DESCRIPTORS: ("113105", "Clean Descriptors Option"),
    Option.MODIFIED_DATES: ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    Option.PATIENT_CHARACTERISTICS: ("113108", "Retain Patient Characteristics Option"),
    Option.DEVICE_IDENTITY: ("113109", "Retain Device Identity Option"),
    Option.UIDS: ("113110", "Retain UIDs Option"),
}
"""Code value and meaning of each option in CID 7050; the scheme is DCM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How one album de-identifies.

    Raises
    ------
    ValueError
        If the key has not the length of one: whatever was read is none.

    """

    options: frozenset[Option]
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) != KEY_BYTES:
            raise ValueError("the key of an album has 32 bytes")


def options_of(words: Collection[str]) -> frozenset[Option]:
    """Read options from their words.

    Raises
    ------
    ValueError
        If a word is none of them.

    """
    return frozenset(Option(word) for word in words)
