"""What the archive in memory holds: patients, studies, series, instances, and the tags they answer with."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydicom.datadict import tag_for_keyword

LEVELS = ("Patient", "Study", "Series", "Instance")
KEYS = {
    "Patient": "PatientID",
    "Study": "StudyInstanceUID",
    "Series": "SeriesInstanceUID",
    "Instance": "SOPInstanceUID",
}

MAIN = {
    "Patient": {"PatientID", "PatientName", "PatientBirthDate", "PatientSex", "OtherPatientIDs"},
    "Study": {
        "StudyInstanceUID",
        "StudyDate",
        "StudyTime",
        "StudyID",
        "StudyDescription",
        "AccessionNumber",
        "ReferringPhysicianName",
        "InstitutionName",
        "RequestingPhysician",
        "RequestedProcedureDescription",
        "PatientAge",
    },
    "Series": {
        "SeriesInstanceUID",
        "SeriesDate",
        "SeriesTime",
        "SeriesDescription",
        "SeriesNumber",
        "Modality",
        "BodyPartExamined",
        "Manufacturer",
        "ManufacturerModelName",
        "ProtocolName",
        "SliceThickness",
        "StationName",
        "ConvolutionKernel",
        "ContrastBolusAgent",
    },
    "Instance": {"SOPInstanceUID", "InstanceNumber", "AcquisitionNumber", "ImagePositionPatient"},
}
"""The tags that Orthanc keeps in its index, by level (with the project's ``ExtraMainDicomTags``)."""

COMPUTED = {
    "NumberOfPatientRelatedStudies": ("Patient", "Study"),
    "NumberOfPatientRelatedSeries": ("Patient", "Series"),
    "NumberOfPatientRelatedInstances": ("Patient", "Instance"),
    "NumberOfStudyRelatedSeries": ("Study", "Series"),
    "NumberOfStudyRelatedInstances": ("Study", "Instance"),
    "NumberOfSeriesRelatedInstances": ("Series", "Instance"),
    "ModalitiesInStudy": ("Study", ""),
    "SOPClassesInStudy": ("Study", ""),
}
"""Tags that Orthanc computes: the level that has them, and what they count."""


@dataclass(eq=False, kw_only=True)
class Held:
    """One patient, study, series or instance."""

    type: str
    id: str
    tags: dict[str, str]
    parent: "Held | None"
    labels: set[str] = field(default_factory=set)
    children: dict[str, "Held"] = field(default_factory=dict)

    metadata: dict[str, str] = field(default_factory=dict)
    """How it came: of an instance and, as far as Orthanc keeps it there, of a series."""
    settling: bool = False
    """Of a series: whether images of it may still come."""
    unindexed: frozenset[str] = frozenset()
    """Keywords that the index of this resource was not made to hold: it came before the site chose them."""

    @property
    def signature(self) -> str:
        """Which attributes its index holds where the files have them, as Orthanc writes it down."""
        tags = sorted(tag_for_keyword(keyword) or 0 for keyword in MAIN[self.type] - self.unindexed)
        return ";".join(f"{tag >> 16:04x},{tag & 0xFFFF:04x}" for tag in tags)

    def below(self, wanted: str) -> Iterator["Held"]:
        """Yield the resources of one level below (or this one itself)."""
        if self.type == wanted:
            yield self
            return
        for child in self.children.values():
            yield from child.below(wanted)

    def up(self, wanted: str) -> "Held":
        """Return the resource of one level above (or this one itself)."""
        here: Held = self
        while here.type != wanted:
            assert here.parent is not None
            here = here.parent
        return here

    def value(self, keyword: str) -> str | None:
        """Return what Orthanc answers for a tag of this resource; ``None`` where there is none.

        Counts and modalities are known on their own level only; what the index does not keep is read from one
        instance.
        """
        if keyword in COMPUTED:
            return self._computed(keyword)
        for level in LEVELS[: LEVELS.index(self.type) + 1]:
            if keyword in MAIN[level]:
                return self.up(level).tags.get(keyword)
        first = next(self.below("Instance"), None)
        return first.tags.get(keyword) if first else None

    def inherits(self, keyword: str) -> bool:
        """Whether the index keeps the tag on a level above."""
        return any(keyword in MAIN[level] for level in LEVELS[: LEVELS.index(self.type)])

    def _computed(self, keyword: str) -> str | None:
        level, counted = COMPUTED[keyword]
        if level != self.type:
            return None
        if counted:
            return str(len(list(self.below(counted))))
        below, tag = ("Series", "Modality") if keyword == "ModalitiesInStudy" else ("Instance", "SOPClassUID")
        return "\\".join(sorted({here.tags.get(tag, "") for here in self.below(below)} - {""}))


def orthanc_id(*identifiers: str) -> str:
    """Return Orthanc's own identifier: the SHA-1 of PatientID, StudyInstanceUID ... in groups of eight."""
    digest = hashlib.sha1("|".join(identifiers).encode(), usedforsecurity=False).hexdigest()
    return "-".join(digest[start : start + 8] for start in range(0, 40, 8))
