"""What the archive in memory holds: patients, studies, series, instances, and the tags they answer with."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

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
    "NumberOfPatientRelatedStudies",
    "NumberOfPatientRelatedSeries",
    "NumberOfPatientRelatedInstances",
    "NumberOfStudyRelatedSeries",
    "NumberOfStudyRelatedInstances",
    "NumberOfSeriesRelatedInstances",
    "ModalitiesInStudy",
    "SOPClassesInStudy",
    "InstanceAvailability",
}


@dataclass(eq=False, kw_only=True)
class Held:
    """One patient, study, series or instance."""

    type: str
    id: str
    tags: dict[str, str]
    parent: "Held | None"
    labels: set[str] = field(default_factory=set)
    children: dict[str, "Held"] = field(default_factory=dict)

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
        """Return what Orthanc answers for a tag of this resource; ``None`` where the DICOM has none."""
        if keyword in COMPUTED:
            return self._computed(keyword)
        for level in LEVELS[: LEVELS.index(self.type) + 1]:
            if keyword in MAIN[level]:
                return self.up(level).tags.get(keyword)
        first = next(self.below("Instance"), None)
        return first.tags.get(keyword) if first else None

    def _computed(self, keyword: str) -> str | None:
        match = re.fullmatch(r"NumberOf(Patient|Study|Series)Related(Studies|Series|Instances)", keyword)
        if match:
            if LEVELS.index(match[1]) > LEVELS.index(self.type):
                return None
            counted = {"Studies": "Study", "Series": "Series", "Instances": "Instance"}[match[2]]
            return str(len(list(self.up(match[1]).below(counted))))
        if keyword == "InstanceAvailability":
            return "ONLINE"
        if self.type == "Patient":
            return None
        study = self.up("Study")
        if keyword == "ModalitiesInStudy":
            return "\\".join(sorted({s.tags.get("Modality", "") for s in study.below("Series")} - {""}))
        return "\\".join(sorted({i.tags.get("SOPClassUID", "") for i in study.below("Instance")} - {""}))


def orthanc_id(*identifiers: str) -> str:
    """Return Orthanc's own identifier: the SHA-1 of PatientID, StudyInstanceUID ... in groups of eight."""
    digest = hashlib.sha1("|".join(identifiers).encode(), usedforsecurity=False).hexdigest()
    return "-".join(digest[start : start + 8] for start in range(0, 40, 8))
