"""Why? over HTTP: documents that programs can rely on, fields named, and a number that is enough."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from auth_service.store.audit import records
from auth_service.vocabulary import AuditEvent, Outcome, WayOut, Why
from tests.http.test_routes import SERIES_A, gate
from tests.http.world import World

FILE = f"{SERIES_A}/instances/1.1.1.1"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World.make(tmp_path_factory.mktemp("why"))
    yield made
    made.close()


def test_an_explanation_is_a_document_with_the_steps_and_the_way_out(world: World) -> None:
    with world.client("admin") as client:
        body = client.get("/api/explain", params={"actor": "member_a", "resource": FILE}).json()
    assert (body["outcome"], body["status"], body["reason"], body["action"]) == (
        "forbidden",
        403,
        "other-action",
        "download",
    )
    assert body["target"]["row"] == "instance"
    assert body["thing"]["series"] == [
        {"uid": "1.1.1", "labels": ["album-a"], "allowed": False, "reason": "other-action"}
    ]
    (grant,) = body["grants"]
    assert (grant["label"], grant["actions"], grant["outcome"], grant["decided"]) == (
        "album-a",
        ["view"],
        "other-action",
        True,
    )
    (way,) = body["ways"]
    assert (way["kind"], way["action"], way["album"]["title"]) == ("right", "download", "Album A")
    assert way["album"]["owners"]
    assert body["credential"]["sessions"] == 1
    assert body["whole"] is True


def test_the_number_of_a_refused_request_is_enough(world: World) -> None:
    number = "0123456789abcdef" * 2
    path = "/dicom-web/studies/1.1/series/1.1.3/metadata"
    with world.client("reader_a") as client:
        asked = gate(path)
        asked["headers"]["x-request-id"] = number
        assert client.get("/internal/authorize", **asked).status_code == 403
    with world.client("admin") as client:
        body = client.get("/api/explain", params={"resource": number}).json()
    assert (body["asked"], body["credential"]["username"], body["reason"]) == (path, "reader_a", "no-grant")
    assert body["record"]["request_id"] == number
    assert body["decisions"][0]["target"] == path
    assert [way["kind"] for way in body["ways"]] == ["put"]
    assert body["credential"]["session_ended"] is None


@pytest.mark.parametrize(
    ("method", "path", "reason"),
    [("PATCH", "/api/albums/a/members/1", "narrowed"), ("GET", "/api/audit", "in-person")],
)
def test_a_request_by_a_token_of_keycloak_is_explained_as_one(
    world: World, method: str, path: str, reason: str
) -> None:
    number = f"{len(path):032x}"
    with world.client("nobody") as client:
        client.headers["authorization"] = f"Bearer {world.signin.keycloak.bearer('owner_a')}"
        answer = client.request(method, path, json={"actions": ["view"]}, headers={"x-request-id": number})
    assert answer.status_code == 403
    with world.client("admin") as client:
        told = client.get("/api/explain", params={"resource": number}).json()
        by_session = client.get("/api/explain", params={"resource": number, "actor": "owner_a"}).json()
    assert (told["status"], told["reason"], told["record"]["reason"]) == (403, reason, reason)
    assert [way["kind"] for way in told["ways"]] == ["sign-in"]
    assert told["credential"]["by_bearer"] is True
    assert (by_session["status"], by_session["credential"]["by_bearer"]) == (200, False)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"resource": "a"}, "actor"),
        ({"resource": "a", "actor": "nobody-at-all"}, "actor"),
        ({"resource": "a", "actor": "member_a", "action": "fly"}, "action"),
        ({"resource": "/portal/me", "actor": "member_a"}, "resource"),
        ({"resource": "http://[x", "actor": "member_a"}, "resource"),
        ({"resource": "//[x", "actor": "member_a"}, "resource"),
        ({"resource": "http://\u2100/", "actor": "member_a"}, "resource"),
        ({"resource": "f" * 32, "actor": "member_a"}, "resource"),
        ({"actor": "member_a"}, "resource"),
        ({"resource": "a", "actor": "x" * 257}, "actor"),
    ],
)
def test_an_error_names_its_field(world: World, query: dict[str, str], field: str) -> None:
    with world.client("admin") as client:
        answer = client.get("/api/explain", params=query)
    assert (answer.status_code, answer.json()["reason"]) == (422, field)


def test_to_others_there_is_no_such_route(world: World) -> None:
    with world.client("member_a") as client:
        missing = client.get("/api/nothing")
        for address in ("/api/explain?actor=member_a&resource=a", "/api/people?search=member"):
            answer = client.get(address)
            assert (answer.status_code, answer.content) == (404, missing.content)


def test_the_words_are_in_the_description_of_the_api(world: World) -> None:
    with world.client("nobody") as client:
        schemas = client.get("/api/openapi.json").json()["components"]["schemas"]
    for words in (Outcome, Why, WayOut):
        assert schemas[words.__name__]["enum"] == [str(word) for word in words]
    for document, field, words in (
        ("ExplanationDocument", "outcome", Outcome),
        ("ExplanationDocument", "reason", Why),
        ("GrantStepDocument", "outcome", Why),
        ("SeriesStepDocument", "reason", Why),
        ("WayDocument", "kind", WayOut),
    ):
        assert schemas[document]["properties"][field]["$ref"] == f"#/components/schemas/{words.__name__}"


def test_people_are_found_by_a_part_of_their_names_whether_they_signed_in_or_not(world: World) -> None:
    world.signin.keycloak.add_user("newcomer")
    with world.client("admin") as client:
        seen = client.get("/api/people?search=OWNER").json()
        new = client.get("/api/people?search=newcomer").json()
        few = client.get("/api/people?search=_a&limit=2").json()
        none = client.get("/api/people?search=%25%25").json()
    assert [each["username"] for each in seen["items"]] == ["owner_a", "owner_b"]
    assert set(seen["items"][0]) == {"sub", "username", "name"}
    assert [each["username"] for each in new["items"]] == ["newcomer"]
    assert len(few["items"]) == 2
    assert none == {"items": [], "total": 0, "directory": "up"}


def test_people_seen_here_are_found_while_keycloak_is_down(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    world.signin.keycloak.directory_down = True
    with world.client("admin") as client:
        body = client.get("/api/people?search=owner").json()
        assert client.get("/api/explain?actor=member_a&resource=a").status_code == 503
    assert (body["total"], body["directory"]) == (2, "down")
    world.close()


def test_who_was_told_about_whom_is_on_record(world: World) -> None:
    with world.client("owner_a") as client:
        client.get("/api/explain", params={"actor": "member_a", "resource": FILE + "?token=secret"})
    with world.signin.store.read() as tx:
        last = records(tx)[-1]
    assert (last.event, last.target, last.address) == (AuditEvent.EXPLAINED, FILE, "192.0.2.7")
    assert last.actor_name == world.signin.keycloak.users["owner_a"].name
    assert last.details["about"].startswith("person:keycloak:")
