"""Signing out: by one's own hand alone, here first, and at Keycloak too."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.signin import SigninWorld
from tests.http.signing import events, heading


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SigninWorld]:
    made = SigninWorld.make(tmp_path)
    yield made
    made.close()


# Signing out


def test_sign_out_ends_the_session_and_goes_on_to_keycloak(world: SigninWorld) -> None:
    browser = world.browser("fr")
    browser.sign_in("alice")
    secret = browser.sid
    assert secret is not None
    answer = browser.post("/auth/signout")
    assert answer.status_code == 303
    where = urlsplit(answer.headers["location"])
    asked = parse_qs(where.query)
    assert where.path == "/keycloak/realms/paradim/protocol/openid-connect/logout"
    assert asked["post_logout_redirect_uri"] == ["http://127.0.0.1:8080/auth/signedout"]
    assert asked["state"] == ["fr"]
    # No token stands in an address: Keycloak's session was ended from here.
    assert "eyJhbGciOi" not in where.query
    assert [session.active for session in world.keycloak.sessions.values()] == [False]
    assert asked["ui_locales"] == ["fr"]
    assert browser.sid is None
    assert world.services.sessions.actor(secret) is None
    assert events(world)[-1] == ("signout", "person")


def test_page_after_signing_out_is_in_the_persons_language(world: SigninWorld) -> None:
    answer = world.browser("en").get("/auth/signedout?state=fr")
    assert heading(answer) == "Votre session est fermée"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://127.0.0.1:8081",
        "http://127.0.0.1:8080/",
        "http://127.0.0.1:8080.evil.example",
        "HTTP://127.0.0.1:8080",
    ],
)
def test_page_of_another_site_signs_nobody_out(world: SigninWorld, origin: str) -> None:
    browser = world.browser()
    browser.sign_in("alice")
    answer = browser.post("/auth/signout", origin=origin)
    assert answer.status_code == 403
    assert heading(answer) == "This request did not come from the portal"
    assert browser.me() is not None


def test_request_without_origin_signs_nobody_out(world: SigninWorld) -> None:
    browser = world.browser()
    browser.sign_in("alice")
    assert browser.client.post("/auth/signout").status_code == 403
    assert browser.client.post("/auth/signout", headers={"authorization": "Bearer x"}).status_code == 403
    assert browser.me() is not None


def test_link_signs_nobody_out(world: SigninWorld) -> None:
    browser = world.browser()
    browser.sign_in("alice")
    answer = browser.get("/auth/signout")
    assert '<form method="post" action="/auth/signout">' in answer.text
    assert browser.me() is not None


def test_sign_out_without_keycloak_says_what_may_go_on(world: SigninWorld) -> None:
    browser = world.browser()
    browser.sign_in("alice")
    secret = browser.sid
    assert secret is not None
    world.keycloak.down = True
    answer = browser.post("/auth/signout")
    assert answer.headers["location"] == "/auth/signedout?keycloak=silent"
    assert "may still be running" in browser.get("/auth/signedout?keycloak=silent").text
    world.keycloak.down = False
    assert world.services.sessions.actor(secret) is None


def test_signing_out_twice_is_harmless(world: SigninWorld) -> None:
    browser = world.browser()
    browser.sign_in("alice")
    cookie = f"portal_sid_8080={browser.sid}"
    first = browser.post("/auth/signout").headers["location"]
    again = browser.client.post(
        "/auth/signout", headers={"cookie": cookie, "origin": world.settings.public_url}
    )
    assert (again.status_code, again.headers["location"]) == (303, first)
    assert [event for event, _ in events(world)].count("signout") == 1
