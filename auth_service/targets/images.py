"""The routes about images, for everybody whom grants open them to: DICOMweb's, and Orthanc's own.

One series or instance is streamed by nginx after a decision. What speaks of a whole study or of more is
answered by the auth service from the permitted series: a study may hold series that are hidden from who asks.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from auth_service.targets.row import Row, Way
from auth_service.vocabulary import Action, Level

VIEWER_CLASSES = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.66.4",  # Segmentation Storage
        "1.2.840.10008.5.1.4.1.1.66.7",  # Label Map Segmentation Storage
        "1.2.840.10008.5.1.4.1.1.66.5",  # Surface Segmentation Storage
        "1.2.840.10008.5.1.4.1.1.88.11",  # Basic Text SR Storage
        "1.2.840.10008.5.1.4.1.1.88.22",  # Enhanced SR Storage
        "1.2.840.10008.5.1.4.1.1.88.33",  # Comprehensive SR Storage
        "1.2.840.10008.5.1.4.1.1.88.34",  # Comprehensive 3D SR Storage
        "1.2.840.10008.5.1.4.1.1.88.35",  # Extensible SR Storage
        "1.2.840.10008.5.1.4.1.1.88.59",  # Key Object Selection Document Storage
        "1.2.840.10008.5.1.4.1.1.11.1",  # Grayscale Softcopy Presentation State Storage
        "1.2.840.10008.5.1.4.1.1.11.2",  # Color Softcopy Presentation State Storage
        "1.2.840.10008.5.1.4.1.1.11.3",  # Pseudo-Color Softcopy Presentation State Storage
        "1.2.840.10008.5.1.4.1.1.11.4",  # Blending Softcopy Presentation State Storage
        "1.2.840.10008.5.1.4.1.1.481.3",  # RT Structure Set Storage
    }
)
"""SOP classes whose whole instances viewers need to draw them (PS3.4, annex B.5): no images among them."""

_Parameters = Mapping[str, str]

_MEDIA_TYPE = r"image/(?:jpeg|png|gif)"
_SIZE = r"(?:[1-9][0-9]{0,2}|[1-3][0-9]{3}|40[0-8][0-9]|409[0-6])"
"""Up to 4096 pixels: Orthanc holds the whole picture in memory before it sends it."""
_NUMBER = r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?"
_PERCENT = r"[1-9][0-9]?|100"
_FLAG = r"(?:|1|true)"
"""Orthanc looks only whether the parameter is there."""
_BOOLEAN = r"0|1|false|true"
_UIDS = r"[0-9.]{1,64}"

_NONE: _Parameters = MappingProxyType({})
_QUERY: _Parameters = MappingProxyType({"*": r".*"})
"""The route reads its own query, parameter by parameter, and refuses what it does not know."""
_THUMBNAIL = MappingProxyType({"accept": _MEDIA_TYPE, "viewport": rf"{_SIZE},{_SIZE}"})
_RENDERED = MappingProxyType(
    {
        "accept": _MEDIA_TYPE,
        "quality": r"[0-9]{1,3}",
        "viewport": rf"{_SIZE},{_SIZE}(?:,{_NUMBER},{_NUMBER},{_NUMBER},{_NUMBER})?",
        "window": rf"{_NUMBER},{_NUMBER},(?:linear|linear-exact|sigmoid)",
    }
)
"""Query parameters of rendered resources (PS3.18, section 8.3.5)."""
_TAGS = MappingProxyType({"simplify": _FLAG, "short": _FLAG, "ignore-length": r"[0-9a-zA-Z,-]{1,256}"})
_PICTURE = MappingProxyType({"quality": _PERCENT, "returnUnsupportedImage": _FLAG})
_ORTHANC_RENDERED = _PICTURE | {
    "height": _SIZE,
    "width": _SIZE,
    "smooth": _BOOLEAN,
    "window-center": _NUMBER,
    "window-width": _NUMBER,
}
_ALBUM = MappingProxyType({"album": r"[a-z0-9-]{1,64}"})
_NUMPY = MappingProxyType({"compress": _BOOLEAN, "rescale": _BOOLEAN})
_FILE = MappingProxyType(
    {"filename": r"[0-9A-Za-z_-]{1,64}(?:\.[0-9A-Za-z]{1,8})?", "transcode": _UIDS, "lossy-quality": _PERCENT}
)

_STUDY = "/dicom-web/studies/{study}"
_SERIES = _STUDY + "/series/{series}"
_INSTANCE = _SERIES + "/instances/{instance}"
_FRAMES = _INSTANCE + "/frames/{frames}"


def _viewed(name: str, path: str, level: Level, parameters: _Parameters = _NONE) -> Row:
    """One series or instance, looked at."""
    return Row(
        name=name,
        method="GET",
        path=path,
        action=Action.VIEW,
        level=level,
        way=Way.STREAMED,
        parameters=parameters,
    )


def _taken(
    name: str, path: str, level: Level, parameters: _Parameters = _NONE, *, by_class: bool = False
) -> Row:
    """One series or instance, taken away: each time is on record, so that no decision is kept."""
    return Row(
        name=name,
        method="GET",
        path=path,
        action=Action.DOWNLOAD,
        level=level,
        way=Way.STREAMED,
        parameters=parameters,
        by_class=by_class,
        cached=False,
    )


def _answered(
    name: str,
    method: str,
    path: str,
    level: Level,
    parameters: _Parameters = _NONE,
    *,
    action: Action = Action.VIEW,
) -> Row:
    return Row(
        name=name,
        method=method,
        path=path,
        action=action,
        level=level,
        way=Way.ANSWERED,
        parameters=parameters,
        cached=False,
    )


def _of_orthanc(folder: str, level: Level, tails: Mapping[str, _Parameters]) -> tuple[Row, ...]:
    """Orthanc's own routes of one series or instance, looked at."""
    return tuple(
        _viewed(_name(folder, tail), f"/orthanc/{folder}/{{id}}/{tail}", level, parameters)
        for tail, parameters in tails.items()
    )


def _name(folder: str, tail: str) -> str:
    return "-".join(("orthanc", folder, *re.findall(r"[a-z0-9]+", tail)))


_DICOMWEB = (
    _viewed("frames", _FRAMES, Level.INSTANCE),
    _viewed("frames-rendered", _FRAMES + "/rendered", Level.INSTANCE, _RENDERED),
    _viewed("frames-thumbnail", _FRAMES + "/thumbnail", Level.INSTANCE, _THUMBNAIL),
    _viewed("all-frames", _INSTANCE + "/frames", Level.INSTANCE),
    _viewed("series-metadata", _SERIES + "/metadata", Level.SERIES),
    _viewed("series-rendered", _SERIES + "/rendered", Level.SERIES, _RENDERED),
    _viewed("series-thumbnail", _SERIES + "/thumbnail", Level.SERIES, _THUMBNAIL),
    _viewed("instance-metadata", _INSTANCE + "/metadata", Level.INSTANCE),
    _viewed("instance-rendered", _INSTANCE + "/rendered", Level.INSTANCE, _RENDERED),
    _viewed("instance-thumbnail", _INSTANCE + "/thumbnail", Level.INSTANCE, _THUMBNAIL),
    _viewed("instance-bulkdata", _INSTANCE + "/bulk/{tags}", Level.INSTANCE),
    _taken("instance", _INSTANCE, Level.INSTANCE, by_class=True),
    _taken("series", _SERIES, Level.SERIES),
    _answered("study", "GET", _STUDY, Level.STUDY, action=Action.DOWNLOAD),
    _answered("study-metadata", "GET", _STUDY + "/metadata", Level.STUDY),
    _answered("study-rendered", "GET", _STUDY + "/rendered", Level.STUDY, _RENDERED),
    _answered("study-thumbnail", "GET", _STUDY + "/thumbnail", Level.STUDY, _THUMBNAIL),
    _answered("store", "POST", "/dicom-web/studies", Level.ALBUM, _ALBUM, action=Action.UPLOAD),
    _answered("store-in-study", "POST", _STUDY, Level.ALBUM, _ALBUM, action=Action.UPLOAD),
    _answered("search-studies", "GET", "/dicom-web/studies", Level.STUDY, _QUERY),
    _answered("search-series", "GET", _STUDY + "/series", Level.SERIES, _QUERY),
    _answered("search-all-series", "GET", "/dicom-web/series", Level.SERIES, _QUERY),
    _answered("search-instances", "GET", _SERIES + "/instances", Level.INSTANCE, _QUERY),
    _answered("search-study-instances", "GET", _STUDY + "/instances", Level.INSTANCE, _QUERY),
    _answered("search-all-instances", "GET", "/dicom-web/instances", Level.INSTANCE, _QUERY),
    _answered("wado-uri", "GET", "/orthanc/wado", Level.INSTANCE, _QUERY),
)

_LISTED = (
    _answered("find", "POST", "/orthanc/tools/find", Level.STUDY),
    _answered("count-resources", "POST", "/orthanc/tools/count-resources", Level.STUDY),
    _answered("lookup", "POST", "/orthanc/tools/lookup", Level.STUDY),
    _answered("labels", "GET", "/orthanc/tools/labels", Level.STUDY),
    _answered("list-studies", "GET", "/orthanc/studies", Level.STUDY, _QUERY),
    _answered("list-series", "GET", "/orthanc/series", Level.SERIES, _QUERY),
    _answered("orthanc-study", "GET", "/orthanc/studies/{id}", Level.STUDY, _QUERY),
    _answered("orthanc-study-series", "GET", "/orthanc/studies/{id}/series", Level.STUDY, _QUERY),
    _answered("orthanc-study-labels", "GET", "/orthanc/studies/{id}/labels", Level.STUDY),
    _answered("orthanc-series", "GET", "/orthanc/series/{id}", Level.SERIES, _QUERY),
    _answered("orthanc-series-study", "GET", "/orthanc/series/{id}/study", Level.SERIES, _QUERY),
    _answered("orthanc-series-instances", "GET", "/orthanc/series/{id}/instances", Level.SERIES, _QUERY),
    _answered("orthanc-series-labels", "GET", "/orthanc/series/{id}/labels", Level.SERIES),
    _answered("orthanc-instance", "GET", "/orthanc/instances/{id}", Level.INSTANCE, _QUERY),
    _answered("orthanc-instance-series", "GET", "/orthanc/instances/{id}/series", Level.INSTANCE, _QUERY),
    _answered("orthanc-instance-study", "GET", "/orthanc/instances/{id}/study", Level.INSTANCE, _QUERY),
)

_ARCHIVES = tuple(
    _answered(
        f"{verb}-{name}",
        method,
        path,
        Level.STUDY,
        _QUERY if method == "GET" else _NONE,
        action=Action.DOWNLOAD,
    )
    for name, path in (
        ("study-archive", "/orthanc/studies/{id}/archive"),
        ("study-media", "/orthanc/studies/{id}/media"),
        ("series-archive", "/orthanc/series/{id}/archive"),
        ("series-media", "/orthanc/series/{id}/media"),
        ("archive", "/orthanc/tools/create-archive"),
        ("media", "/orthanc/tools/create-media"),
        ("media-extended", "/orthanc/tools/create-media-extended"),
    )
    for verb, method in (("get", "GET"), ("make", "POST"))
)

_IMAGE_TAILS: Mapping[str, _Parameters] = {
    "preview": _PICTURE,
    "rendered": _ORTHANC_RENDERED,
    "image-uint8": _PICTURE,
    "image-uint16": _PICTURE,
    "image-int16": _PICTURE,
    "matlab": _NONE,
    "numpy": _NUMPY,
}

_ITEMS = (
    *_of_orthanc(
        "instances",
        Level.INSTANCE,
        {
            **_IMAGE_TAILS,
            "pdf": _NONE,
            "frames": _NONE,
            **{f"frames/{{frame}}/{tail}": parameters for tail, parameters in _IMAGE_TAILS.items()},
            "frames/{frame}": _NONE,
            "frames/{frame}/raw": _NONE,
            "frames/{frame}/raw.gz": _NONE,
            "tags": _TAGS,
            "simplified-tags": _TAGS,
            "header": _TAGS,
            "module": _TAGS,
            "statistics": _NONE,
            "content/{content}": _NONE,
        },
    ),
    *_of_orthanc(
        "series",
        Level.SERIES,
        {
            "module": _TAGS,
            "shared-tags": _TAGS,
            "instances-tags": _TAGS,
            "ordered-slices": _NONE,
            "statistics": _NONE,
            "numpy": _NUMPY,
        },
    ),
    _answered("orthanc-store", "POST", "/orthanc/instances", Level.ALBUM, _ALBUM, action=Action.UPLOAD),
    _taken("orthanc-instances-file", "/orthanc/instances/{id}/file", Level.INSTANCE, _FILE, by_class=True),
)

IMAGES: tuple[Row, ...] = (*_DICOMWEB, *_LISTED, *_ARCHIVES, *_ITEMS)
"""Frames first: nginx tries the rows in this order."""
