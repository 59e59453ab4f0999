"""Writing image series: CT and MR objects of one slice each, with the geometry and words of their table."""

import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import config
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, MRImageStorage

from deploy.samples.model import MANUFACTURER, Ct, Mr, Series, Study, Window
from deploy.samples.steps import described
from deploy.samples.uids import uid
from deploy.samples.volume import Volume

DEIDENTIFICATION = "Test data made from public images; never a patient of a hospital"
_CT_INTERCEPT = -1024
_BITS_STORED = 12


@dataclass(frozen=True, eq=False)
class Written:
    """A series on the disk."""

    uid: str
    modality: str
    description: str
    files: tuple[Path, ...]
    images: tuple[Dataset, ...]


def write_images(study: Study, number: int, volume: Volume, folder: Path) -> Written:
    """Write one image series below a folder and return it.

    Parameters
    ----------
    study : Study
        The study; its series ``number`` (from 1) is written.
    number : int
        SeriesNumber.
    volume : Volume
        The values, after the steps of the series.
    folder : Path
        Folder of the series; made if it is not there.

    """
    series = study.series[number - 1]
    template = _series_template(study, number, volume)
    pixels = _stored(volume, template)
    folder.mkdir(parents=True, exist_ok=True)
    images, files = [], []
    for index in range(volume.shape[0]):
        image = _slice(study, number, template, volume, index)
        image.PixelData = pixels[index].tobytes()
        file = folder / f"{index + 1:04}.dcm"
        save(image, file)
        images.append(image)
        files.append(file)
    return Written(
        str(template.SeriesInstanceUID), series.modality, series.description, tuple(files), tuple(images)
    )


def save(dataset: Dataset, file: Path) -> None:
    """Write a Part 10 file whose header is ours, whatever library wrote the object."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = getattr(dataset, "file_meta", {}).get(
        "TransferSyntaxUID", ExplicitVRLittleEndian
    )
    meta.ImplementationClassUID = UID(uid("implementation"))
    meta.ImplementationVersionName = "PARADIM_SAMPLES"
    dataset.file_meta = meta
    dataset.preamble = b"\0" * 128
    dcmwrite(file, dataset, enforce_file_format=True)


def mark(dataset: Dataset, study: Study) -> None:
    """Write who the "patient" is and, in every way that DICOM has, that this is test data."""
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = study.patient.name
    dataset.PatientID = study.patient.id
    dataset.PatientBirthDate = ""
    dataset.PatientSex = study.patient.sex
    dataset.PatientAge = study.age
    dataset.QualityControlSubject = "YES"
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = DEIDENTIFICATION
    dataset.PatientComments = "TEST DATA - NOT A PERSON"
    dataset.StudyInstanceUID = study.uid
    dataset.StudyID = study.key.rpartition("/")[2].upper()
    dataset.StudyDate = study.date
    dataset.StudyTime = study.time
    dataset.StudyDescription = study.description
    dataset.AccessionNumber = study.accession
    dataset.ReferringPhysicianName = ""


def stamp(dataset: Dataset, study: Study) -> None:
    """Replace the times that a library read from the clock by those of the study."""
    dataset.ContentDate = dataset.InstanceCreationDate = study.date
    dataset.ContentTime = dataset.InstanceCreationTime = study.time
    dataset.SeriesDate, dataset.SeriesTime = study.date, study.time
    for item in dataset.get("ContributingEquipmentSequence", ()):
        item.ContributionDateTime = study.date + study.time


def series_uid(study: Study, number: int) -> str:
    """SeriesInstanceUID of series ``number`` of a study."""
    return uid(f"{study.key}/{number}")


def _series_template(study: Study, number: int, volume: Volume) -> Dataset:
    """Return everything that the slices of a series have in common."""
    series = study.series[number - 1]
    common = Dataset()
    mark(common, study)
    common.Modality = series.modality
    common.SeriesInstanceUID = series_uid(study, number)
    common.SeriesNumber = number
    common.SeriesDate = common.AcquisitionDate = study.date
    common.SeriesTime = common.AcquisitionTime = study.time
    common.SeriesDescription = series.description
    common.ProtocolName = series.settings.protocol
    common.BodyPartExamined = series.settings.body_part
    common.PatientPosition = "HFS"
    common.FrameOfReferenceUID = uid(f"{study.key}/frame/{series.frame}")
    common.PositionReferenceIndicator = ""
    common.Manufacturer = MANUFACTURER
    common.ManufacturerModelName = series.settings.model
    common.DeviceSerialNumber = "TEST"
    common.SoftwareVersions = "1"
    common.InstitutionName = MANUFACTURER
    common.AcquisitionNumber = 1
    if series.settings.contrast_agent:
        common.ContrastBolusAgent = series.settings.contrast_agent
        common.ContrastBolusRoute = "INTRAVENOUS"
    if isinstance(series.settings, Ct):
        _apply_ct(common, series.settings, volume)
    else:
        _apply_mr(common, series.settings)
    _apply_pixels(common, series, volume)
    return common


def _apply_ct(common: Dataset, settings: Ct, volume: Volume) -> None:
    common.SOPClassUID = CTImageStorage
    common.KVP = settings.kvp
    common.XRayTubeCurrent = settings.tube_current
    common.ConvolutionKernel = settings.kernel
    common.ReconstructionDiameter = _number(volume.spacing[2] * volume.shape[2])
    common.GantryDetectorTilt = 0
    common.RescaleIntercept = _CT_INTERCEPT
    common.RescaleSlope = 1
    common.RescaleType = "HU"
    _apply_windows(common, settings.windows)


def _apply_mr(common: Dataset, settings: Mr) -> None:
    common.SOPClassUID = MRImageStorage
    common.ScanningSequence = list(settings.scanning_sequence)
    common.SequenceVariant = settings.sequence_variant
    common.ScanOptions = ""
    common.MRAcquisitionType = settings.acquisition
    common.SequenceName = settings.sequence
    common.RepetitionTime = settings.repetition_time
    common.EchoTime = settings.echo_time
    common.EchoTrainLength = settings.echo_train_length
    if settings.inversion_time is not None:
        common.InversionTime = settings.inversion_time
    common.FlipAngle = settings.flip_angle
    common.MagneticFieldStrength = settings.field_strength
    common.ImagingFrequency = _number(42.577 * settings.field_strength)
    common.ImagedNucleus = "1H"
    common.NumberOfAverages = 1
    _apply_windows(common, settings.windows)


def _apply_windows(common: Dataset, windows: tuple[Window, ...]) -> None:
    common.WindowCenter = [window.center for window in windows]
    common.WindowWidth = [window.width for window in windows]
    common.WindowCenterWidthExplanation = [window.name for window in windows]


def _apply_pixels(common: Dataset, series: Series, volume: Volume) -> None:
    slice_mm, row_mm, column_mm = volume.spacing
    _, rows, columns = volume.shape
    _, down, along = volume.directions
    derived = described(series.steps)
    kind = ["DERIVED", "SECONDARY"] if derived else ["ORIGINAL", "PRIMARY"]
    common.ImageType = [*kind, "AXIAL"] if series.modality == "CT" else [*kind, "OTHER"]
    if derived:
        common.DerivationDescription = derived
    common.BurnedInAnnotation = "NO"
    common.LossyImageCompression = "00"
    common.PixelSpacing = [_number(row_mm), _number(column_mm)]
    common.SliceThickness = _number(volume.thickness)
    common.SpacingBetweenSlices = _number(slice_mm)
    common.ImageOrientationPatient = [_number(value) for value in (*along, *down)]
    common.SamplesPerPixel = 1
    common.PhotometricInterpretation = "MONOCHROME2"
    common.Rows, common.Columns = rows, columns
    common.BitsAllocated, common.BitsStored, common.HighBit = 16, _BITS_STORED, _BITS_STORED - 1
    common.PixelRepresentation = 0


def _slice(study: Study, number: int, template: Dataset, volume: Volume, index: int) -> Dataset:
    image = copy.deepcopy(template)
    image.SOPInstanceUID = uid(f"{study.key}/{number}/{index + 1}")
    image.InstanceNumber = index + 1
    image.ContentDate, image.ContentTime = study.date, study.time
    place = volume.place((index, 0, 0))
    image.ImagePositionPatient = [_number(value) for value in place]
    normal = np.cross(np.asarray(volume.directions[2]), np.asarray(volume.directions[1]))
    image.SliceLocation = _number(float(np.dot(normal, place)))
    return image


def _stored(volume: Volume, template: Dataset) -> NDArray[np.uint16]:
    """Return the values as stored: rounded, shifted by the rescale intercept, held to 12 bits."""
    values = volume.values
    if values.dtype.kind == "f":
        values = np.rint(values)
    shifted = values.astype(np.int32) - int(template.get("RescaleIntercept", 0))
    return np.clip(shifted, 0, (1 << _BITS_STORED) - 1).astype("<u2")


def _number(value: float) -> float:
    """Return a number that fits a decimal string of 16 characters, without a negative zero."""
    return round(value, 6) + 0.0


# Values of ours that break the standard are mistakes of ours: let them be errors, not warnings.
config.settings.writing_validation_mode = config.RAISE
