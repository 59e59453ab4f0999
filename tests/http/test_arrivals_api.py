"""What came by DICOM and waits to be filed, as JSON: administrators alone, in person."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auth_service.albums import ledger
from auth_service.errors import Unavailable
from auth_service.incoming.receiving import one_round
from auth_service.store import audit as audit_table
from auth_service.store.tables import AuditRecord
from tests.http.world import PEOPLE, World

OTHERS = [who for who in PEOPLE if who != "admin"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Three series of one study wait: no sender is listed."""
    world = World.make(tmp_path, dicom_peers_file=str(tmp_path / "nothing.jsonc"))
    rounds(world)
    for number in (1, 2, 3):
        uid = f"1.9.{number}"
        world.archive.receive(
            "CT1",
            "192.0.2.1",
            PatientID="<b>P9</b>",
            StudyInstanceUID="1.9",
            StudyDate="20260301",
            SeriesInstanceUID=uid,
            SeriesDescription="t1",
            Modality="MR",
            SOPInstanceUID=f"{uid}.1",
        )
        world.archive.settle(uid)
    rounds(world)
    yield world
    world.close()


def rounds(world: World) -> None:
    for _ in range(2):
        assert one_round(world.signin.services)
        ledger.resume_all(world.signin.services)


def listed(world: World, query: str = "", who: str = "admin") -> Any:  # noqa: ANN401 - JSON
    answer = world.client(who).get(f"/api/arrivals{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def records(world: World) -> list[AuditRecord]:
    with world.signin.store.read() as tx:
        return audit_table.records(tx)


def sees(world: World, who: str) -> bool:
    found = world.client(who).get("/dicom-web/studies/1.9/series")
    return "1.9.1" in found.text


def test_what_waits_is_listed(world: World) -> None:
    body = listed(world, "?limit=2")
    assert (body["total"], body["studies"], body["arriving"]) == (3, 1, 0)
    first, _ = body["items"]
    assert {key: value for key, value in first.items() if key not in ("id", "arrived")} == {
        "series": "1.9.3",
        "study": "1.9",
        "modality": "MR",
        "ae_title": "CT1",
        "address": "192.0.2.1",
        "called": "PARADIM",
        "state": "to-be-filed",
        "reason": "no-peers",
        "present": True,
        "patient_id": "<b>P9</b>",
        "study_date": "20260301",
        "study_description": "",
        "series_description": "t1",
        "instances": 1,
    }
    last = records(world)[-1]
    assert (last.event, last.actor_name, last.target, last.address, last.request_id) == (
        "administered",
        "Test Admin",
        "/api/arrivals",
        "192.0.2.7",
        "request-1",
    )


def test_the_administrator_is_told_how_many_wait_and_others_are_not(world: World) -> None:
    assert world.client("admin").get("/api/me").json()["waiting"] == 3
    assert {who: world.client(who).get("/api/me").json()["waiting"] for who in OTHERS} == dict.fromkeys(
        OTHERS
    )


def test_one_is_filed_and_then_the_members_see_it(world: World) -> None:
    number = {one["series"]: one["id"] for one in listed(world)["items"]}["1.9.1"]
    assert not sees(world, "member_a")
    answer = world.client("admin").post(f"/api/arrivals/{number}/file", json={"album": "a"})
    assert answer.status_code == 202, answer.text
    rounds(world)
    assert {who for who in PEOPLE if sees(world, who)} == {"owner_a", "member_a", "reader_a", "group_a"}
    assert [one["series"] for one in listed(world, "?state=filed")["items"]] == ["1.9.1"]
    [record] = [one for one in records(world) if one.event == "arrivals-filed"]
    assert (record.label, record.details["change"]) == ("album-a", answer.json()["change"])
    told = world.client("owner_a").get("/api/audit?album=a&event=arrivals-filed").json()
    assert [one["event"] for one in told["items"]] == ["arrivals-filed"]
    assert world.client("owner_b").get("/api/audit?album=b&event=arrivals-filed").json()["total"] == 0


def test_many_are_filed_or_put_aside_at_once(world: World) -> None:
    first, second, third = [one["id"] for one in listed(world)["items"]]
    admin = world.client("admin")
    assert (
        admin.post("/api/arrivals/dismiss", json={"ids": [first, second], "reason": "test"}).status_code
        == 204
    )
    assert admin.post("/api/arrivals/file", json={"ids": [second, third], "album": "b"}).status_code == 202
    rounds(world)
    states = {
        state: [one["id"] for one in listed(world, f"?state={state}")["items"]]
        for state in ("to-be-filed", "filed", "dismissed")
    }
    assert states == {"to-be-filed": [], "filed": [second, third], "dismissed": [first]}
    assert listed(world, "?state=dismissed")["items"][0]["reason"] == "test"
    assert admin.post(f"/api/arrivals/{first}/dismiss", json={"reason": "x"}).status_code == 204


def test_all_or_nothing(world: World) -> None:
    ids = [one["id"] for one in listed(world)["items"]]
    admin = world.client("admin")
    for wrong, status in (
        ({"ids": [*ids, 999], "album": "a"}, 404),
        ({"ids": ids, "album": "none"}, 422),
        ({"ids": ids, "album": ""}, 422),
        ({"ids": list(range(1, 1002)), "album": "a"}, 422),
        ({"ids": [2**31], "album": "a"}, 422),
        ({"ids": [True], "album": "a"}, 422),
    ):
        answer = admin.post("/api/arrivals/file", json=wrong)
        assert answer.status_code == status, answer.text
    for reason in ("", " ", "x" * 501, "a\u0000b"):
        answer = admin.post("/api/arrivals/dismiss", json={"ids": ids, "reason": reason})
        assert (answer.status_code, answer.json()["reason"]) == (422, "reason")
    assert listed(world)["total"] == 3


def test_two_administrators_do_not_decide_the_same_twice(world: World) -> None:
    first = listed(world)["items"][0]["id"]
    admin = world.client("admin")
    assert admin.post(f"/api/arrivals/{first}/file", json={"album": "a"}).status_code == 202
    again = admin.post(f"/api/arrivals/{first}/file", json={"album": "b"})
    assert (again.status_code, again.json()["reason"]) == (409, "state")


def test_to_others_there_is_no_such_address(world: World) -> None:
    first = listed(world)["items"][0]["id"]
    for who in OTHERS:
        client = world.client(who)
        assert client.get("/api/arrivals").content == client.get("/api/nothing").content
        assert client.post(f"/api/arrivals/{first}/file", json={"album": "a"}).status_code == 404
    assert listed(world)["total"] == 3


def test_what_cannot_be_put_on_record_is_not_told_and_not_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:

    first = listed(world)["items"][0]["id"]

    def refuse(*_: object, **__: object) -> None:
        raise Unavailable("database")

    monkeypatch.setattr(audit_table, "add", refuse)
    monkeypatch.setattr(audit_table, "fold", refuse, raising=False)
    admin = world.client("admin")
    assert admin.post(f"/api/arrivals/{first}/file", json={"album": "a"}).status_code == 503
    assert admin.post(f"/api/arrivals/{first}/dismiss", json={"reason": "x"}).status_code == 503
    monkeypatch.undo()
    assert listed(world)["total"] == 3
