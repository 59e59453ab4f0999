"""Signing in as those try it who should not: fixation, forgery, mix-up, injection, replay."""

import base64
import hmac
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from tests.fakes.provider import signing_key
from tests.fakes.signin import SigninWorld
from tests.http.signing import cookies_set, events, forged, heading, with_changed


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SigninWorld]:
    made = SigninWorld.make(tmp_path)
    yield made
    made.close()


# Fixation, forgery, replay


def test_sign_in_ends_the_old_session_of_the_browser(world: SigninWorld) -> None:
    browser = world.browser()
    waiting = browser.begin()
    browser.sign_in("alice")
    old = browser.sid
    assert old is not None
    browser.get(world.keycloak.sign_in(waiting, "bob"))
    assert browser.sid != old
    assert world.services.sessions.actor(old) is None
    assert browser.me() == world.keycloak.users["bob"].sub
    assert ("session-ended", "replaced") in events(world)


def test_planted_session_cookie_is_not_taken_over(world: SigninWorld) -> None:
    browser = world.browser()
    planted = "A" * 43
    browser.client.cookies.set("portal_sid_8080", planted, domain="127.0.0.1", path="/")
    answer = browser.get(world.keycloak.sign_in(browser.begin(), "alice"))
    assert cookies_set(answer)["portal_sid_8080"].value != planted
    assert world.services.sessions.actor(planted) is None


def test_sign_in_cannot_be_finished_in_another_browser(world: SigninWorld) -> None:
    mallory, victim = world.browser(), world.browser()
    address = world.keycloak.sign_in(mallory.begin("/portal/secret-of-mallory"), "bob")
    answer = victim.get(address)
    assert answer.status_code == 400
    assert heading(answer) == "This sign-in was not started in this browser"
    assert victim.sid is None
    assert "secret-of-mallory" not in answer.text
    # It is not used up either: nobody can break somebody else's sign-in.
    assert mallory.get(address).status_code == 303


def test_state_of_another_browser_does_not_fit_ones_own_cookie(world: SigninWorld) -> None:
    mallory, victim = world.browser(), world.browser()
    address = world.keycloak.sign_in(mallory.begin(), "bob")
    victim.begin()
    answer = victim.get(address)
    assert (answer.status_code, victim.sid) == (400, None)
    assert ("signin-failed", "elsewhere") in events(world)


def test_planted_cookie_of_another_sign_in_does_not_fit(world: SigninWorld) -> None:
    mallory, victim = world.browser(), world.browser()
    address = world.keycloak.sign_in(mallory.begin(), "bob")
    victim.begin()
    (name,) = [cookie.name for cookie in mallory.client.cookies.jar]
    (value,) = [cookie.value for cookie in victim.client.cookies.jar]
    answer = victim.get(address, headers={"cookie": f"{name}={value}"})
    assert (answer.status_code, victim.sid) == (400, None)


def test_two_cookies_of_one_sign_in_are_refused(world: SigninWorld) -> None:
    browser = world.browser()
    address = world.keycloak.sign_in(browser.begin(), "alice")
    (cookie,) = browser.client.cookies.jar
    twice = f"{cookie.name}={cookie.value}; {cookie.name}={'B' * 43}"
    answer = world.browser().get(address, headers={"cookie": twice})
    assert heading(answer) == "This sign-in was not started in this browser"


def test_state_counts_once(world: SigninWorld) -> None:
    browser = world.browser()
    address = world.keycloak.sign_in(browser.begin("/portal/album?slug=a&b=c"), "alice")
    assert browser.get(address).status_code == 303
    exchanges = world.keycloak.calls.count("token")
    again = browser.get(address)
    assert again.status_code == 400
    assert heading(again) == "This sign-in was already used"
    assert "/auth/signin?next=%2Fportal%2Falbum%3Fslug%3Da%26b%3Dc&amp;lang=en" in again.text
    # The code is not sent a second time: Keycloak would end the first one's session.
    assert world.keycloak.calls.count("token") == exchanges
    assert browser.me() == world.keycloak.users["alice"].sub


def test_two_callbacks_at_once_exchange_once(world: SigninWorld) -> None:
    browser = world.browser()
    address = world.keycloak.sign_in(browser.begin(), "alice")
    cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.client.cookies.jar)
    statuses: list[int] = []
    together = threading.Barrier(4)

    def ask() -> None:
        tab = world.browser()
        together.wait()
        statuses.append(tab.get(address, headers={"cookie": cookie}).status_code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303, 400, 400, 400]
    assert world.keycloak.calls.count("token") == 1


def test_injected_code_of_another_sign_in_is_refused(world: SigninWorld) -> None:
    mallory, victim = world.browser(), world.browser()
    stolen = parse_qs(urlsplit(world.keycloak.sign_in(mallory.begin(), "bob")).query)["code"][0]
    own = world.keycloak.sign_in(victim.begin(), "alice")
    answer = victim.get(with_changed(own, code=stolen))
    assert (answer.status_code, victim.sid) == (400, None)
    assert ("signin-failed", "exchange:invalid_grant") in events(world)


def test_nonce_of_another_sign_in_is_refused(world: SigninWorld) -> None:
    world.keycloak.change_claims = lambda claims: claims.update(nonce="n" * 43)
    browser = world.browser()
    answer = browser.sign_in("alice")
    assert (answer.status_code, browser.sid) == (400, None)
    assert ("signin-failed", "token:nonce") in events(world)


@pytest.mark.parametrize(
    "issuer",
    [None, "", "https://evil.example/realms/paradim", "HTTP://127.0.0.1:8080/keycloak/realms/paradim"],
)
def test_answer_of_another_issuer_is_refused_before_the_code_is_sent(
    world: SigninWorld, issuer: str | None
) -> None:
    browser = world.browser()
    address = world.keycloak.sign_in(browser.begin(), "alice")
    answer = browser.get(with_changed(address, iss=issuer))
    assert (answer.status_code, browser.sid) == (400, None)
    assert "token" not in world.keycloak.calls
    assert ("signin-failed", "issuer") in events(world)


@pytest.mark.parametrize("twice", ["state", "code", "iss"])
def test_parameter_given_twice_is_refused(world: SigninWorld, twice: str) -> None:
    browser = world.browser()
    address = world.keycloak.sign_in(browser.begin(), "alice")
    value = parse_qs(urlsplit(address).query)[twice][0]
    answer = browser.get(f"{address}&{twice}={quote(value, safe='')}")
    assert (answer.status_code, browser.sid) == (400, None)
    assert "token" not in world.keycloak.calls


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://127.0.0.1:8080/keycloak/realms/other"},
        {"iss": None},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": None},
        {"azp": "other"},
        {"azp": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"iat": 99_999_999_999},
        {"iat": None},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"at_hash": None},
        {"typ": "Bearer"},
        {"typ": ["ID"]},
        {"typ": None},
        {"sub": None},
        {"sub": ""},
        {"sid": None},
        {"nonce": None},
    ],
    ids=str,
)
def test_id_token_that_is_not_right_signs_nobody_in(world: SigninWorld, claims: dict[str, object]) -> None:
    world.keycloak.change_claims = forged(**claims)
    browser = world.browser()
    answer = browser.sign_in("alice")
    assert (answer.status_code, browser.sid) == (400, None)
    assert heading(answer) == "The sign-in could not be completed"


def test_audience_may_hold_others_beside_us(world: SigninWorld) -> None:
    world.keycloak.change_claims = forged(aud=["portal", "account"])
    assert world.browser().sign_in("alice").status_code == 303


def test_token_signed_by_an_unknown_key_signs_nobody_in(world: SigninWorld) -> None:
    world.browser().sign_in("alice")
    world.keycloak.key = signing_key(1)
    assert world.browser().sign_in("alice").status_code == 400
    assert ("signin-failed", "token:unknown-key") in events(world)


def in_base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256"])
def test_token_without_keycloaks_signature_signs_nobody_in(world: SigninWorld, algorithm: str) -> None:
    browser = world.browser()
    address = world.keycloak.sign_in(browser.begin(), "alice")
    code = world.keycloak.codes[parse_qs(urlsplit(address).query)["code"][0]]
    tokens = world.keycloak._tokens(code.session, nonce=code.nonce).json()
    claims = tokens["id_token"].split(".")[1]
    header = in_base64(json.dumps({"alg": algorithm, "kid": world.keycloak.key.kid}).encode())
    # The public key taken for a shared secret (RFC 8725, section 2.1).
    public = world.keycloak.key.as_pem(private=False)
    made = hmac.digest(public, f"{header}.{claims}".encode(), "sha256")
    tokens["id_token"] = f"{header}.{claims}.{'' if algorithm == 'none' else in_base64(made)}"
    world.keycloak.answers["token"] = httpx.Response(200, json=tokens)
    answer = browser.get(address)
    assert (answer.status_code, browser.sid) == (400, None)
