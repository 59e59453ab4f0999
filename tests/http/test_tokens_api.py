"""Tokens over HTTP: shown once, as good as their maker where they reach, and no better anywhere."""

import base64
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from auth_service.store.audit import records
from auth_service.store.tables import AuditRecord
from tests.http.test_routes import CASES, TAKERS_A, Case
from tests.http.world import World

DATA = [
    pytest.param(path, case, id=f"{method} {path} {number}")
    for (method, path), cases in CASES.items()
    if path.startswith(("/internal/authorize", "/dicom-web", "/orthanc"))
    for number, case in enumerate(cases)
    # A program's bearer needs no origin.
    if "origin" not in case[2].get("headers", {})
]
IN_PERSON = [
    ("GET", "/api/tokens", None),
    ("POST", "/api/tokens", {"name": "more", "actions": ["view"]}),
    ("DELETE", "/api/tokens/x", None),
    ("GET", "/api/sessions", None),
    ("DELETE", "/api/sessions/x", None),
    ("PATCH", "/api/me", {"language": "fr"}),
    ("GET", "/api/explain?actor=member_a&resource=a", None),
    ("GET", "/api/people?search=owner", None),
    ("POST", "/api/albums", {"title": "New"}),
    ("POST", "/api/albums/a/leave", None),
    ("PUT", "/api/albums/a/favourite", None),
    ("GET", "/api/albums/ownerless", None),
    ("GET", "/api/arrivals", None),
    ("POST", "/api/arrivals/file", {"ids": [1], "album": "a"}),
    ("POST", "/api/arrivals/1/dismiss", {"reason": "x"}),
    ("POST", "/api/albums/a/owner", {"user": "stranger", "reason": "x"}),
]

LAST = select(AuditRecord.actor, AuditRecord.actor_name).order_by(AuditRecord.id.desc()).limit(1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World.make(tmp_path_factory.mktemp("tokens"))
    yield made
    made.close()


def token_of(world: World, who: str, **wanted: object) -> str:
    with world.client(who) as client:
        answer = client.post("/api/tokens", json={"name": "notebook", "actions": ["view"], **wanted})
    assert answer.status_code == 201, answer.text
    secret: str = answer.json()["token"]
    return secret


def sending(world: World, authorization: str) -> httpx.Client:
    client = world.client("nobody")
    client.headers["authorization"] = authorization
    del client.headers["origin"]
    return client


def status(world: World, authorization: str, path: str, case: Case) -> int:
    method, address, sent, _ = case
    with sending(world, authorization) as client:
        return client.request(method, address or path, follow_redirects=False, **sent).status_code


def by_program(who: str, path: str, case: Case) -> int:
    """Return what a program in somebody's name gets: as he; what takes an administrator takes a person."""
    left_on_the_server = case[2].get("json") == {"Asynchronous": True} and who in TAKERS_A
    return 403 if left_on_the_server or path.startswith("/orthanc/patients/") else case[3][who]


@pytest.fixture(scope="module")
def wide(world: World) -> str:
    """A reader's token of more than he may do."""
    return token_of(world, "reader_a", actions=["view", "download", "send"])


@pytest.fixture(scope="module")
def narrow(world: World) -> str:
    """An owner's token that only views."""
    return token_of(world, "owner_a", actions=["view"])


def test_the_secret_is_in_one_answer_and_in_no_other(world: World) -> None:
    with world.client("reader_a") as client:
        made = client.post("/api/tokens", json={"name": "once", "actions": ["view", "download"]})
        listed = client.get("/api/tokens")
    assert made.headers["cache-control"] == "no-store"
    assert made.json()["token"] not in listed.text
    assert {key: value for key, value in made.json().items() if key != "token"} in listed.json()["items"]


@pytest.mark.parametrize(("path", "case"), DATA)
def test_it_opens_what_its_maker_may_do_and_when_narrowed_what_a_viewer_may(
    path: str, case: Case, world: World, wide: str, narrow: str
) -> None:
    assert status(world, f"Bearer {wide}", path, case) == by_program("reader_a", path, case)
    assert status(world, f"Bearer {narrow}", path, case) == by_program("member_a", path, case)


def test_narrowed_to_one_album_it_finds_nothing_of_another(world: World) -> None:
    secret = token_of(world, "owner_a", albums=["a"])
    with world.client("owner_b") as client:
        slug_b = client.get("/api/albums").json()["items"][0]["slug"]
    with sending(world, f"Bearer {secret}") as client:
        assert [album["slug"] for album in client.get("/api/albums").json()["items"]] == ["a"]
        assert client.get(f"/api/albums/{slug_b}").status_code == 404
        assert [each["slug"] for each in client.get("/api/me").json()["albums"]] == ["a"]
        assert client.get("/api/me").json()["albums"][0]["actions"] == ["view"]


@pytest.mark.parametrize(("method", "path", "body"), IN_PERSON)
def test_what_is_done_in_person_is_not_done_by_a_token(
    world: World, method: str, path: str, body: object
) -> None:
    with sending(world, f"Bearer {token_of(world, 'stranger')}") as client:
        answer = client.request(method, path, json=body)
    assert (answer.status_code, answer.json()["reason"]) == (403, "token")
    with world.signin.store.read() as tx:
        last = records(tx)[-1]
    assert (last.event, last.reason, last.target) == ("denied", "in-person", path.partition("?")[0])
    assert last.details["maker"].startswith("keycloak:")


def test_it_is_the_password_of_basic_whatever_the_user_name(world: World) -> None:
    secret = token_of(world, "member_a")
    for name in ("member_a", "", "anything", "Élodie"):
        pair = base64.b64encode(f"{name}:{secret}".encode()).decode()
        for scheme in ("Basic", "basic"):
            with sending(world, f"{scheme} {pair}") as client:
                assert client.get("/api/me").json()["username"] == "member_a"


def test_a_page_elsewhere_cannot_use_what_a_browser_remembers_of_basic(world: World, narrow: str) -> None:
    basic = "Basic " + base64.b64encode(f"x:{narrow}".encode()).decode()
    with sending(world, basic) as client:
        question = {"Level": "Study", "Query": {}}
        assert client.post("/orthanc/tools/find", json=question).status_code == 200
        client.headers["origin"] = "http://evil.example"
        assert client.post("/orthanc/tools/find", json=question).status_code == 403


def test_it_changes_nobodys_rights(world: World) -> None:
    with world.client("owner_a") as client:
        for action in ("invite", "manage", "edit", "delete", "audit", "administer"):
            answer = client.post("/api/tokens", json={"name": "x", "actions": ["view", action]})
            assert (answer.status_code, answer.json()["reason"]) == (422, "actions")


def test_it_tells_where_it_reaches_and_not_what_else_its_maker_is(world: World, narrow: str) -> None:
    with sending(world, f"Bearer {narrow}") as client:
        told = client.get("/api/me").json()
    assert (told["username"], told["email"], told["roles"], told["groups"]) == ("owner_a", "", [], [])


def test_a_revoked_one_is_a_bad_credential_everywhere(world: World) -> None:
    with world.client("reader_a") as client:
        made = client.post("/api/tokens", json={"name": "short-lived", "actions": ["view"]}).json()
        secret, token_id = made["token"], made["id"]
        assert client.delete(f"/api/tokens/{token_id}").status_code == 204
        assert client.delete(f"/api/tokens/{token_id}").status_code == 404
    with sending(world, f"Bearer {secret}") as client:
        for path in ("/api/me", "/api/albums", "/dicom-web/studies"):
            assert client.get(path).status_code == 401


def test_it_never_stands_for_a_session_at_the_gate_of_pages(world: World) -> None:
    with sending(world, f"Bearer {token_of(world, 'owner_a')}") as client:
        assert client.get("/internal/session").status_code == 401


def test_beside_a_cookie_it_is_one_credential_too_many(world: World) -> None:
    secret = token_of(world, "owner_a")
    with world.client("owner_a") as client:
        answer = client.get("/api/me", headers={"authorization": f"Bearer {secret}"})
    assert (answer.status_code, answer.json()["reason"]) == (401, "two-credentials")


def test_what_it_does_is_on_record_under_its_own_name(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    try:
        secret = token_of(world, "reader_a", actions=["view"])
        with sending(world, f"Bearer {secret}") as client:
            assert client.get("/api/albums/b").status_code == 404
        with world.client("reader_a") as client:
            token = client.get("/api/tokens").json()["items"][0]
        with world.signin.store.read() as tx:
            actor, name = tx.execute(LAST).one()
    finally:
        world.close()
    assert actor == f"token:{token['id']}"
    assert name.endswith("(notebook)")
