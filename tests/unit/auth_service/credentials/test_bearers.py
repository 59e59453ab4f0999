"""Keycloak's own access tokens: whose they are, for how long, and that a program is not in person."""

import base64
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from auth_service.credentials.bearers import NOTED_ANEW, Bearers
from auth_service.errors import Unavailable
from auth_service.origin import NOWHERE
from auth_service.policy.model import Actor
from auth_service.store import people
from auth_service.store.tables import AuditRecord
from auth_service.vocabulary import TOKEN_ACTIONS, ActorKind
from tests.fakes.directory import FakeDirectory
from tests.fakes.provider import ACCESS_LIVES, signing_key
from tests.fakes.signin import SigninWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SigninWorld]:
    made = SigninWorld.make(tmp_path)
    yield made
    made.close()


@pytest.fixture
def bearers(world: SigninWorld) -> Bearers:
    return bearers_of(world)


def bearers_of(world: SigninWorld) -> Bearers:
    return Bearers(
        settings=world.settings,
        store=world.store,
        provider=world.provider,
        directory=FakeDirectory(world.keycloak),
        clock=world.clock,
        timer=lambda: world.clock().timestamp(),
    )


def used(bearers: Bearers, raw: str) -> Actor:
    actor = bearers.actor(raw, origin=NOWHERE)
    assert actor is not None
    return actor


def refused(bearers: Bearers, raw: str) -> bool:
    return bearers.actor(raw, origin=NOWHERE) is None


def events(world: SigninWorld) -> list[tuple[str, str, str | None, int]]:
    query = select(AuditRecord.event, AuditRecord.actor, AuditRecord.reason, AuditRecord.count)
    with world.store.read() as tx:
        rows = tx.execute(query.order_by(AuditRecord.id))
        return [(event, actor, reason, count) for event, actor, reason, count in rows]


# Whose


def test_it_is_the_person_with_todays_roles_and_groups_and_not_in_person(
    world: SigninWorld, bearers: Bearers
) -> None:
    alice = world.keycloak.users["alice"]
    actor = used(bearers, world.keycloak.bearer("alice", roles=["admin"], groups=["/oncology"]))
    assert (actor.kind, actor.provider, actor.subject) == (ActorKind.PERSON, "keycloak", alice.sub)
    assert (actor.username, actor.name) == ("alice", "Test Alice")
    # Keycloak's answer counts, never what the token says.
    assert actor.roles == {"pi"}
    assert {group.path for group in actor.groups} == {"/radiology", "/radiology/chest"}
    assert (actor.session, actor.token, actor.in_person) == (None, None, False)
    assert actor.narrowing is not None
    assert (actor.narrowing.actions, actor.narrowing.labels) == (TOKEN_ACTIONS, None)


def test_whoever_comes_for_the_first_time_is_known_from_then_on(world: SigninWorld, bearers: Bearers) -> None:
    sub = used(bearers, world.keycloak.bearer("bob")).subject
    with world.store.read() as tx:
        person = people.get(tx, provider="keycloak", subject=sub)
    assert person is not None
    assert (person.username, person.name, person.email) == ("bob", "Test Bob", "bob@example.org")
    assert person.seen_at == world.clock()


def test_the_first_use_is_on_record_once_a_day_and_never_the_token(
    world: SigninWorld, bearers: Bearers
) -> None:
    raw = world.keycloak.bearer("alice")
    for _ in range(3):
        actor = used(bearers, raw)
    used(bearers_of(world), raw)
    assert events(world) == [("bearer-used", actor.key, None, 1)]
    world.wait(days=1, seconds=1)
    again = world.keycloak.bearer("alice", sid=sid_of(raw))
    used(bearers, again)
    assert [event for event, *_ in events(world)] == ["bearer-used"] * 2
    with world.store.read() as tx:
        written = repr([vars(record) for record in tx.scalars(select(AuditRecord))])
    assert raw.split(".")[2] not in written
    assert NOTED_ANEW.days == 1


def claims_of(raw: str) -> dict[str, Any]:
    payload = raw.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def sid_of(raw: str) -> str:
    return str(claims_of(raw)["sid"])


# What is no good

FORGED: dict[str, dict[str, object]] = {
    "other-issuer": {"iss": "http://127.0.0.1:8080/keycloak/realms/other"},
    "issuer-with-a-slash": {"iss": "http://127.0.0.1:8080/keycloak/realms/paradim/"},
    "no-issuer": {"iss": None},
    "for-another-client": {"aud": ["other", "account"]},
    "for-nobody": {"aud": None},
    "got-by-another-client": {"azp": "other"},
    "got-by-nobody": {"azp": None},
    "id-token": {"typ": "ID"},
    "refresh-token": {"typ": "Refresh"},
    "offline-token": {"typ": "Offline"},
    "logout-token": {"typ": "Logout"},
    "bound-to-a-key": {"typ": "DPoP"},
    "lower-case": {"typ": "bearer"},
    "no-kind": {"typ": None},
    "proof-of-possession": {"cnf": {"jkt": "x"}},
    "expired": {"exp": 1},
    "never-expires": {"exp": None},
    "expires-in-words": {"exp": "tomorrow"},
    "not-yet": {"nbf": 9_999_999_999},
    "from-the-future": {"iat": 9_999_999_999},
    "without-a-beginning": {"iat": None},
    "without-a-name": {"jti": None},
    "nobody's": {"sub": None},
    "somebody's": {"sub": ["x"]},
    "empty": {"sub": ""},
    "of-a-list-of-sessions": {"sid": ["x"]},
    "key-of-another": {"key": signing_key(7)},
    "unknown-key": {"kid": "key-99"},
    "no-key": {"kid": None},
}


@pytest.mark.parametrize("changes", FORGED.values(), ids=FORGED)
def test_one_that_is_not_right_is_refused_before_keycloak_is_asked(
    world: SigninWorld, bearers: Bearers, changes: dict[str, object]
) -> None:
    assert refused(bearers, world.keycloak.bearer("alice", **changes))
    assert "token/introspect" not in world.keycloak.calls
    [(event, actor, reason, count)] = events(world)
    assert (event, actor, count) == ("credential-refused", "nobody", 1)
    assert reason is not None
    assert reason.startswith("bearer:")


def unsigned(raw: str) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"none","kid":"key-0"}').rstrip(b"=").decode()
    return f"{header}.{raw.split('.')[1]}."


def signed_with_the_public_key(raw: str) -> str:
    """The oldest trick: the public key, which everybody has, as the secret of a symmetric algorithm."""
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"key-0"}').rstrip(b"=").decode()
    text = f"{header}.{raw.split('.')[1]}"
    mac = hmac.digest(signing_key(0).as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def changed(raw: str) -> str:
    header, _, signature = raw.split(".")
    other = base64.urlsafe_b64encode(json.dumps({**claims_of(raw), "sub": "somebody"}).encode()).rstrip(b"=")
    return f"{header}.{other.decode()}.{signature}"


@pytest.mark.parametrize("forge", [unsigned, signed_with_the_public_key, changed, lambda raw: raw[:-8]])
def test_a_signature_that_proves_nothing_is_refused(
    world: SigninWorld, bearers: Bearers, forge: Callable[[str], str]
) -> None:
    raw = world.keycloak.bearer("alice")
    assert refused(bearers, forge(raw))
    assert not refused(bearers, raw)


def test_another_name_in_keycloaks_answer_is_refused(world: SigninWorld, bearers: Bearers) -> None:
    assert refused(bearers, world.keycloak.bearer("alice", sub=world.keycloak.users["bob"].sub))
    assert events(world)[-1][2] == "bearer:not-active"


def test_without_a_client_that_may_none_is_taken_and_nobody_asked(tmp_path: Path) -> None:
    world = SigninWorld.make(tmp_path, bearer_clients="")
    try:
        assert refused(bearers_of(world), world.keycloak.bearer("alice"))
        assert world.keycloak.calls == []
        assert events(world) == [("credential-refused", "nobody", "bearer:off", 1)]
    finally:
        world.close()


def test_a_flood_is_one_record(world: SigninWorld, bearers: Bearers) -> None:
    for _ in range(50):
        assert refused(bearers, world.keycloak.bearer("alice", typ="ID"))
    assert [count for *_, count in events(world)] == [50]


# When


@pytest.mark.parametrize(("claim", "sign"), [("iat", 1), ("nbf", 1)])
def test_clocks_may_differ_by_half_a_minute_and_no_more(
    world: SigninWorld, bearers: Bearers, claim: str, sign: int
) -> None:
    now = world.keycloak.now()
    assert not refused(bearers, world.keycloak.bearer("alice", **{claim: now + sign * 29}))
    assert refused(bearers, world.keycloak.bearer("alice", **{claim: now + sign * 31}))


def test_it_ends_when_it_says_however_young_keycloaks_answer_is(world: SigninWorld, bearers: Bearers) -> None:
    raw = world.keycloak.bearer("alice")
    world.wait(seconds=ACCESS_LIVES - 1)
    used(bearers, raw)
    world.wait(seconds=2)
    assert refused(bearers, raw)


END: dict[str, Callable[[SigninWorld, str], None]] = {
    "session": lambda world, raw: setattr(world.keycloak.sessions[sid_of(raw)], "active", False),
    "user": lambda world, _: setattr(world.keycloak.users["alice"], "enabled", False),
}


@pytest.mark.parametrize("end", END.values(), ids=END)
def test_what_ends_in_keycloak_ends_within_two_seconds(
    world: SigninWorld, bearers: Bearers, end: Callable[[SigninWorld, str], None]
) -> None:
    raw = world.keycloak.bearer("alice")
    actor = used(bearers, raw)
    end(world, raw)
    world.wait(seconds=2)
    assert refused(bearers, raw)
    assert events(world)[-1] == ("credential-refused", actor.key, "bearer:not-active", 1)


def test_roles_and_groups_follow_within_two_seconds(world: SigninWorld, bearers: Bearers) -> None:
    raw = world.keycloak.bearer("alice")
    used(bearers, raw)
    world.keycloak.users["alice"].roles = {"researcher"}
    world.keycloak.users["alice"].groups = set()
    world.wait(seconds=2)
    actor = used(bearers, raw)
    assert actor.roles == {"researcher"}
    assert not actor.groups


def test_without_the_directory_groups_only_shrink(world: SigninWorld, bearers: Bearers) -> None:
    raw = world.keycloak.bearer("alice")
    used(bearers, raw)
    world.keycloak.directory_down = True
    world.keycloak.users["alice"].groups = {"/radiology"}
    world.wait(seconds=2)
    assert {group.path for group in used(bearers, raw).groups} == {"/radiology"}


# How often Keycloak is asked


def test_keycloak_is_asked_once_in_one_and_a_half_seconds(world: SigninWorld, bearers: Bearers) -> None:
    raw = world.keycloak.bearer("alice")
    for _ in range(60):
        used(bearers, raw)
        world.wait(seconds=0.5)
    assert world.keycloak.calls.count("token/introspect") == 20
    assert world.keycloak.calls.count("certs") == 1


def test_those_who_come_at_once_share_one_question(world: SigninWorld, bearers: Bearers) -> None:
    raw = world.keycloak.bearer("alice")
    arrived, go_on = threading.Event(), threading.Event()

    def hold(endpoint: str) -> None:
        if endpoint == "token/introspect":
            arrived.set()
            assert go_on.wait(10)

    world.keycloak.before_answer = hold
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(used, bearers, raw) for _ in range(8)]
        assert arrived.wait(10)
        go_on.set()
        assert len({answer.result().subject for answer in answers}) == 1
    assert world.keycloak.calls.count("token/introspect") == 1


# While Keycloak is silent


@pytest.mark.parametrize("grace", [60, 600])
def test_it_goes_on_for_the_grace_and_not_longer(tmp_path: Path, grace: int) -> None:
    world = SigninWorld.make(tmp_path, keycloak_grace_seconds=grace)
    bearers = bearers_of(world)
    try:
        raw = world.keycloak.bearer("alice", exp=world.keycloak.now() + 10_000)
        used(bearers, raw)
        world.keycloak.down = True
        world.wait(seconds=grace - 1)
        used(bearers, raw)
        with pytest.raises(Unavailable):
            bearers.actor(world.keycloak.bearer("alice"), origin=NOWHERE)
        world.wait(seconds=2)
        with pytest.raises(Unavailable):
            bearers.actor(raw, origin=NOWHERE)
        world.keycloak.down = False
        world.wait(seconds=2)
        used(bearers, raw)
    finally:
        world.close()


def test_it_does_not_outlive_itself_while_keycloak_is_silent(world: SigninWorld, bearers: Bearers) -> None:
    raw = world.keycloak.bearer("alice", exp=world.keycloak.now() + 60)
    used(bearers, raw)
    world.keycloak.down = True
    world.wait(seconds=89)
    used(bearers, raw)
    world.wait(seconds=2)
    assert refused(bearers, raw)


def test_a_keycloak_that_answers_and_will_not_tell_gives_no_grace(
    world: SigninWorld, bearers: Bearers
) -> None:
    raw = world.keycloak.bearer("alice")
    used(bearers, raw)
    world.keycloak.answers["token/introspect"] = httpx.Response(401, json={"error": "invalid_client"})
    world.wait(seconds=2)
    with pytest.raises(Unavailable):
        bearers.actor(raw, origin=NOWHERE)


def test_what_is_remembered_opens_nothing(world: SigninWorld, bearers: Bearers) -> None:
    raw = world.keycloak.bearer("alice")
    used(bearers, raw)
    assert raw not in repr(vars(bearers._answers))


def test_an_audit_that_cannot_be_written_lets_nobody_in(
    world: SigninWorld, bearers: Bearers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("auth_service.audit.credentials.bearer_used", fail)
    with pytest.raises(OSError, match="disk full"):
        bearers.actor(world.keycloak.bearer("alice"), origin=NOWHERE)
    with world.store.read() as tx:
        assert people.get(tx, provider="keycloak", subject=world.keycloak.users["alice"].sub) is None
