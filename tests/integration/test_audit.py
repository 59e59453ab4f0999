"""The audit at the real gate: what cannot be recorded is not served; what was recorded is soon in a chain."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from auth_service.audit import check as audit_check
from auth_service.store import audit_chain
from auth_service.store.database import Store
from tests.integration.people import SignedIn, sign_in
from tests.integration.raw import Answer, send
from tests.integration.truth import Series, Truth
from tests.waiting import eventually

pytestmark = pytest.mark.stack


@pytest.fixture
def store(stack: dict[str, Any]) -> Iterator[Store]:
    opened = Store(stack["internal"]["database"])
    yield opened
    opened.close()


@contextmanager
def refusing(store: Store) -> Iterator[None]:
    """Have the database refuse every record, as a full disk does."""
    if store.engine.dialect.name != "sqlite":
        pytest.skip("the trigger that breaks the audit is written for SQLite")
    name = f"broken_{uuid4().hex}"
    with store.write() as tx:
        tx.execute(
            text(f"CREATE TRIGGER {name} BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no more'); END")
        )
    try:
        yield
    finally:
        with store.write() as tx:
            tx.execute(text(f"DROP TRIGGER {name}"))


def get(port: int, person: SignedIn, path: str) -> Answer:
    return send(port, "GET", path, [("Cookie", person.cookie), ("Accept", "*/*")])


def some_series(truth: Truth, username: str) -> Series:
    return next(
        truth.series[uid] for uid in sorted(truth.may(username)) if truth.series[uid].modality == "CT"
    )


def test_what_cannot_be_recorded_is_not_served(
    stack: dict[str, Any], port: int, truth: Truth, store: Store
) -> None:
    series = some_series(truth, "pi-a")
    folder = f"/dicom-web/studies/{series.study}/series/{series.uid}"
    image = f"{folder}/instances/{series.instances[0].uid}"
    owner = sign_in(stack, "pi-a")  # a new session, which has not looked into anything
    with refusing(store):
        for path in (image, f"{image}/frames/1", f"/dicom-web/studies/{series.study}/metadata"):
            answer = get(port, owner, path)
            assert answer.status == 503, path
            assert len(answer.body) < 1000, "an error, and no image"
        with owner.client() as client:
            assert client.get("/api/audit?format=csv").status_code == 503
            refused = client.post("/api/tokens", json={"name": "x", "actions": ["view"]})
            assert (refused.status_code, refused.json()["reason"]) == (503, "audit")
    for path in (image, f"{image}/frames/1", f"/dicom-web/studies/{series.study}/metadata"):
        eventually(lambda path=path: get(port, owner, path).status == 200)  # type: ignore[misc]


def test_an_owner_reads_each_download_through_the_gate_with_where_it_came_from_left_out(
    port: int, people: dict[str, SignedIn], truth: Truth
) -> None:
    series = some_series(truth, "pi-a")
    image = f"/dicom-web/studies/{series.study}/series/{series.uid}/instances/{series.instances[0].uid}"
    assert get(port, people["pi-a"], image).status == 200
    with people["pi-a"].client() as client:
        asked = {"event": "downloaded", "album": "head-ct", "target": series.instances[0].uid, "limit": "1"}
        [owners] = client.get("/api/audit", params=asked).json()["items"]
        table = client.get("/api/audit", params={**asked, "format": "csv"})
        del asked["album"]
    with people["admin"].client() as client:
        [admins] = client.get("/api/audit", params=asked).json()["items"]
    assert owners["id"] == admins["id"]
    assert (owners["address"], admins["address"]) == (None, "127.0.0.1")
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"), newline="")))
    assert rows[0]["target"] == image


def test_what_the_service_records_is_in_a_chain_soon_and_all_chains_are_good(
    stack: dict[str, Any], store: Store
) -> None:
    def linked() -> int:
        with store.read() as tx:
            return sum(position for position, _ in audit_chain.heads(tx).values())

    before = linked()
    sign_in(stack, "stranger")
    eventually(lambda: linked() > before)
    report = audit_check.verify(store, at=datetime.now(UTC), unlinked_after=timedelta(minutes=30))
    assert report.good, list(report.lines())
