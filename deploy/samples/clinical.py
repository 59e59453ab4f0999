"""The real clinical files that pydicom bundles: one series per kind of object, in no album.

Their pixels, UIDs and headers stay as they are; only who the "patient" is is overwritten, as some carry
invented names of people, and several "patients" of theirs share a StudyInstanceUID. Files without a Part 10
header get one.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import ImplicitVRLittleEndian

from deploy.native.errors import CannotGoOn
from deploy.samples.dicom import DEIDENTIFICATION, save
from deploy.samples.manifest import Clinical, SeriesEntry, StudyEntry

FOLDER = "clinical"


@dataclass(frozen=True)
class Kind:
    """One bundled file and what it stands for; ``key`` names the patient and the file."""

    key: str
    file: str
    what: str


KINDS = (
    Kind("CT", "CT_small.dcm", "CT, uncompressed"),
    Kind("CT-J2K", "693_J2KI.dcm", "CT, JPEG 2000 (lossy)"),
    Kind("MR", "examples_overlay.dcm", "MR with an overlay"),
    Kind("MR-RLE", "MR_small_RLE.dcm", "MR, RLE lossless"),
    Kind("CR", "dicomdirtests/77654033/CR1/6154", "computed radiography"),
    Kind("NM", "JPGExtended.dcm", "nuclear medicine, JPEG of 12 bits"),
    Kind("US", "examples_rgb_color.dcm", "ultrasound in colour"),
    Kind("US-MULTIFRAME", "examples_ybr_color.dcm", "ultrasound, 30 frames, JPEG"),
    Kind("US-PALETTE", "examples_palette.dcm", "ultrasound with a colour palette"),
    Kind("SC-MULTIFRAME", "SC_rgb_rle_2frame.dcm", "secondary capture, 2 frames in colour, RLE"),
    Kind("SEG", "liver_1frame.dcm", "segmentation of a liver"),
    Kind("SR", "test-SR.dcm", "comprehensive structured report"),
    Kind("ECG", "waveform_ecg.dcm", "12-lead electrocardiogram"),
    Kind("RTPLAN", "rtplan.dcm", "radiotherapy plan"),
    Kind("RTSTRUCT", "rtstruct.dcm", "radiotherapy structures (written without a header)"),
    Kind("RTDOSE", "rtdose.dcm", "radiotherapy dose, 15 frames"),
)


def write_clinical(source: Path, folder: Path) -> Iterator[tuple[Clinical, StudyEntry]]:
    """Write the clinical files below ``folder/clinical`` and say what each is."""
    for kind in KINDS:
        original = source / kind.file
        if not original.is_file():
            raise CannotGoOn(
                f"pydicom's {kind.file} is not in {source}.",
                f"Install pydicom {pydicom.__version__} from its wheel, with its data folder.",
            )
        dataset = _read(original)
        _mark(dataset, kind)
        target = folder / FOLDER / kind.key.lower() / "0001.dcm"
        target.parent.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            # What the original holds is kept, well-formed or not; pydicom warns about some of it again.
            warnings.simplefilter("ignore")
            save(dataset, target)
        yield _entries(dataset, target.relative_to(folder).as_posix())


def unusable(source: Path) -> dict[str, str]:
    """Return the bundled files that can be no sample, and why: no header, no SOP class or no UIDs."""
    reasons: dict[str, str] = {}
    chosen = {source / kind.file for kind in KINDS}
    for file in sorted(path for path in source.rglob("*") if path.is_file() and path not in chosen):
        if file.name.startswith(("DICOMDIR", "README")) or file.suffix in {
            ".txt",
            ".dump",
            ".json",
            ".icc",
            ".gz",
        }:
            continue
        try:
            dataset = _read(file, force=False)
        except InvalidDicomError:
            reasons[file.relative_to(source).as_posix()] = "has no header"
            continue
        missing = [name for name in _IDENTITY if not str(dataset.get(name, "")).strip()]
        if missing:
            reasons[file.relative_to(source).as_posix()] = f"has no {', '.join(missing)}"
    return reasons


_IDENTITY = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")


def _read(file: Path, *, force: bool = True) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(file, force=force)
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return dataset


def _mark(dataset: Dataset, kind: Kind) -> None:
    dataset.PatientName = f"TEST^CLINICAL-{kind.key}"
    dataset.PatientID = f"TEST-CLN-{kind.key}"
    dataset.QualityControlSubject = "YES"
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = f"{DEIDENTIFICATION}; file {kind.file.rpartition('/')[2]} of pydicom"[
        :64
    ]


def _entries(dataset: Dataset, file: str) -> tuple[Clinical, StudyEntry]:
    modality, study, series = (
        str(dataset[name].value) for name in ("Modality", "StudyInstanceUID", "SeriesInstanceUID")
    )
    entry = SeriesEntry(
        series=series,
        modality=modality,
        description=str(dataset.get("SeriesDescription", "")),
        folder=file.rpartition("/")[0],
        instances=1,
    )
    described = StudyEntry(
        study=study,
        patient_id=str(dataset.PatientID),
        description=str(dataset.get("StudyDescription", "")),
        albums=(),
        series=(entry,),
    )
    return Clinical(modality=modality, study=study, series=series, file=file), described
