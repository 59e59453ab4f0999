"""Sessions: their limits, the portal's bearers, and what a person does with his own."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, update

from auth_service.errors import NotFound
from auth_service.origin import NOWHERE
from auth_service.store.tables import SigninSession
from tests.fakes.signin import SigninWorld
from tests.unit.auth_service.using import actor_of, last_event, opened, row, sessions_of


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SigninWorld]:
    made = SigninWorld.make(tmp_path)
    yield made
    made.close()


@pytest.fixture
def sid(world: SigninWorld) -> str:
    return opened(world, "alice")


# Limits


def test_unused_session_is_over_after_the_idle_limit(world: SigninWorld, sid: str) -> None:
    world.wait(seconds=3599)
    actor_of(world, sid)
    world.wait(seconds=3600)
    assert sessions_of(world).actor(sid) is None
    assert last_event(world) == ("session-ended", "idle")


def test_used_session_is_over_after_the_absolute_limit(world: SigninWorld, sid: str) -> None:
    for _ in range(19):
        world.wait(seconds=1800)
        actor_of(world, sid)
    world.wait(seconds=1799)
    actor_of(world, sid)
    world.wait(seconds=1)
    assert sessions_of(world).actor(sid) is None
    assert last_event(world) == ("session-ended", "absolute")


def test_use_is_written_down_at_most_every_thirty_seconds(world: SigninWorld, sid: str) -> None:
    begun = row(world).seen_at
    for second in range(2, 70, 2):
        world.wait(seconds=2)
        actor_of(world, sid)
        assert (row(world).seen_at - begun).total_seconds() == 30 * (second // 30)


def test_sessions_that_ran_out_are_swept_up_at_the_next_sign_in(world: SigninWorld, sid: str) -> None:
    world.wait(hours=2)
    opened(world, "bob")
    with world.store.read() as tx:
        ended = tx.execute(select(SigninSession.ended_why, SigninSession.sealed_tokens)).all()
    assert ("idle", b"") in [tuple(found) for found in ended]
    assert sessions_of(world).actor(sid) is None


# Bearers


def test_bearer_stands_for_the_session_and_dies_with_it(world: SigninWorld, sid: str) -> None:
    given = sessions_of(world).bearer(sid)
    assert given is not None
    bearer, lasts, actor = given
    assert lasts == 60
    assert sessions_of(world).actor_of_bearer(bearer) == actor
    sessions_of(world).sign_out(sid, language="en", origin=NOWHERE)
    assert sessions_of(world).actor_of_bearer(bearer) is None


def test_bearer_lasts_a_minute(world: SigninWorld, sid: str) -> None:
    given = sessions_of(world).bearer(sid)
    assert given is not None
    world.wait(seconds=59)
    assert sessions_of(world).actor_of_bearer(given[0]) is not None
    world.wait(seconds=1)
    assert sessions_of(world).actor_of_bearer(given[0]) is None


def test_bearer_follows_what_keycloak_says(world: SigninWorld, sid: str) -> None:
    given = sessions_of(world).bearer(sid)
    assert given is not None
    world.keycloak.users["alice"].roles = {"researcher"}
    world.wait(seconds=2)
    actor = sessions_of(world).actor_of_bearer(given[0])
    assert actor is not None
    assert actor.roles == {"researcher"}


def test_bearer_fits_what_the_gate_lets_through(world: SigninWorld, sid: str) -> None:
    given = sessions_of(world).bearer(sid)
    assert given is not None
    assert set(given[0]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    assert len(given[0]) < 256


def test_changed_bearer_is_nobodys(world: SigninWorld, sid: str) -> None:
    given = sessions_of(world).bearer(sid)
    assert given is not None
    body, signature = given[0].rsplit(".", 1)
    other = sessions_of(world).bearer(opened(world, "bob"))
    assert other is not None
    for forged in (
        body,
        f"{body}.",
        f"{body}.{signature[:-2]}",
        f"{body[:-1]}.{signature}",
        f"{other[0].rsplit('.', 1)[0]}.{signature}",
        signature,
        "",
        "x" * 60,
        sid,
    ):
        assert sessions_of(world).actor_of_bearer(forged) is None


def test_nobody_gets_a_bearer_for_a_made_up_cookie(world: SigninWorld) -> None:
    assert sessions_of(world).bearer("A" * 43) is None


# A person's own sessions


def test_person_sees_exactly_his_own_live_sessions(world: SigninWorld, sid: str) -> None:
    world.wait(minutes=40)
    second = opened(world, "alice")
    opened(world, "bob")
    mine = sessions_of(world).list(actor_of(world, second))
    assert [info.current for info in mine] == [True, False]
    assert {info.address for info in mine} == {"192.0.2.7"}
    assert all("Firefox" in info.user_agent for info in mine)
    world.wait(minutes=40)
    assert [info.current for info in sessions_of(world).list(actor_of(world, second))] == [True]
    assert sessions_of(world).actor(sid) is None


def test_person_ends_another_session_of_his_and_keycloaks_behind_it(world: SigninWorld, sid: str) -> None:
    here = actor_of(world, opened(world, "alice"))
    there = actor_of(world, sid).session
    assert there is not None
    sessions_of(world).end(here, there, origin=NOWHERE)
    assert sessions_of(world).actor(sid) is None
    assert "logout" in world.keycloak.calls
    assert [session.active for session in world.keycloak.sessions.values()] == [False, True]
    assert last_event(world) == ("session-ended", "person")
    with pytest.raises(NotFound):
        sessions_of(world).end(here, there, origin=NOWHERE)


def test_nobody_ends_somebody_elses_session(world: SigninWorld, sid: str) -> None:
    bob = actor_of(world, opened(world, "bob"))
    alices = actor_of(world, sid).session
    assert alices is not None
    with pytest.raises(NotFound):
        sessions_of(world).end(bob, alices, origin=NOWHERE)
    assert sessions_of(world).actor(sid) is not None


def test_session_ends_here_also_when_keycloak_does_not_answer(world: SigninWorld, sid: str) -> None:
    here = actor_of(world, opened(world, "alice"))
    there = actor_of(world, sid).session
    assert there is not None
    world.keycloak.down = True
    sessions_of(world).end(here, there, origin=NOWHERE)
    assert sessions_of(world).actor(sid) is None


def test_keycloaks_session_stays_while_another_of_ours_stands_on_it(world: SigninWorld, sid: str) -> None:
    second = opened(world, "alice")
    with world.store.write() as tx:
        tx.execute(update(SigninSession).values(keycloak_session="shared"))
    there = actor_of(world, sid).session
    assert there is not None
    sessions_of(world).end(actor_of(world, second), there, origin=NOWHERE)
    assert "logout" not in world.keycloak.calls
    assert sessions_of(world).actor(second) is not None


def test_ended_rows_are_forgotten_after_a_month(world: SigninWorld, sid: str) -> None:
    sessions_of(world).sign_out(sid, language="en", origin=NOWHERE)
    world.wait(days=31)
    opened(world, "bob")
    assert row(world).subject == world.keycloak.users["bob"].sub


def test_session_of_an_actor_is_told(world: SigninWorld, sid: str) -> None:
    actor = actor_of(world, sid)
    info = sessions_of(world).info(actor)
    assert info is not None
    assert (info.id, info.current) == (actor.session, True)
    assert sessions_of(world).info(replace(actor, session=None)) is None


def test_sign_out_goes_on_when_keycloak_knows_of_no_session(world: SigninWorld, sid: str) -> None:
    world.keycloak.answers["logout"] = httpx.Response(400, json={"error": "invalid_grant"})
    assert "/openid-connect/logout?" in sessions_of(world).sign_out(sid, language="en", origin=NOWHERE)


def test_sign_out_without_session_and_keycloak_says_so(world: SigninWorld) -> None:
    assert "/openid-connect/logout?" in sessions_of(world).sign_out(None, language="en", origin=NOWHERE)
    world.keycloak.down = True
    assert (
        sessions_of(world).sign_out(None, language="en", origin=NOWHERE) == "/auth/signedout?keycloak=silent"
    )
