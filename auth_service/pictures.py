"""Choose the picture that stands for a series: the middle of it, in the window that its header asks for.

Orthanc's own thumbnail of a series is that of whichever instance comes first by identifier, stretched from
its darkest to its brightest value. This says where a better one is; the picture itself is fetched through
the gate like any other, so nothing here opens anything.
"""

from typing import Any

from auth_service.archive import Archive, ArchivedSeries

MAX_SIZE = 512
"""Pixels of a side."""

_LARGEST = 10**9
"""Where an instance without a readable number sorts."""


def picture_path(archive: Archive, series: ArchivedSeries, *, size: int) -> str | None:
    """Return the path and query of a picture of the series, at most ``size`` pixels wide and high.

    ``None`` where the series holds no instance. Whether its instances have pixels at all is found out by
    whoever fetches the picture.
    """
    rows = _find(archive, {"SeriesInstanceUID": series.uid}, ["SOPInstanceUID", "InstanceNumber"])
    if not rows:
        return None
    middle = sorted(rows, key=_position)[len(rows) // 2]["SOPInstanceUID"]
    header = _find(
        archive,
        {"SeriesInstanceUID": series.uid, "SOPInstanceUID": middle},
        ["Modality", "WindowCenter", "WindowWidth", "NumberOfFrames"],
    )
    if not header:
        return None
    frame = _frame(header[0])
    path = f"/dicom-web/studies/{series.study_uid}/series/{series.uid}/instances/{middle}{frame}/rendered"
    return f"{path}?viewport={size},{size}{_window(header[0])}"


def _frame(header: dict[str, Any]) -> str:
    frames = int(_number(header.get("NumberOfFrames")) or 1)
    if frames <= 1:
        return ""
    # Segments come one after the other: half way there is often nothing but the edge between two of them.
    return f"/frames/{frames // (4 if header.get('Modality') == 'SEG' else 2) + 1}"


def _window(header: dict[str, Any]) -> str:
    center, width = (_number(header.get(keyword)) for keyword in ("WindowCenter", "WindowWidth"))
    if center is None or width is None or width < 1:
        return ""
    return f"&window={center:.2f},{width:.2f},linear"


def _find(archive: Archive, query: dict[str, str], tags: list[str]) -> list[dict[str, Any]]:
    rows = archive.find({"Level": "Instance", "Query": query, "ResponseContent": [], "RequestedTags": tags})
    return [row["RequestedTags"] for row in rows]


def _position(tags: dict[str, Any]) -> tuple[float, str]:
    number = _number(tags.get("InstanceNumber"))
    return (_LARGEST if number is None else number, str(tags["SOPInstanceUID"]))


def _number(value: str | None) -> float | None:
    """Read the first value of a decimal or integer string (PS3.5, section 6.2); ``None`` where it is none."""
    try:
        number = float((value or "").split("\\")[0])
    except ValueError:
        return None
    return number if abs(number) < _LARGEST else None
