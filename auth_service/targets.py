"""Turn a method, a normalised path and a query into an action on a resource: the table of data routes.

What is not in the table is denied. The gate's nginx maps and ``docs/permissions.md`` are generated from it.
Paths are those that people use: ``/dicom-web/…`` for DICOMweb (PS3.18), ``/orthanc/…`` for Orthanc's own.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import parse_qsl

from auth_service.vocabulary import Action, Level

UID = r"[0-9]++(?:\.[0-9]++)*+"
"""A DICOM unique identifier as it is written in paths (PS3.5, section 9.1; its 64 characters: `MAX_UID`).

Possessive: what an identifier took it never gives back, so that a path that fits no row is known quickly.
"""

MAX_UID = 64

PLACES: Mapping[str, str] = MappingProxyType(
    {
        "study": UID,
        "series": UID,
        "instance": UID,
        "frames": r"[1-9][0-9]*(?:,[1-9][0-9]*)*",
        "tags": r"[0-9A-Fa-f]+(?:/[0-9A-Fa-f]+)*",
        "id": r"[0-9a-f]+(?:-[0-9a-f]+)*",
    }
)
"""What may stand in a place of a path, as a regular expression that Python and nginx read alike."""

_ORTHANC_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{8}){4}")

_MEDIA_TYPE = r"image/(?:jpeg|png|gif)"
_PIXELS = r"(?:[1-9][0-9]{0,2}|[1-3][0-9]{3}|40[0-8][0-9]|409[0-6])"
"""Up to 4096: Orthanc holds the whole picture in memory before it sends it."""
_NUMBER = r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?"

RENDERING = MappingProxyType(
    {
        "accept": _MEDIA_TYPE,
        "quality": r"[0-9]{1,3}",
        "viewport": rf"{_PIXELS},{_PIXELS}(?:,{_NUMBER},{_NUMBER},{_NUMBER},{_NUMBER})?",
        "window": rf"{_NUMBER},{_NUMBER},(?:linear|linear-exact|sigmoid)",
    }
)
"""Query parameters of rendered resources (PS3.18, section 8.3.5)."""

THUMBNAIL = MappingProxyType({"accept": _MEDIA_TYPE, "viewport": rf"{_PIXELS},{_PIXELS}"})

ANY_PARAMETER = MappingProxyType({"*": r".*"})
"""The route reads its own query, parameter by parameter, and refuses what it does not know."""


class Way(StrEnum):
    """How a permitted request is served."""

    STREAMED = "streamed"
    """nginx asks for a decision, then streams from Orthanc itself."""
    ANSWERED = "answered"
    """nginx hands the request to the auth service, which asks Orthanc a narrowed question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One declared route."""

    name: str
    method: str
    path: str
    """A template with ``{places}``."""
    action: Action
    level: Level
    way: Way
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What each query parameter may hold, as a regular expression."""
    by_class: bool = False
    """The action is `Action.VIEW` where the instance is of a class that viewers need whole."""
    cached: bool = True
    """Whether nginx may keep the decision."""

    @property
    def places(self) -> tuple[str, ...]:
        """The names of the places in the path, in order."""
        return tuple(re.findall(r"\{([a-z]+)\}", self.path))

    @property
    def nginx_pattern(self) -> str:
        """The path as a regular expression for nginx, whose named groups become variables."""
        return _template(self.path, lambda place: f"(?<gate_{place}>{PLACES[place]})")

    @property
    def nginx_key(self) -> str:
        """What `Target.cache_key` says, in nginx's variables."""
        return "|".join((self.name, *(f"$gate_{place}" for place in self.key_places)))

    @property
    def key_places(self) -> tuple[str, ...]:
        """The places that a decision depends on: study and series, or Orthanc's own identifier.

        That a frame or an instance belongs to the series of its path is checked by Orthanc's DICOMweb plugin,
        which answers 404 (an integration test asks it). Orthanc's REST routes name one thing only.
        """
        return tuple(place for place in self.places if place in ("study", "series", "id"))


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

_SERIES = "/dicom-web/studies/{study}/series/{series}"
_INSTANCE = _SERIES + "/instances/{instance}"


def _streamed(name: str, path: str, parameters: Mapping[str, str] = MappingProxyType({})) -> Row:
    level = Level.INSTANCE if "{instance}" in path or "{id}" in path else Level.SERIES
    return Row(
        name=name,
        method="GET",
        path=path,
        action=Action.VIEW,
        level=level,
        way=Way.STREAMED,
        parameters=parameters,
    )


def _answered(name: str, method: str, path: str, level: Level) -> Row:
    return Row(
        name=name,
        method=method,
        path=path,
        action=Action.VIEW,
        level=level,
        way=Way.ANSWERED,
        parameters=ANY_PARAMETER if method == "GET" else {},
        cached=False,
    )


TABLE: tuple[Row, ...] = (
    _answered("search-studies", "GET", "/dicom-web/studies", Level.STUDY),
    _answered("search-series", "GET", "/dicom-web/studies/{study}/series", Level.SERIES),
    _answered("search-all-series", "GET", "/dicom-web/series", Level.SERIES),
    _answered("search-instances", "GET", _SERIES + "/instances", Level.INSTANCE),
    _answered("search-study-instances", "GET", "/dicom-web/studies/{study}/instances", Level.INSTANCE),
    _answered("search-all-instances", "GET", "/dicom-web/instances", Level.INSTANCE),
    replace(
        _answered("study-metadata", "GET", "/dicom-web/studies/{study}/metadata", Level.STUDY), parameters={}
    ),
    _answered("find", "POST", "/orthanc/tools/find", Level.STUDY),
    _answered("count-resources", "POST", "/orthanc/tools/count-resources", Level.STUDY),
    _streamed("series-metadata", _SERIES + "/metadata"),
    _streamed("series-rendered", _SERIES + "/rendered", parameters=RENDERING),
    _streamed("series-thumbnail", _SERIES + "/thumbnail", parameters=THUMBNAIL),
    _streamed("instance-metadata", _INSTANCE + "/metadata"),
    _streamed("instance-rendered", _INSTANCE + "/rendered", parameters=RENDERING),
    _streamed("instance-thumbnail", _INSTANCE + "/thumbnail", parameters=THUMBNAIL),
    _streamed("instance-bulkdata", _INSTANCE + "/bulk/{tags}"),
    _streamed("frames", _INSTANCE + "/frames/{frames}"),
    _streamed("frames-rendered", _INSTANCE + "/frames/{frames}/rendered", parameters=RENDERING),
    Row(
        name="instance",
        method="GET",
        path=_INSTANCE,
        action=Action.DOWNLOAD,
        level=Level.INSTANCE,
        way=Way.STREAMED,
        by_class=True,
        cached=False,
    ),
    _streamed("instance-preview", "/orthanc/instances/{id}/preview"),
)
"""Every data route there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A request that is declared: its row, and what stands in the places of its path."""

    row: Row
    places: Mapping[str, str]

    @property
    def cache_key(self) -> str:
        """What nginx keeps a decision under, the credential and the query aside."""
        return "|".join((self.row.name, *(self.places[place] for place in self.row.key_places)))


class UndeclaredError(Exception):
    """No row of the table has this method and path."""


class ParameterError(Exception):
    """A query parameter, or what stands in a place of the path, is not allowed for the row."""

    def __init__(self, parameter: str) -> None:
        super().__init__(parameter)
        self.parameter = parameter


def resolve(method: str, path: str, query: str = "") -> Target:
    """Find the row of a request.

    Parameters
    ----------
    method : str
        As it was sent, in capitals.
    path : str
        nginx's normalised path, without the query.
    query : str
        The query as it was sent, without the question mark.

    Raises
    ------
    UndeclaredError
        If no row has this method and path.
    ParameterError
        If the row does not allow a query parameter, or an identifier is too long.

    """
    for row, pattern in _COMPILED:
        if row.method == method and (match := pattern.fullmatch(path)):
            places = match.groupdict()
            _check_places(places)
            _check_query(row, query)
            return Target(row=row, places=MappingProxyType(places))
    raise UndeclaredError(path)


def _check_places(places: Mapping[str, str]) -> None:
    for place, value in places.items():
        if PLACES[place] == UID and len(value) > MAX_UID:
            raise ParameterError(place)
        if place == "id" and not _ORTHANC_ID.fullmatch(value):
            raise ParameterError(place)


def _check_query(row: Row, query: str) -> None:
    if "*" in row.parameters or not query:
        return
    seen: set[str] = set()
    for name, value in parse_qsl(query, keep_blank_values=True):
        allowed = row.parameters.get(name)
        if allowed is None or name in seen or not re.fullmatch(allowed, value):
            raise ParameterError(name[:64])
        seen.add(name)
    if not seen:
        raise ParameterError("query")


def _template(path: str, place: Callable[[str], str]) -> str:
    parts = re.split(r"\{([a-z]+)\}", path)
    return "".join(
        place(part) if index % 2 else re.escape(part).replace("\\-", "-") for index, part in enumerate(parts)
    )


_COMPILED = tuple(
    (row, re.compile(_template(row.path, lambda place: f"(?P<{place}>{PLACES[place]})"))) for row in TABLE
)
