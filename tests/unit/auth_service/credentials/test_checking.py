"""What a session means while it is used: asked by one, and never wider than Keycloak says."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from auth_service import reach
from auth_service.credentials import checking
from auth_service.credentials.watching import Watcher
from auth_service.errors import Unavailable
from auth_service.origin import NOWHERE
from auth_service.policy.engine import decide
from auth_service.policy.model import Actor, Resource
from auth_service.store import sessions as table
from auth_service.store.sessions import SessionRecord
from auth_service.store.tables import SigninSession
from auth_service.vocabulary import Action, Level
from tests.fakes.signin import SigninWorld
from tests.unit.auth_service.using import (
    actor_of,
    another_replica,
    asked,
    last_event,
    opened,
    row,
    sessions_of,
)
from tests.waiting import eventually


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SigninWorld]:
    made = SigninWorld.make(tmp_path)
    yield made
    made.close()


@pytest.fixture
def sid(world: SigninWorld) -> str:
    return opened(world, "alice")


# Once in two seconds


def test_keycloak_is_asked_once_in_two_seconds_however_often_the_session_is_used(
    world: SigninWorld, sid: str
) -> None:
    for _ in range(5):
        actor_of(world, sid)
    assert asked(world) == 0
    for second in range(1, 4):
        world.wait(seconds=2)
        for _ in range(5):
            actor_of(world, sid)
        assert asked(world) == second


def test_role_taken_away_is_gone_within_two_seconds(world: SigninWorld, sid: str) -> None:
    assert actor_of(world, sid).roles == {"pi"}
    world.keycloak.users["alice"].roles = {"researcher"}
    world.wait(seconds=2)
    assert actor_of(world, sid).roles == {"researcher"}


def test_role_that_means_nothing_here_makes_no_administrator(world: SigninWorld, sid: str) -> None:
    world.keycloak.users["alice"].roles = {"superuser", "ADMIN", "pi "}
    world.wait(seconds=2)
    actor = actor_of(world, sid)
    assert actor.roles == {"superuser", "ADMIN", "pi "}
    system = Resource(level=Level.SYSTEM)
    assert not decide(actor, Action.ADMINISTER, system, grants=[], at=world.clock()).allowed


def test_group_given_and_taken_follows_within_two_seconds(world: SigninWorld, sid: str) -> None:
    world.keycloak.add_group("/oncology")
    world.keycloak.users["alice"].groups = {"/oncology"}
    world.wait(seconds=2)
    assert {group.path for group in actor_of(world, sid).groups} == {"/oncology"}
    world.keycloak.users["alice"].groups = set()
    world.wait(seconds=2)
    assert actor_of(world, sid).groups == frozenset()


def test_group_that_the_directory_does_not_know_gives_nothing(world: SigninWorld, sid: str) -> None:
    world.keycloak.users["alice"].groups = {"/radiology/chest", "/ghosts", "no-path", ""}
    world.wait(seconds=2)
    assert {group.path for group in actor_of(world, sid).groups} == {"/radiology", "/radiology/chest"}


def test_group_whose_path_now_belongs_to_another_counts_by_its_new_id(world: SigninWorld, sid: str) -> None:
    before = actor_of(world, sid).groups
    world.keycloak.groups["/radiology/chest"] = "group-99"
    world.wait(seconds=2)
    after = actor_of(world, sid).groups
    assert {group.id for group in after - before} == {"group-99"}


def test_without_the_directory_groups_only_shrink(world: SigninWorld, sid: str) -> None:
    world.keycloak.add_group("/oncology")
    world.keycloak.directory_down = True
    world.keycloak.users["alice"].groups = {"/radiology", "/oncology"}
    world.wait(seconds=2)
    assert {group.path for group in actor_of(world, sid).groups} == {"/radiology"}


def test_who_signs_in_without_the_directory_has_his_groups_once_it_answers(
    world: SigninWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "REST", 0.0)
    world.keycloak.directory_down = True
    sid = opened(world, "alice")
    assert actor_of(world, sid).groups == frozenset()
    world.keycloak.directory_down = False
    world.wait(seconds=2)
    assert {group.path for group in actor_of(world, sid).groups} == {"/radiology", "/radiology/chest"}


@pytest.mark.parametrize("how", ["session", "user"])
def test_session_that_keycloak_ended_is_over_within_two_seconds(
    world: SigninWorld, sid: str, how: str
) -> None:
    if how == "user":
        world.keycloak.users["alice"].enabled = False
    else:
        next(iter(world.keycloak.sessions.values())).active = False
    world.wait(seconds=2)
    assert sessions_of(world).actor(sid) is None
    assert last_event(world) == ("signout", "keycloak")
    assert row(world).sealed_tokens == b""
    world.keycloak.users["alice"].enabled = True
    assert sessions_of(world).actor(sid) is None


# Beside requests


def test_answer_about_to_age_is_asked_anew_beside_requests(world: SigninWorld, sid: str) -> None:
    world.keycloak.users["alice"].roles = {"researcher"}
    actor_of(world, sid)
    world.wait(seconds=0.9)
    assert watched(world) == 0
    world.wait(seconds=0.1)
    assert watched(world) == 1
    assert watched(world) == 0
    assert actor_of(world, sid).roles == {"researcher"}
    assert asked(world) == 1


def test_session_in_steady_use_never_waits_for_keycloak(world: SigninWorld, sid: str) -> None:
    actor_of(world, sid)
    for roles in ({"researcher"}, {"pi"}, {"researcher"}):
        world.keycloak.users["alice"].roles = roles
        for _ in range(6):
            world.wait(seconds=0.2)
            watched(world)
        before = asked(world)
        assert actor_of(world, sid).roles == roles
        assert asked(world) == before


def test_session_that_is_not_in_use_is_not_asked_about(world: SigninWorld, sid: str) -> None:
    actor_of(world, sid)
    world.wait(seconds=3)
    assert watched(world) == 0
    world.wait(minutes=5)
    assert watched(world) == 0
    assert asked(world) == 0


def test_being_asked_about_is_no_use(world: SigninWorld, sid: str) -> None:
    actor_of(world, sid)
    for _ in range(60):
        world.wait(seconds=1)
        watched(world)
    assert asked(world) == 2
    assert (world.clock() - row(world).seen_at).total_seconds() >= 57


def test_session_found_over_beside_requests_is_over_for_the_next(world: SigninWorld, sid: str) -> None:
    actor_of(world, sid)
    world.keycloak.users["alice"].enabled = False
    world.wait(seconds=1)
    watched(world)
    assert last_event(world) == ("signout", "keycloak")
    assert sessions_of(world).actor(sid) is None
    assert watched(world) == 0


def test_session_that_was_signed_out_is_not_asked_about(world: SigninWorld, sid: str) -> None:
    actor_of(world, sid)
    sessions_of(world).sign_out(sid, language="en", origin=NOWHERE)
    world.wait(seconds=1)
    watched(world)
    assert watched(world) == 0
    assert asked(world) == 0


def test_silence_beside_requests_costs_them_nothing_and_prolongs_nothing(
    world: SigninWorld, sid: str
) -> None:
    actor_of(world, sid)
    checked = row(world).checked_at
    world.keycloak.down = True
    world.wait(seconds=1)
    for _ in range(5):
        watched(world)
        assert actor_of(world, sid).roles == {"pi"}
    assert asked(world) == 1
    assert row(world).checked_at == checked
    assert row(world).lease_holder is None


def test_what_another_replica_was_told_is_not_asked_again(world: SigninWorld, sid: str) -> None:
    actor_of(world, sid)
    world.wait(seconds=2)
    another_replica(world).actor(sid)
    assert asked(world) == 1
    assert watched(world) == 1
    assert watched(world) == 0
    assert asked(world) == 1


def test_fault_beside_requests_is_logged_and_the_session_asked_about_again(
    world: SigninWorld, sid: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> bool:
        raise RuntimeError("disk full")

    actor_of(world, sid)
    world.wait(seconds=1)
    with monkeypatch.context() as patch:
        patch.setattr(table, "take_lease", fail)
        watched(world)
    assert "the question about session" in caplog.text
    world.keycloak.users["alice"].roles = {"researcher"}
    watched(world)
    assert actor_of(world, sid).roles == {"researcher"}


def test_old_answer_is_never_gone_on_with_while_it_is_asked_anew(world: SigninWorld, sid: str) -> None:
    actor_of(world, sid)
    world.keycloak.users["alice"].roles = {"researcher"}
    seen: list[Actor | None] = []
    with held(world) as go_on:
        world.wait(seconds=1)
        beside = threading.Thread(target=watched, args=(world,))
        beside.start()
        eventually(lambda: asked(world) == 1)
        world.wait(seconds=1)
        waiter = threading.Thread(target=lambda: seen.append(sessions_of(world).actor(sid)))
        waiter.start()
        waiter.join(0.2)
        assert waiter.is_alive()
        go_on.set()
        waiter.join(5)
        beside.join(5)
    assert [actor.roles for actor in seen if actor] == [{"researcher"}]
    assert asked(world) == 1


def test_refresh_token_that_was_used_beside_requests_is_not_used_again(world: SigninWorld, sid: str) -> None:
    world.wait(seconds=290)
    actor_of(world, sid)
    assert world.keycloak.calls.count("token") == 1
    for _ in range(3):
        world.wait(seconds=1)
        watched(world)
        actor_of(world, sid)
    world.wait(seconds=238)
    actor_of(world, sid)
    for _ in range(5):
        world.wait(seconds=1)
        watched(world)
    assert world.keycloak.calls.count("token") == 2


def test_watcher_outlives_a_fault(
    world: SigninWorld, sid: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    actor_of(world, sid)
    world.wait(seconds=1)
    checker = sessions_of(world).checker
    due, failed = checker.due, threading.Event()

    def fail_once() -> list[SessionRecord]:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("no thread")
        return due()

    monkeypatch.setattr(checker, "due", fail_once)
    with Watcher(checker, every=0.01):
        eventually(lambda: asked(world) == 1)
    assert "sessions in use" in caplog.text


def test_watcher_asks_while_the_service_runs(world: SigninWorld, sid: str) -> None:
    actor_of(world, sid)
    world.wait(seconds=1)
    with Watcher(sessions_of(world).checker, every=0.01):
        eventually(lambda: row(world).checked_at == world.clock())
    world.wait(seconds=1)
    assert len(sessions_of(world).checker.due()) == 1
    assert asked(world) == 1


def test_watcher_asks_about_others_while_one_answer_is_late(world: SigninWorld, sid: str) -> None:
    other = opened(world, "bob")
    actor_of(world, sid)
    actor_of(world, other)
    world.wait(seconds=1)
    first = threading.Event()

    def hold_the_first(endpoint: str) -> None:
        if endpoint == "token/introspect" and not first.is_set():
            first.set()
            eventually(lambda: asked(world) == 2)

    world.keycloak.before_answer = hold_the_first
    with Watcher(sessions_of(world).checker, every=0.01):
        eventually(lambda: asked(world) == 2)


def watched(world: SigninWorld) -> int:
    """What the watcher does at one look; returns for how many sessions."""
    checker = sessions_of(world).checker
    due = checker.due()
    for record in due:
        checker.ask_beside(record)
    return len(due)


@contextmanager
def held(world: SigninWorld) -> Iterator[threading.Event]:
    """Keycloak answers no question about a session until the event is set."""
    go_on = threading.Event()
    world.keycloak.before_answer = lambda endpoint: (
        None if endpoint != "token/introspect" or go_on.wait(10) else pytest.fail("never let go")
    )
    try:
        yield go_on
    finally:
        go_on.set()


# One asks


def test_of_many_at_once_one_asks(world: SigninWorld, sid: str) -> None:
    world.wait(seconds=3)
    world.keycloak.before_answer = lambda _endpoint: time.sleep(0.1)
    replicas = [sessions_of(world), another_replica(world)]
    seen: list[Actor | None] = []
    threads = [
        threading.Thread(target=lambda number=number: seen.append(replicas[number % 2].actor(sid)))
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 12
    assert None not in seen
    assert asked(world) == 1


def test_who_comes_while_another_asks_waits_when_the_answer_is_old(world: SigninWorld, sid: str) -> None:
    world.keycloak.users["alice"].roles = {"researcher"}
    world.wait(seconds=2.5)
    entered, go_on = threading.Event(), threading.Event()

    def hold(endpoint: str) -> None:
        if endpoint == "token/introspect":
            entered.set()
            go_on.wait(5)

    world.keycloak.before_answer = hold
    seen: list[Actor | None] = []
    asker = threading.Thread(target=lambda: seen.append(sessions_of(world).actor(sid)))
    asker.start()
    assert entered.wait(5)
    waiter = threading.Thread(target=lambda: seen.append(another_replica(world).actor(sid)))
    waiter.start()
    waiter.join(0.2)
    assert waiter.is_alive()
    go_on.set()
    asker.join(5)
    waiter.join(5)
    assert [actor.roles for actor in seen if actor] == [{"researcher"}, {"researcher"}]
    assert asked(world) == 1


def test_who_waits_learns_that_the_session_is_over(world: SigninWorld, sid: str) -> None:
    world.wait(seconds=2.5)
    hold_lease(world)
    seen: list[Actor | None] = []
    waiter = threading.Thread(target=lambda: seen.append(sessions_of(world).actor(sid)))
    waiter.start()
    sessions_of(world).end_by_keycloak_session(sid=None, sub=world.keycloak.users["alice"].sub)
    waiter.join(5)
    assert seen == [None]


def test_lease_of_a_killed_holder_runs_out(world: SigninWorld, sid: str) -> None:
    world.wait(seconds=2.5)
    hold_lease(world)
    world.wait(seconds=6)
    actor_of(world, sid)
    assert asked(world) == 1
    assert row(world).lease_holder is None


def test_who_waits_in_vain_is_refused(world: SigninWorld, sid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "PATIENCE", 0.1)
    world.wait(seconds=2.5)
    hold_lease(world)
    with pytest.raises(Unavailable):
        sessions_of(world).actor(sid)


def test_sign_out_during_a_question_wins(world: SigninWorld, sid: str) -> None:
    world.wait(seconds=2)

    def sign_out(endpoint: str) -> None:
        if endpoint == "token/introspect":
            world.keycloak.before_answer = lambda _endpoint: None
            sessions_of(world).sign_out(sid, language="en", origin=NOWHERE)

    world.keycloak.before_answer = sign_out
    assert sessions_of(world).actor(sid) is None


def hold_lease(world: SigninWorld) -> None:
    record = row(world)
    with world.store.write() as tx:
        assert table.take_lease(
            tx,
            session_id=record.id,
            holder="somebody else",
            at=world.clock(),
            until=world.clock() + checking.LEASE,
            checked_at=record.checked_at,
        )


# Keycloak out of reach


def test_session_goes_on_without_keycloak_for_the_grace_and_no_longer(world: SigninWorld, sid: str) -> None:
    world.keycloak.down = True
    world.wait(seconds=299)
    assert actor_of(world, sid).roles == {"pi"}
    world.wait(seconds=2)
    with pytest.raises(Unavailable):
        sessions_of(world).actor(sid)


def test_refused_session_goes_on_when_keycloak_is_back(
    world: SigninWorld, sid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "REST", 0.0)
    world.keycloak.down = True
    world.wait(seconds=200)
    actor_of(world, sid)
    world.wait(seconds=200)
    with pytest.raises(Unavailable):
        sessions_of(world).actor(sid)
    world.keycloak.down = False
    assert actor_of(world, sid).roles == {"pi"}


def test_unused_session_gets_no_grace_beyond_its_last_answer(world: SigninWorld, sid: str) -> None:
    world.wait(minutes=20)
    world.keycloak.down = True
    with pytest.raises(Unavailable):
        sessions_of(world).actor(sid)


def test_silent_keycloak_is_left_alone(world: SigninWorld, sid: str) -> None:
    world.keycloak.down = True
    world.wait(seconds=3)
    for _ in range(20):
        actor_of(world, sid)
    assert asked(world) == 1


def test_grace_can_be_nothing(tmp_path: Path) -> None:
    world = SigninWorld.make(tmp_path, keycloak_grace_seconds=0)
    sid = opened(world, "alice")
    world.keycloak.down = True
    world.wait(seconds=2)
    with pytest.raises(Unavailable):
        sessions_of(world).actor(sid)
    world.close()


@pytest.mark.parametrize("status", [500, 502, 503])
def test_broken_keycloak_counts_as_out_of_reach(world: SigninWorld, sid: str, status: int) -> None:
    world.keycloak.answers["token/introspect"] = httpx.Response(status, text="<html>")
    world.wait(seconds=3)
    assert actor_of(world, sid).roles == {"pi"}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429])
def test_keycloak_that_answers_and_will_not_tell_gets_no_grace(
    world: SigninWorld, sid: str, status: int
) -> None:
    world.keycloak.answers["token/introspect"] = httpx.Response(status, json={"error": "invalid_client"})
    world.wait(seconds=2)
    with pytest.raises(Unavailable):
        sessions_of(world).actor(sid)
    assert row(world).ended_at is None


@pytest.mark.parametrize("endpoint", ["token/introspect", "token"])
def test_session_of_which_keycloak_would_not_tell_gets_no_grace_in_the_silence_after(
    world: SigninWorld, sid: str, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setattr(reach, "REST", 0.0)
    actor_of(world, sid)
    # By then a question takes a refresh, which may be refused as well.
    world.wait(seconds=240)
    world.keycloak.answers[endpoint] = httpx.Response(401, json={"error": "invalid_client"})
    with pytest.raises(Unavailable):
        sessions_of(world).actor(sid)
    world.keycloak.down = True
    for service in (sessions_of(world), sessions_of(world), another_replica(world)):
        with pytest.raises(Unavailable):
            service.actor(sid)
    del world.keycloak.answers[endpoint]
    world.keycloak.down = False
    world.wait(seconds=2)
    assert actor_of(world, sid).roles == {"pi"}


def test_refusal_beside_requests_leaves_no_grace_either(world: SigninWorld, sid: str) -> None:
    actor_of(world, sid)
    world.keycloak.answers["token/introspect"] = httpx.Response(401, json={"error": "invalid_client"})
    world.wait(seconds=1)
    assert watched(world) == 1
    world.keycloak.down = True
    world.wait(seconds=1)
    watched(world)
    with pytest.raises(Unavailable):
        sessions_of(world).actor(sid)


@pytest.mark.parametrize("answer", ["{}", '{"active": "true"}', '{"active": 1}', "[]", '{"active": null}'])
def test_answer_that_does_not_say_active_ends_the_session(world: SigninWorld, sid: str, answer: str) -> None:
    world.keycloak.answers["token/introspect"] = httpx.Response(200, text=answer)
    world.wait(seconds=2)
    assert sessions_of(world).actor(sid) is None


def test_roles_and_groups_of_the_wrong_kind_are_none(world: SigninWorld, sid: str) -> None:
    odd = {"active": True, "roles": "admin", "groups": {"/radiology": 1}}
    world.keycloak.answers["token/introspect"] = httpx.Response(200, json=odd)
    world.wait(seconds=2)
    actor = actor_of(world, sid)
    assert (actor.roles, actor.groups) == (frozenset(), frozenset())


# Refresh


def test_tokens_are_refreshed_at_four_fifths_of_their_life(world: SigninWorld, sid: str) -> None:
    world.wait(seconds=238)
    actor_of(world, sid)
    assert "token" not in world.keycloak.calls
    before = row(world).sealed_tokens
    world.wait(seconds=2)
    actor_of(world, sid)
    assert world.keycloak.calls.count("token") == 1
    assert row(world).sealed_tokens != before
    world.wait(seconds=200)
    actor_of(world, sid)
    assert world.keycloak.calls.count("token") == 1


def test_of_many_at_once_one_refreshes(world: SigninWorld, sid: str) -> None:
    world.wait(seconds=290)
    world.keycloak.before_answer = lambda _endpoint: time.sleep(0.05)
    replicas = [sessions_of(world), another_replica(world)]
    threads = [threading.Thread(target=replicas[number % 2].actor, args=(sid,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.keycloak.calls.count("token") == 1


def test_refresh_that_keycloak_refuses_ends_the_session(world: SigninWorld, sid: str) -> None:
    next(iter(world.keycloak.sessions.values())).active = False
    world.wait(seconds=290)
    assert sessions_of(world).actor(sid) is None
    assert last_event(world) == ("signout", "keycloak")


def test_refresh_that_brings_somebody_else_ends_the_session(world: SigninWorld, sid: str) -> None:
    other = world.keycloak.users["bob"].sub
    world.keycloak.change_claims = lambda claims: claims.update(sub=other)
    world.wait(seconds=290)
    assert sessions_of(world).actor(sid) is None


def test_refresh_that_does_not_verify_ends_the_session(world: SigninWorld, sid: str) -> None:
    world.keycloak.change_claims = lambda claims: claims.update(aud="other")
    world.wait(seconds=290)
    assert sessions_of(world).actor(sid) is None


def test_wrong_client_secret_ends_no_session(world: SigninWorld, sid: str) -> None:
    world.keycloak.answers["token"] = httpx.Response(401, json={"error": "invalid_client"})
    world.wait(seconds=290)
    with pytest.raises(Unavailable):
        sessions_of(world).actor(sid)
    del world.keycloak.answers["token"]
    assert actor_of(world, sid).roles == {"pi"}


def test_expired_token_is_refreshed_before_it_is_asked_about(world: SigninWorld, sid: str) -> None:
    world.wait(minutes=30)
    assert actor_of(world, sid).roles == {"pi"}


def test_tokens_of_another_session_do_not_open(world: SigninWorld, sid: str) -> None:
    opened(world, "bob")
    with world.store.write() as tx:
        rows = {row.subject: row for row in tx.execute(select(SigninSession)).scalars()}
        alice, bob = (rows[world.keycloak.users[name].sub] for name in ("alice", "bob"))
        tx.execute(
            update(SigninSession).where(SigninSession.id == alice.id).values(sealed_tokens=bob.sealed_tokens)
        )
    world.wait(seconds=2)
    assert sessions_of(world).actor(sid) is None


def test_holder_who_was_too_slow_takes_the_others_answer(world: SigninWorld, sid: str) -> None:
    world.wait(seconds=2)

    def be_overtaken(endpoint: str) -> None:
        if endpoint == "token/introspect":
            world.keycloak.before_answer = lambda _endpoint: None
            world.keycloak.users["alice"].roles = {"researcher"}
            world.wait(seconds=6)
            assert another_replica(world).actor(sid) is not None
            world.keycloak.users["alice"].roles = {"admin"}

    world.keycloak.before_answer = be_overtaken
    # What he brings late is not written over what is newer.
    assert actor_of(world, sid).roles == {"researcher"}
    assert row(world).roles == ["researcher"]


def test_holder_who_was_too_slow_does_not_refresh(world: SigninWorld, sid: str) -> None:
    world.wait(seconds=290)
    replica = another_replica(world)
    original = table.change_under_lease
    lost: list[bool] = []

    def lose_once(tx: Session, *, session_id: str, holder: str, values: Mapping[str, Any]) -> bool:
        if not lost:
            lost.append(True)
            tx.execute(update(SigninSession).values(lease_holder="somebody else"))
            world.wait(seconds=20)
        return original(tx, session_id=session_id, holder=holder, values=values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "change_under_lease", lose_once)
        assert replica.actor(sid) is not None
    assert world.keycloak.calls.count("token") == 1


def test_tokens_sealed_by_another_key_end_the_session(world: SigninWorld, sid: str) -> None:
    with world.store.write() as tx:
        tx.execute(update(SigninSession).values(sealed_tokens=b"sealed long ago"))
    world.wait(seconds=2)
    assert sessions_of(world).actor(sid) is None
