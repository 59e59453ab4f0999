"""Who reads what of the audit, how it is asked, and what a file of it holds."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from auth_service.audit import reading as audit_reading
from auth_service.audit import system as audit_system
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import SYSTEM
from auth_service.store.audit import records
from auth_service.vocabulary import AuditEvent
from tests.http.world import World

FRAME = "/dicom-web/studies/{}/series/{}/instances/{}.1/frames/1"


def look(world: World, who: str, study: str, series: str) -> None:
    headers = {"x-gate-method": "GET", "x-gate-path": FRAME.format(study, series, series)}
    with world.client(who) as client:
        client.get("/internal/authorize", headers=headers)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from looked_into(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same, for all who ask and change nothing; that they ask is on record in it."""
    yield from looked_into(tmp_path_factory.mktemp("shared"))


def looked_into(folder: Path) -> Iterator[World]:
    """A member of each album looked into the study that both albums share, and into one of his own."""
    made = World.make(folder)
    for who, study, series in (
        ("member_a", "1.2", "1.2.1"),
        ("member_b", "1.2", "1.2.1"),
        ("member_a", "1.1", "1.1.1"),
        ("member_b", "1.3", "1.3.1"),
        ("ended_a", "1.1", "1.1.1"),
        ("stranger", "1.1", "1.1.1"),
    ):
        look(made, who, study, series)
        made.signin.wait(seconds=1)
    yield made
    made.close()


def ask(world: World, who: str, query: str = "", **more: Any) -> httpx.Response:  # noqa: ANN401
    with world.client(who) as client:
        return client.get(f"/api/audit{query}", **more)


def read(world: World, who: str, query: str = "") -> list[dict[str, Any]]:
    answer = ask(world, who, query)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"items", "total"}
    items: list[dict[str, Any]] = body["items"]
    return items


def test_an_owner_reads_what_happened_through_his_label_and_no_other_row(world: World) -> None:
    for who, label, viewers in (
        ("owner_a", "album-a", [("Ended_A", "1.1"), ("Member_A", "1.1"), ("Member_A", "1.2")]),
        ("owner_b", "album-b", [("Member_B", "1.3"), ("Member_B", "1.2")]),
    ):
        found = read(world, who, "?limit=200")
        assert {one["label"] for one in found} == {label}
        looks = [one for one in found if one["event"] in ("study-viewed", "denied")]
        assert [(one["actor_name"].removeprefix("Test "), one["study_uid"]) for one in looks] == viewers


def test_an_owner_learns_no_address_no_session_and_no_request(world: World) -> None:
    found = read(world, "owner_a", "?limit=200")
    assert {(one["address"], one["session"], one["request_id"]) for one in found} == {(None, None, None)}
    whole = read(world, "admin", "?album=a&event=study-viewed")
    assert {one["address"] for one in whole} == {"192.0.2.7"}
    assert all(one["session"] and one["request_id"] for one in whole)


def test_an_owner_does_not_learn_whose_a_token_is(world: World) -> None:
    with world.client("reader_a") as client:
        secret = client.post("/api/tokens", json={"name": "notebook", "actions": ["view"]}).json()["token"]
    with world.client("nobody") as client:
        headers = {"authorization": f"Bearer {secret}"}
        assert client.get("/dicom-web/studies/1.1/metadata", headers=headers).status_code == 200
    [whole] = read(world, "admin", "?actor=notebook&event=study-viewed")
    assert "maker" in whole["details"]
    [seen] = read(world, "owner_a", "?actor=notebook")
    assert (seen["event"], seen["details"]) == ("study-viewed", {})


def test_an_owner_reads_who_was_given_what_in_his_album(world: World) -> None:
    given = read(world, "owner_a", "?event=member-added")
    assert len(given) == 4
    assert all(one["details"]["after"]["actions"] for one in given)


@pytest.mark.parametrize(
    ("who", "query", "status"),
    [
        ("owner_a", "?album=a", 200),
        ("owner_a", "?label=album-a", 200),
        ("owner_a", "?album=b", 404),
        ("owner_a", "?label=album-b", 404),
        ("owner_a", "?album=none", 404),
        ("owner_a", "?label=site", 404),
        ("member_a", "?album=a", 403),
        ("member_a", "", 404),
        ("ended_a", "?album=a", 404),
        ("stranger", "", 404),
        ("stranger", "?album=a", 404),
        ("admin", "?album=none", 200),
        ("admin", "?label=site", 200),
    ],
)
def test_an_album_that_is_named_is_read_by_its_owners(
    shared: World, who: str, query: str, status: int
) -> None:
    assert ask(shared, who, query).status_code == status


def test_hidden_and_missing_albums_answer_alike(world: World) -> None:
    hidden, missing = ask(world, "owner_a", "?album=b"), ask(world, "owner_a", "?album=none")
    assert (hidden.status_code, hidden.content) == (missing.status_code, missing.content)


def test_a_refused_reading_is_on_record(world: World) -> None:
    ask(world, "stranger")
    ask(world, "member_a", "?album=a")
    denied = read(world, "admin", "?event=denied&limit=2")
    assert [(one["actor_name"], one["action"], one["target"], one["reason"]) for one in denied] == [
        ("Test Member_A", "audit", "a", "other-action"),
        ("Test Stranger", "administer", "/api/audit", "not-an-admin"),
    ]


def test_a_token_reads_nothing_whoever_made_it(world: World) -> None:
    for who in ("admin", "owner_a"):
        with world.client(who) as client:
            secret = client.post("/api/tokens", json={"name": "x", "actions": ["view"]}).json()["token"]
        with world.client("nobody") as client:
            answer = client.get("/api/audit", headers={"authorization": f"Bearer {secret}"})
        assert (answer.status_code, answer.json()["reason"]) == (403, "token")


def test_that_an_administrator_reads_and_what_is_on_record(world: World) -> None:
    for _ in range(3):
        read(world, "admin", "?album=a&event=denied&actor=ended")
    read(world, "admin")
    read(world, "owner_a")
    found = read(world, "admin", "?event=audit-read")
    assert [(one["target"], one["count"]) for one in found] == [
        ("event=audit-read", 1),
        ("*", 1),
        ("label=album-a event=denied actor=ended", 3),
    ]
    assert {one["label"] for one in found} == {None}, "owners are not told of it"


FILTERS = {
    "?event=study-viewed": {"study-viewed"},
    "?event=study-viewed&event=denied": {"study-viewed", "denied"},
    "?action=view": {"study-viewed", "denied"},
    "?study=1.3": {"study-viewed"},
    "?reason=ended": {"denied"},
    "?actor=nobody": set(),
    "?actor=MEMBER_b": {"study-viewed", "signin"},
    "?actor=system&event=album-created": {"album-created"},
    "?target=series/1.1.1": {"denied"},
    "?target=%25": set(),
    "?from=2026-03-03&action=view": {"study-viewed", "denied"},
    "?from=2026-03-04": set(),
    "?to=2026-03-01": set(),
    "?to=2026-03-03T14:00:01%2B00:00&study=1.2&action=view": {"study-viewed"},
}


@pytest.mark.parametrize(("query", "events"), FILTERS.items())
def test_filters_narrow(shared: World, query: str, events: set[str]) -> None:
    assert {one["event"] for one in read(shared, "admin", f"{query}&limit=200")} - {"audit-read"} == events


def test_a_key_names_one_actor_exactly(world: World) -> None:
    key = read(world, "admin", "?actor=member_b&event=signin")[0]["actor"]
    with world.client("admin") as client:
        found = client.get("/api/audit", params={"actor": key}).json()["items"]
    assert {one["actor_name"] for one in found} == {"Test Member_B"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?from=0001-01-01T00:00:00%2B05:00", "from"),
        ("?from=9999-12-31T23:59:59-05:00", "from"),
        ("?to=0001-01-01T00:00:00%2B05:00", "to"),
        ("?to=9999-12-31T23:59:59-05:00", "to"),
        ("?to=9999-12-31", "to"),
    ],
)
@pytest.mark.parametrize("form", ["", "&format=csv"])
def test_a_moment_that_cannot_be_counted_is_refused_by_name(
    shared: World, query: str, field: str, form: str
) -> None:
    answer = ask(shared, "admin", query + form)
    assert (answer.status_code, answer.json()["reason"]) == (422, field)


@pytest.mark.parametrize(
    "query",
    [
        "?limit=0",
        "?limit=201",
        "?offset=-1",
        "?event=nothing",
        "?action=nothing",
        "?from=yesterday",
        "?from=2026-03-03T14:00:00",
        "?study=../x",
        "?format=xlsx",
        "?upto=0",
        "?unknown=1",
        "?album=a&label=album-a",
    ],
)
def test_what_is_not_understood_is_refused(shared: World, query: str) -> None:
    assert ask(shared, "admin", query).status_code == 422


def test_pages_follow_each_other_and_do_not_shift(world: World) -> None:
    first = ask(world, "admin", "?limit=5").json()
    newest = first["items"][0]["id"]
    seen = [one["id"] for one in first["items"]]
    for offset in range(5, first["total"], 5):
        look(world, "stranger", "1.3", "1.3.1")
        world.signin.wait(minutes=2)
        page = ask(world, "admin", f"?limit=5&offset={offset}&upto={newest}").json()
        seen += [one["id"] for one in page["items"]]
        assert page["total"] == first["total"]
    assert seen == sorted(range(1, newest + 1), reverse=True)


# --- files


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def test_a_file_holds_all_that_matches(world: World) -> None:
    total = ask(world, "admin", "?limit=1").json()["total"]
    for more, answer in enumerate(
        (ask(world, "admin", "?format=csv&limit=1"), ask(world, "admin", headers={"accept": "text/csv"}))
    ):
        assert len(rows_of(answer)) == total + more, "the second one holds that the first was taken"
        assert 'filename="audit-2026-03-03.csv"' in answer.headers["content-disposition"]
    json = ask(world, "admin", headers={"accept": "text/csv, application/json"})
    assert json.headers["content-type"] == "application/json"


def test_an_owners_file_has_fewer_columns_and_his_rows_only(world: World) -> None:
    rows = rows_of(ask(world, "owner_a", "?format=csv"))
    assert {row["label"] for row in rows} == {"album-a"}
    assert not {"address", "session", "request_id"} & set(rows[0])
    assert {"address", "session", "request_id"} < set(rows_of(ask(world, "admin", "?format=csv"))[0])
    assert ask(world, "stranger", "?format=csv").status_code == 404
    assert ask(world, "owner_a", "?format=csv&album=b").status_code == 404


@pytest.mark.parametrize(
    "hostile",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "\n=1", "  =1", "＝1"],  # noqa: RUF001
)
def test_no_cell_is_a_formula(world: World, hostile: str) -> None:
    store = world.signin.store
    with store.write() as tx:
        audit_system.audit_read(
            tx,
            at=world.signin.clock(),
            actor=SYSTEM,
            question=hostile,
            origin=Origin(address=None, request_id="=2"),
        )
    [row] = rows_of(ask(world, "admin", "?format=csv&actor=system&event=audit-read"))
    assert row["target"].startswith("'")
    assert row["target"].replace("'", "") == hostile
    assert row["request_id"] == "'=2"


def test_commas_quotes_and_accents_come_through(world: World) -> None:
    text = 'É, "x"; y\nz'
    with world.signin.store.write() as tx:
        audit_system.audit_read(tx, at=world.signin.clock(), actor=SYSTEM, question=text, origin=NOWHERE)
    [row] = rows_of(ask(world, "admin", "?format=csv&actor=system&event=audit-read"))
    assert row["target"] == text


def test_that_a_file_was_taken_is_on_record_with_how_many(world: World) -> None:
    taken = len(rows_of(ask(world, "owner_a", "?format=csv&album=a")))
    with world.signin.store.read() as tx:
        last = records(tx)[-1]
    assert (last.event, last.label, last.action) == (AuditEvent.AUDIT_EXPORTED, "album-a", "audit")
    assert last.details == {"records": taken}


def test_too_many_rows_are_refused_and_not_cut(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_reading, "MOST_EXPORTED", 3)
    answer = ask(world, "admin", "?format=csv")
    assert answer.status_code == 422
    assert "3" in answer.json()["message"]
    assert len(rows_of(ask(world, "admin", "?format=csv&reason=ended"))) == 1


def test_a_file_longer_than_a_chunk_is_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auth_service.store.audit_search.CHUNK", 3)
    rows = rows_of(ask(world, "admin", "?format=csv"))
    ids = [int(row["id"]) for row in rows]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == len(ids) > 10
