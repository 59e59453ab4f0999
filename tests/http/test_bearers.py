"""Keycloak's bearers over HTTP: they read what their person may, and do nothing that is done in person."""

from collections.abc import Iterator

import pytest

from auth_service.store.audit import records
from tests.http.test_routes import Case
from tests.http.test_tokens_api import DATA, IN_PERSON, by_program, sending, status
from tests.http.world import World

OWNERS = [
    ("GET", "/api/albums/a/members", None),
    ("POST", "/api/albums/a/members", {"subject": {"user": "alice"}, "actions": ["view"]}),
    ("PATCH", "/api/albums/a/members/1", {"actions": ["view"]}),
    ("DELETE", "/api/albums/a/members/1", None),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World.make(tmp_path_factory.mktemp("bearers"))
    yield made
    made.close()


def bearer_of(world: World, who: str, **changes: object) -> str:
    return f"Bearer {world.signin.keycloak.bearer(who, **changes)}"


@pytest.mark.parametrize(("path", "case"), DATA)
@pytest.mark.parametrize("who", ["reader_a", "group_a", "stranger", "ended_a", "admin"])
def test_it_opens_exactly_what_its_person_may_do(path: str, case: Case, who: str, world: World) -> None:
    # What administrators do, they do in person: by a bearer they are as anybody.
    expected = by_program("stranger" if who == "admin" else who, path, case)
    assert status(world, bearer_of(world, who), path, case) == expected


def test_somebody_who_never_signed_in_here_reads_nothing_and_is_known_from_then_on(world: World) -> None:
    world.signin.keycloak.add_user("newcomer")
    with sending(world, bearer_of(world, "newcomer")) as client:
        told = client.get("/api/me")
        assert (told.status_code, told.json()["username"], told.json()["session"]) == (200, "newcomer", None)
        assert client.get("/api/albums").json()["items"] == []
        assert client.get("/dicom-web/studies").json() == []


def test_it_tells_where_it_reaches_and_not_what_else_its_person_is(world: World) -> None:
    with sending(world, bearer_of(world, "group_a")) as client:
        told = client.get("/api/me").json()
    assert (told["username"], told["email"], told["roles"], told["groups"]) == ("group_a", "", [], [])
    assert [each["slug"] for each in told["albums"]] == ["a"]


@pytest.mark.parametrize(("method", "path", "body"), IN_PERSON)
def test_what_is_done_in_person_is_not_done_by_it(world: World, method: str, path: str, body: object) -> None:
    with sending(world, bearer_of(world, "owner_a")) as client:
        answer = client.request(method, path, json=body)
    assert (answer.status_code, answer.json()["reason"]) == (403, "token")
    person = f"person:keycloak:{world.signin.keycloak.users['owner_a'].sub}"
    with world.signin.store.read() as tx:
        kept = [
            (record.actor, record.reason, record.session)
            for record in records(tx)
            if record.target == path.partition("?")[0]
        ]
    # Refused twice within a minute, it is counted on the record of the first.
    assert kept == [(person, "in-person", None)]


@pytest.mark.parametrize(("method", "path", "body"), OWNERS)
def test_an_owners_changes_nobodys_rights(world: World, method: str, path: str, body: object) -> None:
    with sending(world, bearer_of(world, "owner_a")) as client:
        assert client.request(method, path, json=body).status_code == 403


def test_it_is_no_session_at_the_gate_of_pages(world: World) -> None:
    with sending(world, bearer_of(world, "owner_a")) as client:
        assert client.get("/internal/session").status_code == 401


def test_beside_a_cookie_it_is_one_credential_too_many(world: World) -> None:
    with world.client("owner_a") as client:
        answer = client.get("/api/me", headers={"authorization": bearer_of(world, "owner_a")})
    assert (answer.status_code, answer.json()["reason"]) == (401, "two-credentials")


def test_it_is_no_password_of_basic_and_no_parameter(world: World) -> None:
    raw = world.signin.keycloak.bearer("owner_a")
    with sending(world, "Bearer " + "x" * 20) as client:
        assert client.get("/api/me", params={"access_token": raw}).status_code == 401
    with world.client("nobody") as client:
        assert client.get("/api/me", params={"access_token": raw}).status_code == 401
        assert client.get("/api/me", auth=("owner_a", raw)).status_code == 401


def test_a_keycloak_that_is_silent_is_said_and_lets_nobody_in(world: World) -> None:
    raw = bearer_of(world, "owner_a")
    world.signin.keycloak.down = True
    try:
        with sending(world, raw) as client:
            assert client.get("/api/me").status_code == 503
    finally:
        world.signin.keycloak.down = False
