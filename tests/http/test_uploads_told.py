"""Images that come into series which were in the album before are told: by every door, and to whom."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from auth_service.albums import ledger, members
from auth_service.policy.model import SYSTEM
from auth_service.store.tables import AuditRecord
from auth_service.vocabulary import Action
from tests.fakes.files import dicom, zipped
from tests.http.test_storing import as_orthanc, body, stow
from tests.http.test_uploads_api import begin, give, inside, labels, put, sent
from tests.http.world import World

NEW = dicom("2.1", "2.1.1", "2.1.1.1"), dicom("2.1", "2.1.1", "2.1.1.2")
GROWN = [{"series": "1.1.1", "images": 2}, {"series": "1.2.1", "images": 1}]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.make(tmp_path)
    yield made
    made.close()


def further(number: int, series: str = "1.1.1") -> bytes:
    """Write a new image of a series that is in album ``a``."""
    return dicom(series[:3], series, f"{series}.9{number}")


def grown(change: dict[str, Any]) -> tuple[list[dict[str, Any]], int, int]:
    return change["grown"], change["grown_total"], change["grown_images"]


def change(world: World, who: str, upload: str) -> dict[str, Any]:
    with world.client(who) as client:
        found: dict[str, Any] = client.get(f"/api/changes/{upload}").json()
    return found


def newest(world: World, who: str = "owner_a") -> dict[str, Any]:
    with world.client(who) as client:
        found: dict[str, Any] = client.get("/api/albums/a/changes").json()["items"][0]
    return found


def undo(world: World, who: str, upload: str, language: str = "en") -> httpx.Response:
    with world.client(who) as client:
        return client.post(f"/api/changes/{upload}/undo", headers={"Accept-Language": language})


def test_an_upload_says_which_series_grew_and_not_those_that_it_began(world: World) -> None:
    found = sent(world, "owner_a", *NEW, further(1), further(2), further(1, "1.2.1"), further(1))
    assert (found["stored"], found["present"], found["change"]["done"]) == (5, 1, 1)
    assert grown(found["change"]) == (GROWN, 2, 3)
    assert grown(change(world, "owner_a", found["id"])) == (GROWN, 2, 3)
    assert grown(newest(world)) == (GROWN, 2, 3)


def test_what_was_refused_or_there_already_is_no_growth(world: World) -> None:
    present, others = dicom("1.1", "1.1.1", "1.1.1.1"), dicom("1.3", "1.3.1", "1.3.1.9")
    found = sent(world, "owner_a", present, others, further(1, "1.1.1")[:-4])
    assert (found["present"], found["refused"]) == (1, 2)
    assert grown(found["change"]) == ([], 0, 0)


def test_every_upload_tells_of_its_own(world: World) -> None:
    first, second = sent(world, "owner_a", *NEW), sent(world, "owner_a", dicom("2.1", "2.1.1", "2.1.1.3"))
    assert grown(first["change"]) == ([], 0, 0)
    assert grown(second["change"]) == ([{"series": "2.1.1", "images": 1}], 1, 1)
    assert grown(change(world, "owner_a", first["id"])) == ([], 0, 0)


def test_every_door_tells(world: World) -> None:
    packed = sent(world, "owner_a", zipped({"a": further(1), "b": further(2), "c": NEW[0]}))
    assert grown(packed["change"]) == ([{"series": "1.1.1", "images": 2}], 1, 2)
    world.signin.clock.now += timedelta(minutes=1)
    assert stow(world, "owner_a", body(further(3), further(4), further(1))).status_code == 202
    assert grown(newest(world)) == ([{"series": "1.1.1", "images": 2}], 1, 2)
    world.signin.clock.now += timedelta(minutes=1)
    assert as_orthanc(world, further(5)).json()["Status"] == "Success"
    assert grown(newest(world)) == ([{"series": "1.1.1", "images": 1}], 1, 1)


def test_it_is_on_record_how_many_there_were(world: World) -> None:
    upload = sent(world, "owner_a", *NEW, further(1), further(2), further(1, "1.2.1"))["id"]
    plain = sent(world, "owner_a", dicom("2.1", "2.1.2", "2.1.2.1"))["id"]
    with world.signin.services.store.read() as tx:
        records = list(tx.scalars(select(AuditRecord).where(AuditRecord.event == "series-added")))
    details = {one.details["change"]: one.details for one in records}
    assert details[upload] == {"change": upload, "done": 1, "failed": 0, "grown": 2, "grown_images": 3}
    assert details[plain] == {"change": plain, "done": 1, "failed": 0}


def test_owners_and_who_sent_it_are_told_and_nobody_else(world: World) -> None:
    give(world, "a", "member_b", Action.UPLOAD, Action.VIEW)
    upload = sent(world, "member_b", further(1))["id"]
    for who in ("owner_a", "member_b"):
        assert grown(change(world, who, upload)) == ([{"series": "1.1.1", "images": 1}], 1, 1), who
        assert grown(newest(world, who))[1:] == (1, 1), who
    for who in ("member_a", "owner_b", "stranger", "admin", "nobody"):
        with world.client(who) as client:
            answers = [
                client.get(f"/api/changes/{upload}"),
                client.get(f"/api/uploads/{upload}"),
                client.get("/api/albums/a/changes"),
                client.post(f"/api/changes/{upload}/undo"),
                client.post(f"/api/changes/{upload}/cancel"),
            ]
        assert not any("1.1.1" in answer.text or upload in answer.text for answer in answers), who


def test_who_only_fills_an_album_is_told_how_many_and_of_no_series_in_it(world: World) -> None:
    """Where the album de-identifies, its series are called otherwise than what he sent."""
    given = give(world, "a", "stranger", Action.UPLOAD)
    with world.client("stranger") as client:
        upload = begin(client)
        put(client, upload, 1, further(1))
        answers = [
            client.get(f"/api/uploads/{upload}"),
            client.get("/api/albums/a/uploads"),
            client.post(f"/api/changes/{upload}/cancel"),
            client.get(f"/api/changes/{upload}"),
            client.post(f"/api/uploads/{upload}/end"),
            client.get("/api/albums/a/changes"),
        ]
        assert [answer.status_code for answer in answers] == [200] * 6
        assert not any("1.1.1" in answer.text for answer in answers)
        assert grown(answers[3].json()) == ([], 1, 1)
    assert grown(change(world, "owner_a", upload))[0] == [{"series": "1.1.1", "images": 1}]
    members.remove_member(world.signin.services, actor=SYSTEM, slug="a", member_id=given)
    with world.client("stranger") as client:
        assert client.get(f"/api/changes/{upload}").status_code == 404
        assert "1.1.1" not in client.get(f"/api/uploads/{upload}").text


def test_taking_back_leaves_the_images_and_says_how_many(world: World) -> None:
    upload = sent(world, "owner_a", *NEW, further(1), further(2))["id"]
    answer = undo(world, "owner_a", upload)
    assert (answer.status_code, answer.json()["staying"]) == (202, 2)
    ledger.run(world.signin.services, change=answer.json()["id"])
    assert change(world, "owner_a", answer.json()["id"])["staying"] == 2
    assert inside(world, "owner_a") == {"1.1.1", "1.1.2", "1.2.1"}
    assert labels(world, "1.1.1") == {"album-a"}
    images = {one.tags["SOPInstanceUID"] for one in world.archive.held["Instance"].values()}
    assert {"1.1.1.91", "1.1.1.92"} <= images


@pytest.mark.parametrize(("language", "says"), [("en", "before stay"), ("fr", "y restent")])
def test_where_there_is_nothing_else_taking_back_says_why_it_does_nothing(
    world: World, language: str, says: str
) -> None:
    upload = sent(world, "owner_a", further(1))["id"]
    answer = undo(world, "owner_a", upload, language)
    assert (answer.status_code, answer.json()["reason"]) == (409, "nothing")
    assert says in answer.json()["message"]


def test_many_series_are_told_in_pages(world: World) -> None:
    upload = sent(world, "owner_a", further(1), further(2), further(1, "1.2.1"))["id"]
    with world.client("owner_a") as client:
        pages = [
            client.get(f"/api/changes/{upload}", params={"limit": 1, "offset": offset}).json()
            for offset in range(3)
        ]
    assert [one for page in pages for one in page["grown"]] == GROWN
    assert {(page["grown_total"], page["grown_images"]) for page in pages} == {(2, 3)}
