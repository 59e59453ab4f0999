"""Albums that people make and look after, as JSON."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auth_service.albums import ledger
from auth_service.store import audit as audit_table
from auth_service.store.tables import AuditRecord
from tests.http.world import PEOPLE, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World.make(tmp_path)
    yield world
    world.close()


def get(world: World, who: str, address: str) -> Any:  # noqa: ANN401 - JSON
    answer = world.client(who).get(address)
    assert answer.status_code == 200, answer.text
    return answer.json()


def slugs(world: World, who: str, query: str = "") -> list[str]:
    return [item["slug"] for item in get(world, who, f"/api/albums{query}")["items"]]


def records(world: World) -> list[AuditRecord]:
    with world.signin.store.read() as tx:
        return audit_table.records(tx)


def token_of(world: World, who: str) -> dict[str, str]:
    """Every right that a token can leave."""
    actions = ["view", "download", "upload", "remove", "send", "comment", "annotate", "launch", "export"]
    made = world.client(who).post(
        "/api/tokens", json={"name": "t", "actions": actions, "albums": None, "until": None}
    )
    assert made.status_code == 201, made.text
    secret = made.json()["token"]
    return {"authorization": f"Bearer {secret}"}


def test_an_album_is_made_filled_in_and_owned(world: World) -> None:
    made = world.client("stranger").post("/api/albums", json={"title": "Été 2026", "description": "ours"})
    assert made.status_code == 201
    body = made.json()
    slug = body["slug"]
    assert re.fullmatch("ete-2026-[0-9a-f]{4}", slug)
    assert (body["title"], body["description"]) == ("Été 2026", "ours")
    assert (body["role"], body["studies"], body["members"], body["archive"]) == ("owner", 0, 1, "up")
    assert {who: slugs(world, who) for who in PEOPLE if slug in slugs(world, who)} == {"stranger": [slug]}
    last = records(world)[-1]
    assert (last.event, last.label, last.address, last.request_id) == (
        "album-created",
        f"album-{slug}",
        "192.0.2.7",
        "request-1",
    )


def test_a_hidden_album_is_not_revealed_by_its_name(world: World) -> None:
    answers = [
        world.client("stranger").post("/api/albums", json={"title": "x", "slug": slug})
        for slug in ("a", "ownerless")
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert [answer.json()["slug"].rpartition("-")[0] for answer in answers] == ["a", "ownerless"]
    assert world.client("stranger").get("/api/albums/a").status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 256}, "title"),
        ({"title": None}, "title"),
        ({"title": 7}, "title"),
        ({"title": "a\u202eb"}, "title"),
        ({"description": "x" * 2049}, "description"),
        ({"description": None}, "description"),
        ({"slug": "A b"}, "slug"),
        ({"slug": "x" * 51}, "slug"),
        ({"owner": "owner_a"}, "owner"),
    ],
)
def test_a_wrong_field_is_named_and_no_album_made(world: World, change: dict[str, Any], field: str) -> None:
    answer = world.client("stranger").post("/api/albums", json={"title": "New"} | change)
    assert (answer.status_code, answer.json()["reason"]) == (422, field)
    assert slugs(world, "stranger") == []


def test_a_site_may_let_some_roles_make_albums(tmp_path: Path) -> None:
    world = World.make(tmp_path, album_makers="pi")
    try:
        refused = world.client("stranger").post("/api/albums", json={"title": "New"})
        assert (refused.status_code, refused.json()["reason"]) == (403, "role")
        assert get(world, "stranger", "/api/me")["makes_albums"] is False
        assert world.client("owner_b").post("/api/albums", json={"title": "New"}).status_code == 201
        assert get(world, "owner_b", "/api/me")["makes_albums"] is True
    finally:
        world.close()


def test_editing(world: World) -> None:
    answer = world.client("owner_a").patch("/api/albums/a", json={"title": "Heads"})
    assert (answer.status_code, answer.json()["title"]) == (200, "Heads")
    assert world.client("owner_a").patch("/api/albums/a", json={}).json()["title"] == "Heads"
    assert get(world, "member_a", "/api/albums/a")["title"] == "Heads"
    for body, field in (({"title": ""}, "title"), ({"slug": "b"}, "slug"), ({"title": 1}, "title")):
        wrong = world.client("owner_a").patch("/api/albums/a", json=body)
        assert (wrong.status_code, wrong.json()["reason"]) == (422, field)


def test_archiving_and_bringing_back(world: World) -> None:
    owner = world.client("owner_a")
    for _ in range(2):
        assert owner.put("/api/albums/a/archived").status_code == 204
    assert slugs(world, "member_a") == []
    assert slugs(world, "member_a", "?archived=true") == ["a"]
    assert get(world, "member_a", "/api/albums/a")["archived"] == "2026-03-03T14:00:00Z"
    path = {"x-gate-method": "GET", "x-gate-path": "/dicom-web/studies/1.1/series/1.1.1/metadata"}
    assert world.client("member_a").get("/internal/authorize", headers=path).status_code == 204
    body = {"subject": {"user": "stranger"}, "actions": ["view"]}
    refused = owner.post("/api/albums/a/members", json=body, headers={"accept-language": "en"})
    assert (refused.status_code, refused.json()["reason"]) == (409, "archived")
    assert refused.json()["message"].startswith("This album is archived")
    assert owner.delete("/api/albums/a/archived").status_code == 204
    assert owner.post("/api/albums/a/members", json=body).status_code == 201
    assert slugs(world, "stranger") == ["a"]


def test_deleting(world: World) -> None:
    owner = world.client("owner_a")
    path = {"x-gate-method": "GET", "x-gate-path": "/dicom-web/studies/1.1/series/1.1.1/metadata"}
    assert get(world, "owner_a", "/api/albums/a/deletion") == {
        "slug": "a",
        "title": "Album A",
        "people": 3,
        "groups": 1,
        "studies": 2,
        "series": 3,
        "unseen": 3,
    }
    wrong = owner.delete("/api/albums/a?confirm=b", headers={"accept-language": "fr"})
    assert (wrong.status_code, wrong.json()["reason"]) == (422, "confirm")
    assert "Écrivez le nom court" in wrong.json()["message"]
    assert world.client("member_a").get("/internal/authorize", headers=path).status_code == 204
    gone = owner.delete("/api/albums/a?confirm=a")
    assert gone.status_code == 200
    # The label is still there, and opens nothing.
    assert "album-a" in world.archive.labels()["1.1.1"]
    for who in ("owner_a", "member_a", "reader_a", "group_a"):
        client = world.client(who)
        assert client.get("/internal/authorize", headers=path).status_code == 403
        assert client.get("/api/albums/a").content == client.get("/api/albums/none").content
        assert client.get("/dicom-web/studies").json() == []
        assert slugs(world, who, "?archived=true") == []
    ledger.resume_all(world.signin.services)
    assert world.archive.labels() == {"1.2.1": {"album-b"}, "1.3.1": {"album-b"}}
    assert ledger.report(world.signin.services, change=gone.json()["change"]).done == 3


def test_leaving(world: World) -> None:
    assert world.client("member_a").post("/api/albums/a/leave").status_code == 204
    assert slugs(world, "member_a") == []
    last = world.client("owner_a").post("/api/albums/a/leave")
    assert (last.status_code, last.json()["reason"]) == (409, "last-owner")
    group = world.client("group_a").post("/api/albums/a/leave")
    assert (group.status_code, group.json()["reason"]) == (409, "group")
    assert "/radiology" in group.json()["message"]


def test_handing_over(world: World) -> None:
    owner = world.client("owner_a")
    for body, field in (
        ({"user": "stranger", "keep": ["fly"]}, "keep"),
        ({"user": "stranger", "keep": ["manage"]}, "keep"),
        ({"user": "stranger", "keep": []}, "keep"),
        ({"user": "no-such-person"}, "user"),
        ({"user": ""}, "user"),
        ({"user": "stranger", "note": "x"}, "note"),
    ):
        wrong = owner.post("/api/albums/a/handover", json=body)
        assert (wrong.status_code, wrong.json()["reason"]) == (422, field), wrong.text
    given = owner.post("/api/albums/a/handover", json={"user": "stranger", "keep": ["view"]})
    assert given.status_code == 204
    assert get(world, "stranger", "/api/albums/a")["role"] == "owner"
    assert get(world, "owner_a", "/api/albums/a")["actions"] == ["view"]
    world.signin.keycloak.directory_down = True
    down = world.client("stranger").post("/api/albums/a/handover", json={"user": "owner_a"})
    assert (down.status_code, down.json()["reason"]) == (503, "keycloak")


def test_favourites(world: World) -> None:
    client = world.client("member_a")
    assert client.put("/api/albums/a/favourite").status_code == 204
    assert get(world, "member_a", "/api/albums/a")["favourite"] is True
    assert slugs(world, "member_a", "?favourite=true") == ["a"]
    assert slugs(world, "owner_a", "?favourite=true") == []
    assert client.delete("/api/albums/a/favourite").status_code == 204
    assert slugs(world, "member_a", "?favourite=true") == []


def test_albums_without_an_owner(world: World) -> None:
    users = world.signin.keycloak.users
    assert get(world, "admin", "/api/albums/ownerless") == {"items": [], "looked_at": 2, "total": 2}
    users["owner_a"].enabled = False
    assert get(world, "admin", "/api/albums/ownerless")["items"] == [
        {"slug": "a", "title": "Album A", "last_owners": ["Test Owner_A"], "members": 4}
    ]
    assert get(world, "admin", "/api/albums/ownerless?limit=1&offset=1")["items"] == []
    admin = world.client("admin")
    taken = admin.post("/api/albums/b/owner", json={"user": "admin", "reason": "curious"})
    assert (taken.status_code, taken.json()["reason"]) == (409, "owner")
    assert slugs(world, "admin") == []
    given = admin.post("/api/albums/a/owner", json={"user": "member_a", "reason": "owner left"})
    assert given.status_code == 204
    assert get(world, "member_a", "/api/albums/a")["role"] == "owner"
    assert records(world)[-1].details["why"] == "owner left"


def test_to_others_there_is_no_such_address(world: World) -> None:
    stranger = world.client("owner_a")
    assert stranger.get("/api/albums/ownerless").content == stranger.get("/api/albums/none").content


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", {"title": "New"}),
        ("PATCH", "/a", {"title": "New"}),
        ("PUT", "/a/archived", None),
        ("DELETE", "/a/archived", None),
        ("GET", "/a/deletion", None),
        ("DELETE", "/a?confirm=a", None),
        ("POST", "/a/leave", None),
        ("POST", "/a/handover", {"user": "stranger"}),
        ("PUT", "/a/favourite", None),
        ("GET", "/ownerless", None),
        ("POST", "/a/owner", {"user": "stranger", "reason": "x"}),
    ],
)
def test_no_token_looks_after_albums(
    world: World, method: str, path: str, body: dict[str, str] | None
) -> None:
    for who in ("owner_a", "admin"):
        headers = token_of(world, who)
        before = (slugs(world, "owner_a"), get(world, "owner_a", "/api/albums/a"))
        answer = world.client("nobody").request(method, f"/api/albums{path}", json=body, headers=headers)
        assert answer.status_code in ((403, 404) if who == "admin" else (403,)), answer.text
        assert (slugs(world, "owner_a"), get(world, "owner_a", "/api/albums/a")) == before
