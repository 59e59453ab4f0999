"""Whose pixels may have a name written in them: such a picture is held for a look.

We read no pixels: what the header says of how the picture was made is all that decides. ``NO`` in
BurnedInAnnotation is believed; ``YES`` always holds; where nothing is said the kind of picture does.
"""

from enum import StrEnum

from pydicom import Dataset

from auth_service.deidentifying.cleaning import registered, text_of, texts_of

_PICTURES = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")

_MODALITIES = frozenset(
    {"BDUS", "CF", "DF", "DOC", "EC", "ES", "GM", "HC", "IVUS", "OP", "OT", "SC", "SM", "US", "VF", "XC", ""}
)
"""Pictures into which the machine writes, or that were taken of anything at all; and those of no modality."""

_CLASSES = ("Secondary Capture", "Ultrasound", "VL ", "Ophthalmic Photography", "Whole Slide")

_CAPTURED = frozenset(
    {"SCREEN SAVE", "SCREENSAVE", "SCREEN CAPTURE", "LABEL", "OVERVIEW", "REPORT", "PRESSCREEN"}
)

_GEOMETRIC = frozenset({"CT", "MR", "PT", "NM", "RTDOSE", "SEG"})


class Suspicion(StrEnum):
    """Why a picture is held."""

    DECLARED = "declared"
    MODALITY = "modality"
    SOP_CLASS = "sop-class"
    CAPTURE = "capture"


def suspicion_of(source: Dataset) -> Suspicion | None:
    """Return why a data set is held for a look, or ``None``."""
    if not any(keyword in source for keyword in _PICTURES):
        return None
    said = texts_of(source, "BurnedInAnnotation")
    if "YES" in said or "YES" in texts_of(source, "SpecimenLabelInImage"):
        return Suspicion.DECLARED
    if said == ("NO",):
        return None
    if "".join(texts_of(source, "Modality")) in _MODALITIES:
        return Suspicion.MODALITY
    if _class(source).startswith(_CLASSES) or any(each in _class(source) for each in _CLASSES[:2]):
        return Suspicion.SOP_CLASS
    return Suspicion.CAPTURE if _is_captured(source) else None


def _is_captured(source: Dataset) -> bool:
    r"""Tell whether a picture was made of a screen, a film, or something else that was drawn.

    ``DERIVED\SECONDARY`` alone is said of maps and reformatted slices as well: these are told by their
    place in the patient, in shades of grey of more than 8 bits.
    """
    kind = texts_of(source, "ImageType")
    if _CAPTURED & set(kind) or texts_of(source, "ConversionType") not in {(), ("",)}:
        return True
    if kind[:2] != ("DERIVED", "SECONDARY"):
        return False
    modality = "".join(texts_of(source, "Modality"))
    grey = text_of(source, "SamplesPerPixel") in {"", "1"} and text_of(source, "BitsAllocated") != "8"
    placed = any(
        keyword in source
        for keyword in (
            "ImageOrientationPatient",
            "SharedFunctionalGroupsSequence",
            "DetectorInformationSequence",
        )
    )
    return not (modality in _GEOMETRIC and grey and placed)


def _class(source: Dataset) -> str:
    return registered(text_of(source, "SOPClassUID")) or ""
