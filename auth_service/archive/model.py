"""What the auth service asks of an archive, and what it is told."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from auth_service.archive.labels import unasked
from auth_service.vocabulary import Level


class AmbiguousError(Exception):
    """An identifier exists more than once in the archive."""

    def __init__(self, level: Level, uid: str) -> None:
        super().__init__(f"{level} {uid} exists more than once")
        self.level = level
        self.uid = uid


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedSeries:
    """One series, resolved to exactly one Orthanc id, with its study and the labels of both."""

    id: str
    uid: str
    labels: frozenset[str]
    modality: str
    """Empty where it has none."""
    study_id: str
    study_uid: str
    study_labels: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedInstance:
    """One instance and the series it belongs to."""

    id: str
    uid: str
    sop_class: str
    series: ArchivedSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedStudy:
    """One study, resolved to exactly one Orthanc id, with all of its series, permitted or not."""

    id: str
    uid: str
    labels: frozenset[str]
    series: tuple[ArchivedSeries, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """An answer that is read as it comes; whoever takes it reads it to its end, or closes it."""

    headers: Mapping[str, str]
    """By lower-case name."""
    chunks: Iterator[bytes]
    close: Callable[[], None] = lambda: None


class NotAccepted(Exception):
    """The archive does not take a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the archive says of a file that it was given."""

    id: str
    """Orthanc's identifier of the instance."""
    new: bool
    """``False``: it had one that is called the same, and kept that."""


class Archive(Protocol):
    """What the auth service asks of Orthanc."""

    def find(self, question: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Ask ``/tools/find`` as it is given; raises `Unavailable` when Orthanc does not answer."""
        ...

    def count(self, question: Mapping[str, Any]) -> int:
        """Ask ``/tools/count-resources`` as it is given."""
        ...

    def study(self, uid: str) -> ArchivedStudy | None:
        """Resolve a StudyInstanceUID; raises `AmbiguousError` when it exists twice."""
        ...

    def study_by_id(self, orthanc_id: str) -> ArchivedStudy | None:
        """Resolve a study by Orthanc's own identifier; what exists twice is refused by it too."""
        ...

    def series(self, uid: str) -> ArchivedSeries | None:
        """Resolve a SeriesInstanceUID; raises `AmbiguousError` when it, or its study, exists twice."""
        ...

    def series_by_id(self, orthanc_id: str) -> ArchivedSeries | None:
        """Resolve a series by Orthanc's own identifier; what exists twice is refused by it too."""
        ...

    def instance(self, orthanc_id: str) -> ArchivedInstance | None:
        """Resolve an instance by Orthanc's own identifier."""
        ...

    def instance_by_uid(self, uid: str) -> ArchivedInstance | None:
        """Resolve a SOPInstanceUID; raises `AmbiguousError` when it exists twice."""
        ...

    def series_metadata(self, study_uid: str, series_uid: str) -> bytes | None:
        """Return what DICOMweb says of the instances of a series, as it is written; ``None``: it is gone."""
        ...

    def series_bytes(self, orthanc_id: str) -> int:
        """Return how large the files of a series are together, as they are given; 0: it is gone."""
        ...

    def stream(
        self, method: str, path: str, *, accept: str = "*/*", body: Mapping[str, Any] | None = None
    ) -> Streamed:
        """Ask for what may be long; the answer is read as it comes. Raises `NotFound` where there is none."""
        ...

    def store(self, file: Path) -> Stored:
        """Give the archive a DICOM file; raises `NotAccepted` where it cannot read it."""
        ...

    def delete_instance(self, orthanc_id: str) -> None:
        """Delete an instance; repeating it is harmless."""
        ...

    def all_labels(self) -> frozenset[str]:
        """Return every label that anything carries."""
        ...

    def set_label(self, level: Level, orthanc_id: str, label: str) -> bool:
        """Put a label on a study or series; repeating it is harmless. ``False``: it does not exist."""
        ...

    def remove_label(self, level: Level, orthanc_id: str, label: str) -> bool:
        """Take a label off a study or series; repeating it is harmless. ``False``: it does not exist."""
        ...

    def labels_of(self, level: Level, orthanc_id: str) -> frozenset[str]:
        """Return the labels of a study or series; none where it does not exist."""
        ...

    def changes(self, *, since: int | None, limit: int) -> dict[str, Any]:
        """Ask ``/changes`` for what happened after a change; ``None``: for the last one alone."""
        ...

    def write_labels(
        self,
        level: Level,
        orthanc_ids: Sequence[str],
        label: str,
        *,
        carries: bool,
        before: Callable[[], None] = unasked,
    ) -> list[bool]:
        """Put a label on many, or take it off; tell in their order which exist. Repeating it is harmless.

        ``before`` is called before each is sent, and as answers come; what it raises ends it there.
        """
        ...

    def main_tags(self) -> Mapping[Level, frozenset[str]]:
        """Return the keywords in Orthanc's index, level by level; the patient's are with the study's."""
        ...

    def version(self) -> str:
        """Return Orthanc's version: a sign of life."""
        ...
