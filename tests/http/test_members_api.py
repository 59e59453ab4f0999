"""Members of albums, over HTTP: given, changed, taken back, found, invited, and as a table."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from auth_service.http.harvesting import SEARCHES_PER_MINUTE
from auth_service.store.tables import Member
from auth_service.vocabulary import OWNER_ACTIONS, Action
from tests.http.world import World

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


def told(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A member as he is told, but his number and moments."""
    role = changes.pop("role", "member")
    subject = {"user": None, "group": None, "email": None} | changes.pop("subject")
    return {
        "state": "member",
        "subject": subject,
        "role": role,
        "actions": ["view"],
        "preset": None,
        "until": None,
        "note": "",
        "created": "2026-03-02T14:00:00Z",
        "last_use": None,
        "expires": None,
        **changes,
    }


def test_the_members_of_an_album(world: World) -> None:
    body = get(world, "owner_a", "/api/albums/a/members")
    assert body["total"] == 5
    assert [item | {"id": 0} for item in body["items"]] == [
        member | {"id": 0}
        for member in (
            told(
                subject={"user": "owner_a", "name": "Test Owner_A"},
                role="owner",
                actions=EVERYTHING,
                preset="co-owner",
            ),
            told(subject={"user": "member_a", "name": "Test Member_A"}),
            told(subject={"user": "reader_a", "name": "Test Reader_A"}, actions=["view", "download"]),
            told(subject={"group": "/radiology", "name": "/radiology"}),
            told(subject={"user": "ended_a", "name": "Test Ended_A"}, until="2026-03-02"),
        )
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
            **told(
                subject={"user": "stranger", "name": "Test Stranger"},
                actions=["view", "send"],
                until="2026-12-31",
                created="2026-03-03T14:00:00Z",
            ),
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
        ({"subject": {"email": "no address"}}, "subject.email"),
        ({"subject": {"email": ""}}, "subject.email"),
        ({"subject": {"user": "stranger", "email": "a@example.org"}}, "subject"),
        ({"subject": {"phone": "1"}}, "subject.phone"),
        ({"preset": "reader"}, "preset"),
        ({"preset": "reader", "actions": None, "role": "member"}, "preset"),
        ({"preset": "emperor", "actions": None, "role": None}, "preset"),
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
        ({"note": "x" * 256}, "note"),
        ({"note": 7}, "note"),
        ({"colour": "red"}, "colour"),
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


# Presets, notes, last use


@pytest.mark.parametrize(
    ("preset", "actions"),
    [
        ("viewer", ["view", "comment"]),
        ("reader", ["view", "download", "comment"]),
        ("contributor", ["view", "download", "upload", "comment", "annotate"]),
        ("analyst", ["view", "download", "comment", "annotate", "launch", "export"]),
        ("co-owner", EVERYTHING),
    ],
)
def test_a_preset_stands_for_rights(world: World, preset: str, actions: list[str]) -> None:
    given = give(world, "owner_a", subject={"user": "stranger"}, preset=preset, note=" Second  site ")
    assert given.status_code == 201, given.text
    body = given.json()
    assert (body["actions"], body["preset"], body["note"]) == (actions, preset, "Second site")
    address = f"/api/albums/a/members/{body['id']}"
    other = world.client("owner_a").patch(address, json={"role": "member", "actions": ["view", "comment"]})
    assert other.json()["preset"] == "viewer"
    again = world.client("owner_a").patch(address, json={"preset": preset, "note": ""})
    assert (again.json()["actions"], again.json()["note"]) == (actions, "")
    both = world.client("owner_a").patch(address, json={"preset": preset, "actions": ["view"]})
    assert (both.status_code, both.json()["reason"]) == (422, "preset")


def test_a_look_and_a_download_are_written_down_as_the_last_use(world: World) -> None:
    path = {"x-gate-method": "GET", "x-gate-path": "/dicom-web/studies/1.1/series/1.1.1/metadata"}
    assert world.client("member_a").get("/internal/authorize", headers=path).status_code == 204
    whole = {"x-gate-method": "GET", "x-gate-path": "/dicom-web/studies/1.1/series/1.1.1"}
    assert world.client("reader_a").get("/internal/authorize", headers=whole).status_code == 204
    assert world.client("group_a").get("/internal/authorize", headers=path).status_code == 204
    used = {
        item["subject"]["name"]: item["last_use"]
        for item in get(world, "owner_a", "/api/albums/a/members")["items"]
    }
    now = "2026-03-03T14:00:00Z"
    assert used == {
        "Test Owner_A": None,
        "Test Member_A": now,
        "Test Reader_A": now,
        "/radiology": now,
        "Test Ended_A": None,
    }


# Several at once


def test_several_are_changed_and_removed_together(world: World) -> None:
    known, owner = ids(world), world.client("owner_a")
    invited = give(world, "owner_a", subject={"email": "new@example.org"}, preset="viewer").json()
    body = {
        "members": [known["member_a"], known["reader_a"]],
        "invitations": [invited["id"]],
        "add": ["send"],
        "until": "2026-12-31",
    }
    changed = owner.patch("/api/albums/a/members", json=body)
    assert changed.status_code == 200, changed.text
    assert [(item["actions"], item["until"], item["state"]) for item in changed.json()["items"]] == [
        (["view", "send"], "2026-12-31", "member"),
        (["view", "download", "send"], "2026-12-31", "member"),
        (["view", "send", "comment"], "2026-12-31", "pending"),
    ]
    named = {"members": body["members"], "invitations": body["invitations"]}
    assert owner.post("/api/albums/a/members/remove", json=named).status_code == 204
    assert set(ids(world)) == {"owner_a", "/radiology", "ended_a"}
    assert owner.post("/api/albums/a/members/remove", json=named).status_code == 422


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"members": []}, 422, "members"),
        ({"members": [999]}, 422, "members"),
        ({"members": ["x"]}, 422, "members.0"),
        ({"members": [0]}, 422, "members.0"),
        ({"invitations": [1]}, 422, "invitations"),
        ({"add": ["fly"]}, 422, "actions"),
        ({"take": ["fly"]}, 422, "take"),
        ({"add": ["manage"]}, 422, "actions"),
        ({"preset": "viewer", "actions": ["view"]}, 422, "preset"),
        ({"until": "2026-01-01"}, 422, "until"),
        ({"note": "x" * 300}, 422, "note"),
        ({"preset": "viewer", "members": "all"}, 409, "last-owner"),
    ],
)
def test_a_wrong_change_of_several_is_named_and_nothing_is_done(
    world: World, change: dict[str, Any], status: int, field: str
) -> None:
    before, known = get(world, "owner_a", "/api/albums/a/members"), ids(world)
    body: dict[str, Any] = {"members": [known["member_a"]], "note": "x"} | change
    if body["members"] == "all":
        body["members"] = list(known.values())
    answer = world.client("owner_a").patch("/api/albums/a/members", json=body)
    assert (answer.status_code, answer.json()["reason"]) == (status, field)
    assert get(world, "owner_a", "/api/albums/a/members") == before


# As a table


def test_the_members_as_a_table_open_safely_and_can_be_given_back(world: World) -> None:
    give(world, "owner_a", subject={"user": "stranger"}, preset="reader", note="=1+1")
    give(world, "owner_a", subject={"email": "new@example.org"}, preset="viewer", note="a;-1, b")
    answer = world.client("owner_a").get("/api/albums/a/members?format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="members-a-2026-03-03.csv"'
    assert answer.headers["cache-control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["user"], row["group"], row["email"], row["preset"], row["actions"]) for row in rows] == [
        ("owner_a", "", "", "co-owner", ""),
        ("member_a", "", "", "", "view"),
        ("reader_a", "", "", "", "view download"),
        ("", "/radiology", "", "", "view"),
        ("ended_a", "", "", "", "view"),
        ("stranger", "", "", "reader", ""),
        ("", "", "new@example.org", "viewer", ""),
    ]
    assert [row["note"] for row in rows][-2:] == ["'=1+1", "a;'-1, b"]
    report = send(world, answer.content, dry_run=False).json()
    assert (report["same"], report["new"], report["changed"], report["wrong"]) == (7, 0, 0, 0)


def send(world: World, body: bytes, *, dry_run: bool | None = None, who: str = "owner_a") -> Any:  # noqa: ANN401
    query = "" if dry_run is None else f"?dry_run={str(dry_run).lower()}"
    return world.client(who).post(
        f"/api/albums/a/members/import{query}",
        content=body,
        headers={"content-type": "text/csv", "accept-language": "fr"},
    )


def test_a_table_is_tried_first_and_then_taken(world: World) -> None:
    table = b"user,preset\nstranger,viewer\nmember_b,emperor\n"
    tried = send(world, table).json()
    assert (tried["done"], tried["new"], tried["wrong"]) == (False, 1, 1)
    assert tried["lines"][1] == {
        "line": 3,
        "subject": "member_b",
        "outcome": "error",
        "field": "preset",
        "message": "Il n\u2019y a pas de profil nomm\u00e9 emperor.",
    }
    assert not send(world, table, dry_run=False).json()["done"]
    good = table.replace(b"emperor", b"analyst")
    assert not send(world, good, dry_run=True).json()["done"]
    assert "stranger" not in ids(world)
    assert send(world, good, dry_run=False).json()["done"]
    assert {"stranger", "member_b"} <= set(ids(world))


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"colour\nred\n", b"user,preset\n" + b"x" * 2**21])
def test_what_is_no_table_is_refused_by_its_name(world: World, body: bytes) -> None:
    answer = send(world, body)
    assert (answer.status_code, answer.json()["reason"]) == (422, "body")


# Finding


def test_who_may_invite_finds_people_and_groups(tmp_path: Path) -> None:
    world = World.make(tmp_path, find_people="everybody")
    try:
        give(world, "owner_a", subject={"user": "member_b"}, actions=["view", "invite"])
        expected = {
            "people": [{"user": "stranger", "name": "Test Stranger", "email": "stranger@example.org"}],
            "groups": [],
        }
        for who in ("owner_a", "member_b"):
            assert get(world, who, "/api/albums/a/candidates?search=stran") == expected
        found = get(world, "owner_a", "/api/albums/a/candidates?search=chest")
        assert found == {"people": [], "groups": [{"group": "/radiology/chest"}]}
        assert len(get(world, "owner_a", "/api/albums/a/candidates?search=test&limit=2")["people"]) == 2
    finally:
        world.close()


@pytest.mark.parametrize(
    ("query", "field"),
    [("", "search"), ("search=", "search"), ("search=ab", "search"), ("search=abc&limit=51", "limit")],
)
def test_a_wrong_search_is_named(world: World, query: str, field: str) -> None:
    answer = world.client("owner_a").get(f"/api/albums/a/candidates?{query}")
    assert (answer.status_code, answer.json()["reason"]) == (422, field)


def test_who_looks_for_everybody_has_to_wait_and_nobody_else(world: World) -> None:
    client = world.client("owner_a")
    statuses = [
        client.get("/api/albums/a/candidates?search=radiology").status_code
        for _ in range(SEARCHES_PER_MINUTE + 1)
    ]
    assert statuses == [200] * SEARCHES_PER_MINUTE + [429]
    # Whom one names is looked for too, right or wrong: it is not even asked for.
    world.signin.keycloak.directory_down = True
    for subject in NAMED:
        assert give(world, "owner_a", subject=subject, actions=["view"]).status_code == 429
    assert client.post("/api/albums/a/handover", json={"user": "stranger"}).status_code == 429
    world.signin.keycloak.directory_down = False
    assert world.client("owner_b").get("/api/albums/b/candidates?search=radio").status_code == 200
    world.signin.wait(minutes=1)
    assert client.get("/api/albums/a/candidates?search=radiology").status_code == 200


NAMED = (
    {"user": "nobody-of-this-name"},
    {"user": "stranger"},
    {"group": "/nowhere"},
    {"group": "/radiology/head"},
    {"email": "new@example.org"},
)


@pytest.mark.parametrize("subject", NAMED)
def test_each_name_counts_before_it_is_looked_up_whether_somebody_has_it_or_not(
    world: World, subject: dict[str, str]
) -> None:
    statuses = [
        give(world, "owner_a", subject=subject, actions=["view"]).status_code
        for _ in range(SEARCHES_PER_MINUTE + 1)
    ]
    assert 429 not in statuses[:-1]
    assert statuses[-1] == 429
    assert give(world, "owner_b", "b", subject=subject, actions=["view"]).status_code != 429


def test_names_of_new_owners_count_before_they_are_looked_up(world: World) -> None:
    client = world.client("owner_a")
    statuses = [
        client.post("/api/albums/a/handover", json={"user": "nobody-of-this-name"}).status_code
        for _ in range(SEARCHES_PER_MINUTE + 1)
    ]
    assert statuses == [422] * SEARCHES_PER_MINUTE + [429]


def table_of(*numbers: int) -> bytes:
    return b"user,preset\n" + b"".join(b"guess-%d,viewer\n" % number for number in range(*numbers))


def test_names_that_are_tried_out_by_tables_count_one_by_one(world: World) -> None:
    assert [send(world, table_of(start, start + 50)).status_code for start in (0, 50, 100)] == [200, 200, 429]
    # What a table asked for beyond the measure is waited for, so that on the average no more is.
    world.signin.wait(seconds=30)
    assert send(world, table_of(100, 150)).status_code == 429
    world.signin.wait(seconds=15)
    assert send(world, table_of(100, 150)).status_code == 200
    assert send(world, table_of(0, 50), who="owner_b").status_code == 404


def test_a_table_that_was_tried_is_taken_at_once_and_only_new_names_count(world: World) -> None:
    for number in range(70):
        world.signin.keycloak.add_user(f"guess-{number}")
    assert send(world, table_of(70)).json()["new"] == 70
    assert send(world, table_of(70), dry_run=False).json()["done"]
    # Who tries one more has to wait, also for the old ones.
    assert send(world, table_of(71)).status_code == 429
    assert world.client("owner_a").get("/api/albums/a/candidates?search=radiology").status_code == 200
    world.signin.wait(minutes=61)
    world.sids["owner_a"] = world._session_of("owner_a")
    assert send(world, table_of(70)).status_code == 200
    assert send(world, table_of(1, 71)).status_code == 429


# Who can see it, and who is where


def test_owners_are_told_who_can_see_their_album_and_why(world: World) -> None:
    for user in world.signin.keycloak.users.values():
        user.groups |= {"/radiology/chest"} if user.username == "owner_a" else set()
    world.sids["owner_a"] = world._session_of("owner_a")
    body = get(world, "owner_a", "/api/albums/a/people?limit=2&offset=2")
    assert (body["total"], body["complete"], body["unnamed"]) == (6, True, [])
    assert body["items"][0] == {
        "user": "group_a",
        "name": "Test Group_A",
        "actions": ["view"],
        "sources": [
            {
                "kind": "group",
                "member": ids(world)["/radiology"],
                "group": "/radiology",
                "role": None,
                "rule": None,
                "everything": False,
                "modalities": None,
                "actions": ["view"],
                "until": None,
                "ended": False,
            }
        ],
        "ended": False,
    }
    whole = get(world, "owner_a", "/api/albums/a/people")["items"]
    assert {one["user"]: one["ended"] for one in whole} == {
        "alice": False,
        "ended_a": True,
        "group_a": False,
        "member_a": False,
        "owner_a": False,
        "reader_a": False,
    }


def test_who_shares_no_group_with_the_owner_is_counted_and_not_named(world: World) -> None:
    body = get(world, "owner_a", "/api/albums/a/people")
    assert "group_a" not in {one["user"] for one in body["items"]}
    [unnamed] = body["unnamed"]
    assert (unnamed["source"]["group"], unnamed["people"], unnamed["more"]) == ("/radiology", 2, False)


def test_without_keycloak_who_can_see_an_album_is_not_told(world: World) -> None:
    world.signin.keycloak.directory_down = True
    answer = world.client("owner_a").get("/api/albums/a/people")
    assert (answer.status_code, answer.json()["reason"]) == (503, "keycloak")


def test_everybody_in_ones_albums_is_told_in_one_table(world: World) -> None:
    body = get(world, "owner_a", "/api/members?limit=1&offset=4")
    assert (body["albums"], body["total"]) == ([{"slug": "a", "title": "Album A"}], 5)
    [row] = body["items"]
    assert (row["kind"], row["state"], row["subject"]["user"]) == ("person", "member", "reader_a")
    [cell] = row["albums"]
    assert cell == {
        "album": "a",
        "id": ids(world)["reader_a"],
        "role": "member",
        "actions": ["view", "download"],
        "preset": None,
        "until": None,
    }
    assert get(world, "member_a", "/api/members") == {"albums": [], "items": [], "total": 0}


def test_administrators_are_told_how_much_somebody_may_see_in_counts_alone(world: World) -> None:
    sub = world.signin.keycloak.users["group_a"].sub
    body = get(world, "admin", f"/api/people/{sub}/sees")
    assert body == {
        "user": "group_a",
        "name": "Test Group_A",
        "albums": 1,
        "studies": 2,
        "series": 3,
        "by": [
            {
                "kind": "group",
                "album": "a",
                "group": "/radiology",
                "role": None,
                "rule": None,
                "label": "album-a",
                "until": None,
                "studies": 2,
                "series": 3,
            }
        ],
    }
    for wrong in ("x/../y", "a%2fb", "x" * 65, "a.b"):
        assert world.client("admin").get(f"/api/people/{wrong}/sees").status_code in (404, 422)
