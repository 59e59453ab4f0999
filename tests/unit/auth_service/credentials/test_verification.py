"""What Keycloak signs is believed only when everything about it is right."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from auth_service.credentials.provider import Refused, Tokens
from auth_service.credentials.verification import KEYS_LIVE, KEYS_REST, Keys, Untrusted, known_roles
from auth_service.errors import Unavailable
from tests.fakes.provider import FakeProvider, Turned, signing_key
from tests.fakes.settings import make_settings

NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[FakeProvider]:
    made = FakeProvider(make_settings(tmp_path), Turned(NOW))
    made.keycloak.add_user("alice", roles={"pi"})
    yield made
    made.close()


# Logout tokens (OpenID Connect Back-Channel Logout 1.0, section 2.6)


def test_logout_token_names_the_session(provider: FakeProvider) -> None:
    claims = provider.logout_token(provider.keycloak.logout_token(sid="s-1", sub="u-1", jti="j-1"))
    assert (claims.sid, claims.sub, claims.jti) == ("s-1", "u-1", "j-1")


@pytest.mark.parametrize("named", [{"sid": "s-1"}, {"sub": "u-1"}])
def test_logout_token_may_name_a_session_or_a_person(provider: FakeProvider, named: dict[str, str]) -> None:
    claims = provider.logout_token(provider.keycloak.logout_token(**named))
    assert {"sid": claims.sid, "sub": claims.sub} == {"sid": None, "sub": None, **named}


@pytest.mark.parametrize(
    "changes",
    [
        {"header_typ": "JWT"},
        {"header_typ": "at+jwt"},
        {"iss": "https://evil.example/realms/paradim"},
        {"iss": None},
        {"aud": "other"},
        {"aud": ["other", "third"]},
        {"aud": None},
        {"iat": None},
        {"iat": 99_999_999_999},
        {"exp": None},
        {"exp": 1},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"events": None},
        {"events": {}},
        {"events": []},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": True}},
        {"events": {"http://schemas.openid.net/event/other": {}}},
        {"nonce": "n"},
        {"nonce": ""},
        {"sid": None, "sub": None},
        {"sid": "", "sub": None},
        {"sid": 7},
        {"sub": ["u-1"]},
        {"key": signing_key(2)},
    ],
    ids=lambda changes: "another key" if "key" in changes else str(changes),
)
def test_logout_token_that_is_not_right_is_refused(provider: FakeProvider, changes: dict[str, Any]) -> None:
    with pytest.raises(Untrusted):
        provider.logout_token(provider.keycloak.logout_token(**{"sid": "s-1", "sub": "u-1", **changes}))


def test_id_token_is_no_logout_token(provider: FakeProvider) -> None:
    tokens = sign_in(provider)
    with pytest.raises(Untrusted):
        provider.logout_token(tokens.id_token)
    with pytest.raises(Untrusted):
        provider.logout_token(tokens.access)


@pytest.mark.parametrize("raw", ["", "x", "a.b.c", "..", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_is_refused(provider: FakeProvider, raw: str) -> None:
    with pytest.raises(Untrusted):
        provider.logout_token(raw)


def sign_in(provider: FakeProvider) -> Tokens:
    url = provider.authorization_url(state="s" * 43, nonce="n" * 43, verifier="v" * 43, language="en")
    address = provider.keycloak.sign_in(url, "alice")
    code = httpx.URL(address).params["code"]
    return provider.exchange(code=code, verifier="v" * 43, nonce="n" * 43)


def test_tokens_do_not_show_in_their_repr(provider: FakeProvider) -> None:
    assert "eyJhbGciOi" not in repr(sign_in(provider))


@pytest.mark.parametrize(
    "answer",
    ["", "[]", "null", '{"access_token": "a"}', '{"access_token": 1, "refresh_token": 2, "id_token": 3}'],
)
def test_answer_that_is_not_tokens_is_refused(provider: FakeProvider, answer: str) -> None:
    provider.keycloak.answers["token"] = httpx.Response(200, text=answer)
    with pytest.raises((Untrusted, Unavailable)):
        sign_in(provider)


def test_code_counts_once_and_a_second_try_ends_the_first(provider: FakeProvider) -> None:
    url = provider.authorization_url(state="s" * 43, nonce="n" * 43, verifier="v" * 43, language="en")
    code = httpx.URL(provider.keycloak.sign_in(url, "alice")).params["code"]
    tokens = provider.exchange(code=code, verifier="v" * 43, nonce="n" * 43)
    with pytest.raises(Refused, match="invalid_grant"):
        provider.exchange(code=code, verifier="v" * 43, nonce="n" * 43)
    assert not provider.introspect(tokens.access).active


def test_wrong_verifier_is_refused(provider: FakeProvider) -> None:
    url = provider.authorization_url(state="s" * 43, nonce="n" * 43, verifier="v" * 43, language="en")
    code = httpx.URL(provider.keycloak.sign_in(url, "alice")).params["code"]
    with pytest.raises(Refused):
        provider.exchange(code=code, verifier="w" * 43, nonce="n" * 43)


def test_clocks_may_differ_by_seconds_and_no_more(provider: FakeProvider) -> None:
    clock = provider.keycloak.clock
    assert isinstance(clock, Turned)
    raw = provider.keycloak.logout_token(sid="s-1", iat=provider.keycloak.now() + 9)
    assert provider.logout_token(raw).sid == "s-1"
    with pytest.raises(Untrusted):
        provider.logout_token(provider.keycloak.logout_token(sid="s-1", iat=provider.keycloak.now() + 11))


# Keys


def published(*numbers: int) -> list[dict[str, Any]]:
    return [dict(signing_key(number).as_dict(private=False)) for number in numbers]


class Realm:
    """Counts how often it is asked for its keys."""

    def __init__(self, *numbers: int) -> None:
        self.keys = published(*numbers)
        self.asked = 0
        self.time = 0.0

    def fetch(self) -> list[dict[str, Any]]:
        self.asked += 1
        return self.keys

    def timer(self) -> float:
        return self.time


def test_keys_are_asked_for_once_and_kept() -> None:
    realm = Realm(0, 1)
    keys = Keys(realm.fetch, realm.timer)
    assert [keys.find(f"key-{number}").kid for number in (0, 1)] == ["key-0", "key-1"]
    assert realm.asked == 1


def test_new_key_is_found_when_it_turns_up() -> None:
    realm = Realm(0)
    keys = Keys(realm.fetch, realm.timer)
    keys.find("key-0")
    realm.keys = published(1, 0)
    realm.time = KEYS_REST + 1
    assert keys.find("key-1").kid == "key-1"


def test_unknown_keys_do_not_become_load() -> None:
    realm = Realm(0)
    keys = Keys(realm.fetch, realm.timer)
    for number in range(50):
        with pytest.raises(Untrusted):
            keys.find(f"made-up-{number}")
    assert realm.asked == 1


def test_key_taken_out_of_use_stops_counting() -> None:
    realm = Realm(0, 1)
    keys = Keys(realm.fetch, realm.timer)
    keys.find("key-0")
    realm.keys = published(1)
    realm.time = KEYS_LIVE + 1
    with pytest.raises(Untrusted):
        keys.find("key-0")


class Silent(Realm):
    """Answers once, and then no more until it is told to."""

    silent = False

    def fetch(self) -> list[dict[str, Any]]:
        keys = super().fetch()
        if self.silent:
            raise Unavailable("keycloak")
        return keys


def test_a_silent_realms_keys_count_for_the_grace_and_not_longer() -> None:
    realm = Silent(0)
    keys = Keys(realm.fetch, realm.timer, grace=60)
    keys.find("key-0")
    realm.silent = True
    realm.time = KEYS_LIVE + 59
    assert keys.find("key-0").kid == "key-0"
    realm.time = KEYS_LIVE + 61
    with pytest.raises(Unavailable):
        keys.find("key-0")
    realm.silent = False
    realm.time += KEYS_REST + 1
    assert keys.find("key-0").kid == "key-0"


def test_a_silent_realm_is_asked_seldom_by_those_who_have_a_key_to_go_on_with() -> None:
    realm = Silent(0)
    keys = Keys(realm.fetch, realm.timer, grace=1000)
    keys.find("key-0")
    realm.silent = True
    for _ in range(100):
        realm.time += 1 if realm.time else KEYS_LIVE + 1
        keys.find("key-0")
    assert realm.asked == 1 + 10


def test_without_any_key_a_silent_realm_is_unavailable_and_asked_once_a_second() -> None:
    realm = Silent(0)
    realm.silent = True
    keys = Keys(realm.fetch, realm.timer, grace=1000)
    for _ in range(8):
        realm.time += 0.5
        with pytest.raises(Unavailable):
            keys.find("key-0")
    assert realm.asked == 3


def test_who_lacks_a_key_waits_for_who_is_asking() -> None:
    realm = Realm(0)
    asking, go_on = threading.Event(), threading.Event()

    def fetch() -> list[dict[str, Any]]:
        asking.set()
        assert go_on.wait(10)
        return realm.fetch()

    keys = Keys(fetch, realm.timer)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(keys.find, "key-0")
        assert asking.wait(10)
        second = pool.submit(keys.find, "key-0")
        # Only who does not wait is done before the realm has answered.
        early = wait([second], timeout=0.2).done
        go_on.set()
        assert first.result() == second.result()
    assert not early


def test_who_has_a_key_to_go_on_with_does_not_wait_for_who_is_asking() -> None:
    realm = Realm(0)
    asking, go_on = threading.Event(), threading.Event()

    def fetch() -> list[dict[str, Any]]:
        if realm.time:
            asking.set()
            assert go_on.wait(10)
        return realm.fetch()

    keys = Keys(fetch, realm.timer, grace=60)
    keys.find("key-0")
    realm.time = KEYS_LIVE + 1
    with ThreadPoolExecutor(1) as pool:
        asker = pool.submit(keys.find, "key-0")
        assert asking.wait(10)
        assert keys.find("key-0").kid == "key-0"
        go_on.set()
        assert asker.result().kid == "key-0"


@pytest.mark.parametrize("kid", [None, 7, ["key-0"], ""])
def test_key_id_that_is_no_text_is_unknown(kid: object) -> None:
    realm = Realm(0)
    with pytest.raises(Untrusted):
        Keys(realm.fetch, realm.timer).find(kid)


@pytest.mark.parametrize("change", [{"use": "enc"}, {"alg": "RS512"}, {"kty": "EC"}, {"alg": None}])
def test_key_made_for_something_else_is_not_used(change: dict[str, Any]) -> None:
    realm = Realm(0)
    realm.keys = [{**realm.keys[0], **change}]
    with pytest.raises(Untrusted):
        Keys(realm.fetch, realm.timer).find("key-0")


def test_known_roles_are_those_that_somebody_made() -> None:
    of_keycloak = ["offline_access", "uma_authorization", "default-roles-paradim"]
    assert known_roles(["admin", "pi", "radiologist", *of_keycloak, 7, "Admin"]) == {
        "admin",
        "pi",
        "radiologist",
        "Admin",
    }
    assert known_roles("admin") == frozenset()
    assert known_roles(None) == frozenset()
