"""What nginx, the portal and Keycloak ask behind the scenes."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fakes.signin import Browser, SigninWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SigninWorld]:
    made = SigninWorld.make(tmp_path)
    yield made
    made.close()


@pytest.fixture
def browser(world: SigninWorld) -> Browser:
    made = world.browser()
    made.sign_in("alice")
    return made


# nginx asks whether there is a session


def test_live_session_opens_the_portal(browser: Browser) -> None:
    answer = browser.get("/internal/session")
    assert (answer.status_code, answer.content) == (204, b"")


def test_nobody_and_bad_cookies_do_not(world: SigninWorld, browser: Browser) -> None:
    stranger = world.browser()
    assert stranger.get("/internal/session").status_code == 401
    for cookie in (
        f"portal_sid_8080={'B' * 43}",
        "portal_sid_8080=",
        f"portal_sid_8080={browser.sid}; portal_sid_8080={browser.sid}",
        f"portal_sid_8080={browser.sid}; portal_sid_8080={'B' * 43}",
        f"PORTAL_SID_8080={browser.sid}",
        f"portal_sid={browser.sid}",
    ):
        assert stranger.get("/internal/session", headers={"cookie": cookie}).status_code == 401, cookie


def test_bearer_does_not_open_the_portal(world: SigninWorld, browser: Browser) -> None:
    assert browser.sid is not None
    given = world.services.sessions.bearer(browser.sid)
    assert given is not None
    answer = world.browser().get("/internal/session", headers={"authorization": f"Bearer {given[0]}"})
    assert answer.status_code == 401


def test_session_beyond_the_grace_does_not_open_the_portal(world: SigninWorld, browser: Browser) -> None:
    world.keycloak.down = True
    world.wait(seconds=301)
    assert browser.get("/internal/session").status_code == 401


# The portal asks who it is


def ask_for_bearer(
    world: SigninWorld, body: dict[str, object] | None = None, *, secret: str | None = None, **more: object
) -> httpx.Response:
    client = world.browser().client
    del client.headers["x-gate-secret"]
    portal = world.settings.portal_secret.get_secret_value()
    return client.post(
        "/internal/sessions/bearer",
        json={**(body or {}), **more},
        headers={"x-portal-secret": secret or portal},
    )


def test_portal_gets_a_bearer_and_who_it_is(world: SigninWorld, browser: Browser) -> None:
    answer = ask_for_bearer(world, sid=browser.sid, accept_language="fr-CA")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    document = answer.json()
    assert document["expires_in"] == 60
    assert document["me"]["sub"] == world.keycloak.users["alice"].sub
    actor = world.services.sessions.actor_of_bearer(document["bearer"])
    assert actor is not None
    assert actor.username == "alice"


def test_bearer_opens_the_api_for_the_portal(world: SigninWorld, browser: Browser) -> None:
    bearer = ask_for_bearer(world, sid=browser.sid).json()["bearer"]
    answer = world.browser().get("/api/sessions", headers={"authorization": f"Bearer {bearer}"})
    assert [item["current"] for item in answer.json()["items"]] == [True]


@pytest.mark.parametrize("sid", ["", "B" * 43, "x", "é" * 43, "A" * 43 + "\n", "../" * 20])
def test_made_up_cookie_gives_no_bearer(world: SigninWorld, sid: str) -> None:
    answer = ask_for_bearer(world, sid=sid)
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "body", [{}, {"sid": 7}, {"sid": None}, {"sid": "x" * 5000}, {"sid": "x", "more": 1}]
)
def test_question_of_the_wrong_shape_is_refused(world: SigninWorld, body: dict[str, object]) -> None:
    assert ask_for_bearer(world, body).status_code == 422


def test_who_lacks_the_portals_secret_is_not_heard(world: SigninWorld, browser: Browser) -> None:
    assert ask_for_bearer(world, secret="x" * 36, sid=browser.sid).status_code == 404
    # nginx's own secret, which every request from outside carries, opens nothing here.
    assert browser.client.post("/internal/sessions/bearer", json={"sid": browser.sid}).status_code == 404


def test_portal_is_told_when_keycloak_has_been_gone_for_too_long(
    world: SigninWorld, browser: Browser
) -> None:
    world.keycloak.down = True
    world.wait(seconds=301)
    answer = ask_for_bearer(world, sid=browser.sid)
    assert (answer.status_code, answer.json()["reason"]) == (503, "keycloak")


# Keycloak says that it is over


def log_out(world: SigninWorld, token: object, secret: str | None = None) -> httpx.Response:
    client = world.browser().client
    del client.headers["x-gate-secret"]
    known = world.settings.backchannel_secret.get_secret_value()
    return client.post(
        f"/internal/backchannel/{secret if secret is not None else known}", data={"logout_token": token}
    )


def only_sid(world: SigninWorld) -> str:
    (sid,) = world.keycloak.sessions
    return sid


def test_back_channel_logout_ends_the_session_at_once(world: SigninWorld, browser: Browser) -> None:
    answer = log_out(world, world.keycloak.logout_token(sid=only_sid(world)))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert browser.me() is None


def test_back_channel_logout_of_a_person_ends_exactly_his_sessions(
    world: SigninWorld, browser: Browser
) -> None:
    second, other = world.browser(), world.browser()
    second.sign_in("alice")
    other.sign_in("bob")
    answer = log_out(world, world.keycloak.logout_token(sub=world.keycloak.users["alice"].sub))
    assert answer.status_code == 200
    assert (browser.me(), second.me()) == (None, None)
    assert other.me() is not None


def test_back_channel_logout_whose_session_and_person_do_not_fit_ends_nothing(
    world: SigninWorld, browser: Browser
) -> None:
    token = world.keycloak.logout_token(sid=only_sid(world), sub=world.keycloak.users["bob"].sub)
    assert log_out(world, token).status_code == 200
    assert browser.me() is not None


def test_logout_token_counts_once(world: SigninWorld, browser: Browser) -> None:
    token = world.keycloak.logout_token(sub=world.keycloak.users["alice"].sub)
    assert log_out(world, token).status_code == 200
    browser.sign_in("alice")
    assert log_out(world, token).status_code == 400
    assert browser.me() is not None


def test_logout_that_does_not_verify_is_refused(world: SigninWorld, browser: Browser) -> None:
    for token in (
        world.keycloak.logout_token(sid=only_sid(world), aud="other"),
        world.keycloak.logout_token(sid=only_sid(world), nonce="n"),
        "x",
        "",
        ["x", "y"],
        "x" * 70_000,
    ):
        answer = log_out(world, token)
        assert (answer.status_code, answer.headers["cache-control"]) == (400, "no-store")
    assert browser.me() is not None


@pytest.mark.parametrize("secret", ["x", "é", "%00", "backchannel-secret-of-the-tests-012"])
def test_wrong_address_of_the_back_channel_is_not_there(
    world: SigninWorld, browser: Browser, secret: str
) -> None:
    answer = log_out(world, world.keycloak.logout_token(sid=only_sid(world)), secret)
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    assert browser.me() is not None
