"""What cannot be put on record does not happen: 503, and nothing half-done."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from auth_service.albums import ledger
from auth_service.albums.making import create_album
from auth_service.errors import Unavailable
from auth_service.policy.model import SYSTEM
from auth_service.vocabulary import ChangeVerb
from tests.fakes.held import orthanc_id
from tests.http.world import World

REFUSE = "CREATE TRIGGER broken BEFORE INSERT ON {} BEGIN SELECT RAISE(ABORT, 'no more'); END"
STUDY_A = orthanc_id("P1.1", "1.1")
KEPT = (
    *("members", "api_tokens", "albums", "album_counts", "changes", "ledger"),
    *("audit", "audit_links", "sessions"),
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.make(tmp_path)
    yield made
    made.close()


def run(world: World, *statements: str) -> None:
    connection = sqlite3.connect(world.signin.settings.database_url.removeprefix("sqlite:///"))
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def table_gone(world: World) -> None:
    run(world, "PRAGMA legacy_alter_table=ON", "ALTER TABLE audit RENAME TO audit_elsewhere")


def links_gone(world: World) -> None:
    run(world, "PRAGMA legacy_alter_table=ON", "ALTER TABLE audit_links RENAME TO audit_links_elsewhere")


def refusing(world: World) -> None:
    run(world, REFUSE.format("audit"))


def refusing_links(world: World) -> None:
    run(world, REFUSE.format("audit_links"))


def read_only(world: World) -> None:
    engine = world.signin.store.engine
    engine.dispose()
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only=ON"))


BREAKAGES = (table_gone, links_gone, refusing, refusing_links, read_only)

Request = tuple[str, str, str, dict[str, Any]]
MEMBER = {"subject": {"user": "alice"}, "role": "member", "actions": ["view"], "until": None}
DOWNLOAD = {"json": {"actions": ["download"]}}
REQUESTS: dict[str, Request] = {
    "add a member": ("owner_a", "POST", "/api/albums/a/members", {"json": MEMBER}),
    "change a member": (
        "owner_a",
        "PATCH",
        "/api/albums/a/members/{member}",
        {"json": {"actions": ["download"]}},
    ),
    "remove a member": ("owner_a", "DELETE", "/api/albums/a/members/{member}", {}),
    "make a token": ("owner_a", "POST", "/api/tokens", {"json": {"name": "x", "actions": ["view"]}}),
    "revoke a token": ("owner_a", "DELETE", "/api/tokens/{token}", {}),
    "end a session": ("owner_a", "DELETE", "/api/sessions/{session}", {}),
    "download an image": (
        "reader_a",
        "GET",
        "/internal/authorize",
        {
            "headers": {
                "x-gate-method": "GET",
                "x-gate-path": "/dicom-web/studies/1.1/series/1.1.1/instances/1.1.1.1",
            }
        },
    ),
    "take a study away": ("reader_a", "GET", f"/orthanc/studies/{STUDY_A}/archive", {}),
    "take a study away by DICOMweb": ("reader_a", "GET", "/dicom-web/studies/1.1", {}),
    "administer the archive": (
        "admin",
        "GET",
        "/internal/authorize",
        {"headers": {"x-gate-method": "GET", "x-gate-path": "/orthanc/statistics"}},
    ),
    "look at an image first": (
        "member_a",
        "GET",
        "/internal/authorize",
        {
            "headers": {
                "x-gate-method": "GET",
                "x-gate-path": "/dicom-web/studies/1.1/series/1.1.1/instances/1.1.1.1/frames/1",
            }
        },
    ),
    "read a study first": ("member_a", "GET", "/dicom-web/studies/1.1/metadata", {}),
    "see what is hidden": ("stranger", "GET", "/dicom-web/studies/1.1/metadata", {}),
    "see an album that is hidden": ("stranger", "GET", "/api/albums/a", {}),
    "read the audit as an administrator": ("admin", "GET", "/api/audit", {}),
    "take the audit away": ("owner_a", "GET", "/api/audit?format=csv", {}),
    "look who can see an album": ("owner_a", "GET", "/api/albums/a/people", {}),
    "make an album": ("stranger", "POST", "/api/albums", {"json": {"title": "New"}}),
    "edit an album": ("owner_a", "PATCH", "/api/albums/a", {"json": {"title": "New"}}),
    "archive an album": ("owner_a", "PUT", "/api/albums/a/archived", {}),
    "de-identify uploads": ("owner_a", "PUT", "/api/albums/a/deidentification", {"json": {"options": []}}),
    "leave an album": ("reader_a", "POST", "/api/albums/a/leave", {}),
    "hand an album over": ("owner_a", "POST", "/api/albums/a/handover", {"json": {"user": "alice"}}),
    "delete an album": ("owner_b", "DELETE", "/api/albums/b?confirm=b", {}),
}


def places(world: World) -> dict[str, str]:
    """Make what the addresses name: a member, a token, another session."""
    with world.client("owner_a") as client:
        token = client.post("/api/tokens", json={"name": "notebook", "actions": ["view"]}).json()["id"]
        found = client.get("/api/albums/a/members").json()["items"]
        member = next(str(one["id"]) for one in found if one["subject"]["user"] == "member_a")
    browser = world.signin.browser()
    browser.sign_in("owner_a")
    with world.client("owner_a") as client:
        sessions = client.get("/api/sessions").json()["items"]
    return {
        "token": token,
        "member": member,
        "session": next(one["id"] for one in sessions if not one["current"]),
    }


def send(world: World, request: Request, named: dict[str, str]) -> int:
    who, method, address, sent = request
    with world.client(who) as client:
        answer = client.request(method, address.format(**named), **sent)
    if answer.status_code == 503:
        assert answer.json()["reason"] in ("audit", "database")
        assert "SELECT" not in answer.text
    return answer.status_code


def dump(world: World) -> dict[str, list[tuple[object, ...]]]:
    connection = sqlite3.connect(world.signin.settings.database_url.removeprefix("sqlite:///"))
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    rows = {
        name: connection.execute(f"SELECT * FROM {name}").fetchall()  # noqa: S608 - our own names
        for name in names
        if name.removesuffix("_elsewhere") in KEPT
    }
    connection.close()
    return rows


@pytest.mark.parametrize("broken", BREAKAGES)
def test_what_cannot_be_recorded_is_refused_and_undone(world: World, broken: Callable[[World], None]) -> None:
    named = places(world)
    broken(world)
    before = dump(world)
    answers = {what: send(world, request, named) for what, request in REQUESTS.items()}
    assert answers == dict.fromkeys(REQUESTS, 503)
    assert dump(world) == before


def test_while_the_audit_can_be_written_all_of_it_is_done(world: World) -> None:
    named = places(world)
    answers = {what: send(world, request, named) for what, request in REQUESTS.items()}
    assert answers == {
        "add a member": 201,
        "change a member": 200,
        "remove a member": 204,
        "make a token": 201,
        "revoke a token": 204,
        "end a session": 204,
        "download an image": 204,
        "take a study away": 200,
        "take a study away by DICOMweb": 200,
        "administer the archive": 204,
        "look at an image first": 403,
        "read a study first": 404,
        "see what is hidden": 404,
        "see an album that is hidden": 404,
        "read the audit as an administrator": 200,
        "take the audit away": 200,
        "look who can see an album": 200,
        "make an album": 201,
        "edit an album": 200,
        "archive an album": 204,
        "de-identify uploads": 200,
        "leave an album": 204,
        "hand an album over": 204,
        "delete an album": 200,
    }, "the member of the two looks was removed before"


@pytest.mark.parametrize("broken", BREAKAGES)
def test_albums_are_neither_made_nor_filled(world: World, broken: Callable[[World], None]) -> None:
    services = world.signin.services
    broken(world)
    before, labels = dump(world), world.archive.labels()
    with pytest.raises(Unavailable):
        create_album(services, actor=SYSTEM, title="New", slug="new", owner="owner_a")
    with pytest.raises(Unavailable):
        ledger.begin(services, actor=SYSTEM, album="a", verb=ChangeVerb.ADD, series=["1.4.1"])
    assert dump(world) == before
    assert world.archive.labels() == labels


def test_a_change_under_way_is_finished_when_it_can_be_recorded(world: World) -> None:
    services = world.signin.services
    change = ledger.begin(services, actor=SYSTEM, album="a", verb=ChangeVerb.ADD, series=["1.4.1"])
    refusing(world)
    with pytest.raises(Unavailable):
        ledger.run(services, change=change)
    assert ledger.report(services, change=change).state == "running"
    run(world, "DROP TRIGGER broken")
    ledger.resume_all(services)
    assert ledger.report(services, change=change).state == "done"


def test_downloads_stop_when_the_database_is_full_and_each_one_before_is_on_record(world: World) -> None:
    engine = world.signin.store.engine
    with world.signin.store.read() as tx:
        pages = tx.scalar(text("PRAGMA page_count"))
    engine.dispose()
    event.listen(
        engine, "connect", lambda connection, _: connection.execute(f"PRAGMA max_page_count={pages + 2}")
    )
    allowed, status = 0, 204
    while status == 204 and allowed < 2000:
        status = send(world, REQUESTS["download an image"], {})
        allowed += status == 204
    assert status == 503
    assert len([row for row in dump(world)["audit"] if row[2] == "downloaded"]) == allowed > 0


def test_a_second_look_needs_no_record(world: World) -> None:
    look = REQUESTS["look at an image first"]
    assert send(world, look, {}) == 204
    refusing(world)
    assert send(world, look, {}) == 204
