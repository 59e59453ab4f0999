"""Keycloak as a directory: from names to what lasts.

People type user names and group paths; both can change, and then belong to somebody else. What is kept are
Keycloak's own identifiers.
"""

import itertools
import logging
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

import httpx
from keycloak import KeycloakAdmin, KeycloakOpenIDConnection
from keycloak.exceptions import KeycloakError, KeycloakGetError, raise_error_from_response
from keycloak.urls_patterns import URL_ADMIN_GROUPS, URL_ADMIN_REALM_ROLES_MEMBERS

from auth_service.errors import Unavailable, Untold
from auth_service.policy.model import Group
from auth_service.settings import Settings
from auth_service.vocabulary import realm_roles

GROUPS_LIVE = 0.25
"""Seconds for which a path is taken to mean the same group: a renamed one may leave its path to another, and
what people may do must follow within five seconds, of which a session's answer and nginx may take 4.5."""

MOST_GROUPS = 10_000
"""Paths that are remembered; a realm with more is asked more often."""

COLLEAGUES_LIVE = 30.0
"""Seconds for which the people of a group are remembered, where somebody looks for one of them."""

MOST_LISTS = 100
"""Groups whose people are remembered."""

MOST_BELOW = 100
"""Groups that are asked about where only some of the people are wanted: a group and those below it."""

log = logging.getLogger(__name__)

_SEPARATOR = re.compile(r"(?<!~)/")
"""Keycloak writes a slash inside a group's name as ``~/``."""

_NOT_FOUND = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryPerson:
    """Somebody with an account, whether he has ever signed in here or not."""

    provider: str
    subject: str
    username: str
    name: str
    email: str

    @property
    def subject_id(self) -> str:
        """The person as memberships name him."""
        return f"{self.provider}:{self.subject}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an account means now: names, roles of the realm (by groups and composites too), and groups."""

    username: str
    name: str
    roles: frozenset[str]
    groups: frozenset[Group]
    """With all groups above them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Some:
    """Some people, and whether they are all there are."""

    people: tuple[DirectoryPerson, ...]
    complete: bool


class Directory(Protocol):
    """What the auth service looks up. Every call may raise `Unavailable`."""

    def standing(self, subject: str) -> Standing | None:
        """Return what an account means now; ``None``: there is none, or it is disabled."""
        ...

    def person(self, username: str) -> DirectoryPerson | None:
        """Return the person of exactly this user name (case aside, as in Keycloak)."""
        ...

    def search(self, text: str, *, limit: int) -> list[DirectoryPerson]:
        """Return people whose user name, name or address hold each word of a text, case aside."""
        ...

    def person_of_address(self, address: str) -> DirectoryPerson | None:
        """Return who has exactly this verified address, case aside; ``None`` if there are several."""
        ...

    def group(self, path: str) -> Group | None:
        """Return the group of exactly this path."""
        ...

    def search_groups(self, text: str, *, limit: int) -> list[Group]:
        """Return groups whose name holds a text, case aside."""
        ...

    def groups_with_ancestors(self, paths: Iterable[str]) -> frozenset[Group]:
        """Return these groups and all above them; a path that nobody knows gives nothing."""
        ...

    def has_role(self, name: str) -> bool:
        """Tell whether the realm has a role of exactly this name."""
        ...

    def people_of_role(self, name: str) -> tuple[DirectoryPerson, ...]:
        """Return who has a role of the realm, himself or by a group; not by a role that holds it."""
        ...

    def people_of_group(self, group_id: str) -> tuple[DirectoryPerson, ...]:
        """Return who belongs to a group or to one below it."""
        ...

    def some_of_role(self, name: str, *, most: int) -> Some:
        """Return at most so many of those of a role, and ask for no more than that needs."""
        ...

    def some_of_group(self, group_id: str, *, most: int) -> Some:
        """Return at most so many of those of a group, and ask for no more than that needs."""
        ...

    def colleagues(self, group_id: str) -> tuple[DirectoryPerson, ...]:
        """Return those of a group as it was within the last half minute: looked through as one types."""
        ...


def with_ancestors(path: str) -> list[str]:
    """Return a group's path and those of all groups above it, or nothing if it is not a full path."""
    if not path.startswith("/") or path == "/":
        return []
    ends = [match.start() for match in _SEPARATOR.finditer(path)][1:]
    return [path[:end] for end in ends] + [path]


class KeycloakDirectory:
    """The realm of the settings, through Keycloak's admin API and the least of rights.

    Parameters
    ----------
    settings : Settings
    timer : callable
        A monotonic clock, in seconds.

    """

    def __init__(self, settings: Settings, *, timer: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._timer = timer
        self._lock = threading.Lock()
        self._connected: KeycloakAdmin | None = None
        self._groups: dict[str, tuple[float, Group | None]] = {}
        self._colleagues: dict[str, tuple[float, tuple[DirectoryPerson, ...]]] = {}

    def person(self, username: str) -> DirectoryPerson | None:
        """Return the person of exactly this user name."""
        rows = self._ask(lambda admin: admin.get_users({"username": username, "exact": True, "max": 2}))
        wanted = username.casefold()
        found = [row for row in rows if str(row.get("username", "")).casefold() == wanted]
        if len(found) != 1:
            return None
        return self._person(found[0])

    def search(self, text: str, *, limit: int) -> list[DirectoryPerson]:
        """Return people whose user name, name or address hold each word of a text."""
        # A star stands for anything there, quotes keep words together, and each word is looked for by itself.
        words = text.translate({ord(sign): None for sign in '*"'}).split()
        if not words:
            return []
        query = {"search": " ".join(f"*{word}*" for word in words), "max": limit}
        rows = self._ask(lambda admin: admin.get_users(query))
        return [self._person(row) for row in rows[:limit]]

    def person_of_address(self, address: str) -> DirectoryPerson | None:
        """Return who has exactly this verified address."""
        rows = self._ask(lambda admin: admin.get_users({"email": address, "exact": True, "max": 2}))
        found = [row for row in rows if str(row.get("email", "")).lower() == address.lower()]
        if len(found) != 1 or found[0].get("emailVerified") is not True:
            return None
        return self._person(found[0])

    def search_groups(self, text: str, *, limit: int) -> list[Group]:
        """Return groups whose name holds a text."""
        wanted = text.strip().casefold()
        if not wanted:
            return []
        # The library's own method asks for the children anew, and so loses those that are further down.
        place = URL_ADMIN_GROUPS.format(**{"realm-name": self._settings.keycloak_realm})
        tree = self._ask(lambda admin: _rows(admin, place, search=wanted, max=limit))
        found = (Group(id=str(row["id"]), path=str(row["path"])) for row in _branches(tree, wanted))
        return list(itertools.islice(found, limit))

    def standing(self, subject: str) -> Standing | None:
        """Return what an account means now, asked anew."""
        standing: Standing | None = self._ask(lambda admin: self._standing(admin, subject))
        return standing

    def group(self, path: str) -> Group | None:
        """Return the group of exactly this path, asked anew."""
        # A group cannot have such a name, and in an address they would lead elsewhere in the admin API.
        if not with_ancestors(path) or {"", ".", ".."} & set(path.split("/")[1:]):
            return None
        # Quoted here, as the library puts the path into the address as it is.
        place = quote(path.removeprefix("/"), safe="/~")
        row = self._ask(lambda admin: _or_none(lambda: admin.get_group_by_path(place)))
        if row is None or row.get("path") != path or _is_ambiguous(row):
            return None
        return Group(id=str(row["id"]), path=path)

    def groups_with_ancestors(self, paths: Iterable[str]) -> frozenset[Group]:
        """Return these groups and all above them."""
        wanted = {ancestor for path in paths for ancestor in with_ancestors(path)}
        found = (self._remembered(path) for path in sorted(wanted))
        return frozenset(group for group in found if group is not None)

    def has_role(self, name: str) -> bool:
        """Tell whether the realm has a role of exactly this name."""
        # In an address they would lead elsewhere in the admin API.
        if name in ("", ".", ".."):
            return False
        row = self._ask(lambda admin: _or_none(lambda: admin.get_realm_role(quote(name, safe=""))))
        return row is not None and row.get("name") == name

    def people_of_role(self, name: str) -> tuple[DirectoryPerson, ...]:
        """Return who has a role of the realm, himself or by a group."""
        if not self.has_role(name):
            return ()
        place = quote(name, safe="")
        rows = self._ask(lambda admin: admin.get_realm_role_members(place))
        groups = self._ask(lambda admin: admin.get_realm_role_groups(place))
        return self._gathered(rows, groups, most=None).people

    def people_of_group(self, group_id: str) -> tuple[DirectoryPerson, ...]:
        """Return who belongs to a group or to one below it."""
        return self._gathered([], [{"id": group_id}], most=None).people

    def some_of_role(self, name: str, *, most: int) -> Some:
        """Return at most so many of those of a role."""
        if not self.has_role(name):
            return Some(people=(), complete=True)
        quoted = quote(name, safe="")
        # The library's own method asks for all of them, whatever it is told.
        place = URL_ADMIN_REALM_ROLES_MEMBERS.format(
            **{"realm-name": self._settings.keycloak_realm, "role-name": quoted}
        )
        rows = self._ask(lambda admin: _rows(admin, place, first=0, max=most + 1))
        page = {"first": 0, "max": MOST_BELOW + 1}
        groups = self._ask(lambda admin: admin.get_realm_role_groups(quoted, page))
        return self._gathered(rows, groups, most=most)

    def some_of_group(self, group_id: str, *, most: int) -> Some:
        """Return at most so many of those of a group."""
        return self._gathered([], [{"id": group_id}], most=most)

    def _gathered(
        self, rows: Iterable[Mapping[str, Any]], groups: Iterable[Mapping[str, Any]], *, most: int | None
    ) -> Some:
        """Return the people of some rows, of some groups, and of all groups below them."""
        found = {person.subject: person for person in map(self._person, rows)}
        waiting, asked = deque(str(group["id"]) for group in groups), 0
        page = None if most is None else {"first": 0, "max": most + 1}
        while waiting and (most is None or (len(found) <= most and asked < MOST_BELOW)):
            here = partial(_members, group_id=waiting.popleft(), page=page)
            members, below = self._ask(here)
            found |= {person.subject: person for person in map(self._person, members)}
            waiting.extend(str(group["id"]) for group in below)
            asked += 1
        return Some(
            people=tuple(found.values())[:most],
            complete=not waiting and (most is None or len(found) <= most),
        )

    def colleagues(self, group_id: str) -> tuple[DirectoryPerson, ...]:
        """Return who belongs to a group or to one below it, as it was a moment ago."""
        now = self._timer()
        known = self._colleagues.get(group_id)
        if known is not None and now - known[0] < COLLEAGUES_LIVE:
            return known[1]
        people = self.people_of_group(group_id)
        if len(self._colleagues) >= MOST_LISTS:
            self._colleagues.clear()
        self._colleagues[group_id] = (now, people)
        return people

    def _person(self, row: Mapping[str, Any]) -> DirectoryPerson:
        return DirectoryPerson(
            provider=self._settings.provider,
            subject=str(row["id"]),
            username=str(row["username"]),
            name=_name(row),
            email=str(row.get("email") or ""),
        )

    def _standing(self, admin: KeycloakAdmin, subject: str) -> Standing | None:
        row = _or_none(lambda: admin.get_user(subject))
        if row is None or row.get("id") != subject or row.get("enabled") is not True:
            return None
        names = [str(role["name"]) for role in admin.get_composite_realm_roles_of_user(subject)]
        paths = [str(group["path"]) for group in admin.get_user_groups(subject)]
        return Standing(
            username=str(row["username"]),
            name=_name(row),
            roles=realm_roles(names),
            groups=self.groups_with_ancestors(paths),
        )

    def _remembered(self, path: str) -> Group | None:
        now = self._timer()
        known = self._groups.get(path)
        if known is not None and now - known[0] < GROUPS_LIVE:
            return known[1]
        group = self.group(path)
        if len(self._groups) >= MOST_GROUPS:
            self._groups.clear()
        self._groups[path] = (now, group)
        return group

    def _ask(self, question: Callable[[KeycloakAdmin], Any]) -> Any:  # noqa: ANN401 - the library is not typed
        try:
            return question(self._admin())
        except (KeycloakError, OSError, ValueError, KeyError, TypeError) as error:
            # Not only its own errors come out of the library: sockets, JSON, missing keys.
            log.warning("Keycloak's directory: %s", type(error).__name__)
            raise (Untold if _refuses(error) else Unavailable)("keycloak") from error

    def _admin(self) -> KeycloakAdmin:
        with self._lock:
            if self._connected is None:
                connection = KeycloakOpenIDConnection(
                    server_url=f"{self._settings.keycloak_url}/",
                    realm_name=self._settings.keycloak_realm,
                    client_id=self._settings.admin_client_id,
                    client_secret_key=self._settings.admin_client_secret.get_secret_value(),
                    timeout=max(1, round(self._settings.keycloak_timeout_seconds)),
                )
                self._connected = KeycloakAdmin(connection=connection)
            return self._connected


def _rows(admin: KeycloakAdmin, place: str, **query: str | int) -> Any:  # noqa: ANN401 - the library is not typed
    return raise_error_from_response(admin.connection.raw_get(place, **query), KeycloakGetError)


def _members(admin: KeycloakAdmin, *, group_id: str, page: Mapping[str, int] | None) -> tuple[Any, Any]:
    """Ask for the people of a group, a page of them or all, and for the groups below it."""
    # The library writes into what it is given.
    members = admin.get_group_members(group_id, dict(page) if page else None)
    return members, admin.get_group_children(group_id, {"first": 0, "max": MOST_BELOW} if page else None)


def _branches(tree: Iterable[Mapping[str, Any]], wanted: str) -> Iterator[Mapping[str, Any]]:
    """Walk through a tree of groups; what is above a group that is meant is there too, and is not meant."""
    for row in tree:
        if wanted in str(row.get("name", "")).casefold() and not _is_ambiguous(row):
            yield row
        yield from _branches(row.get("subGroups") or (), wanted)


def _is_ambiguous(row: Mapping[str, Any]) -> bool:
    """Tell whether another group may have the same path: a slash in the name that is not written ``~/``."""
    name = str(row.get("name", ""))
    return "/" in name and not str(row["path"]).endswith(name.replace("/", "~/"))


def _refuses(error: Exception) -> bool:
    """Tell an answer that says no from silence and from a fault of its own."""
    status = getattr(error, "response_code", None)
    return isinstance(status, int) and httpx.codes.is_client_error(status)


def _name(row: Mapping[str, Any]) -> str:
    names = (str(row.get("firstName") or ""), str(row.get("lastName") or ""))
    return " ".join(name for name in names if name) or str(row["username"])


def _or_none(ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - the library is not typed
    try:
        return ask()
    except KeycloakError as error:
        if error.response_code == _NOT_FOUND:
            return None
        raise
