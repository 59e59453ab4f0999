"""Writing SEG objects: the masks of a subject over the images they belong to, by highdicom."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from highdicom import AlgorithmIdentificationSequence
from highdicom.color import CIELabColor
from highdicom.seg import (
    SegmentAlgorithmTypeValues,
    Segmentation,
    SegmentationFractionalTypeValues,
    SegmentationTypeValues,
    SegmentDescription,
)
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from deploy.samples.dicom import Written, mark, save, stamp
from deploy.samples.model import MANUFACTURER, Series, Study
from deploy.samples.uids import uid
from deploy.samples.volume import Volume

_MAJORITY = 0.5
_FULL = 255

_TISSUE = Code("85756007", "SCT", "Tissue")
_STRUCTURE = Code("91723000", "SCT", "Anatomical Structure")
_THRESHOLD = Code("123105", "DCM", "Histogram Analysis")


@dataclass(frozen=True)
class Segment:
    """How one mask is called, coded and coloured."""

    label: str
    category: Code
    type: Code
    algorithm: str
    color: tuple[float, float, float]


SEGMENTS = {
    "bone": Segment(
        "Bone",
        _STRUCTURE,
        Code("272673000", "SCT", "Bone"),
        "InVesalius threshold 226 to 3071 HU",
        (85, 5, 30),
    ),
    "skin": Segment(
        "Skin",
        _STRUCTURE,
        Code("39937001", "SCT", "Skin"),
        "InVesalius threshold -142 to 2986 HU",
        (70, 25, 30),
    ),
    "grey": Segment(
        "Grey matter",
        _TISSUE,
        Code("389081007", "SCT", "Gray Matter"),
        "MNI ICBM 152 tissue map",
        (60, 10, -45),
    ),
    "white": Segment(
        "White matter",
        _TISSUE,
        Code("389080008", "SCT", "White Matter"),
        "MNI ICBM 152 tissue map",
        (85, -40, 40),
    ),
    "right-lung": Segment(
        "Right lung", _STRUCTURE, Code("3341006", "SCT", "Right lung"), "Analytic ellipsoid", (70, -35, -20)
    ),
    "left-lung": Segment(
        "Left lung", _STRUCTURE, Code("44029006", "SCT", "Left lung"), "Analytic ellipsoid", (75, 30, 60)
    ),
}


def write_segments(
    study: Study, number: int, *, series: Series, source: Written, masks: dict[str, Volume], file: Path
) -> Written:
    """Write one SEG object over an image series.

    Parameters
    ----------
    study : Study
        The study of both.
    number : int
        SeriesNumber of the SEG.
    series, source : Series, Written
        The image series: its row of the table, and what was written.
    masks : dict of str to Volume
        Fractions from 0 to 1 on the grid of the images, by names of `SEGMENTS`.
    file : Path
        The file to write; its folder is made if it is not there.

    """
    key = f"{study.key}/{number}"
    stack = np.stack([masks[name].values for name in masks], axis=-1)
    description = f"{source.description} - {', '.join(SEGMENTS[name].label.lower() for name in masks)}"
    if series.fractional:
        pixels, kind = np.clip(stack, 0.0, 1.0).astype(np.float32), SegmentationTypeValues.FRACTIONAL
    else:
        pixels, kind = (stack > _MAJORITY).astype(np.uint8), SegmentationTypeValues.BINARY
    segmentation = Segmentation(
        source_images=list(source.images),
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=[_described(key, place, name) for place, name in enumerate(masks, start=1)],
        series_instance_uid=uid(key),
        series_number=number,
        sop_instance_uid=uid(f"{key}/1"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name="Test SEG",
        software_versions="1",
        device_serial_number="TEST",
        fractional_type=SegmentationFractionalTypeValues.PROBABILITY,
        max_fractional_value=_FULL,
        content_label="MASKS",
        content_description="Test data",
        series_description=description,
    )
    _make_ours(segmentation, study, key, series.settings.body_part)
    file.parent.mkdir(parents=True, exist_ok=True)
    save(segmentation, file)
    return Written(str(segmentation.SeriesInstanceUID), "SEG", description, (file,), ())


def _described(key: str, place: int, name: str) -> SegmentDescription:
    segment = SEGMENTS[name]
    return SegmentDescription(
        segment_number=place,
        segment_label=segment.label,
        segmented_property_category=segment.category,
        segmented_property_type=segment.type,
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=AlgorithmIdentificationSequence(
            name=segment.algorithm, family=_THRESHOLD, version="1"
        ),
        tracking_uid=uid(f"{key}/segment/{name}"),
        tracking_id=f"{key} {segment.label}",
        display_color=CIELabColor(*segment.color),
    )


def _make_ours(segmentation: Dataset, study: Study, key: str, body_part: str) -> None:
    """Give the object the test marks, and names and times of ours where highdicom made random ones."""
    mark(segmentation, study)
    stamp(segmentation, study)
    segmentation.BodyPartExamined = body_part
    segmentation.InstitutionName = MANUFACTURER
    organization = uid(f"{key}/dimensions")
    for item in segmentation.DimensionOrganizationSequence:
        item.DimensionOrganizationUID = organization
    for item in segmentation.DimensionIndexSequence:
        item.DimensionOrganizationUID = organization
