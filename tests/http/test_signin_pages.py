"""However signing in ends, it ends on a clear page with a way on, in the person's language."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from auth_service.store import people
from tests.fakes.signin import Browser, SigninWorld
from tests.http.signing import heading


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SigninWorld]:
    made = SigninWorld.make(tmp_path)
    yield made
    made.close()


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
        "L\u2019ouverture de session a été refusée ou annulée",
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
        "Le service d\u2019ouverture de session ne répond pas",
    ),
    (
        "invalid-request",
        end_with("invalid_request"),
        400,
        "The sign-in could not be completed",
        "L\u2019ouverture de session n\u2019a pas pu aboutir",
    ),
    (
        "made-up",
        end_with("<script>alert(1)</script>"),
        400,
        "The sign-in could not be completed",
        "L\u2019ouverture de session n\u2019a pas pu aboutir",
    ),
    (
        "expired",
        end_expired,
        400,
        "The sign-in took too long",
        "L\u2019ouverture de session a pris trop de temps",
    ),
    (
        "form-too-old",
        end_form_too_old,
        400,
        "The sign-in took too long",
        "L\u2019ouverture de session a pris trop de temps",
    ),
    (
        "down",
        end_down_at_once,
        503,
        "The sign-in service does not answer",
        "Le service d\u2019ouverture de session ne répond pas",
    ),
    (
        "down-at-exchange",
        end_down_at_exchange,
        503,
        "The sign-in service does not answer",
        "Le service d\u2019ouverture de session ne répond pas",
    ),
    (
        "broken-at-exchange",
        end_broken_at_exchange,
        503,
        "The sign-in service does not answer",
        "Le service d\u2019ouverture de session ne répond pas",
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
