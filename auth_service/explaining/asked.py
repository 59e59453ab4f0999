"""Read what is asked about: an address, a path, an identifier or an album's name, as people have them.

An address is read as far as it names something; the table of routes (``targets/``) says what it means.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from urllib.parse import parse_qs, unquote, urlsplit

from auth_service import targets
from auth_service.albums.making import LONGEST_SLUG, SLUG
from auth_service.errors import Invalid
from auth_service.targets import MAX_UID, ORTHANC_ID, UID, ParameterError, Row, Target, UndeclaredError, Way
from auth_service.vocabulary import Level, Outcome, Why

LONGEST = 4096
"""Characters of what is asked about: an address of a viewer with many studies."""

_UID = re.compile(UID)
_DATA = re.compile(r"/(?:dicom-web|orthanc)(?:/|$)")
_JUDGED = re.compile(r"[A-Za-z0-9._~/,-]+")
"""What nginx lets through to a decision on the paths of images (``deploy/nginx``)."""

_PICTURE = re.compile(rf"/api/series/({UID})/picture")
_ALBUM = re.compile(r"/api/albums/([^/]+)(?:/.*)?")


class For(Enum):
    """For whom a route of ours is, that somebody must come to in person."""

    ADMINISTRATORS = auto()
    OWNERS = auto()
    """For administrators, and for owners of albums as far as those go."""
    ANYBODY = auto()


_FOR = (
    (
        re.compile(
            r"/api/(?:people(?:/[^/]+/sees)?|rules(?:/check)?|albums/(?:ownerless|[^/]+/owner)"
            r"|arrivals(?:(?:/[0-9]+)?/(?:file|dismiss))?|arrivals/\{arrival\}/(?:file|dismiss))"
        ),
        For.ADMINISTRATORS,
    ),
    (re.compile(r"/(?:portal/why|api/(?:explain|audit))"), For.OWNERS),
    (re.compile(r"/api/(?:(?:sessions|tokens|searches|selection)(?:/[^/]+)?|members)"), For.ANYBODY),
)
"""What the routes ask for in ``http/`` (a test compares the two)."""

_WADO = "/orthanc/wado"
_MADE_OF_SEVERAL = "/orthanc/tools/create-"
_FOLDERS = {"studies": Level.STUDY, "series": Level.SERIES, "instances": Level.INSTANCE}

_METHODS = tuple(sorted({row.method for row in targets.TABLE}, key=lambda method: (method != "GET", method)))


@dataclass(frozen=True, slots=True)
class Item:
    """One item route of the table."""

    path: str
    target: Target


@dataclass(frozen=True, slots=True)
class Search:
    """A route that names nothing, and is answered with what he may see."""

    path: str
    target: Target


@dataclass(frozen=True, slots=True)
class Study:
    """A study, or one series of it."""

    uid: str
    series: str | None = None
    path: str | None = None
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class ById:
    """A study, a series or an instance by Orthanc's own identifier; without a level, whichever it is."""

    id: str
    path: str
    level: Level | None = None
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class Identifier:
    """A study, a series or an instance: the archive says which."""

    uid: str
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class Album:
    """An album."""

    slug: str


@dataclass(frozen=True, slots=True)
class System:
    """Something that is done in person: about the archive as a whole, or by a route of ours."""

    path: str
    target: Target | None = None
    whose: For = For.ADMINISTRATORS


@dataclass(frozen=True, slots=True)
class Refused:
    """An address that is refused whoever asks."""

    path: str
    outcome: Outcome
    reason: Why
    parameter: str | None = None
    row: Row | None = None
    """One that is for nobody."""


Subject = Item | Search | Study | ById | Identifier | Album | System | Refused


def read(resource: str, *, public_url: str) -> tuple[Subject, ...]:
    """Return what an address or an identifier names: at least one thing.

    Parameters
    ----------
    resource : str
        As it was pasted.
    public_url : str
        Of this installation: an address of another one is not ours to explain.

    Raises
    ------
    Invalid
        If it names nothing that is decided about.

    """
    text = resource.strip()
    if not text or len(text) > LONGEST:
        raise _nothing_named()
    if _UID.fullmatch(text):
        return (Identifier(_checked_uid(text)),)
    if "/" not in text:
        return (Album(_checked_slug(text)),)
    try:
        parts = urlsplit(text)
    except ValueError:  # brackets that hold no address of a host, say
        raise _nothing_named() from None
    ours = urlsplit(public_url)
    if parts.scheme and (parts.scheme, parts.netloc) != (ours.scheme, ours.netloc):
        raise Invalid("resource", "{field} is an address of another site; this one is {url}.", url=public_url)
    if _DATA.match(parts.path):
        return _data(parts.path, parts.query)
    return _page(unquote(parts.path), parse_qs(parts.query))


def described(subject: Subject) -> str:
    """Name a subject for the record and for another question; without queries, which may hold names."""
    match subject:
        case Identifier(uid=text) | Album(slug=text) | Refused(path=text) | System(path=text):
            return text
        case Item(path=text) | Search(path=text) | ById(path=text):
            return text
        case Study(uid=uid, path=path):
            return path or uid


def _nothing_named() -> Invalid:
    return Invalid("resource", "{field} must be an address, an identifier, an album or a request number.")


def whose_route(path: str) -> For | None:
    """Say for whom a route of ours is that takes a person; ``None``: it does not, or is none."""
    return next((whose for known, whose in _FOR if known.fullmatch(path)), None)


def _data(path: str, query: str) -> tuple[Subject, ...]:
    if not _JUDGED.fullmatch(path):
        return (Refused(path, Outcome.INVALID, Why.UNDECLARED),)
    if path.startswith(_MADE_OF_SEVERAL):
        # The record names one thing of a list behind the question mark, as an address may name them all.
        listed = ORTHANC_ID.findall(query)
        if listed:
            return tuple(ById(one, f"{path}?{one}") for one in dict.fromkeys(listed))
    for method in _METHODS:
        try:
            target = targets.resolve(method, path, "" if path == _WADO else query)
        except UndeclaredError:
            continue
        except ParameterError as error:
            return (Refused(path, Outcome.INVALID, Why.PARAMETER, parameter=error.parameter),)
        return (_declared(path, query, target),)
    row = targets.row_for_nobody(path)
    return (Refused(path, Outcome.HIDDEN, Why.FOR_NOBODY if row else Why.UNDECLARED, row=row),)


def _declared(path: str, query: str, target: Target) -> Subject:
    row, places = target.row, target.places
    if row.level is Level.SYSTEM:
        return System(path, target)
    if row.way is Way.STREAMED:
        return Item(path, target)
    if "study" in places:
        return Study(places["study"], places.get("series"), path, target)
    if "id" in places:
        return ById(places["id"], path, _FOLDERS[path.split("/")[2]], target)
    if path == _WADO:
        named = parse_qs(query).get("objectUID", [""])[0]
        return Identifier(_checked_uid(named), Level.INSTANCE)
    if path.startswith(_MADE_OF_SEVERAL):
        raise Invalid("resource", "{field}: what this address is about is in its body; give one of them.")
    return Search(path, target)


def _page(path: str, query: Mapping[str, list[str]]) -> tuple[Subject, ...]:
    """Read an address of the viewer, of the portal or of our own API."""
    if path.startswith("/ohif/"):
        uids = [uid for value in query.get("StudyInstanceUIDs", []) for uid in value.split(",") if uid]
        if uids:
            return tuple(Study(_checked_uid(uid)) for uid in dict.fromkeys(uids))
    if whose := whose_route(path):
        return (System(path, whose=whose),)
    if picture := _PICTURE.fullmatch(path):
        return (Identifier(_checked_uid(picture[1]), Level.SERIES),)
    if album := _ALBUM.fullmatch(path):
        return (Album(_checked_slug(album[1])),)
    found = tuple(
        make(value)
        for name, make in _PARAMETERS.items()
        if path.startswith("/portal/")
        for value in query.get(name, [])[:1]
    )
    if not found:
        raise Invalid("resource", "{field}: nothing is decided about this address; it is open, or not ours.")
    return found


def _checked_uid(uid: str) -> str:
    if len(uid) > MAX_UID or not _UID.fullmatch(uid):
        raise Invalid("resource", "{field}: {uid} is not an identifier of DICOM.", uid=uid[:MAX_UID])
    return uid


def _checked_slug(slug: str) -> str:
    if len(slug) > LONGEST_SLUG or not SLUG.fullmatch(slug):
        raise Invalid(
            "resource",
            "{field}: {slug} is no identifier, no album's short name and no number of a request.",
            slug=slug[:LONGEST_SLUG],
        )
    return slug


_PARAMETERS: Mapping[str, Callable[[str], Subject]] = MappingProxyType(
    {"album": lambda value: Album(_checked_slug(value)), "study": lambda value: Study(_checked_uid(value))}
)
"""What the pages of the portal are told in their addresses, in the order in which they look at it."""
