"""Albums, their members, who asks and how the parts are, as JSON."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from auth_service.store.tables import Member
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


def ids(world: World, slug: str = "a") -> dict[str, int]:
    items = get(world, f"owner_{slug}", f"/api/albums/{slug}/members")["items"]
    return {item["subject"]["user"] or item["subject"]["group"]: item["id"] for item in items}


ALBUM_A = {
    "slug": "a",
    "label": "album-a",
    "title": "Album A",
    "description": "",
    "studies": 2,
    "series": 3,
    "instances": 6,
    "modalities": ["CT", "SEG"],
    "created": "2026-03-02T14:00:00Z",
    "changed": "2026-03-02T14:00:00Z",
    "owners": ["Test Owner_A"],
    "picture": {"study": "1.1", "series": "1.1.1"},
}


# Albums


def test_the_list_holds_what_was_agreed(world: World) -> None:
    assert get(world, "owner_a", "/api/albums") == {
        "items": [ALBUM_A | {"role": "owner", "actions": EVERYTHING, "until": None}],
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


def test_without_orthanc_albums_are_listed_without_counts(world: World) -> None:
    world.archive.down = True
    body = get(world, "member_a", "/api/albums")
    unknown = dict.fromkeys(("studies", "series", "instances", "modalities", "picture"))
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


# Members


def test_the_members_of_an_album(world: World) -> None:
    body = get(world, "owner_a", "/api/albums/a/members")
    assert body["total"] == 5
    assert [(item["subject"], item["role"], item["actions"], item["until"]) for item in body["items"]] == [
        ({"user": "owner_a", "group": None, "name": "Test Owner_A"}, "owner", EVERYTHING, None),
        ({"user": "member_a", "group": None, "name": "Test Member_A"}, "member", ["view"], None),
        ({"user": "reader_a", "group": None, "name": "Test Reader_A"}, "member", ["view", "download"], None),
        ({"user": None, "group": "/radiology", "name": "/radiology"}, "member", ["view"], None),
        ({"user": "ended_a", "group": None, "name": "Test Ended_A"}, "member", ["view"], "2026-03-02"),
    ]
    second = get(world, "owner_a", "/api/albums/a/members?limit=1&offset=1")
    assert (second["items"], second["total"]) == (body["items"][1:2], 5)


def test_giving_changing_and_taking_back(world: World) -> None:
    for _ in range(2):
        given = give(
            world,
            "owner_a",
            subject={"user": "stranger"},
            role="member",
            actions=["view", "send"],
            until="2026-12-31",
        )
        assert given.status_code == 201
        assert given.json() == {
            "id": given.json()["id"],
            "subject": {"user": "stranger", "group": None, "name": "Test Stranger"},
            "role": "member",
            "actions": ["view", "send"],
            "until": "2026-12-31",
            "created": "2026-03-03T14:00:00Z",
        }
        address = f"/api/albums/a/members/{given.json()['id']}"
        assert get(world, "stranger", "/api/albums/a")["actions"] == ["view", "send"]

        owner = world.client("owner_a")
        changed = owner.patch(address, json={"actions": ["comment"]})
        assert (changed.status_code, changed.json()["actions"], changed.json()["until"]) == (
            200,
            ["comment"],
            "2026-12-31",
        )
        assert owner.patch(address, json={"until": None}).json()["until"] is None
        assert owner.patch(address, json={}).json()["actions"] == ["comment"]
        assert get(world, "stranger", "/api/albums/a")["studies"] is None
        assert owner.patch(address, json={"role": "owner"}).json()["actions"] == EVERYTHING
        assert owner.delete(address).status_code == 204
        assert owner.delete(address).status_code == 404
        assert world.client("stranger").get("/api/albums/a").status_code == 404


def test_a_right_that_is_taken_back_closes_the_images_at_once(world: World) -> None:
    path = {"x-gate-method": "GET", "x-gate-path": "/dicom-web/studies/1.1/series/1.1.1/metadata"}
    member = world.client("member_a")
    assert member.get("/internal/authorize", headers=path).status_code == 204
    world.client("owner_a").delete(f"/api/albums/a/members/{ids(world)['member_a']}")
    assert member.get("/internal/authorize", headers=path).status_code == 403
    give(world, "owner_a", subject={"user": "member_a"}, actions=["view"])
    assert member.get("/internal/authorize", headers=path).status_code == 204


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"subject": {"user": "nobody-of-this-name"}}, "subject.user"),
        ({"subject": {"group": "/nowhere"}}, "subject.group"),
        ({"subject": {}}, "subject"),
        ({"subject": {"user": "stranger", "group": "/radiology"}}, "subject"),
        ({"subject": {"user": ""}}, "subject.user"),
        ({"subject": {"user": "x" * 256}}, "subject.user"),
        ({"subject": {"user": 7}}, "subject.user"),
        ({"subject": {"email": "a@example.org"}}, "subject.email"),
        ({"subject": None}, "subject"),
        ({"role": "admin"}, "role"),
        ({"actions": []}, "actions"),
        ({"actions": ["fly"]}, "actions"),
        ({"actions": ["view", "manage"]}, "actions"),
        ({"actions": ["administer"]}, "actions"),
        ({"actions": "view"}, "actions"),
        ({"actions": [1]}, "actions.0"),
        ({"actions": ["view"] * 100}, "actions"),
        ({"until": "2026-03-02"}, "until"),
        ({"until": "2026-02-30"}, "until"),
        ({"until": "tomorrow"}, "until"),
        ({"until": 1}, "until"),
        ({"until": "2026-12-31T00:00:00"}, "until"),
        ({"until": "9999-12-31"}, "until"),
        ({"note": "x"}, "note"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_done(world: World, change: dict[str, Any], field: str) -> None:
    before = get(world, "owner_a", "/api/albums/a/members")
    body: dict[str, Any] = {
        "subject": {"user": "stranger"},
        "role": "member",
        "actions": ["view"],
        "until": None,
    }
    body |= change
    answer = give(world, "owner_a", **body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["reason"] == field
    assert get(world, "owner_a", "/api/albums/a/members") == before


def test_a_right_cannot_be_given_beyond_the_days_that_can_be_counted(world: World) -> None:
    owner = world.client("owner_a")
    address = f"/api/albums/a/members/{ids(world)['member_a']}"
    refused = owner.patch(address, json={"until": "9999-12-31"}, headers={"accept-language": "en"})
    assert (refused.status_code, refused.json()["reason"]) == (422, "until")
    assert refused.json()["message"] == "until must be 9999-12-30 or earlier; for no end, give none."
    assert owner.patch(address, json={"until": "9999-12-30"}).json()["until"] == "9999-12-30"
    (album,) = get(world, "member_a", "/api/me")["albums"]
    assert album["until"] == "9999-12-30"


@pytest.mark.parametrize("who", ["member_a", "group_a"])
def test_a_stored_day_after_which_nothing_can_be_counted_is_no_end(world: World, who: str) -> None:
    with world.signin.store.write() as tx:
        tx.execute(update(Member).values(until=date.max))
    assert [one["slug"] for one in get(world, who, "/api/me")["albums"]] == ["a"]
    assert [one["slug"] for one in get(world, who, "/api/albums")["items"]] == ["a"]
    assert len(get(world, who, "/orthanc/studies")) == 2
    told = get(world, "admin", f"/api/explain?actor={who}&resource=a")
    assert (told["outcome"], [grant["until"] for grant in told["grants"]]) == ("allowed", [None])


def test_a_body_that_is_not_json_is_refused(world: World) -> None:
    answer = world.client("owner_a").post("/api/albums/a/members", content=b"{")
    assert (answer.status_code, answer.json()["reason"]) == (422, "body")


def test_the_last_owner_stays(world: World) -> None:
    owner = world.client("owner_a")
    answer = owner.delete(f"/api/albums/a/members/{ids(world)['owner_a']}")
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    assert get(world, "owner_a", "/api/albums/a")["role"] == "owner"


def test_twice_the_same_member_is_a_conflict(world: World) -> None:
    answer = give(world, "owner_a", subject={"user": "member_a"}, actions=["view"])
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")


def test_who_may_invite_gives_at_most_his_own(world: World) -> None:
    give(world, "owner_a", subject={"user": "member_b"}, actions=["view", "invite"], until="2026-06-30")
    more = give(
        world, "member_b", subject={"user": "stranger"}, actions=["view", "download"], until="2026-06-30"
    )
    assert (more.status_code, more.json()["error"], more.json()["reason"]) == (403, "forbidden", "actions")
    longer = give(world, "member_b", subject={"user": "stranger"}, actions=["view"])
    assert (longer.status_code, longer.json()["reason"]) == (403, "until")
    owner = give(world, "member_b", subject={"user": "stranger"}, role="owner")
    assert (owner.status_code, owner.json()["reason"]) == (403, "role")
    assert world.client("stranger").get("/api/albums/a").status_code == 404
    fine = give(world, "member_b", subject={"user": "stranger"}, actions=["view"], until="2026-06-30")
    assert fine.status_code == 201
    assert get(world, "stranger", "/api/albums/a")["actions"] == ["view"]


def test_without_keycloak_names_cannot_be_looked_up(world: World) -> None:
    world.signin.keycloak.directory_down = True
    answer = give(world, "owner_a", subject={"user": "stranger"}, actions=["view"])
    assert (answer.status_code, answer.json()["reason"]) == (503, "keycloak")


def test_errors_are_said_in_the_language_of_the_browser(world: World) -> None:
    client = world.client("owner_a")
    body = {"subject": {"user": "stranger"}, "actions": []}
    said = {
        language: client.post(
            "/api/albums/a/members", json=body, headers={"accept-language": language}
        ).json()["message"]
        for language in ("en", "fr")
    }
    assert said == {
        "en": "A member needs at least one right.",
        "fr": "Un membre a besoin d\u2019au moins un droit.",
    }


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
        "albums": [{"slug": "a", "title": "Album A", "role": "member", "actions": ["view"], "until": None}],
        "labels": [],
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
        if path.startswith(("/api/albums", "/api/me", "/api/health"))
    } == {
        ("get", "/api/albums"),
        ("get", "/api/albums/{slug}"),
        ("get", "/api/albums/{slug}/archive"),
        ("get", "/api/albums/{slug}/manifest"),
        ("get", "/api/albums/{slug}/size"),
        ("get", "/api/albums/{slug}/members"),
        ("post", "/api/albums/{slug}/members"),
        ("patch", "/api/albums/{slug}/members/{member_id}"),
        ("delete", "/api/albums/{slug}/members/{member_id}"),
        ("get", "/api/health"),
        ("get", "/api/me"),
        ("patch", "/api/me"),
    }
    parameters = {each["name"] for each in paths["/api/albums"]["get"]["parameters"]}
    assert parameters == {"search", "modality", "mine", "sort", "limit", "offset"}
    given = document["components"]["schemas"]["MemberGiven"]["properties"]["actions"]
    assert given["items"]["enum"] == [
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
