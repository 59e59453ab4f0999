"""Signing in and out at the real Keycloak, through the real nginx."""

import html
import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import psutil
import pytest
from keycloak import KeycloakAdmin, KeycloakOpenIDConnection

from tests.unit.auth_service.test_next_page import OWN, hostile
from tests.waiting import eventually

pytestmark = pytest.mark.stack

WITHIN = 5.0
"""Seconds in which a grant or a revocation must be in force everywhere (docs/threat-model.md)."""


class Browser:
    """A browser without scripts: cookies, forms, and redirects one by one."""

    def __init__(self, stack: dict[str, Any], language: str = "en") -> None:
        self.stack = stack
        self.client = httpx.Client(
            base_url=stack["url"], headers={"accept-language": language}, timeout=30, trust_env=False
        )

    def get(self, address: str) -> httpx.Response:
        answer = self.client.get(address)
        # Keycloak marks its cookies Secure even over http: browsers send them to loopback, Python does not.
        for cookie in self.client.cookies.jar:
            cookie.secure = False
        return answer

    def sent_on(self, where: str) -> httpx.Response:
        """Ask to sign in and come back to an address; nginx lets so many begin at once, and no more."""
        answers: list[httpx.Response] = []

        def answered() -> bool:
            answers.append(self.client.get("/auth/signin", params={"next": where}))
            return answers[-1].status_code != 429

        eventually(answered)
        return answers[-1]

    def form(self, start: str = "/auth/signin") -> httpx.Response:
        """Open the sign-in form of Keycloak, from an address of ours."""
        sent_on = self.get(start)
        assert sent_on.status_code == 302, sent_on.text
        return self.get(sent_on.headers["location"])

    def submit(self, form: httpx.Response, username: str, password: str) -> str:
        """Fill the form; returns the callback's address."""
        action = re.search(r'<form[^>]+id="kc-form-login"[^>]+action="([^"]+)"', form.text)
        assert action, form.text[:500]
        answer = self.client.post(html.unescape(action[1]), data={"username": username, "password": password})
        assert answer.status_code == 302, re.findall(r'id="input-error[^>]*>([^<]*)', answer.text)
        return str(answer.headers["location"])

    def sign_in(self, person: "Person", start: str = "/auth/signin") -> httpx.Response:
        """Sign in; returns the callback's answer."""
        return self.get(self.submit(self.form(start), person.username, person.password))

    def me(self) -> dict[str, Any] | None:
        answer = self.get("/api/me")
        assert answer.status_code in (200, 401), answer.text
        document: dict[str, Any] | None = answer.json() if answer.status_code == 200 else None
        return document

    @property
    def sid(self) -> str | None:
        return self.client.cookies.get(self.stack["cookie"])

    def sign_out(self) -> httpx.Response:
        return self.client.post("/auth/signout", headers={"origin": self.stack["url"]})


class Person:
    """Somebody made for one test, so that nothing done to him meets another test."""

    def __init__(self, directory: KeycloakAdmin) -> None:
        self.username = f"signin-{uuid4().hex[:8]}"
        self.password = f"Once-{uuid4().hex}"
        self.sub: str = directory.create_user(
            {
                "username": self.username,
                "email": f"{self.username}@example.org",
                "emailVerified": True,
                "firstName": "Test",
                "lastName": self.username,
                "enabled": True,
                "credentials": [{"type": "password", "value": self.password}],
            }
        )


@pytest.fixture(scope="module")
def directory(stack: dict[str, Any]) -> KeycloakAdmin:
    known = stack["internal"]["keycloak"]
    connection = KeycloakOpenIDConnection(
        server_url=f"{known['url']}/",
        realm_name=known["realm"],
        client_id=known["portal_admin"]["client_id"],
        client_secret_key=known["portal_admin"]["client_secret"],
        timeout=10,
    )
    return KeycloakAdmin(connection=connection)


@pytest.fixture
def person(directory: KeycloakAdmin) -> Iterator[Person]:
    made = Person(directory)
    yield made
    directory.delete_user(made.sub)


@pytest.fixture
def open_browser(stack: dict[str, Any]) -> Iterator[Callable[..., Browser]]:
    opened: list[Browser] = []

    def make(language: str = "en") -> Browser:
        opened.append(Browser(stack, language))
        return opened[-1]

    yield make
    for made in opened:
        made.client.close()


@pytest.fixture
def browser(open_browser: Callable[..., Browser]) -> Browser:
    return open_browser()


def seconds_until(holds: Callable[[], bool]) -> float:
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < WITHIN
        time.sleep(0.1)
    return time.monotonic() - begun


def heading(answer: httpx.Response) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer.text)
    assert found, answer.text[:500]
    return html.unescape(found[1])


def test_deep_link_with_several_parameters_survives_sign_in(browser: Browser, person: Person) -> None:
    wanted = "/portal/album?slug=head-ct&sort=-changed&search=t%C3%AAte%20a%2Fb&x=1&x=2&flag"
    answer = browser.sign_in(person, wanted)
    assert (answer.status_code, answer.headers["location"]) == (303, wanted)
    assert browser.get("/auth/signin").headers["location"] == "/portal/"
    me = browser.me()
    assert me is not None
    assert (me["sub"], me["username"], me["email"]) == (
        person.sub,
        person.username,
        f"{person.username}@example.org",
    )


def test_own_pages_and_hostile_addresses(browser: Browser, person: Person) -> None:
    browser.sign_in(person)
    for where in OWN:
        assert browser.sent_on(where).headers["location"] == where
    for where in hostile():
        answer = browser.sent_on(where)
        assert (answer.status_code, answer.headers["location"]) == (302, "/portal/"), ascii(where)


def test_cookie_is_opaque_and_kept_from_scripts_and_other_sites(browser: Browser, person: Person) -> None:
    answer = browser.sign_in(person)
    (line,) = [
        line
        for line in answer.headers.get_list("set-cookie")
        if line.startswith(f"{browser.stack['cookie']}=")
    ]
    assert re.fullmatch(r"[A-Za-z0-9_]+=[A-Za-z0-9_-]{43}; HttpOnly; Path=/; SameSite=lax", line)


@pytest.mark.parametrize(("lang", "other"), [("fr", "en"), ("en", "fr")])
def test_form_is_in_the_language_asked_for(
    open_browser: Callable[..., Browser], lang: str, other: str
) -> None:
    form = open_browser(other).form(f"/auth/signin?lang={lang}")
    assert f'lang="{lang}"' in form.text


def test_wrong_password_signs_nobody_in(browser: Browser, person: Person) -> None:
    with pytest.raises(AssertionError):
        browser.submit(browser.form(), person.username, "wrong-password-of-the-tests")
    assert browser.sid is None


def test_sign_in_counts_once_and_the_first_goes_on(browser: Browser, person: Person) -> None:
    address = browser.submit(browser.form(), person.username, person.password)
    assert browser.get(address).status_code == 303
    again = browser.get(address)
    assert (again.status_code, heading(again)) == (400, "This sign-in was already used")
    time.sleep(2)
    assert browser.me() is not None


def test_sign_in_cannot_be_finished_in_another_browser(
    open_browser: Callable[..., Browser], browser: Browser, person: Person
) -> None:
    address = browser.submit(browser.form(), person.username, person.password)
    other = open_browser()
    other.form()
    answer = other.get(address)
    assert (answer.status_code, other.sid) == (400, None)
    assert heading(answer) == "This sign-in was not started in this browser"
    assert browser.get(address).status_code == 303


def test_code_of_another_sign_in_is_refused_by_pkce(
    open_browser: Callable[..., Browser], browser: Browser, person: Person, directory: KeycloakAdmin
) -> None:
    # Two accounts, as Keycloak's protection refuses an account while its last sign-in is being booked.
    mallory = open_browser()
    other = Person(directory)
    stolen = parse_qs(urlsplit(mallory.submit(mallory.form(), other.username, other.password)).query)
    address = browser.submit(browser.form(), person.username, person.password)
    own = parse_qs(urlsplit(address).query)["code"][0]
    answer = browser.get(address.replace(own, stolen["code"][0]))
    assert (answer.status_code, browser.sid) == (400, None)
    assert heading(answer) == "The sign-in could not be completed"


def test_several_tabs_sign_in_at_once(browser: Browser, person: Person) -> None:
    first = browser.get("/auth/signin?next=%2Fportal%2Fa").headers["location"]
    second = browser.get("/auth/signin?next=%2Fportal%2Fb").headers["location"]
    for address, where in ((second, "/portal/b"), (first, "/portal/a")):
        answer = browser.get(address)
        # Once somebody is signed in at Keycloak it asks no more.
        callback = answer.headers.get("location") or browser.submit(answer, person.username, person.password)
        done = browser.get(callback)
        assert (done.status_code, done.headers["location"]) == (303, where)
    assert browser.me() is not None


def test_keycloak_that_would_have_to_ask_ends_on_a_clear_page(browser: Browser) -> None:
    address = browser.get("/auth/signin?next=%2Fportal%2Fx%3Fa%3D1").headers["location"]
    back = browser.get(f"{address}&prompt=none").headers["location"]
    answer = browser.get(back)
    assert (answer.status_code, heading(answer)) == (400, "You need to sign in")
    assert "next=%2Fportal%2Fx%3Fa%3D1" in answer.text


# Signing out


def test_sign_out_ends_keycloaks_session_too(browser: Browser, person: Person) -> None:
    browser.sign_in(person)
    answer = browser.sign_out()
    assert answer.status_code == 303
    assert "eyJhbGciOi" not in answer.headers["location"]
    back = browser.get(answer.headers["location"])
    assert back.status_code == 302
    page = browser.get(back.headers["location"])
    assert (page.status_code, heading(page)) == (200, "You are signed out")
    assert browser.me() is None
    assert "kc-form-login" in browser.form().text


def test_sign_out_of_a_browser_without_session_asks_at_keycloak(browser: Browser, person: Person) -> None:
    browser.sign_in(person)
    browser.client.cookies.delete(browser.stack["cookie"])
    answer = browser.get(browser.sign_out().headers["location"])
    assert answer.status_code == 200
    assert 'id="kc-logout"' in answer.text


def test_page_of_another_site_signs_nobody_out(browser: Browser, person: Person) -> None:
    browser.sign_in(person)
    for headers in ({}, {"origin": "https://evil.example"}, {"origin": "null"}):
        assert browser.client.post("/auth/signout", headers=headers).status_code == 403
    assert browser.get("/auth/signout").status_code == 200
    assert browser.me() is not None


def test_sign_out_by_an_administrator_is_seen_at_once(
    browser: Browser, person: Person, directory: KeycloakAdmin
) -> None:
    browser.sign_in(person)
    directory.user_logout(person.sub)
    assert seconds_until(lambda: browser.me() is None) < WITHIN


def test_session_ended_elsewhere_is_over_here(
    open_browser: Callable[..., Browser], browser: Browser, person: Person
) -> None:
    there = open_browser()
    there.sign_in(person)
    browser.sign_in(person)
    items = browser.get("/api/sessions").json()["items"]
    (other,) = [item["id"] for item in items if not item["current"]]
    answer = browser.client.delete(f"/api/sessions/{other}", headers={"origin": browser.stack["url"]})
    assert answer.status_code == 204
    assert there.me() is None
    # Keycloak's session behind it went along: nobody gets in there again without the password.
    assert "kc-form-login" in there.form().text
    assert browser.me() is not None


# Rights that change


def test_role_given_and_taken_is_in_force_in_time(
    browser: Browser, person: Person, directory: KeycloakAdmin
) -> None:
    browser.sign_in(person)
    role = directory.get_realm_role("pi")

    def roles() -> list[str]:
        me = browser.me()
        assert me is not None
        return list(me["roles"])

    assert roles() == []
    for _ in range(2):
        directory.assign_realm_roles(person.sub, [role])
        seconds_until(lambda: roles() == ["pi"])
        directory.delete_realm_roles_of_user(person.sub, [role])
        seconds_until(lambda: roles() == [])


def test_group_given_taken_renamed_and_deleted_is_in_force_in_time(
    browser: Browser, person: Person, directory: KeycloakAdmin
) -> None:
    browser.sign_in(person)
    name = f"é%?# & {uuid4().hex[:8]}"
    above = str(directory.create_group({"name": name}))
    group = str(directory.create_group({"name": "sub~group"}, parent=above))

    def groups() -> set[tuple[str, str]]:
        me = browser.me()
        assert me is not None
        return {(found["id"], found["path"]) for found in me["groups"]}

    both = {(above, f"/{name}"), (group, f"/{name}/sub~group")}
    directory.group_user_add(person.sub, group)
    seconds_until(lambda: groups() == both)
    directory.group_user_remove(person.sub, group)
    seconds_until(lambda: groups() == set())
    directory.group_user_add(person.sub, group)
    seconds_until(lambda: groups() == both)
    directory.update_group(above, {"name": f"{name} renamed"})
    seconds_until(lambda: groups() == {(above, f"/{name} renamed"), (group, f"/{name} renamed/sub~group")})
    directory.delete_group(above)
    seconds_until(lambda: groups() == set())


def test_disabled_person_is_out_in_time_and_stays_out(
    browser: Browser, person: Person, directory: KeycloakAdmin
) -> None:
    browser.sign_in(person)
    directory.update_user(person.sub, {"enabled": False})
    seconds_until(lambda: browser.me() is None)
    directory.update_user(person.sub, {"enabled": True})
    assert browser.me() is None


def test_deleted_person_is_out_in_time(
    open_browser: Callable[..., Browser], directory: KeycloakAdmin
) -> None:
    person = Person(directory)
    browser = open_browser()
    browser.sign_in(person)
    directory.delete_user(person.sub)
    seconds_until(lambda: browser.me() is None)


# Behind the scenes


def test_portals_bearer_dies_with_the_session(
    browser: Browser, person: Person, auth_service: httpx.Client
) -> None:
    browser.sign_in(person)
    given = auth_service.post("/internal/sessions/bearer", json={"sid": browser.sid})
    assert given.status_code == 200
    assert given.json()["me"]["sub"] == person.sub
    with_bearer = {"authorization": f"Bearer {given.json()['bearer']}"}
    with httpx.Client(base_url=browser.stack["url"], headers=with_bearer, trust_env=False) as anybody:
        assert anybody.get("/api/me").json()["sub"] == person.sub
        browser.sign_out()
        assert anybody.get("/api/me").status_code == 401


def test_what_is_asked_behind_the_scenes_is_not_published(browser: Browser, person: Person) -> None:
    browser.sign_in(person)
    secret = browser.stack["internal"]["auth_service"]["backchannel"].rpartition("/")[2]
    for address in ("/internal/session", "/internal/authorize", "/internal/sessions/bearer"):
        assert browser.get(address).status_code == 404
    published = browser.client.post(f"/internal/backchannel/{secret}", data={"logout_token": "x"})
    assert published.status_code == 404


def test_back_channel_serves_nothing_else(stack: dict[str, Any]) -> None:
    known = stack["internal"]["auth_service"]["backchannel"]
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(known))
    with httpx.Client(base_url=origin, trust_env=False) as client:
        for address in ("/", "/api/health", "/auth/signin", "/internal/session", "/internal/backchannel/x"):
            assert client.get(address).status_code == 404, address
        assert client.post("/internal/backchannel/x", data={"logout_token": "x"}).status_code == 404
        answer = client.post(urlsplit(known).path, data={"logout_token": "x"})
        assert (answer.status_code, answer.headers["cache-control"]) == (400, "no-store")


@pytest.mark.parametrize(
    "address",
    [
        "/keycloak/admin/",
        "/keycloak/admin/master/console/",
        "/keycloak/admin/realms/paradim/users",
        "/keycloak/realms/master/protocol/openid-connect/auth",
        "/keycloak/realms/paradim/protocol/openid-connect/token",
        "/keycloak/realms/paradim/protocol/openid-connect/userinfo",
        "/keycloak/realms/paradim/account/",
        "/keycloak/realms/paradim/clients-registrations/default",
        "/keycloak/health/ready",
        "/keycloak/metrics",
        "/keycloak/",
    ],
)
def test_only_the_realms_sign_in_pages_of_keycloak_are_published(browser: Browser, address: str) -> None:
    assert browser.get(address).status_code == 404


def test_database_and_logs_hold_no_secret_of_a_sign_in(
    browser: Browser, person: Person, stack: dict[str, Any]
) -> None:
    address = browser.submit(browser.form(), person.username, person.password)
    query = parse_qs(urlsplit(address).query)
    browser.get(address)
    secrets = [str(browser.sid), query["code"][0], query["state"][0], person.password]
    database = urlsplit(stack["internal"]["database"]).path.removeprefix("/")
    files = [f"{database}{ending}" for ending in ("", "-wal")]
    files += [process["log"] for process in stack["processes"].values()]
    time.sleep(1)
    for file in files:
        with open(file, "rb") as opened:  # noqa: PTH123 - as its name comes
            content = opened.read()
        assert [secret for secret in secrets if secret.encode() in content] == [], file
        assert b"eyJhbGciOi" not in content, file


def test_sessions_outlive_a_killed_keycloak(
    browser: Browser, person: Person, open_browser: Callable[..., Browser]
) -> None:
    """Last in this file: Keycloak needs a while to come back."""
    browser.sign_in(person)
    # What Keycloak has not yet written down is lost when it is killed.
    time.sleep(5)
    for process in psutil.process_iter(["cmdline"]):
        if browser.stack["data"] in " ".join(process.info["cmdline"] or ()) and "java" in process.name():
            process.kill()
    time.sleep(3)
    assert browser.me() is not None
    answer = open_browser().get("/auth/signin?next=%2Fportal%2Fx")
    assert (answer.status_code, heading(answer)) == (503, "The sign-in service does not answer")
    assert "next=%2Fportal%2Fx" in answer.text
    begun = time.monotonic()
    while open_browser().get("/auth/signin").status_code != 302:
        assert time.monotonic() - begun < 180
        time.sleep(1)
    assert browser.me() is not None
