"""What becomes of each attribute: table E.1-1 of PS3.15, as ``dicom-anonymizer`` keeps it, and our options.

Of that library only the table is used (edition 2026c): it acts at the top level alone, and makes up new UIDs
at random. The columns of the options are not in it; they stand here. Decision 0024 argues both.
"""

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from functools import cache

from dicomanonymizer.dicomfields_selector import dicom_anonymization_database_selector
from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VR
from pydicom.datadict import tag_for_keyword as _tag_for_keyword

from auth_service.deidentifying.profile import Option

EDITION = "2026c"
"""Edition of the standard from which the table was taken."""


class Act(Enum):
    """What is done to an attribute."""

    REMOVE = auto()
    EMPTY = auto()
    DUMMY = auto()
    UID = auto()
    """Each UID by its stand-in, but for those that the standard itself registers."""
    WITHIN = auto()
    """A sequence stays, and each attribute of its items is treated by itself."""
    STRUCTURED = auto()
    """Likewise, for the content of a structured report."""
    SHIFT = auto()
    DESCRIBE = auto()
    AGE = auto()
    KEEP = auto()


# Where the table leaves a choice by the type of the attribute in its IOD ("X/Z/D"), that is taken which is
# right in every IOD: an attribute that may be there may be there with nothing in it.
_ACTS = {
    "D_TAGS": Act.DUMMY,
    "Z_TAGS": Act.EMPTY,
    "X_TAGS": Act.REMOVE,
    "U_TAGS": Act.UID,
    "Z_D_TAGS": Act.DUMMY,
    "X_Z_TAGS": Act.EMPTY,
    "X_D_TAGS": Act.DUMMY,
    "X_Z_D_TAGS": Act.DUMMY,
    "X_Z_U_STAR_TAGS": Act.WITHIN,
}

_INSTEAD = {
    "ContentSequence": Act.STRUCTURED,
    "GraphicAnnotationSequence": Act.REMOVE,  # the module is not mandatory, and a dummy drawing is none
}
"""Where we do other than the table's column: never less."""

_ALSO_REMOVED = (
    "AssigningAgencyOrDepartmentCodeSequence",
    "AssigningFacilitySequence",
    "AssigningJurisdictionCodeSequence",
    "AsserterIdentificationSequence",
    "AuthorIdentificationSequence",
    "BillingProcedureStepSequence",
    "EncryptedAttributesSequence",
    "HangingProtocolUserIdentificationCodeSequence",
    "HumanPerformerCodeSequence",
    "IssuerOfAccessionNumberSequence",
    "IssuerOfPatientIDQualifiersSequence",
    "MACParametersSequence",
    "OrderFillerIdentifierSequence",
    "OrderPlacerIdentifierSequence",
    "PatientClinicalTrialParticipationSequence",
    "ReferencedPatientSetupPhotoSequence",
    "RequestingPhysicianIdentificationSequence",
)
"""Not in the table, and yet about persons: who ordered, who judged, which patient."""

_PATIENT = (
    "PatientSex",
    "PatientSexNeutered",
    "PatientSize",
    "PatientWeight",
    "EthnicGroup",
    "EthnicGroupCodeSequence",
    "PregnancyStatus",
    "SmokingStatus",
)
"""Kept by *Retain Patient Characteristics*. What the option would clean as free text stays removed."""

_PATIENT_UNLISTED = frozenset(
    {
        "MeasuredAPDimension",
        "MeasuredLateralDimension",
        "ExaminedBodyThickness",
        "PatientBodyMassIndex",
        "PatientBreedCodeSequence",
        "PatientSizeCodeSequence",
        "PatientSpeciesCodeSequence",
    }
)
"""Of group 0010 and not in the table: kept by the same option alone."""

_PATIENT_TECHNICAL = frozenset(
    {"AnatomicalOrientationType", "QualityControlSubject", "SubjectRelativePositionInImage"}
)

_DEVICE = (
    "CassetteID",
    "DetectorID",
    "DeviceDescription",
    "DeviceLabel",
    "DeviceSerialNumber",
    "DeviceUID",
    "GantryID",
    "GeneratorID",
    "LensMake",
    "LensModel",
    "LensSerialNumber",
    "LensSpecification",
    "ManufacturerDeviceClassUID",
    "ManufacturerDeviceIdentifier",
    "PerformedStationGeographicLocationCodeSequence",
    "PerformedStationName",
    "PerformedStationNameCodeSequence",
    "PlateID",
    "ScheduledProcedureStepLocation",
    "ScheduledStationGeographicLocationCodeSequence",
    "ScheduledStationName",
    "ScheduledStationNameCodeSequence",
    "ScheduledStudyLocation",
    "SourceManufacturer",
    "SourceSerialNumber",
    "StationName",
    "TreatmentMachineName",
    "UDISequence",
    "UniqueDeviceIdentifier",
    "XRayDetectorID",
    "XRayDetectorLabel",
    "XRaySourceID",
)
"""Kept by *Retain Device Identity*. AE titles are not: the standard would have them cleaned."""

_UIDS_WITHIN = ("ReferencedPerformedProcedureStepSequence", "ReferencedStudySequence")

_DESCRIPTORS = (
    "AcquisitionDeviceProcessingDescription",
    "AcquisitionProtocolDescription",
    "ContrastBolusAgent",
    "DerivationDescription",
    "PerformedProcedureStepDescription",
    "ProtocolName",
    "ROIDescription",
    "ROIName",
    "ROIObservationLabel",
    "RTPlanLabel",
    "RequestedProcedureDescription",
    "ScheduledProcedureStepDescription",
    "SeriesDescription",
    "StructureSetLabel",
    "StudyDescription",
)
"""Cleaned by *Clean Descriptors*; every other description is removed with the option as without."""

_NEVER_MOVED = frozenset(
    {"ContextGroupLocalVersion", "ContextGroupVersion", "PatientBirthDate", "PatientBirthTime"}
)
"""Times that are not of the patient's history, or that the option does not keep."""

_FIRST = 0x0008
"""Of a data set: groups before it are of commands, file meta information and directories."""
_DRAWN_OVER = frozenset({0x50, 0x60})
"""Groups 50xx and 60xx: curves and overlays."""

TEMPORAL = frozenset({"DA", "DT", "TM"})
_PROSE = frozenset({"LT", "ST", "UT", "UC", "UR"})
_PROSE_KEPT = frozenset({"LongCodeValue", "URNCodeValue"})
_DESCRIBES = ("Comment", "Comments", "Description", "Explanation", "Label", "Notes")


@cache
def rules(options: frozenset[Option]) -> Mapping[int, Act]:
    """Return what is done to the attributes that the table lists, by tag."""
    acts = _listed() | _acts(_INSTEAD.items())
    acts |= dict.fromkeys(map(_tag, _ALSO_REMOVED), Act.REMOVE)
    if Option.UIDS in options:
        acts |= {tag: Act.KEEP for tag, act in acts.items() if act is Act.UID}
        acts |= dict.fromkeys(map(_tag, _UIDS_WITHIN), Act.WITHIN)
    if Option.PATIENT_CHARACTERISTICS in options:
        acts |= _kept(_PATIENT) | {_tag("PatientAge"): Act.AGE}
    if Option.DEVICE_IDENTITY in options:
        acts |= _kept(_DEVICE)
    if Option.MODIFIED_DATES in options:
        acts |= {tag: Act.SHIFT for tag in acts if _moves(tag)} | {_tag("TimezoneOffsetFromUTC"): Act.SHIFT}
    if Option.CLEAN_DESCRIPTORS in options:
        acts |= dict.fromkeys(map(_tag, _DESCRIPTORS), Act.DESCRIBE)
    return acts


def act_on(tag: int, options: frozenset[Option]) -> Act:
    """Return what is done to an attribute, listed or not.

    What the standard does not name - private attributes, curves and overlays, which it names by ranges, and
    what is newer than the dictionary - cannot be judged, and goes.
    """
    group, element = tag >> 16, tag & 0xFFFF
    if (
        group % 2
        or element == 0
        or group < _FIRST
        or group >> 8 in _DRAWN_OVER
        or not dictionary_has_tag(tag)
    ):
        return Act.REMOVE
    return rules(options).get(tag) or _unlisted(tag, options)


def vrs_of(tag: int) -> frozenset[str]:
    """Return the VRs that the dictionary allows an attribute; none if it does not know it."""
    return frozenset(dictionary_VR(tag).split(" or ")) if dictionary_has_tag(tag) else frozenset()


def _unlisted(tag: int, options: frozenset[Option]) -> Act:  # noqa: PLR0911 - one line for each kind of attribute
    vr, keyword = dictionary_VR(tag), dictionary_keyword(tag)
    if keyword.endswith("Trial") or vr == "UN":
        return Act.REMOVE
    if tag >> 16 == 0x0010:  # noqa: PLR2004 - the group of the patient
        keeps = keyword in _PATIENT_UNLISTED and Option.PATIENT_CHARACTERISTICS in options
        if not keeps and keyword not in _PATIENT_TECHNICAL:
            return Act.REMOVE
    if vr == "SQ":
        return Act.WITHIN
    if vr == "PN":
        return Act.EMPTY
    if vr == "UI":
        return Act.KEEP if Option.UIDS in options else Act.UID
    if vr in TEMPORAL:
        return Act.SHIFT if Option.MODIFIED_DATES in options else Act.REMOVE
    if vr in _PROSE and keyword not in _PROSE_KEPT:
        return Act.DUMMY
    if vr in {"LO", "SH"} and keyword.endswith(_DESCRIBES):
        return Act.DESCRIBE
    return Act.KEEP


def _moves(tag: int) -> bool:
    return bool(vrs_of(tag) & TEMPORAL) and dictionary_keyword(tag) not in _NEVER_MOVED


def _kept(keywords: Iterable[str]) -> dict[int, Act]:
    return {
        tag: Act.WITHIN if "SQ" in vrs_of(tag) else Act.KEEP
        for tag in (_tag(keyword) for keyword in keywords)
    }


@cache
def _listed() -> dict[int, Act]:
    table = dicom_anonymization_database_selector(f"dicomfields_{EDITION}")
    return {
        (group << 16) | element: act
        for name, act in _ACTS.items()
        for group, element, *mask in table[name]
        if not mask  # curves and overlays: `act_on` takes their whole groups
    }


def _acts(pairs: Iterable[tuple[str, Act]]) -> dict[int, Act]:
    return {_tag(keyword): act for keyword, act in pairs}


def _tag(keyword: str) -> int:
    tag = _tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(keyword)
    return tag
