"""From names that people type to what lasts in Keycloak."""

from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keycloak.exceptions import KeycloakConnectionError, KeycloakGetError

from auth_service import directory as directory_module
from auth_service.directory import COLLEAGUES_LIVE, GROUPS_LIVE, KeycloakDirectory, Some, with_ancestors
from auth_service.errors import Unavailable, Untold
from auth_service.policy.model import Group
from tests.fakes.settings import make_settings


class Admin:
    """What the directory asks of python-keycloak, in memory."""

    def __init__(self) -> None:
        self.users: list[dict[str, Any]] = []
        self.groups: dict[str, dict[str, Any]] = {}
        self.accounts: dict[str, dict[str, Any]] = {}
        self.roles: dict[str, list[dict[str, Any]]] = {}
        self.memberships: dict[str, list[dict[str, Any]]] = {}
        self.role_members: dict[str, list[dict[str, Any]]] = {}
        self.group_members: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[str] = []
        self.queries: list[dict[str, Any] | None] = []
        self.connection: Any = RoleMembers(self)
        self.error: Exception | None = None

    def get_users(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        self._answer(str(query))
        return [user for user in self.users if query["username"].lower() in user["username"]]

    def get_group_by_path(self, path: str) -> dict[str, Any]:
        self._answer(path)
        if path not in self.groups:
            raise KeycloakGetError("not found", response_code=404)
        return self.groups[path]

    def get_user(self, subject: str) -> dict[str, Any]:
        self._answer(subject)
        if subject not in self.accounts:
            raise KeycloakGetError("not found", response_code=404)
        return self.accounts[subject]

    def get_composite_realm_roles_of_user(self, subject: str) -> list[dict[str, Any]]:
        self._answer(subject)
        return self.roles[subject]

    def get_user_groups(self, subject: str) -> list[dict[str, Any]]:
        self._answer(subject)
        return self.memberships[subject]

    def get_realm_role(self, name: str) -> dict[str, Any]:
        self._answer(name)
        if name not in self.role_members:
            raise KeycloakGetError("not found", response_code=404)
        return {"name": unquote(name)}

    def get_realm_role_members(self, name: str) -> list[dict[str, Any]]:
        self._answer(name)
        return self.role_members[name]

    def get_realm_role_groups(self, name: str, query: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        self._answer(name)
        del query
        return [{"id": "g1"}] if name == "pi" else []

    def get_group_members(self, group_id: str, query: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        self._answer(group_id)
        self.queries.append(query)
        return self.group_members[group_id][: query["max"] if query else None]

    def get_group_children(self, group_id: str, query: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        self._answer(group_id)
        del query
        return [{"id": "g2"}] if group_id == "g1" else []

    def _answer(self, question: str) -> None:
        self.asked.append(question)
        if self.error is not None:
            raise self.error


class RoleMembers:
    """Those of a role, of whom the library's own method always asks for all."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    def raw_get(self, place: str, *, first: int, max: int) -> "Answered":  # noqa: A002 - Keycloak's own
        assert first == 0
        name = place.removeprefix("admin/realms/paradim/roles/").removesuffix("/users")
        return Answered(self._admin.get_realm_role_members(name)[:max])


class Timer:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def admin() -> Admin:
    return Admin()


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def directory(tmp_path: Path, admin: Admin, timer: Timer) -> KeycloakDirectory:
    made = KeycloakDirectory(make_settings(tmp_path), timer=timer)
    vars(made)["_connected"] = admin
    return made


def test_person_is_found_by_exactly_his_user_name(directory: KeycloakDirectory, admin: Admin) -> None:
    admin.users = [
        {"id": "1", "username": "alice", "firstName": "A", "lastName": "Roy", "email": "a@example.org"},
        {"id": "2", "username": "alice2"},
    ]
    found = directory.person("Alice")
    assert found is not None
    assert (found.provider, found.subject, found.username) == ("keycloak", "1", "alice")
    assert (found.name, found.email) == ("A Roy", "a@example.org")
    assert directory.person("ali") is None
    assert directory.person("*") is None
    nameless = directory.person("alice2")
    assert nameless is not None
    assert (nameless.name, nameless.email) == ("alice2", "")


def test_group_is_found_by_exactly_its_path(directory: KeycloakDirectory, admin: Admin) -> None:
    admin.groups = {"radiology": {"id": "g1", "name": "radiology", "path": "/radiology"}}
    assert directory.group("/radiology") == Group(id="g1", path="/radiology")
    for path in ("radiology", "/Radiology", "/", "", "/radiology/chest", "/radiology/"):
        assert directory.group(path) is None, path


def test_path_is_quoted_on_its_way(directory: KeycloakDirectory, admin: Admin) -> None:
    directory.group("/é%?#&/b c/%2e%2e")
    assert admin.asked == ["%C3%A9%25%3F%23%26/b%20c/%252e%252e"]


@pytest.mark.parametrize("path", ["/..", "/../users", "/a/../../users", "/./a", "/a//b", "//a", "/a/"])
def test_path_that_leads_elsewhere_in_the_admin_api_is_never_asked(
    directory: KeycloakDirectory, admin: Admin, path: str
) -> None:
    assert directory.group(path) is None
    assert admin.asked == []


def test_path_that_came_back_as_another_is_nothing(directory: KeycloakDirectory, admin: Admin) -> None:
    admin.groups = {"a": {"id": "g1", "name": "a", "path": "/A"}}
    assert directory.group("/a") is None


@pytest.mark.parametrize(
    ("name", "path", "known"),
    [("a/b", "/a/b", False), ("a/b", "/a~/b", True), ("b", "/a/b", True), ("b", "/b", True)],
)
def test_group_whose_name_could_be_a_path_is_nothing(
    directory: KeycloakDirectory, admin: Admin, name: str, path: str, *, known: bool
) -> None:
    admin.groups = {path.removeprefix("/"): {"id": "g1", "name": name, "path": path}}
    assert (directory.group(path) is not None) == known


def test_groups_come_with_all_above_them(directory: KeycloakDirectory, admin: Admin) -> None:
    for number, path in enumerate(("a", "a/b", "a/b/c", "d")):
        admin.groups[path] = {"id": f"g{number}", "name": path[-1], "path": f"/{path}"}
    found = directory.groups_with_ancestors(["/a/b/c", "/ghosts/x"])
    assert {group.path for group in found} == {"/a", "/a/b", "/a/b/c"}


def test_path_is_asked_for_once_while_it_is_fresh(
    directory: KeycloakDirectory, admin: Admin, timer: Timer
) -> None:
    admin.groups = {"a": {"id": "g1", "name": "a", "path": "/a"}}
    for _ in range(3):
        directory.groups_with_ancestors(["/a", "/ghost"])
    assert sorted(admin.asked) == ["a", "ghost"]
    admin.groups["a"]["id"] = "g2"
    timer.now += GROUPS_LIVE
    assert directory.groups_with_ancestors(["/a"]) == {Group(id="g2", path="/a")}


@pytest.mark.parametrize(
    "error",
    [
        KeycloakConnectionError("down"),
        KeycloakGetError("forbidden", response_code=403),
        KeycloakGetError("broken", response_code=500),
        ConnectionResetError(),
        TimeoutError(),
        ValueError("no JSON"),
        KeyError("access_token"),
    ],
    ids=repr,
)
def test_whatever_goes_wrong_is_no_answer_and_never_no_group(
    directory: KeycloakDirectory, admin: Admin, error: Exception
) -> None:
    admin.error = error
    with pytest.raises(Unavailable):
        directory.group("/a")
    with pytest.raises(Unavailable):
        directory.person("alice")
    with pytest.raises(Unavailable):
        directory.groups_with_ancestors(["/a"])


def test_nobody_there_is_no_answer(tmp_path: Path) -> None:
    # A port that nothing listens on: the connection itself is made only when it is needed.
    settings = make_settings(tmp_path, keycloak_url="http://127.0.0.1:9/keycloak", keycloak_timeout_seconds=1)
    with pytest.raises(Unavailable):
        KeycloakDirectory(settings).person("alice")


@pytest.mark.parametrize(
    ("path", "paths"),
    [
        ("/a", ["/a"]),
        ("/a/b/c", ["/a", "/a/b", "/a/b/c"]),
        ("/a~/b/c", ["/a~/b", "/a~/b/c"]),
        ("a", []),
        ("/", []),
        ("", []),
    ],
)
def test_ancestors_of_a_path(path: str, paths: list[str]) -> None:
    assert with_ancestors(path) == paths


@given(st.lists(st.text(alphabet="ab é~", min_size=1, max_size=4), min_size=1, max_size=5))
def test_every_ancestor_begins_the_path(names: list[str]) -> None:
    path = "/" + "/".join(names)
    found = with_ancestors(path)
    assert found[-1] == path
    assert all(path == above or path.startswith(f"{above}/") for above in found)


# What an account means now


def account(admin: Admin, **values: object) -> None:
    admin.accounts["u-1"] = {
        "id": "u-1",
        "username": "alice",
        "firstName": "Alice",
        "lastName": "Test",
        "enabled": True,
        **values,
    }
    admin.roles["u-1"] = [{"name": "pi"}, {"name": "default-roles-paradim"}, {"name": "superuser"}]
    admin.memberships["u-1"] = [{"path": "/radiology/chest"}, {"path": "/ghosts"}]
    admin.groups["radiology"] = {"id": "g1", "path": "/radiology", "name": "radiology"}
    admin.groups["radiology/chest"] = {"id": "g2", "path": "/radiology/chest", "name": "chest"}


def test_an_account_means_its_roles_but_keycloaks_own_and_its_groups_with_all_above_them(
    directory: KeycloakDirectory, admin: Admin
) -> None:
    account(admin)
    standing = directory.standing("u-1")
    assert standing is not None
    assert (standing.username, standing.name) == ("alice", "Alice Test")
    assert standing.roles == {"pi", "superuser"}
    assert {group.id for group in standing.groups} == {"g1", "g2"}


@pytest.mark.parametrize(
    "values", [{"enabled": False}, {"enabled": None}, {"enabled": "true"}, {"id": "u-2"}]
)
def test_an_account_that_is_not_plainly_enabled_and_itself_means_nothing(
    directory: KeycloakDirectory, admin: Admin, values: dict[str, object]
) -> None:
    account(admin, **values)
    assert directory.standing("u-1") is None


@pytest.mark.parametrize("field", ["username", "firstName"])
def test_an_account_that_is_not_as_agreed_is_no_answer(
    directory: KeycloakDirectory, admin: Admin, field: str
) -> None:
    account(admin)
    del admin.accounts["u-1"][field]
    if field == "username":
        with pytest.raises(Unavailable):
            directory.standing("u-1")
    else:
        assert directory.standing("u-1") is not None


@pytest.mark.parametrize(
    ("status", "kind"), [(401, Untold), (403, Untold), (500, Unavailable), (None, Unavailable)]
)
def test_an_answer_that_says_no_is_told_from_silence(
    directory: KeycloakDirectory, admin: Admin, status: int | None, kind: type[Unavailable]
) -> None:
    account(admin)
    admin.error = KeycloakGetError("no", response_code=status)
    with pytest.raises(Unavailable) as raised:
        directory.standing("u-1")
    assert type(raised.value) is kind


def test_an_account_that_is_gone_means_nothing(directory: KeycloakDirectory) -> None:
    assert directory.standing("u-1") is None


def test_who_has_a_role_has_it_himself_or_by_a_group_and_those_below_it(
    directory: KeycloakDirectory, admin: Admin
) -> None:
    people = [{"id": f"u-{number}", "username": f"user-{number}"} for number in range(4)]
    admin.role_members = {"pi": people[:2], "a%2Fb%20c": people[3:], "empty": []}
    admin.group_members = {"g1": people[1:2], "g2": people[2:3]}
    assert [person.subject for person in directory.people_of_role("pi")] == ["u-0", "u-1", "u-2"]
    assert [person.username for person in directory.people_of_role("a/b c")] == ["user-3"]
    assert directory.people_of_role("empty") == ()
    assert [person.subject for person in directory.people_of_group("g1")] == ["u-1", "u-2"]


def test_of_many_people_only_so_many_are_asked_for(directory: KeycloakDirectory, admin: Admin) -> None:
    people = [{"id": f"u-{number}", "username": f"user-{number}"} for number in range(6)]
    admin.role_members = {"pi": people[:1]}
    admin.group_members = {"g1": people[1:3], "g2": people[3:]}
    found = directory.some_of_group("g1", most=4)
    assert ([person.subject for person in found.people], found.complete) == (
        ["u-1", "u-2", "u-3", "u-4"],
        False,
    )
    assert admin.queries == [{"first": 0, "max": 5}] * 2
    assert directory.some_of_group("g1", most=5).complete
    admin.asked.clear()
    assert directory.some_of_group("g1", most=1) == Some(people=found.people[:1], complete=False)
    assert "g2" not in admin.asked
    found = directory.some_of_role("pi", most=2)
    assert ([person.subject for person in found.people], found.complete) == (["u-0", "u-1"], False)
    assert directory.some_of_role("nothing", most=2) == Some(people=(), complete=True)


def test_of_many_groups_below_one_only_so_many_are_asked_about(
    directory: KeycloakDirectory, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_module, "MOST_BELOW", 1)
    admin.group_members = {"g1": [], "g2": [{"id": "u-1", "username": "user-1"}]}
    assert directory.some_of_group("g1", most=9) == Some(people=(), complete=False)
    assert "g2" not in admin.asked


@pytest.mark.parametrize("name", ["", ".", "..", "unknown", "../users"])
def test_a_role_that_keycloak_does_not_know_has_nobody(
    directory: KeycloakDirectory, admin: Admin, name: str
) -> None:
    assert not directory.has_role(name)
    assert directory.people_of_role(name) == ()
    assert directory.some_of_role(name, most=9) == Some(people=(), complete=True)
    assert all("/" not in asked for asked in admin.asked)


# Finding people and groups


class Addresses(Admin):
    """People by address, as Keycloak answers ``exact``: case aside."""

    def get_users(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        self._answer(str(query))
        assert query["exact"] is True
        return [user for user in self.users if user.get("email", "").lower() == query["email"].lower()]


def test_a_person_is_found_by_his_whole_verified_address_alone(tmp_path: Path, timer: Timer) -> None:
    admin, directory = Addresses(), KeycloakDirectory(make_settings(tmp_path), timer=timer)
    vars(directory)["_connected"] = admin
    admin.users = [
        {"id": "1", "username": "alice", "email": "A@example.org", "emailVerified": True},
        {"id": "2", "username": "bob", "email": "b@example.org", "emailVerified": False},
        {"id": "3", "username": "carol", "email": "c@example.org", "emailVerified": "true"},
        {"id": "4", "username": "dave", "email": "d@example.org"},
        {"id": "5", "username": "erin", "email": "e@example.org", "emailVerified": True},
        {"id": "6", "username": "erin2", "email": "E@example.org", "emailVerified": True},
    ]
    found = directory.person_of_address("a@EXAMPLE.org")
    assert found is not None
    assert found.username == "alice"
    for address in ("b@example.org", "c@example.org", "d@example.org", "e@example.org", "x@example.org"):
        assert directory.person_of_address(address) is None, address


class Answered:
    """An answer of the library's connection."""

    status_code = 200
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def json(self) -> list[dict[str, Any]]:
        return self._rows


def test_groups_are_found_by_their_names_however_deep_and_what_is_above_them_is_not(
    tmp_path: Path, timer: Timer
) -> None:
    tree: list[dict[str, Any]] = [
        {
            "id": "g1",
            "name": "radiology",
            "path": "/radiology",
            "subGroups": [
                {
                    "id": "g2",
                    "name": "Chest",
                    "path": "/radiology/Chest",
                    "subGroups": [{"id": "g3", "name": "chest-ct", "path": "/radiology/Chest/chest-ct"}],
                }
            ],
        },
        {"id": "g4", "name": "a/chest", "path": "/a/chest"},
    ]
    asked: list[tuple[str, dict[str, Any]]] = []

    class Connection:
        def raw_get(self, place: str, **query: Any) -> Answered:  # noqa: ANN401 - the library's own
            asked.append((place, query))
            return Answered(tree)

    admin, directory = Admin(), KeycloakDirectory(make_settings(tmp_path), timer=timer)
    vars(admin)["connection"] = Connection()
    vars(directory)["_connected"] = admin
    found = directory.search_groups(" CHEST ", limit=5)
    assert [group.path for group in found] == ["/radiology/Chest", "/radiology/Chest/chest-ct"]
    assert asked == [("admin/realms/paradim/groups", {"search": "chest", "max": 5})]
    assert len(directory.search_groups("chest", limit=1)) == 1
    assert directory.search_groups("  ", limit=5) == []
    assert len(asked) == 2


def test_colleagues_are_remembered_for_half_a_minute(
    directory: KeycloakDirectory, admin: Admin, timer: Timer
) -> None:
    admin.group_members = {"g2": [{"id": "u-1", "username": "user-1"}]}
    for _ in range(3):
        assert [person.subject for person in directory.colleagues("g2")] == ["u-1"]
    assert len(admin.asked) == 2  # the group and what is below it
    admin.group_members["g2"].append({"id": "u-2", "username": "user-2"})
    timer.now += COLLEAGUES_LIVE
    assert len(directory.colleagues("g2")) == 2


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("tremb", "*tremb*"),
        (" Jean  Tremb ", "*Jean* *Tremb*"),
        ('a*b "c d"', "*ab* *c* *d*"),
    ],
)
def test_people_are_looked_for_by_each_word(tmp_path: Path, timer: Timer, text: str, asked: str) -> None:
    class Searches(Admin):
        def get_users(self, query: dict[str, Any]) -> list[dict[str, Any]]:
            self._answer(query["search"])
            return []

    admin, directory = Searches(), KeycloakDirectory(make_settings(tmp_path), timer=timer)
    vars(directory)["_connected"] = admin
    assert directory.search(text, limit=5) == []
    assert admin.asked == [asked]
    assert directory.search(' * "" ', limit=5) == []
    assert len(admin.asked) == 1
