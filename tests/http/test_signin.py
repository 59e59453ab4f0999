"""Signing in and out, as browsers do it: over HTTP, against a Keycloak in memory."""

import base64
import hmac
import json
import re
import threading
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from sqlalchemy import select

from auth_service.store import people
from auth_service.store.tables import AuditRecord, Signin, SigninSession
from tests.fakes.provider import signing_key
from tests.fakes.signin import Browser, SigninWorld
from tests.unit.auth_service.test_next_page import OWN, hostile


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SigninWorld]:
    made = SigninWorld.make(tmp_path)
    yield made
    made.close()


@pytest.fixture
def secure_world(tmp_path: Path) -> Iterator[SigninWorld]:
    made = SigninWorld.make(tmp_path, public_url="https://portal.example.org")
    yield made
    made.close()


def cookies_set(answer: httpx.Response) -> dict[str, Any]:
    jar: dict[str, Any] = {}
    for line in answer.headers.get_list("set-cookie"):
        jar.update(SimpleCookie(line))
    return jar


def events(world: SigninWorld) -> list[tuple[str, str | None]]:
    with world.store.read() as tx:
        query = select(AuditRecord.event, AuditRecord.reason).order_by(AuditRecord.id)
        return [(event, reason) for event, reason in tx.execute(query)]


def heading(answer: httpx.Response) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer.text)
    assert found, answer.text
    return found[1].replace("&#39;", "'")


def with_changed(address: str, **changes: str | None) -> str:
    """The same callback with some parameters changed, or left out."""
    parts = urlsplit(address)
    values: dict[str, str | None] = {name: value[0] for name, value in parse_qs(parts.query).items()}
    values.update(changes)
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items() if value is not None)
    return f"{parts.path}?{query}"


# The good way


def test_sign_in_sends_the_browser_to_keycloak_with_pkce_state_and_nonce(world: SigninWorld) -> None:
    address = world.browser().begin("/portal/", lang="fr")
    asked = parse_qs(urlsplit(address).query)
    assert address.startswith("http://127.0.0.1:8080/keycloak/realms/paradim/protocol/openid-connect/auth?")
    assert asked["ui_locales"] == ["fr"]
    assert asked["code_challenge_method"] == ["S256"]
    for secret in ("state", "nonce", "code_challenge"):
        assert len(asked[secret][0]) >= 43


def test_sign_in_leads_to_the_wanted_page_and_sets_one_opaque_cookie(world: SigninWorld) -> None:
    browser = world.browser()
    answer = browser.sign_in("alice", "/portal/album?slug=head-ct&sort=-changed")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/portal/album?slug=head-ct&sort=-changed"
    assert answer.headers["cache-control"] == "no-store"
    cookie = cookies_set(answer)["portal_sid_8080"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{43,}", cookie.value)
    assert cookie["httponly"] is True
    assert (cookie["samesite"], cookie["path"], cookie["secure"], cookie["domain"]) == ("lax", "/", "", "")
    assert browser.me() == world.keycloak.users["alice"].sub


def test_cookies_are_bound_to_the_host_under_tls(secure_world: SigninWorld) -> None:
    browser = secure_world.browser()
    begun = browser.get("/auth/signin")
    (name,) = cookies_set(begun)
    assert name.startswith("__Host-signin_portal_sid_8080_")
    answer = browser.get(secure_world.keycloak.sign_in(begun.headers["location"], "alice"))
    cookie = cookies_set(answer)["__Host-portal_sid_8080"]
    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")


def test_database_holds_neither_the_cookie_nor_a_token(world: SigninWorld) -> None:
    browser = world.browser()
    browser.sign_in("alice")
    with world.store.read() as tx:
        row = tx.execute(select(SigninSession)).scalar_one()
        kept = " ".join(str(value) for value in vars(row).values()) + repr(row.sealed_tokens)
        used = tx.execute(select(Signin)).scalar_one()
    assert browser.sid is not None
    assert browser.sid not in kept
    assert "eyJhbGciOi" not in kept
    assert used.sealed == b""


def test_actor_has_todays_known_roles_and_groups_with_ancestors(world: SigninWorld) -> None:
    browser = world.browser()
    browser.sign_in("alice")
    assert browser.sid is not None
    actor = world.services.sessions.actor(browser.sid)
    assert actor is not None
    assert actor.roles == {"pi"}
    assert {group.path for group in actor.groups} == {"/radiology", "/radiology/chest"}
    assert {group.id for group in actor.groups} == {"group-1", "group-2"}
    assert (actor.name, actor.username) == ("Test Alice", "alice")


@pytest.mark.parametrize("where", OWN)
def test_own_page_survives_sign_in_byte_for_byte(world: SigninWorld, where: str) -> None:
    assert world.browser().sign_in("alice", where).headers["location"] == where


@pytest.mark.parametrize("where", OWN)
def test_address_that_nginx_hands_over_survives_sign_in_byte_for_byte(world: SigninWorld, where: str) -> None:
    browser = world.browser()
    begun = browser.get("/auth/signin", headers={"x-gate-next": where})
    answer = browser.get(world.keycloak.sign_in(begun.headers["location"], "alice"))
    assert answer.headers["location"] == where


@pytest.mark.parametrize("where", hostile(), ids=ascii)
def test_hostile_address_leads_home(world: SigninWorld, where: str) -> None:
    assert world.browser().sign_in("alice", where).headers["location"] == "/portal/"


@pytest.mark.parametrize("where", hostile(), ids=ascii)
def test_hostile_address_leads_home_for_who_is_signed_in(signed_in: Browser, where: str) -> None:
    answer = signed_in.get(f"/auth/signin?next={quote(where, safe='')}")
    assert (answer.status_code, answer.headers["location"]) == (302, "/portal/")


@pytest.fixture(scope="module")
def signed_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    world = SigninWorld.make(tmp_path_factory.mktemp("signed-in"))
    browser = world.browser()
    browser.sign_in("alice")
    yield browser
    world.close()


def test_who_is_signed_in_goes_straight_on(signed_in: Browser) -> None:
    answer = signed_in.get("/auth/signin?next=%2Fportal%2Falbum%3Fslug%3Dx%26y%3D1")
    assert (answer.status_code, answer.headers["location"]) == (302, "/portal/album?slug=x&y=1")
    assert answer.headers["cache-control"] == "no-store"


def test_first_sign_in_makes_the_person_and_each_one_refreshes_the_name(world: SigninWorld) -> None:
    world.browser().sign_in("alice")
    world.keycloak.users["alice"].name = "Test Alice-Marie"
    browser = world.browser()
    browser.sign_in("alice")
    assert browser.sid is not None
    actor = world.services.sessions.actor(browser.sid)
    assert actor is not None
    assert actor.name == "Test Alice-Marie"


def test_several_tabs_sign_in_at_once(world: SigninWorld) -> None:
    browser = world.browser()
    first, second, third = (browser.begin(f"/portal/{tab}") for tab in ("a", "b", "c"))
    for address, where in ((second, "/portal/b"), (first, "/portal/a"), (third, "/portal/c")):
        answer = browser.get(world.keycloak.sign_in(address, "alice"))
        assert (answer.status_code, answer.headers["location"]) == (303, where)
    assert browser.me() == world.keycloak.users["alice"].sub
    assert browser.sid is not None
    with world.store.read() as tx:
        live = tx.execute(select(SigninSession).where(SigninSession.ended_at.is_(None))).scalars().all()
    assert len(live) == 1


def test_many_tabs_do_not_pile_up_cookies(world: SigninWorld) -> None:
    browser = world.browser()
    addresses = []
    for _ in range(12):
        addresses.append(browser.begin())
        world.wait(seconds=1)
    underway = [cookie for cookie in browser.client.cookies.jar if cookie.name.startswith("signin_")]
    assert len(underway) == 8
    assert browser.get(world.keycloak.sign_in(addresses[-1], "alice")).status_code == 303
    assert heading(browser.get(world.keycloak.sign_in(addresses[0], "alice"))).startswith(
        "This sign-in was not"
    )


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


def forged(**claims: object) -> Callable[[dict[str, Any]], None]:
    def change(token: dict[str, Any]) -> None:
        for name, value in claims.items():
            if value is None:
                token.pop(name, None)
            else:
                token[name] = value

    return change


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


# Ends on a clear page


def end_expired(world: SigninWorld, browser: Browser) -> httpx.Response:
    address = world.keycloak.sign_in(browser.begin("/portal/x"), "alice")
    world.wait(seconds=601)
    return browser.get(address)


def end_form_too_old(world: SigninWorld, browser: Browser) -> httpx.Response:
    address = browser.begin("/portal/x")
    return browser.get(
        world.keycloak.refuse(address, "temporarily_unavailable", error_description="authentication_expired")
    )


def end_down_at_exchange(world: SigninWorld, browser: Browser) -> httpx.Response:
    address = world.keycloak.sign_in(browser.begin("/portal/x"), "alice")
    world.keycloak.down = True
    return browser.get(address)


def end_broken_at_exchange(world: SigninWorld, browser: Browser) -> httpx.Response:
    address = world.keycloak.sign_in(browser.begin("/portal/x"), "alice")
    world.keycloak.answers["token"] = httpx.Response(500, text="<h1>Java stack trace</h1>")
    return browser.get(address)


def end_down_at_once(world: SigninWorld, browser: Browser) -> httpx.Response:
    world.keycloak.down = True
    return browser.get("/auth/signin?next=%2Fportal%2Fx")


def end_with(error: str) -> Callable[[SigninWorld, Browser], httpx.Response]:
    return lambda world, browser: browser.get(world.keycloak.refuse(browser.begin("/portal/x"), error))


End = tuple[str, Callable[[SigninWorld, Browser], httpx.Response], int, str, str]

ENDS: list[End] = [
    (
        "refused",
        end_with("access_denied"),
        403,
        "The sign-in was refused or cancelled",
        "L'ouverture de session a été refusée ou annulée",
    ),
    (
        "login-required",
        end_with("login_required"),
        400,
        "You need to sign in",
        "Vous devez ouvrir une session",
    ),
    (
        "server-error",
        end_with("server_error"),
        503,
        "The sign-in service does not answer",
        "Le service d'ouverture de session ne répond pas",
    ),
    (
        "invalid-request",
        end_with("invalid_request"),
        400,
        "The sign-in could not be completed",
        "L'ouverture de session n'a pas pu aboutir",
    ),
    (
        "made-up",
        end_with("<script>alert(1)</script>"),
        400,
        "The sign-in could not be completed",
        "L'ouverture de session n'a pas pu aboutir",
    ),
    ("expired", end_expired, 400, "The sign-in took too long", "L'ouverture de session a pris trop de temps"),
    (
        "form-too-old",
        end_form_too_old,
        400,
        "The sign-in took too long",
        "L'ouverture de session a pris trop de temps",
    ),
    (
        "down",
        end_down_at_once,
        503,
        "The sign-in service does not answer",
        "Le service d'ouverture de session ne répond pas",
    ),
    (
        "down-at-exchange",
        end_down_at_exchange,
        503,
        "The sign-in service does not answer",
        "Le service d'ouverture de session ne répond pas",
    ),
    (
        "broken-at-exchange",
        end_broken_at_exchange,
        503,
        "The sign-in service does not answer",
        "Le service d'ouverture de session ne répond pas",
    ),
]


@pytest.mark.parametrize("case", ENDS, ids=lambda case: str(case[0]))
@pytest.mark.parametrize("language", ["en", "fr"])
def test_failed_sign_in_ends_on_a_clear_page_with_a_way_on(
    world: SigninWorld, case: End, language: str
) -> None:
    _name, end, status, *headings = case
    browser = world.browser("fr-CA,fr;q=0.9" if language == "fr" else "en-CA")
    answer = end(world, browser)
    assert answer.status_code == status
    assert heading(answer) == headings[language == "fr"]
    assert f'<html lang="{language}">' in answer.text
    assert f'href="/auth/signin?next=%2Fportal%2Fx&amp;lang={language}"' in answer.text
    assert 'href="/portal/"' in answer.text
    assert "request-1" in answer.text
    assert "alert" not in answer.text
    assert "Java" not in answer.text
    assert browser.sid is None
    assert ("retry-after" in answer.headers) == (status == 503)


@pytest.mark.parametrize(
    "query",
    ["", "?state=x&code=y", "?code=y", "?state=", "?error=access_denied", "?state=%ff%00&code=%0d%0a"],
)
def test_callback_that_nobody_began_ends_on_a_clear_page(world: SigninWorld, query: str) -> None:
    answer = world.browser().get(f"/auth/callback{query}")
    assert answer.status_code == 400
    assert heading(answer) == "This sign-in is not known"


def test_person_who_tries_again_arrives(world: SigninWorld) -> None:
    browser = world.browser()
    failed = browser.get(world.keycloak.refuse(browser.begin("/portal/album?slug=a&b=c")))
    again = re.search(r'href="(/auth/signin[^"]*)"', failed.text)
    assert again
    begun = browser.get(again[1].replace("&amp;", "&"))
    answer = browser.get(world.keycloak.sign_in(begun.headers["location"], "alice"))
    assert answer.headers["location"] == "/portal/album?slug=a&b=c"


def test_failed_sign_in_takes_its_cookie_along(world: SigninWorld) -> None:
    browser = world.browser()
    browser.get(world.keycloak.refuse(browser.begin()))
    assert [cookie.name for cookie in browser.client.cookies.jar] == []


PAGES = ["/auth/signout", "/auth/signedout", "/auth/signedout?keycloak=silent", "/auth/callback"]


@pytest.mark.parametrize("address", PAGES)
def test_pages_are_strict_about_what_they_load(world: SigninWorld, address: str) -> None:
    answer = world.browser().get(address)
    policy = answer.headers["content-security-policy"]
    nonce = re.search(r"style-src 'nonce-([A-Za-z0-9_-]{20,})'", policy)
    assert nonce
    assert f'<style nonce="{nonce[1]}">' in answer.text
    assert "default-src 'none'" in policy
    assert "form-action 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert "<script" not in answer.text
    assert not re.search(r"https?://", answer.text)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert world.browser().get(address).headers["content-security-policy"] != policy


def test_issuer_elsewhere_may_be_sent_a_form(tmp_path: Path) -> None:
    world = SigninWorld.make(tmp_path, issuer="https://id.example.org/realms/paradim")
    policy = world.browser().get("/auth/signout").headers["content-security-policy"]
    world.close()
    assert "form-action 'self' https://id.example.org;" in policy


def test_language_is_the_one_asked_for_then_the_persons_then_the_browsers(world: SigninWorld) -> None:
    browser = world.browser("en")
    assert 'lang="en"' in browser.get("/auth/signout").text
    browser.sign_in("alice")
    with world.store.write() as tx:
        sub = world.keycloak.users["alice"].sub
        people.set_language(tx, provider="keycloak", subject=sub, language="fr")
    assert 'lang="fr"' in browser.get("/auth/signout").text
    assert 'lang="en"' in browser.get("/auth/signout?lang=en").text
    assert 'lang="fr"' in browser.get("/auth/signout?lang=de").text


def test_language_of_the_person_outlives_his_session(world: SigninWorld) -> None:
    browser = world.browser("en")
    browser.sign_in("alice")
    with world.store.write() as tx:
        people.set_language(tx, provider="keycloak", subject=world.keycloak.users["alice"].sub, language="fr")
    world.wait(hours=2)
    assert "ui_locales=fr" in browser.begin()


# Two session cookies


def test_two_session_cookies_are_refused_with_a_way_out(world: SigninWorld) -> None:
    browser = world.browser()
    browser.sign_in("alice")
    both = {"cookie": f"portal_sid_8080={browser.sid}; portal_sid_8080={'B' * 43}"}
    answer = world.browser().get("/auth/signin?next=%2Fportal%2Fx", headers=both)
    assert answer.status_code == 400
    assert heading(answer) == "Your browser sends two sessions at once"
    out = world.browser().client.post("/auth/signout", headers={**both, "origin": world.settings.public_url})
    assert out.status_code == 303
    assert browser.me() is None


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


# What leaves traces


def test_every_end_is_in_the_audit(world: SigninWorld) -> None:
    browser = world.browser()
    browser.sign_in("alice")
    browser.get(world.keycloak.refuse(world.browser().begin()))
    browser.post("/auth/signout")
    assert events(world) == [("signin", None), ("signin-failed", "elsewhere"), ("signout", "person")]


def test_no_secret_is_ever_logged(world: SigninWorld, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    browser = world.browser()
    address = world.keycloak.sign_in(browser.begin(), "alice")
    asked = parse_qs(urlsplit(address).query)
    browser.get(address)
    secrets = [asked["code"][0], browser.sid, *(cookie.value for cookie in browser.client.cookies.jar)]
    browser.get(address)
    world.keycloak.change_claims = forged(azp="other")
    world.browser().sign_in("bob")
    browser.post("/auth/signout")
    ours = " ".join(
        record.getMessage() for record in caplog.records if record.name.startswith("auth_service")
    )
    assert ours
    assert "eyJhbGciOi" not in ours
    assert [secret for secret in secrets if secret and secret in ours] == []
