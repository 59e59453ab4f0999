"""Writing SR objects: volumes of a subject's masks as a TID 1500 report, by highdicom."""

from pathlib import Path

from highdicom.sr import (
    CodedConcept,
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    SourceImageForMeasurementGroup,
    TrackingIdentifier,
)
from pydicom.sr.codedict import codes

from deploy.samples.dicom import Written, mark, save, stamp
from deploy.samples.model import MANUFACTURER, Study
from deploy.samples.segments import SEGMENTS
from deploy.samples.uids import uid
from deploy.samples.volume import Volume

_MILLILITRE = CodedConcept("ml", "UCUM", "milliliter")
_VOLUME = CodedConcept("118565006", "SCT", "Volume")


def write_report(study: Study, number: int, source: Written, masks: dict[str, Volume], file: Path) -> Written:
    """Write a report of how many ml each mask holds: its fractions summed, times the volume of a voxel."""
    if study.report is None:
        raise ValueError(f"{study.key} has no report")
    key = f"{study.key}/{number}"
    report = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=_observer()),
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=[_group(key, source, name, mask) for name, mask in masks.items()],
        title=codes.DCM.ImagingMeasurementReport,
    )
    document = Comprehensive3DSR(
        evidence=list(source.images),
        content=report,
        series_instance_uid=uid(key),
        series_number=number,
        sop_instance_uid=uid(f"{key}/1"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=False,
        is_verified=False,
        series_description=study.report.description,
    )
    mark(document, study)
    stamp(document, study)
    file.parent.mkdir(parents=True, exist_ok=True)
    save(document, file)
    return Written(str(document.SeriesInstanceUID), "SR", study.report.description, (file,), ())


def _observer() -> ObserverContext:
    return ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
            uid=uid("observer"), name="Test measurements", manufacturer_name=MANUFACTURER
        ),
    )


def _group(key: str, source: Written, name: str, mask: Volume) -> MeasurementsAndQualitativeEvaluations:
    segment = SEGMENTS[name]
    volume = Measurement(
        name=_VOLUME, value=round(float(mask.values.sum()) * mask.voxel_ml, 3), unit=_MILLILITRE
    )
    middle = source.images[len(source.images) // 2]
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=uid(f"{key}/group/{name}"), identifier=segment.label),
        finding_type=CodedConcept.from_code(segment.type),
        finding_sites=[FindingSite(CodedConcept.from_code(segment.type))],
        source_images=[SourceImageForMeasurementGroup.from_source_image(middle)],
        measurements=[volume],
    )
