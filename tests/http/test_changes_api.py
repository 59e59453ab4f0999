"""Changes over HTTP: what a client writes, what it is answered, and what is never told."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from auth_service.albums import ledger
from auth_service.albums.making import create_album
from auth_service.albums.resuming import Resumer
from auth_service.policy.model import SYSTEM
from auth_service.vocabulary import MEMBER_ACTIONS, Action
from tests.http.world import World
from tests.waiting import eventually


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.make(tmp_path)
    yield made
    made.close()


def ask(world: World, who: str, slug: str, what: Mapping[str, Any], path: str = "") -> httpx.Response:
    with world.client(who) as client:
        return client.post(f"/api/albums/{slug}/changes{path}", json=what)


def read(world: World, who: str, change: str) -> dict[str, Any]:
    with world.client(who) as client:
        answer = client.get(f"/api/changes/{change}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_change_is_taken_and_followed_until_it_is_done(world: World) -> None:
    answer = ask(world, "owner_a", "a", {"remove": {"studies": ["1.1"]}})
    assert answer.status_code == 202
    begun = answer.json()
    assert answer.headers["location"] == f"/api/changes/{begun['id']}"
    assert {key: begun[key] for key in ("album", "verb", "state", "done", "total", "failed", "stopping")} == {
        "album": "a",
        "verb": "remove",
        "state": "waiting",
        "done": 0,
        "total": 2,
        "failed": [],
        "stopping": False,
    }
    ledger.run(world.signin.services, change=begun["id"])
    done = read(world, "owner_a", begun["id"])
    assert (done["state"], done["done"], done["by"]) == ("done", 2, begun["by"])
    assert done["finished"] is not None
    with world.client("member_a") as client:
        assert client.get("/api/albums/a/studies").json() == {
            "items": [{"study": "1.2", "series": ["1.2.1"]}],
            "total": 1,
        }
        assert client.get(f"/api/changes/{begun['id']}").status_code == 404


def test_what_is_asked_here_is_done_at_once_by_the_thread_for_it(world: World) -> None:
    with Resumer(world.signin.services, every=3600):
        begun = ask(world, "owner_a", "a", {"remove": {"series": ["1.1.1"]}}).json()
        eventually(lambda: read(world, "owner_a", begun["id"])["state"] == "done")


def test_what_is_not_taken_is_told_with_why(world: World) -> None:
    answer = ask(
        world, "owner_a", "a", {"add": {"studies": ["1.3", "1.1"], "series": ["x"], "names": ["P1.2", "P*"]}}
    )
    assert answer.json()["failed"] == [
        {"uid": "1.3", "reason": "missing", "lacking": []},
        {"uid": "x", "reason": "malformed", "lacking": []},
        {"uid": "P*", "reason": "malformed", "lacking": []},
    ]
    assert (answer.json()["total"], answer.json()["failed_total"]) == (3, 3)


def test_a_search_names_what_is_put_in(world: World) -> None:
    search = {"Level": "Series", "Query": {"Modality": "SEG"}}
    seen = ask(world, "owner_a", "a", {"add": {"query": search}}, "/preview")
    assert seen.json() == {"series": 1, "studies": 1, "present": 1, "failed": [], "failed_total": 0}


def test_a_search_by_a_range_names_what_lies_in_it_and_no_more(world: World) -> None:
    for series, thickness in (("1.1.1", "1"), ("1.1.2", "5"), ("1.2.1", "5")):
        world.archive.set_tag(series, "SliceThickness", thickness)
    search = {"Level": "Series", "Query": {}, "Ranges": {"SliceThickness": {"From": 0.5, "To": 2}}}
    seen = ask(world, "owner_a", "a", {"remove": {"query": search}}, "/preview")
    assert (seen.json()["series"], seen.json()["studies"]) == (1, 1)
    begun = ask(world, "owner_a", "a", {"remove": {"query": search}}).json()
    ledger.run(world.signin.services, change=begun["id"])
    assert ledger.contents(world.signin.services, album="a") == {"1.1.2", "1.2.1"}


@pytest.mark.parametrize(
    ("what", "field"),
    [
        ({"query": {"Level": "Instance", "Query": {}}}, "add.query"),
        ({"query": {"Level": "Study", "Query": {}, "Labels": ["album-b"]}}, "add.query"),
        ({"query": {"Level": "Study", "Query": {"NoSuchThing": "1"}}}, "add.query"),
        ({"query": {"Level": "Study", "Query": {}, "Limit": 1}}, "add.query.Limit"),
        ({"studies": "1.1"}, "add.studies"),
        ({"studies": [1]}, "add.studies.0"),
        ({"album": "a" * 65}, "add.album"),
        ({"studies": ["1.1", "1.1\0"]}, "add.studies.1"),
        ({"series": ["\0"]}, "add.series.0"),
        ({"names": ["ACC\u0000 7"]}, "add.names.0"),
        ({"album": "a\0"}, "add.album"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(world: World, what: dict[str, Any], field: str) -> None:
    answer = ask(world, "owner_a", "a", {"add": what})
    assert answer.status_code in (400, 422)
    assert answer.json()["reason"] == field


@pytest.mark.parametrize("path", ["series", "studies"])
@pytest.mark.parametrize("at", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-00:01"])
def test_a_moment_that_no_calendar_has_in_utc_is_refused_by_name(world: World, path: str, at: str) -> None:
    with world.client("owner_a") as client:
        answer = client.get(f"/api/albums/a/{path}?at={at}")
        first = client.get(f"/api/albums/a/{path}?at=0001-01-01T00:00:00Z")
    assert (answer.status_code, answer.json()["reason"]) == (422, "at")
    assert (first.status_code, first.json()["total"]) == (200, 0)


def test_a_program_changes_only_what_its_token_leaves(world: World) -> None:
    with world.client("owner_a") as client:
        made = {
            name: client.post(
                "/api/tokens", json={"name": name, "actions": actions, "albums": albums, "until": None}
            ).json()["token"]
            for name, actions, albums in (
                ("all", sorted(MEMBER_ACTIONS - {Action.INVITE}), ["a"]),
                ("view", ["view"], None),
            )
        }
    statuses = {}
    for name, secret in made.items():
        with world.client("nobody") as client:
            client.headers["authorization"] = f"Bearer {secret}"
            del client.headers["origin"]
            statuses[name] = client.post("/api/albums/a/changes", json={"remove": {"series": ["1.1.1"]}})
    assert {name: answer.status_code for name, answer in statuses.items()} == {"all": 202, "view": 403}
    assert read(world, "owner_a", statuses["all"].json()["id"])["total"] == 1


def test_an_owner_stops_and_takes_back(world: World) -> None:
    begun = ask(world, "owner_a", "a", {"remove": {"studies": ["1.1"]}}).json()["id"]
    with world.client("owner_a") as client:
        stopped = client.post(f"/api/changes/{begun}/cancel")
        assert (stopped.status_code, stopped.json()["stopping"]) == (200, True)
        assert client.post(f"/api/changes/{begun}/cancel").status_code == 409
        ledger.run(world.signin.services, change=begun)
        assert client.post(f"/api/changes/{begun}/undo").status_code == 409
    removed = ask(world, "owner_a", "a", {"remove": {"studies": ["1.1"]}}).json()["id"]
    ledger.run(world.signin.services, change=removed)
    with world.client("owner_a") as client:
        undone = client.post(f"/api/changes/{removed}/undo")
        assert (undone.status_code, undone.json()["undoes"], undone.json()["total"]) == (202, removed, 2)
        listed = client.get("/api/albums/a/changes?limit=2").json()
    assert [one["id"] for one in listed["items"]] == [undone.json()["id"], removed]
    assert listed["total"] == 4
    with world.client("owner_b") as client:
        for path in ("", "/undo", "/cancel"):
            ask_for = client.post if path else client.get
            assert ask_for(f"/api/changes/{removed}{path}").status_code == 404


def test_nobody_sees_more_by_putting_it_into_his_own_album(world: World) -> None:
    """Laundering: a member who may only look, by every way of naming, tries to own what he looks at."""
    create_album(world.signin.services, actor=SYSTEM, title="Mine", slug="mine", owner="member_a")
    for what in (
        {"studies": ["1.1", "1.2"]},
        {"series": ["1.1.1", "1.1.2", "1.2.1"]},
        {"names": ["P1.1", "1.1.1", "1.2"]},
        {"album": "a"},
        {"query": {"Level": "Study", "Query": {}}},
    ):
        begun = ask(world, "member_a", "mine", {"add": what}).json()
        assert begun["total"] == 0, what
        assert {one["reason"] for one in begun["failed"]} == {"forbidden"}
    with world.client("member_a") as client:
        assert client.get("/api/albums/mine/series").json() == {"items": [], "total": 0}
        assert client.get("/dicom-web/studies/1.1").status_code == 403
