"""Signing in as browsers do it: over HTTP, against a Keycloak in memory."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from sqlalchemy import select

from auth_service.store.tables import Signin, SigninSession
from tests.fakes.signin import Browser, SigninWorld
from tests.http.signing import cookies_set, events, forged, heading
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
