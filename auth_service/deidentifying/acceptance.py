"""What cannot be de-identified, and is refused."""

import re
from enum import StrEnum

from pydicom import Dataset

from auth_service.deidentifying.cleaning import registered, text_of

_UID = re.compile(r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))+")
_LONGEST_UID = 64
_VIDEO = ("MPEG", "HEVC", "SMPTE")
_WITHOUT_PIXELS = ("JPIP",)
_VOICE = ("Basic Voice Audio", "General Audio")


class Refusal(StrEnum):
    """Why a file cannot be de-identified."""

    UNREADABLE = "unreadable"
    UNIDENTIFIED = "unidentified"
    UNKNOWN_CLASS = "unknown-class"
    DOCUMENT = "document"
    RAW = "raw"
    VOICE = "voice"
    VIDEO = "video"
    ELSEWHERE = "elsewhere"
    OVERLAY_IN_PIXELS = "overlay-in-pixels"


def refusal_of(source: Dataset) -> Refusal | None:
    """Return why a data set is refused, or ``None``.

    Only the storage classes of the standard are taken: what a maker's own class holds, he alone knows.
    """
    syntax = _syntax(source)
    name = registered(text_of(source, "SOPClassUID"))
    if syntax is None or not all(map(_is_uid, _identifiers(source))):
        return Refusal.UNREADABLE if syntax is None else Refusal.UNIDENTIFIED
    if name is None or "Storage" not in name or name.startswith("Media Storage"):
        return Refusal.UNKNOWN_CLASS
    return _by_class(name) or _by_syntax(source, syntax)


def _by_class(name: str) -> Refusal | None:
    if name.startswith("Encapsulated "):
        return Refusal.DOCUMENT
    if name.startswith("Raw Data"):
        return Refusal.RAW
    if name.startswith(_VOICE):
        return Refusal.VOICE
    return Refusal.VIDEO if name.startswith("Video ") else None


def _by_syntax(source: Dataset, syntax: str) -> Refusal | None:
    if syntax.startswith(_VIDEO):
        return Refusal.VIDEO
    if syntax.startswith(_WITHOUT_PIXELS) or "PixelDataProviderURL" in source:
        return Refusal.ELSEWHERE
    if "EncapsulatedDocument" in source:
        return Refusal.DOCUMENT
    return Refusal.OVERLAY_IN_PIXELS if _has_overlay_in_pixels(source) else None


def _has_overlay_in_pixels(source: Dataset) -> bool:
    """Tell whether an overlay lies in bits of the pixels, where it stays when its group is removed."""
    return any(
        0x6000 <= tag >> 16 <= 0x60FF and tag & 0xFFFF == 0x0102 and _number(source, tag) > 0  # noqa: PLR2004 - OverlayBitPosition
        for tag in source.keys()  # noqa: SIM118 - iterating over a data set reads its elements
    )


def _number(source: Dataset, tag: int) -> int:
    value = source[tag].value
    return value if isinstance(value, int) else 1


def _syntax(source: Dataset) -> str | None:
    meta = getattr(source, "file_meta", None)
    return registered(text_of(meta, "TransferSyntaxUID")) if meta is not None else None


def _identifiers(source: Dataset) -> list[str]:
    return [
        text_of(source, keyword)
        for keyword in ("SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    ]


def _is_uid(text: str) -> bool:
    return len(text) <= _LONGEST_UID and _UID.fullmatch(text) is not None
