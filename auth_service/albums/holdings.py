"""Count what albums hold, exactly, with one question to Orthanc for all of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from auth_service.archive import Archive, carrying

_DRAWN_OVER_OTHERS = frozenset({"SEG", "RTDOSE", "OT", "SM"})
"""Modalities with pictures that say little by themselves."""

_NO_PICTURE = frozenset(
    {
        "ANN",
        "ASMT",
        "AU",
        "DOC",
        "ECG",
        "EEG",
        "EPS",
        "FID",
        "HD",
        "KO",
        "M3D",
        "PLAN",
        "POS",
        "PR",
        "REG",
        "RESP",
        "RTINTENT",
        "RTPLAN",
        "RTRAD",
        "RTRECORD",
        "RTSEGANN",
        "RTSTRUCT",
        "RWV",
        "SMR",
        "SR",
        "TG",
    }
)
"""Modalities that hold no pixels (PS3.3, C.7.3.1.1.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The series that stands for an album in lists."""

    study: str
    series: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What one album holds."""

    studies: int = 0
    series: int = 0
    instances: int = 0
    modalities: tuple[str, ...] = ()
    picture: Picture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    uid: str
    study: str
    modality: str
    number: int
    instances: int


def holdings(archive: Archive, labels: frozenset[str]) -> dict[str, Holding]:
    """Count what carries each of the labels.

    Parameters
    ----------
    archive : Archive
    labels : frozenset of str
        Labels of albums whose series the actor may view: never empty, which to Orthanc would mean everything.

    Raises
    ------
    Unavailable
        If Orthanc does not answer.

    """
    rows = archive.find(
        {
            "Level": "Series",
            "Query": {},
            # Its main tags come from the index; a requested one that is missing would be looked for in files.
            "ResponseContent": ["Labels", "MainDicomTags"],
            "RequestedTags": ["StudyInstanceUID", "NumberOfSeriesRelatedInstances"],
        }
        | carrying(labels)
    )
    by_label: dict[str, list[_Series]] = defaultdict(list)
    for row in rows:
        for label in labels.intersection(row["Labels"]):
            by_label[label].append(_series(row["MainDicomTags"] | row["RequestedTags"]))
    return {label: _holding(by_label[label]) for label in labels}


def _series(tags: dict[str, Any]) -> _Series:
    return _Series(
        uid=tags["SeriesInstanceUID"],
        study=tags["StudyInstanceUID"],
        modality=tags.get("Modality") or "",
        number=_number(tags.get("SeriesNumber")),
        instances=_number(tags.get("NumberOfSeriesRelatedInstances")),
    )


def _number(value: str | None) -> int:
    try:
        return int(value or 0)
    except ValueError:
        return 0


def _holding(series: Collection[_Series]) -> Holding:
    return Holding(
        studies=len({each.study for each in series}),
        series=len(series),
        instances=sum(each.instances for each in series),
        modalities=tuple(sorted({each.modality for each in series} - {""})),
        picture=_picture(series),
    )


def _picture(series: Iterable[_Series]) -> Picture | None:
    """Choose the largest series of images; of several, always the same."""
    drawable = [each for each in series if each.modality not in _NO_PICTURE]
    if not drawable:
        return None
    best = min(
        drawable,
        key=lambda each: (
            each.modality in _DRAWN_OVER_OTHERS,
            -each.instances,
            each.study,
            each.number,
            each.uid,
        ),
    )
    return Picture(study=best.study, series=best.uid)
