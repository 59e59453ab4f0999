"""Turn a method, a normalised path and a query into a row of the table; what is not in it is denied."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import parse_qsl

from auth_service.targets.images import IMAGES
from auth_service.targets.row import MAX_UID, ORTHANC_ID, PLACES, UID, Row, Way, template
from auth_service.targets.server import SERVER

TABLE: tuple[Row, ...] = (*IMAGES, *SERVER)
"""Every route of Orthanc and its plugins that there is."""


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
    """No row of the table has this method and path, or it is for nobody."""


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
        As it was sent, in capitals; HEAD is GET without a body (RFC 9110, section 9.3.2).
    path : str
        nginx's normalised path, without the query.
    query : str
        The query as it was sent, without the question mark.

    Raises
    ------
    UndeclaredError
        If no row has this method and path, or the row is for nobody.
    ParameterError
        If the row does not allow a query parameter, or an identifier is too long.

    """
    asked = "GET" if method == "HEAD" else method
    for row, pattern in _COMPILED:
        if row.method == asked and (match := pattern.fullmatch(path)):
            places = match.groupdict()
            _check_places(places)
            _check_query(row, query)
            return Target(row=row, places=MappingProxyType(places))
    raise UndeclaredError(path)


def row_for_nobody(path: str) -> Row | None:
    """Return the row that closes a path to everybody, whatever the method, and says why; or none."""
    return next((row for row, pattern in _NOBODYS if pattern.fullmatch(path)), None)


def _check_places(places: Mapping[str, str]) -> None:
    for place, value in places.items():
        if PLACES[place] == UID and len(value) > MAX_UID:
            raise ParameterError(place)
        if place == "id" and not ORTHANC_ID.fullmatch(value):
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


_PATTERNS = tuple(
    (row, re.compile(template(row.path, lambda place: f"(?P<{place}>{PLACES[place]})"))) for row in TABLE
)
_COMPILED = tuple((row, pattern) for row, pattern in _PATTERNS if row.way is not Way.NOBODY)
_NOBODYS = tuple((row, pattern) for row, pattern in _PATTERNS if row.way is Way.NOBODY)
