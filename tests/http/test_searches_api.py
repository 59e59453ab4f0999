"""What somebody keeps of his searches is his own, bounded, and never looked up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from auth_service import searches
from auth_service.downloads import MOST_NAMED
from tests.http.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.make(tmp_path)
    yield made
    made.close()


def test_searches_are_saved_under_a_name_and_one_of_the_same_name_is_replaced(world: World) -> None:
    with world.client("member_a") as client:
        first = client.post("/api/searches", json={"name": " Thin  heads ", "query": "modality=CT"}).json()
        client.post("/api/searches", json={"name": "Brains", "query": "modality=MR"})
        again = client.post("/api/searches", json={"name": "Thin heads", "query": "thickness_to=1"}).json()
        told = client.get("/api/searches").json()
    assert first["id"] == again["id"]
    assert [(one["name"], one["query"]) for one in told["items"]] == [
        ("Brains", "modality=MR"),
        ("Thin heads", "thickness_to=1"),
    ]
    assert told["total"] == 2


def test_nobody_reads_or_deletes_anothers_search(world: World) -> None:
    with world.client("member_a") as mine, world.client("admin") as other:
        made = mine.post("/api/searches", json={"name": "Mine", "query": "patient=TEST"}).json()
        assert other.get("/api/searches").json() == {"items": [], "total": 0}
        theirs = other.delete(f"/api/searches/{made['id']}")
        missing = other.delete("/api/searches/999")
        assert (theirs.status_code, theirs.content) == (404, missing.content)
        assert mine.delete(f"/api/searches/{made['id']}").status_code == 204
        assert mine.get("/api/searches").json()["total"] == 0


def test_searches_are_bounded(world: World) -> None:
    with world.client("member_a") as client:
        for number in range(searches.MOST_SAVED):
            assert client.post("/api/searches", json={"name": f"s{number}", "query": ""}).status_code == 201
        full = client.post("/api/searches", json={"name": "more", "query": ""})
        assert (full.status_code, full.json()["reason"]) == (409, "searches")
        assert client.post("/api/searches", json={"name": "s0", "query": "x=1"}).status_code == 201
        long = {"name": "s1", "query": "x" * (searches.LONGEST_QUERY + 1)}
        assert client.post("/api/searches", json=long).status_code == 422


def test_a_selection_grows_shrinks_and_is_ones_own(world: World) -> None:
    with world.client("member_a") as mine, world.client("owner_a") as other:
        mine.put("/api/selection", json={"studies": ["1.1", "1.4", "1.1"]})
        change = {"add": {"studies": ["1.1"], "series": ["1.2.1"]}, "remove": {"studies": ["1.4", "7.7"]}}
        told = mine.patch("/api/selection", json=change).json()
        assert told == {"studies": ["1.1"], "series": ["1.2.1"], "total": 2}
        assert mine.get("/api/selection").json() == told
        assert other.get("/api/selection").json()["total"] == 0
        assert other.delete("/api/selection").status_code == 204
        assert mine.get("/api/selection").json() == told
        assert mine.delete("/api/selection").status_code == 204
        assert mine.get("/api/selection").json()["total"] == 0


def test_what_is_selected_is_not_looked_up_so_that_nothing_is_told(world: World) -> None:
    world.archive.questions.clear()
    with world.client("stranger") as client:
        told = client.put("/api/selection", json={"studies": ["1.1", "9.9"]}).json()
        assert told["studies"] == ["1.1", "9.9"]
        size = client.get("/api/selection/size").json()
    assert (size["series"], size["left_out"]) == (0, 2)


def test_ten_thousand_are_the_most_and_fit(world: World) -> None:
    uids = [f"1.2.826.0.1.3680043.8.498.{number}" for number in range(MOST_NAMED)]
    with world.client("member_a") as client:
        assert client.put("/api/selection", json={"studies": uids}).json()["total"] == MOST_NAMED
        more = client.patch("/api/selection", json={"add": {"series": ["1.1"]}})
        assert (more.status_code, more.json()["reason"]) == (409, "selection")
        assert client.get("/api/selection").json()["total"] == MOST_NAMED
        swap = {"add": {"series": ["1.1"]}, "remove": {"studies": uids[:1]}}
        assert client.patch("/api/selection", json=swap).status_code == 200
        assert client.put("/api/selection", json={"studies": uids, "series": ["1"]}).status_code == 422
