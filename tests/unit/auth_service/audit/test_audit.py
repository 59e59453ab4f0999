"""What is put on record, and how often."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auth_service import audit
from auth_service.audit import albums as audit_albums
from auth_service.audit import arrivals as audit_arrivals
from auth_service.audit import credentials as audit_credentials
from auth_service.audit import deidentification as audit_deidentification
from auth_service.audit import members as audit_members
from auth_service.audit import system as audit_system
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import SYSTEM, Actor
from auth_service.store import audit as table
from auth_service.store.tables import AuditRecord
from auth_service.vocabulary import Action, AuditEvent, Level
from tests.world import START, TestWorld, two_albums

HERE = Origin(address="192.0.2.7", request_id="request-1")
THERE = Origin(address="192.0.2.8", request_id="request-2")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = TestWorld.make(tmp_path)
    yield world
    world.store.close()


def records(world: TestWorld) -> list[AuditRecord]:
    with world.store.read() as tx:
        return table.records(tx)


def deny(world: TestWorld, actor: Actor, **changes: object) -> None:
    values: dict[str, Any] = {
        "action": Action.VIEW,
        "level": Level.SERIES,
        "target": "/dicom-web/studies/1.2/series/1.2.3/metadata",
        "study_uid": "1.2",
        "label": None,
        "reason": "no-grant",
        "rule": None,
        "origin": HERE,
        **changes,
    }
    with world.store.write() as tx:
        audit.denied(tx, at=world.clock(), actor=actor, **values)


def view(world: TestWorld, actor: Actor, study: str = "1.2") -> bool:
    with world.store.write() as tx:
        return audit.study_viewed(
            tx,
            at=world.clock(),
            actor=actor,
            study_uid=study,
            label="album-a",
            rule="membership:1",
            origin=HERE,
        )


def test_a_denial_says_who_what_from_where_and_why(world: TestWorld) -> None:
    stranger = world.actor("stranger")
    deny(world, stranger)
    [record] = records(world)
    assert {
        column.name: getattr(record, column.name)
        for column in AuditRecord.__table__.columns
        if column.name != "id"
    } == {
        "at": START,
        "event": "denied",
        "actor": stranger.key,
        "actor_name": "Test Stranger",
        "session": "session-of-stranger",
        "action": "view",
        "level": "series",
        "target": "/dicom-web/studies/1.2/series/1.2.3/metadata",
        "study_uid": "1.2",
        "label": None,
        "reason": "no-grant",
        "rule": None,
        "address": "192.0.2.7",
        "request_id": "request-1",
        "count": 1,
        "details": {},
    }


def test_a_denial_that_repeats_within_a_minute_is_counted(world: TestWorld) -> None:
    stranger = world.actor("stranger")
    deny(world, stranger)
    world.wait(seconds=59)
    deny(world, stranger, origin=THERE)
    assert [(record.count, record.request_id) for record in records(world)] == [(2, "request-1")]
    world.wait(seconds=2)
    deny(world, stranger)
    assert [record.count for record in records(world)] == [2, 1]
    world.wait(seconds=1)
    deny(world, stranger)
    assert [record.count for record in records(world)] == [2, 2]


@pytest.mark.parametrize(
    "difference",
    [
        {"action": Action.DOWNLOAD},
        {"target": "/dicom-web/studies/1.2/series/1.2.4/metadata"},
        {"reason": "ended"},
        {"label": "album-a"},
    ],
)
def test_another_denial_gets_a_record_of_its_own(world: TestWorld, difference: dict[str, Any]) -> None:
    deny(world, world.actor("stranger"))
    deny(world, world.actor("stranger"), **difference)
    assert [record.count for record in records(world)] == [1, 1]


def test_the_denials_of_two_people_are_kept_apart(world: TestWorld) -> None:
    deny(world, world.actor("stranger"))
    deny(world, world.actor("member-a"))
    assert [(record.actor_name, record.count) for record in records(world)] == [
        ("Test Stranger", 1),
        ("Test Member-A", 1),
    ]


def test_a_flood_of_guesses_is_a_count(world: TestWorld) -> None:
    for number in range(200):
        deny(world, world.actor("stranger"), target=f"/dicom-web/studies/1.2/series/1.{number}/metadata")
    deny(world, world.actor("member-a"), target="/a")
    found = records(world)
    assert len(found) == audit.FLOOD + 2
    flood = found[audit.FLOOD]
    assert (flood.target, flood.study_uid, flood.count) == (None, None, 200 - audit.FLOOD)
    assert flood.details == {"flood": True}
    assert (found[-1].target, found[-1].count) == ("/a", 1)


def test_the_first_look_into_a_study_is_on_record_once_a_session(world: TestWorld) -> None:
    member = world.actor("member-a")
    assert view(world, member) is True
    assert view(world, member) is False
    world.wait(hours=5)
    assert view(world, member) is False
    assert view(world, member, "1.3") is True
    assert view(world, world.actor("member-b")) is True
    assert [(record.actor_name, record.study_uid, record.label) for record in records(world)] == [
        ("Test Member-A", "1.2", "album-a"),
        ("Test Member-A", "1.3", "album-a"),
        ("Test Member-B", "1.2", "album-a"),
    ]


def test_whether_a_study_was_looked_into_is_asked_per_session(world: TestWorld) -> None:
    member, other = world.actor("member-a"), world.actor("member-b")
    view(world, member)
    with world.store.read() as tx:
        assert audit.has_viewed(tx, at=world.clock(), actor=member, study_uid="1.2", label="album-a") is True
        assert audit.has_viewed(tx, at=world.clock(), actor=member, study_uid="1.3", label="album-a") is False
        assert audit.has_viewed(tx, at=world.clock(), actor=other, study_uid="1.2", label="album-a") is False
        assert audit.has_viewed(tx, at=world.clock(), actor=SYSTEM, study_uid="1.2", label="album-a") is False


def test_without_a_session_a_look_is_on_record_once_an_hour(world: TestWorld) -> None:
    assert view(world, SYSTEM) is True
    world.wait(minutes=59)
    assert view(world, SYSTEM) is False
    world.wait(minutes=2)
    assert view(world, SYSTEM) is True


def test_a_record_that_is_undone_with_its_change_is_not_there(world: TestWorld) -> None:
    def fail() -> None:
        with world.store.write() as tx:
            audit.signout(tx, at=world.clock(), actor=SYSTEM, reason="person")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert records(world) == []


def test_an_ambiguous_identifier_is_on_record_once_a_minute(world: TestWorld) -> None:
    for _ in range(3):
        with world.store.write() as tx:
            audit.ambiguous(tx, at=world.clock(), actor=SYSTEM, level=Level.STUDY, uid="1.2")
    world.wait(seconds=61)
    with world.store.write() as tx:
        audit.ambiguous(tx, at=world.clock(), actor=SYSTEM, level=Level.STUDY, uid="1.2")
    assert [(record.event, record.target, record.study_uid) for record in records(world)] == [
        ("ambiguous", "1.2", "1.2"),
        ("ambiguous", "1.2", "1.2"),
    ]


def test_sessions_leave_their_records(world: TestWorld) -> None:
    member = world.actor("member-a")
    with world.store.write() as tx:
        audit.signin(tx, at=world.clock(), actor=member, origin=HERE, user_agent="Firefox")
        audit.signin_failed(tx, at=world.clock(), reason="expired", origin=THERE)
        audit.session_ended(tx, at=world.clock(), actor=member, session="other", reason="person")
        audit.signout(tx, at=world.clock(), actor=member, reason="keycloak")
    assert [(r.event, r.actor, r.target, r.reason, r.address, r.details) for r in records(world)] == [
        (
            "signin",
            member.key,
            None,
            None,
            "192.0.2.7",
            {"user_agent": "Firefox", "roles": ["researcher"]},
        ),
        ("signin-failed", "nobody", None, "expired", "192.0.2.8", {}),
        ("session-ended", member.key, "other", "person", None, {}),
        ("signout", member.key, None, "keycloak", None, {}),
    ]


def test_what_happens_through_an_album_carries_its_label(tmp_path: Path) -> None:
    world = two_albums(tmp_path / "two")
    world.take("b", "1.2.3.1")
    found = [(r.event, r.actor, r.label) for r in records(world)]
    assert found == [
        ("album-created", "system", "album-a"),
        ("change-begun", "system", "album-a"),
        ("series-added", "system", "album-a"),
        ("album-created", "system", "album-b"),
        ("change-begun", "system", "album-b"),
        ("series-added", "system", "album-b"),
        ("member-added", "system", "album-a"),
        ("member-added", "system", "album-b"),
        ("change-begun", "system", "album-b"),
        ("series-removed", "system", "album-b"),
    ]
    world.store.close()


def test_every_event_has_a_function() -> None:
    functions = {
        name
        for module in (
            audit,
            audit_albums,
            audit_arrivals,
            audit_credentials,
            audit_deidentification,
            audit_members,
            audit_system,
        )
        for name in vars(module)
    }
    assert {event.value.replace("-", "_") for event in AuditEvent} <= functions


def test_sign_ins_that_fail_again_and_again_from_one_address_are_a_count(world: TestWorld) -> None:
    for origin in (HERE, HERE, THERE, HERE):
        with world.store.write() as tx:
            audit.signin_failed(tx, at=world.clock(), reason="replayed", origin=origin)
    assert [(record.address, record.count) for record in records(world)] == [
        ("192.0.2.7", 3),
        ("192.0.2.8", 1),
    ]


def test_what_is_not_folded_by_the_vocabulary_is_not_folded(world: TestWorld) -> None:
    with pytest.raises(ValueError, match="may still rise"), world.store.write() as tx:
        audit.fold(
            tx,
            AuditEvent.SIGNOUT,
            at=world.clock(),
            actor="system",
            target=None,
            reason="",
            origin=NOWHERE,
        )
