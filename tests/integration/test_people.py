"""People and groups looked up at the real Keycloak, and what its client for that may do besides."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from auth_service.albums.making import create_album
from auth_service.albums.members import Rights, add_member
from auth_service.albums.members.finding import find_candidates
from auth_service.albums.members.people import people_of_album
from auth_service.archive import Archive
from auth_service.clock import Clock
from auth_service.directory import Directory, KeycloakDirectory
from auth_service.errors import Invalid
from auth_service.policy.model import SYSTEM, Actor
from auth_service.rules import RulesFile
from auth_service.settings import Settings
from auth_service.store.database import Store
from auth_service.vocabulary import Action, ActorKind, AlbumRole, Finding, MemberState
from tests.fakes.settings import make_settings
from tests.world import TestWorld

pytestmark = pytest.mark.stack

VIEW = Rights(role=AlbumRole.MEMBER, actions=frozenset({Action.VIEW}))
LEAST = ("view-realm", "view-users")
"""Rights of the realm that looking up takes: its roles and groups, and its people."""


@dataclass(frozen=True, kw_only=True)
class LiveWorld:
    """A database and an archive of the test's own, and the Keycloak of the stack."""

    settings: Settings
    store: Store
    archive: Archive
    directory: Directory
    rules: RulesFile
    clock: Clock

    def actor(self, name: str) -> Actor:
        """Return somebody as his session would know him."""
        found = self.directory.person(name)
        assert found is not None
        standing = self.directory.standing(found.subject)
        assert standing is not None
        return Actor(
            kind=ActorKind.PERSON,
            provider=found.provider,
            subject=found.subject,
            username=found.username,
            name=standing.name,
            roles=standing.roles,
            groups=standing.groups,
            session="a-session",
        )


Make = Callable[[Finding], LiveWorld]


@pytest.fixture
def make(tmp_path: Path, stack: dict[str, Any]) -> Iterator[Make]:
    known = stack["internal"]["keycloak"]
    made: list[LiveWorld] = []

    def make_one(rule: Finding) -> LiveWorld:
        world = TestWorld.make(
            tmp_path / str(len(made)),
            find_people=rule,
            keycloak_url=known["url"],
            keycloak_realm=known["realm"],
            admin_client_id=known["portal_admin"]["client_id"],
            admin_client_secret=known["portal_admin"]["client_secret"],
        )
        live = LiveWorld(
            settings=world.settings,
            store=world.store,
            archive=world.archive,
            directory=KeycloakDirectory(world.settings),
            rules=world.rules,
            clock=world.clock,
        )
        create_album(live, actor=SYSTEM, title="Album", slug="a", owner="pi-a")
        made.append(live)
        return live

    yield make_one
    for world in made:
        world.store.close()


Found = tuple[list[tuple[str, str]], list[str]]


def find(world: LiveWorld, text: str, who: str = "pi-a") -> Found:
    found = find_candidates(world, actor=world.actor(who), slug="a", search=text, limit=20)
    return [(each.username, each.email) for each in found.people], [each.path for each in found.groups]


MEMBER_A = ("member-a", "member-a@example.org")
MEMBER_B = ("member-b", "member-b@example.org")
NOBODY: Found = ([], [])


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        (Finding.EVERYBODY, "Member", ([MEMBER_A, MEMBER_B], [])),
        (Finding.EVERYBODY, "Emo  member-B", ([MEMBER_B], [])),
        (Finding.EVERYBODY, "member b dem", ([MEMBER_A, MEMBER_B], [])),  # a b is in member, too
        (Finding.EVERYBODY, "member-b@example.org", ([MEMBER_B], [])),
        (Finding.EVERYBODY, "*", Invalid),
        (Finding.EVERYBODY, "CHEST", ([], ["/radiology/chest"])),
        (Finding.EVERYBODY, "oncology", ([], ["/oncology"])),
        # pi-a is in /radiology, member-a in /radiology/chest, member-b in /oncology.
        (Finding.SAME_GROUPS, "member", ([MEMBER_A], [])),
        (Finding.SAME_GROUPS, "emo member", ([MEMBER_A], [])),
        (Finding.SAME_GROUPS, "member-a@example.org", ([MEMBER_A], [])),
        (Finding.SAME_GROUPS, "member-b@example.org", NOBODY),
        (Finding.SAME_GROUPS, "chest", ([], ["/radiology/chest"])),
        (Finding.SAME_GROUPS, "oncology", NOBODY),
        (Finding.EXACT_ADDRESS, "member", NOBODY),
        (Finding.EXACT_ADDRESS, "Member-B", ([("member-b", "")], [])),
        (Finding.EXACT_ADDRESS, "MEMBER-B@example.org", ([MEMBER_B], [])),
        (Finding.EXACT_ADDRESS, "ember-b@example.org", NOBODY),
        (Finding.EXACT_ADDRESS, "/radiology/chest", ([], ["/radiology/chest"])),
        (Finding.EXACT_ADDRESS, "/radiology/ches", NOBODY),
        (Finding.EXACT_ADDRESS, "/radiology/../oncology", NOBODY),
    ],
)
def test_people_and_groups_are_found_as_far_as_the_site_lets_them(
    make: Make, rule: Finding, text: str, expected: Found | type[Invalid]
) -> None:
    world = make(rule)
    if isinstance(expected, tuple):
        assert find(world, text) == expected
    else:
        with pytest.raises(expected):
            find(world, text)


@pytest.mark.parametrize("rule", Finding)
def test_who_is_named_wholly_is_found_under_every_setting(make: Make, rule: Finding) -> None:
    world = make(rule)
    owner = world.actor("pi-a")

    def give(**subject: str) -> tuple[str, str]:
        given = add_member(world, actor=owner, slug="a", rights=VIEW, **subject)  # type: ignore[arg-type] # one
        return str(given.state), given.subject

    assert give(user="Member-B") == (MemberState.MEMBER, "member-b")
    assert give(group="/radiology/chest") == (MemberState.MEMBER, "/radiology/chest")
    hidden = rule is Finding.SAME_GROUPS
    expected = (MemberState.PENDING, "stranger@example.org") if hidden else (MemberState.MEMBER, "stranger")
    assert give(email="Stranger@example.org") == expected
    assert give(email="nobody@example.org") == (MemberState.PENDING, "nobody@example.org")
    for wrong in ({"user": "member"}, {"user": "*"}, {"group": "/radiology/CHEST"}, {"group": "/"}):
        with pytest.raises(Invalid):
            give(**wrong)


@pytest.mark.parametrize(
    ("rule", "named", "unnamed"),
    [
        (Finding.EVERYBODY, {"pi-a", "member-a", "pi-b", "member-b"}, {}),
        (Finding.SAME_GROUPS, {"pi-a", "member-a"}, {"/oncology": 2}),
        (Finding.EXACT_ADDRESS, {"pi-a"}, {"/oncology": 2, "/radiology": 1}),
    ],
)
def test_who_can_see_an_album_is_named_as_far_as_he_could_be_found(
    make: Make, rule: Finding, named: set[str], unnamed: dict[str, int]
) -> None:
    world = make(rule)
    for group in ("/radiology", "/oncology"):
        add_member(world, actor=world.actor("pi-a"), slug="a", group=group, rights=VIEW)
    page = people_of_album(world, actor=world.actor("pi-a"), slug="a", limit=99, offset=0)
    assert {each.username for each in page.items} == named
    assert {each.source.group: each.people for each in page.unnamed} == unnamed
    assert page.complete


def check_looking_up(directory: Directory) -> None:
    """Ask everything that the service asks of the directory."""
    found = directory.person_of_address("member-a@example.org")
    assert found is not None
    standing = directory.standing(found.subject)
    assert standing is not None
    assert {group.path for group in standing.groups} == {"/radiology", "/radiology/chest"}
    assert standing.roles == {"researcher"}
    assert [each.username for each in directory.search("member-a", limit=5)] == ["member-a"]
    group = directory.group("/radiology")
    assert group is not None
    assert {each.username for each in directory.people_of_group(group.id)} == {"pi-a", "member-a"}
    assert [each.path for each in directory.search_groups("chest", limit=5)] == ["/radiology/chest"]
    some = directory.some_of_group(group.id, most=1)
    assert (len(some.people), some.complete) == (1, False)
    assert directory.some_of_group(group.id, most=2).complete
    assert {each.username for each in directory.people_of_role("pi")} == {"pi-a", "pi-b"}
    some = directory.some_of_role("researcher", most=2)
    assert (len(some.people), some.complete) == (2, False)
    assert directory.some_of_role("pi", most=2).complete
    assert not directory.has_role("no-such-role")


def test_all_that_is_looked_up_is_answered(make: Make) -> None:
    check_looking_up(make(Finding.EVERYBODY).directory)


# What the client may do


class Administered:
    """Keycloak's admin API with somebody's token."""

    def __init__(self, stack: dict[str, Any], realm: str, form: dict[str, str]) -> None:
        known = stack["internal"]["keycloak"]
        token = httpx.post(
            f"{known['url']}/realms/{realm}/protocol/openid-connect/token", data=form, trust_env=False
        )
        token.raise_for_status()
        self.client = httpx.Client(
            base_url=f"{known['url']}/admin/realms/{known['realm']}",
            headers={"Authorization": f"Bearer {token.json()['access_token']}"},
            trust_env=False,
            timeout=30,
        )

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        answer = self.client.get(path)
        answer.raise_for_status()
        return answer.json()


@pytest.fixture
def portal_admin(stack: dict[str, Any]) -> Iterator[Administered]:
    known = stack["internal"]["keycloak"]
    made = Administered(stack, known["realm"], {"grant_type": "client_credentials", **known["portal_admin"]})
    yield made
    made.client.close()


@pytest.fixture
def keycloak_admin(stack: dict[str, Any]) -> Iterator[Administered]:
    form = {"grant_type": "password", "client_id": "admin-cli", **stack["internal"]["keycloak"]["admin"]}
    made = Administered(stack, "master", form)
    yield made
    made.client.close()


REFUSED = (
    ("PUT", "", {"sslRequired": "none"}),
    ("DELETE", "", None),
    ("POST", "/roles", {"name": "made"}),
    ("DELETE", "/roles/pi", None),
    ("GET", "/clients", None),
    ("POST", "/clients", {"clientId": "made"}),
    ("GET", "/client-scopes", None),
    ("GET", "/identity-provider/instances", None),
    ("POST", "/identity-provider/instances", {"alias": "made", "providerId": "oidc"}),
    ("POST", "/authentication/flows", {"alias": "made", "providerId": "basic-flow"}),
    ("POST", "/components", {"name": "made"}),
    ("PUT", "/events/config", {"eventsEnabled": False}),
    ("DELETE", "/events", None),
    ("POST", "/users/{stranger}/impersonation", None),
    ("GET", "/../master/users", None),
    ("GET", "/../master/clients", None),
)


@pytest.mark.parametrize(("method", "path", "body"), REFUSED)
def test_the_client_that_looks_people_up_does_not_administer_the_realm(
    portal_admin: Administered, method: str, path: str, body: object
) -> None:
    [stranger] = portal_admin.get("/users?username=stranger&exact=true")
    answer = portal_admin.client.request(method, path.format(stranger=stranger["id"]), json=body)
    assert answer.status_code == 403, answer.text


def test_the_client_that_looks_people_up_makes_no_administrator_of_the_realm(
    portal_admin: Administered, keycloak_admin: Administered
) -> None:
    [stranger] = portal_admin.get("/users?username=stranger&exact=true")
    [management] = keycloak_admin.get("/clients?clientId=realm-management")
    role = keycloak_admin.get(f"/clients/{management['id']}/roles/realm-admin")
    place = f"/users/{stranger['id']}/role-mappings/clients/{management['id']}"
    assert portal_admin.client.post(place, json=[role]).status_code == 403
    assert keycloak_admin.get(place) == []


@pytest.fixture
def least(keycloak_admin: Administered) -> Iterator[tuple[str, str]]:
    """Make a client that may view people, roles and groups, and nothing else."""
    name, secret = f"least-{uuid4().hex[:8]}", uuid4().hex
    api = keycloak_admin.client
    wanted = {
        "clientId": name,
        "secret": secret,
        "publicClient": False,
        "standardFlowEnabled": False,
        "serviceAccountsEnabled": True,
    }
    api.post("/clients", json=wanted).raise_for_status()
    [made] = keycloak_admin.get(f"/clients?clientId={name}")
    try:
        account = keycloak_admin.get(f"/clients/{made['id']}/service-account-user")
        [management] = keycloak_admin.get("/clients?clientId=realm-management")
        roles = [keycloak_admin.get(f"/clients/{management['id']}/roles/{role}") for role in LEAST]
        place = f"/users/{account['id']}/role-mappings/clients/{management['id']}"
        api.post(place, json=roles).raise_for_status()
        yield name, secret
    finally:
        api.delete(f"/clients/{made['id']}").raise_for_status()


def test_to_look_up_takes_the_right_to_view_and_no_other(
    tmp_path: Path, stack: dict[str, Any], least: tuple[str, str]
) -> None:
    known, (name, secret) = stack["internal"]["keycloak"], least
    settings = make_settings(
        tmp_path,
        keycloak_url=known["url"],
        keycloak_realm=known["realm"],
        admin_client_id=name,
        admin_client_secret=secret,
    )
    check_looking_up(KeycloakDirectory(settings))
