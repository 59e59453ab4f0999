"""Albums, their members, who asks and how the parts are, as JSON."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from auth_service.store.tables import AlbumCount
from auth_service.vocabulary import OWNER_ACTIONS, Action
from tests.http.world import PEOPLE, World

EVERYTHING = [str(action) for action in Action if action in OWNER_ACTIONS]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World.make(tmp_path)
    yield world
    world.close()


def get(world: World, who: str, address: str) -> Any:  # noqa: ANN401 - JSON
    answer = world.client(who).get(address)
    assert answer.status_code == 200, answer.text
    return answer.json()


def give(world: World, who: str, slug: str = "a", **body: object) -> Any:  # noqa: ANN401 - JSON
    return world.client(who).post(f"/api/albums/{slug}/members", json=body)


ALBUM_A = {
    "slug": "a",
    "label": "album-a",
    "title": "Album A",
    "description": "",
    "studies": 2,
    "series": 3,
    "instances": 6,
    "modalities": ["CT", "SEG"],
    "counted": "2026-03-02T14:00:00Z",
    "members": 4,
    "favourite": False,
    "deidentifies": None,
    "archived": None,
    "created": "2026-03-02T14:00:00Z",
    "changed": "2026-03-02T14:00:00Z",
    "owners": ["Test Owner_A"],
    "picture": {"study": "1.1", "series": "1.1.1"},
}


# Albums


def test_the_list_holds_what_was_agreed(world: World) -> None:
    assert get(world, "owner_a", "/api/albums") == {
        "items": [ALBUM_A | {"role": "owner", "actions": EVERYTHING, "until": None, "deidentifies": False}],
        "total": 1,
        "archive": "up",
    }
    assert get(world, "reader_a", "/api/albums/a") == ALBUM_A | {
        "role": "member",
        "actions": ["view", "download"],
        "until": None,
        "archive": "up",
    }


def test_everybody_gets_exactly_his_albums(world: World) -> None:
    assert {who: [item["slug"] for item in get(world, who, "/api/albums")["items"]] for who in PEOPLE} == {
        "owner_a": ["a"],
        "member_a": ["a"],
        "reader_a": ["a"],
        "group_a": ["a"],
        "ended_a": [],
        "owner_b": ["b"],
        "member_b": ["b"],
        "stranger": [],
        "admin": [],
    }


def test_the_portal_sees_for_somebody_what_he_sees(world: World) -> None:
    assert get(world, "portal:member_a", "/api/albums") == get(world, "member_a", "/api/albums")


@pytest.mark.parametrize("path", ["", "/members", "/members/1"])
def test_hidden_and_unknown_albums_answer_with_the_same_bytes(world: World, path: str) -> None:
    method = "DELETE" if path.endswith("1") else "GET"
    answers = {
        (answer.status_code, answer.content)
        for slug in ("b", "no-such-album", "B", "%61", "a%00")
        for answer in [world.client("stranger").request(method, f"/api/albums/{slug}{path}")]
    }
    assert len(answers) == 1
    assert answers.pop()[0] == 404


def test_without_orthanc_albums_are_listed_with_the_counts_that_are_kept(world: World) -> None:
    world.archive.down = True
    mine = {"role": "member", "actions": ["view"], "until": None}
    for query in ("", "?modality=CT", "?sort=-studies"):
        assert get(world, "member_a", f"/api/albums{query}") == {
            "items": [ALBUM_A | mine],
            "total": 1,
            "archive": "up",
        }
    assert get(world, "member_a", "/api/albums/a") == ALBUM_A | mine | {"archive": "up"}


def test_without_orthanc_what_was_never_counted_is_listed_without_counts(world: World) -> None:
    with world.signin.store.write() as tx:
        tx.execute(delete(AlbumCount))
    world.archive.down = True
    body = get(world, "member_a", "/api/albums")
    unknown = dict.fromkeys(("studies", "series", "instances", "modalities", "picture", "counted"))
    assert body == {
        "items": [ALBUM_A | unknown | {"role": "member", "actions": ["view"], "until": None}],
        "total": 1,
        "archive": "down",
    }
    assert get(world, "member_a", "/api/albums/a")["archive"] == "down"
    answer = world.client("member_a").get("/api/albums?modality=CT")
    assert (answer.status_code, answer.json()["reason"]) == (503, "orthanc")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("offset=-1", "offset"),
        ("sort=owner", "sort"),
        ("sort=--changed", "sort"),
        ("mine=perhaps", "mine"),
        ("modality=ct", "modality"),
        ("modality=CT\\MR", "modality"),
        ("search=" + "x" * 201, "search"),
        ("colour=red", "colour"),
        ("favourite=perhaps", "favourite"),
        ("archived=perhaps", "archived"),
        ("can=fly", "can"),
        ("can=administer", "can"),
        ("created_from=yesterday", "created_from"),
        ("created_to=20260301", "created_to"),
        ("changed_from=2026-02-30", "changed_from"),
        ("changed_to=9999-12-31", "changed_to"),
    ],
)
def test_a_wrong_parameter_is_named(world: World, query: str, field: str) -> None:
    answer = world.client("owner_a").get(f"/api/albums?{query}")
    assert answer.status_code == 422
    assert answer.json()["error"] == "invalid"
    assert answer.json()["reason"] == field


def test_parameters_choose_albums(world: World) -> None:
    give(world, "owner_b", "b", subject={"user": "owner_a"}, role="member", actions=["view"])

    def slugs(query: str) -> list[str]:
        return [item["slug"] for item in get(world, "owner_a", f"/api/albums?{query}")["items"]]

    assert slugs("sort=title") == ["a", "b"]
    assert slugs("sort=-title") == ["b", "a"]
    assert slugs("sort=title&limit=1&offset=1") == ["b"]
    assert slugs("mine=true") == ["a"]
    assert slugs("mine=false") == ["b"]
    assert slugs("search=ALBUM%20owner_B") == ["b"]
    assert slugs("modality=MR") == ["b"]
    assert slugs("modality=SEG") == ["a"]
    assert slugs("modality=US") == []


# Who asks


def test_who_asks_learns_what_he_may_do_where(world: World) -> None:
    body = get(world, "group_a", "/api/me")
    user = world.signin.keycloak.users["group_a"]
    session = body.pop("session")
    assert set(session) == {"id", "created", "expires"}
    assert [group.pop("id") != "" for group in body["groups"]] == [True, True]
    assert body == {
        "sub": user.sub,
        "username": "group_a",
        "name": "Test Group_A",
        "email": "group_a@example.org",
        "language": None,
        "roles": ["researcher"],
        "groups": [{"path": "/radiology"}, {"path": "/radiology/chest"}],
        "makes_albums": True,
        "albums": [{"slug": "a", "title": "Album A", "role": "member", "actions": ["view"], "until": None}],
        "labels": [],
        "waiting": None,
    }
    assert get(world, "ended_a", "/api/me")["albums"] == []
    assert get(world, "admin", "/api/me")["albums"] == []
    assert get(world, "admin", "/api/me")["roles"] == ["admin"]


def test_a_language_is_kept_for_the_person_alone(world: World) -> None:
    for language in ("fr", "en", None):
        answer = world.client("member_a").patch("/api/me", json={"language": language})
        assert (answer.status_code, answer.json()["language"]) == (200, language)
        assert get(world, "member_a", "/api/me")["language"] == language
        assert get(world, "member_b", "/api/me")["language"] is None
    wrong: list[Any] = [
        {},
        {"language": "de"},
        {"language": "fr", "name": "x"},
        {"language": ["fr"]},
        [],
        None,
    ]
    for body in wrong:
        answer = world.client("member_a").patch("/api/me", json=body)
        assert answer.status_code == 422, body


# How the parts are


def test_health_says_which_part_is_down(world: World) -> None:
    def health() -> dict[str, Any]:
        world.signin.wait(seconds=3)
        body: dict[str, Any] = get(world, "nobody", "/api/health")
        return body

    up = {"auth_service": "up", "orthanc": "up", "keycloak": "up"}
    assert health() == {"status": "ok", "parts": up}
    world.archive.down = True
    assert health() == {"status": "degraded", "parts": up | {"orthanc": "down"}}
    world.archive.down = False
    world.signin.keycloak.down = True
    assert health() == {"status": "degraded", "parts": up | {"keycloak": "down"}}
    world.signin.keycloak.down = False
    assert health() == {"status": "ok", "parts": up}


def test_asking_for_health_again_and_again_does_not_ask_the_parts(world: World) -> None:
    assert get(world, "nobody", "/api/health")["status"] == "ok"
    world.archive.down = True
    for _ in range(3):
        assert get(world, "nobody", "/api/health")["status"] == "ok"
    world.signin.wait(seconds=2)
    assert get(world, "nobody", "/api/health")["status"] == "degraded"


# The description


def test_the_description_says_what_is_sent_and_answered(world: World) -> None:
    document = get(world, "nobody", "/api/openapi.json")
    paths = document["paths"]
    assert {
        (method, path)
        for path, methods in paths.items()
        for method in methods
        if path.startswith(("/api/albums", "/api/me", "/api/health", "/api/people"))
    } == {
        ("get", "/api/albums"),
        ("post", "/api/albums"),
        ("get", "/api/albums/ownerless"),
        ("get", "/api/albums/{slug}"),
        ("get", "/api/albums/{slug}/changes"),
        ("post", "/api/albums/{slug}/changes"),
        ("post", "/api/albums/{slug}/changes/preview"),
        ("get", "/api/albums/{slug}/series"),
        ("get", "/api/albums/{slug}/studies"),
        ("get", "/api/albums/{slug}/uploads"),
        ("post", "/api/albums/{slug}/uploads"),
        ("patch", "/api/albums/{slug}"),
        ("delete", "/api/albums/{slug}"),
        ("get", "/api/albums/{slug}/deletion"),
        ("get", "/api/albums/{slug}/archive"),
        ("get", "/api/albums/{slug}/size"),
        ("get", "/api/albums/{slug}/manifest"),
        ("put", "/api/albums/{slug}/archived"),
        ("delete", "/api/albums/{slug}/archived"),
        ("get", "/api/albums/{slug}/deidentification"),
        ("put", "/api/albums/{slug}/deidentification"),
        ("delete", "/api/albums/{slug}/deidentification"),
        ("get", "/api/albums/{slug}/held"),
        ("get", "/api/albums/{slug}/held/{held_id}/picture"),
        ("post", "/api/albums/{slug}/held/{held_id}/release"),
        ("delete", "/api/albums/{slug}/held/{held_id}"),
        ("put", "/api/albums/{slug}/favourite"),
        ("delete", "/api/albums/{slug}/favourite"),
        ("post", "/api/albums/{slug}/leave"),
        ("post", "/api/albums/{slug}/handover"),
        ("post", "/api/albums/{slug}/owner"),
        ("get", "/api/albums/{slug}/members"),
        ("post", "/api/albums/{slug}/members"),
        ("patch", "/api/albums/{slug}/members/{member_id}"),
        ("delete", "/api/albums/{slug}/members/{member_id}"),
        ("patch", "/api/albums/{slug}/members"),
        ("post", "/api/albums/{slug}/members/remove"),
        ("post", "/api/albums/{slug}/members/import"),
        ("patch", "/api/albums/{slug}/invitations/{invitation_id}"),
        ("delete", "/api/albums/{slug}/invitations/{invitation_id}"),
        ("get", "/api/albums/{slug}/candidates"),
        ("get", "/api/albums/{slug}/people"),
        ("get", "/api/members"),
        ("get", "/api/people"),
        ("get", "/api/people/{subject}/sees"),
        ("get", "/api/health"),
        ("get", "/api/me"),
        ("patch", "/api/me"),
    }
    parameters = {each["name"] for each in paths["/api/albums"]["get"]["parameters"]}
    assert parameters == {
        *("search", "modality", "mine", "favourite", "archived", "can"),
        *("created_from", "created_to", "changed_from", "changed_to", "sort", "limit", "offset"),
    }
    given = document["components"]["schemas"]["MemberGiven"]["properties"]["actions"]
    assert given["anyOf"][0]["items"]["enum"] == [
        "annotate",
        "comment",
        "download",
        "export",
        "invite",
        "launch",
        "remove",
        "send",
        "upload",
        "view",
    ]
    assert set(paths["/api/albums/{slug}/members"]["post"]["responses"]) == {
        "201",
        "401",
        "403",
        "404",
        "409",
        "422",
        "429",
        "503",
    }
