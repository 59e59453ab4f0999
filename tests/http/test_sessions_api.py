"""A person's own sessions, by the API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.signin import Browser, SigninWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SigninWorld]:
    made = SigninWorld.make(tmp_path)
    yield made
    made.close()


def signed_in(world: SigninWorld, username: str) -> Browser:
    browser = world.browser()
    browser.sign_in(username)
    return browser


def test_list_holds_exactly_ones_own(world: SigninWorld) -> None:
    first, second = signed_in(world, "alice"), signed_in(world, "alice")
    signed_in(world, "bob")
    answer = second.get("/api/sessions")
    assert answer.status_code == 200
    document = answer.json()
    assert document["total"] == 2
    assert sorted(item["current"] for item in document["items"]) == [False, True]
    assert set(document["items"][0]) == {
        "id",
        "created",
        "last_seen",
        "expires",
        "address",
        "user_agent",
        "current",
    }
    assert first.sid is not None
    assert first.sid not in answer.text
    assert second.get("/api/sessions?limit=1&offset=1").json()["total"] == 2
    assert len(second.get("/api/sessions?limit=1&offset=1").json()["items"]) == 1


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "offset=-1", "limit=1001"])
def test_list_refuses_bad_pages(world: SigninWorld, query: str) -> None:
    answer = signed_in(world, "alice").get(f"/api/sessions?{query}")
    assert (answer.status_code, answer.json()["reason"]) == (422, query.partition("=")[0])


def test_nobody_gets_no_list(world: SigninWorld) -> None:
    assert world.browser().get("/api/sessions").status_code == 401


def other_session(browser: Browser) -> str:
    (found,) = [item for item in browser.get("/api/sessions").json()["items"] if not item["current"]]
    return str(found["id"])


def test_person_ends_his_other_session(world: SigninWorld) -> None:
    first, second = signed_in(world, "alice"), signed_in(world, "alice")
    own = {"origin": world.settings.public_url}
    answer = second.client.delete(f"/api/sessions/{other_session(second)}", headers=own)
    assert (answer.status_code, answer.content) == (204, b"")
    assert first.me() is None
    assert second.me() is not None


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
def test_page_of_another_site_ends_nothing(world: SigninWorld, origin: str | None) -> None:
    first, second = signed_in(world, "alice"), signed_in(world, "alice")
    headers = {"origin": origin} if origin else {}
    answer = second.client.delete(f"/api/sessions/{other_session(second)}", headers=headers)
    assert answer.status_code == 403
    assert first.me() is not None


def test_somebody_elses_session_looks_like_none(world: SigninWorld) -> None:
    alice, bob = signed_in(world, "alice"), signed_in(world, "bob")
    alices = alice.get("/api/sessions").json()["items"][0]["id"]
    own = {"origin": world.settings.public_url}
    hidden = bob.client.delete(f"/api/sessions/{alices}", headers=own)
    missing = bob.client.delete(f"/api/sessions/{'0' * 32}", headers=own)
    assert (hidden.status_code, hidden.content) == (404, missing.content)
    assert alice.me() is not None
