"""De-identify one data set: PS3.15, Basic Application Level Confidentiality Profile, with an album's options.

Nothing here reads or writes anything: a data set goes in, and what became of it comes out.
"""

from dataclasses import dataclass, field
from io import BytesIO

from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID

from auth_service.deidentifying.acceptance import Refusal, refusal_of
from auth_service.deidentifying.attributes import EDITION
from auth_service.deidentifying.burned_in import Suspicion, suspicion_of
from auth_service.deidentifying.cleaning import UNREADABLE, Cleaning, text_of
from auth_service.deidentifying.profile import CODES, Option, Profile
from auth_service.deidentifying.pseudonyms import days_of, patient_of

METHOD = f"PS3.15 {EDITION} Basic Profile, PARADIM portal"
"""At most 64 characters: a Long String."""

_UTF_8 = "ISO_IR 192"
_BASIC = ("113100", "Basic Application Confidentiality Profile")
_STRUCTURED = ("113104", "Clean Structured Content Option")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deidentified:
    """It may go on, as this new data set."""

    dataset: Dataset
    file: bytes = field(repr=False)
    """The same, written (PS3.10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Its header is de-identified; whether its pixels are must be looked at first."""

    dataset: Dataset
    file: bytes = field(repr=False)
    why: Suspicion


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """It cannot be de-identified."""

    why: Refusal


Outcome = Deidentified | Held | Refused


def deidentify(source: Dataset, profile: Profile) -> Outcome:
    """De-identify a data set for an album.

    Parameters
    ----------
    source : pydicom.Dataset
        As it was read, with ``file_meta``; it is left as it was. What it holds is never in an exception or in
        a log.
    profile : Profile
        The album's options and key.

    Returns
    -------
    Deidentified or Held or Refused
        The same for the same input, at any time; the data set has no reference to the original but for its
        pixel data.

    """
    try:
        refusal = refusal_of(source)
        if refusal is not None:
            return Refused(why=refusal)
        dataset = _cleaned(source, profile)
        why, file = suspicion_of(source), written(dataset)
    except UNREADABLE:
        return Refused(why=Refusal.UNREADABLE)
    if why is None:
        return Deidentified(dataset=dataset, file=file)
    return Held(dataset=dataset, file=file, why=why)


def written(dataset: Dataset) -> bytes:
    """Return the file of a de-identified data set (PS3.10)."""
    file = BytesIO()
    dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def _cleaned(source: Dataset, profile: Profile) -> Dataset:
    named = text_of(source, "PatientID")
    study = text_of(source, "StudyInstanceUID")
    pseudonym = patient_of(profile.key, patient_id=named, study=study)
    days = days_of(profile.key, patient_id=named, study=study)
    dataset = Cleaning(profile=profile, days=days).clean(source)
    dataset.PatientID = pseudonym
    dataset.PatientName = pseudonym
    if "SpecificCharacterSet" in source:
        dataset.SpecificCharacterSet = _UTF_8
    _say_so(dataset, profile)
    dataset.file_meta = _meta(source, dataset)
    dataset.preamble = b"\0" * 128
    return dataset


def _say_so(dataset: Dataset, profile: Profile) -> None:
    """Write what was done, as PS3.15 wants it said (section E.1.1)."""
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = METHOD
    codes = [_BASIC, *([_STRUCTURED] if "ContentSequence" in dataset else [])]
    codes += [CODES[option] for option in CODES if option in profile.options]
    dataset.DeidentificationMethodCodeSequence = Items([_code(*code) for code in codes])
    moved = Option.MODIFIED_DATES in profile.options
    dataset.LongitudinalTemporalInformationModified = "MODIFIED" if moved else "REMOVED"


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
    return code


def _meta(source: Dataset, dataset: Dataset) -> FileMetaDataset:
    """Make the file meta information anew: who sent the file, and through whom, is in the old one."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = source.file_meta.TransferSyntaxUID
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    return meta
