"""Guessing is slowed, whatever is guessed; whoever has a good credential never notices."""

import asyncio
import base64
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from auth_service.credentials.guessing import DELAY, WAITING_OF_ONE
from auth_service.store.tables import AuditRecord
from tests.fakes import signin
from tests.fakes.inprocess import InProcess
from tests.fakes.signin import SigninWorld
from tests.http.test_routes import SERIES_A, gate
from tests.waiting import eventually

HERE, THERE = "192.0.2.7", "192.0.2.8"
ALLOWED = 5
BAD_TOKEN = f"paradim_{'A' * 43}"


class Pauses:
    """Counts who waits, and lets nobody wait for real unless it is told to hold them."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.go_on = threading.Event()
        self.go_on.set()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        while not self.go_on.is_set():  # noqa: ASYNC110 - it is set in another loop
            await asyncio.sleep(0.01)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    made = Pauses()
    monkeypatch.setattr(signin, "at_once", made)
    return made


@pytest.fixture
def world(tmp_path: Path, pauses: Pauses) -> Iterator[SigninWorld]:
    made = SigninWorld.make(tmp_path, bad_credentials_per_minute=ALLOWED)
    yield made
    pauses.go_on.set()
    made.close()


def client(world: SigninWorld, address: str = HERE, **headers: str) -> httpx.Client:
    secret = world.settings.gate_secret.get_secret_value()
    return httpx.Client(
        transport=InProcess(world.app),
        base_url=world.settings.public_url,
        headers={"x-gate-secret": secret, "x-gate-address": address, **headers},
    )


def bad(world: SigninWorld, address: str = HERE) -> httpx.Client:
    return client(world, address, authorization=f"Bearer {BAD_TOKEN}")


def statuses(asked: httpx.Client, count: int, path: str = "/api/me") -> list[int]:
    with asked:
        return [asked.get(path).status_code for _ in range(count)]


BAD: dict[str, dict[str, str]] = {
    "cookie": {"cookie": f"portal_sid_8080={'A' * 43}"},
    "malformed-cookie": {"cookie": "portal_sid_8080="},
    "token": {"authorization": f"Bearer {BAD_TOKEN}"},
    "basic": {"authorization": "Basic " + base64.b64encode(f"x:{BAD_TOKEN}".encode()).decode()},
    "jwt": {"authorization": "Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.AAAA"},
    "portals-bearer": {"authorization": "Bearer eyJzIjoieCJ9.AAAAAAAAAAAAAAAAAAAA"},
    "another-scheme": {"authorization": "Digest x"},
}
ASKED: dict[str, tuple[str, dict[str, str]]] = {
    "api": ("/api/me", {}),
    "search": ("/dicom-web/studies", {}),
    "gate": ("/internal/authorize", gate(f"{SERIES_A}/metadata")["headers"]),
    "page": ("/internal/session", {}),
}


@pytest.mark.parametrize("headers", BAD.values(), ids=BAD)
@pytest.mark.parametrize(("path", "more"), ASKED.values(), ids=ASKED)
def test_after_some_bad_ones_the_answers_to_more_come_late(
    world: SigninWorld, pauses: Pauses, headers: dict[str, str], path: str, more: dict[str, str]
) -> None:
    assert statuses(client(world, **headers, **more), ALLOWED, path) == [401] * ALLOWED
    assert pauses.asked == []
    assert statuses(client(world, **headers, **more), 3, path) == [401] * 3
    assert pauses.asked == [DELAY] * 3


def test_a_guess_of_the_back_channels_address_comes_late_whatever_its_headers_say(
    world: SigninWorld, pauses: Pauses
) -> None:
    with client(world) as guessing:
        for number in range(ALLOWED + 2):
            answer = guessing.post("/internal/backchannel/guess", headers={"x-gate-address": f"h{number}"})
            assert answer.status_code == 404
    assert pauses.asked == [DELAY] * 2


def test_keycloak_itself_is_heard_at_once_after_guesses(world: SigninWorld, pauses: Pauses) -> None:
    browser = world.browser()
    browser.sign_in("alice")
    with client(world) as guessing:
        for _ in range(ALLOWED + 2):
            guessing.post("/internal/backchannel/guess")
    pauses.asked.clear()
    secret = world.settings.backchannel_secret.get_secret_value()
    [session] = world.keycloak.sessions.values()
    with client(world) as keycloak:
        token = world.keycloak.logout_token(sid=session.sid, sub=session.user.sub)
        answer = keycloak.post(f"/internal/backchannel/{secret}", data={"logout_token": token})
    assert (answer.status_code, pauses.asked) == (200, [])
    assert browser.me() is None


def test_a_good_credential_from_the_same_address_is_never_held_up(world: SigninWorld, pauses: Pauses) -> None:
    browser = world.browser()
    browser.sign_in("alice")
    statuses(bad(world), ALLOWED + 3)
    pauses.asked.clear()
    good = client(world, cookie=f"{world.settings.session_cookie}={browser.sid}")
    assert statuses(good, 20) == [200] * 20
    assert statuses(client(world, authorization=f"Bearer {world.keycloak.bearer('bob')}"), 20) == [200] * 20
    assert pauses.asked == []


def test_nobody_and_who_may_not_are_no_guesses(world: SigninWorld, pauses: Pauses) -> None:
    assert statuses(client(world), 50) == [401] * 50
    good = client(world, authorization=f"Bearer {world.keycloak.bearer('bob')}")
    assert statuses(good, 50, "/api/albums/nowhere") == [404] * 50
    assert pauses.asked == []


def test_another_address_is_answered_at_once(world: SigninWorld, pauses: Pauses) -> None:
    statuses(bad(world), ALLOWED + 1)
    pauses.asked.clear()
    assert statuses(bad(world, THERE), ALLOWED) == [401] * ALLOWED
    assert pauses.asked == []


def test_a_minute_later_it_is_answered_at_once_again(world: SigninWorld, pauses: Pauses) -> None:
    statuses(bad(world), 10 * ALLOWED)
    pauses.asked.clear()
    world.wait(seconds=70)
    assert statuses(bad(world), 1) == [401]
    assert pauses.asked == []


def held(world: SigninWorld, pauses: Pauses, pool: ThreadPoolExecutor) -> list[httpx.Response]:
    """Let as many wait as may, and ask once more of each kind."""
    statuses(bad(world), ALLOWED)
    pauses.go_on.clear()
    waiting = [pool.submit(statuses, bad(world), 1) for _ in range(WAITING_OF_ONE)]
    eventually(lambda: len(pauses.asked) == WAITING_OF_ONE)
    with bad(world) as asked:
        answers = [asked.get(path, headers=more) for path, more in ASKED.values()]
    with client(world, authorization=f"Bearer {world.keycloak.bearer('bob')}") as good:
        answers.append(good.get("/api/me"))
    pauses.go_on.set()
    assert [one.result() for one in waiting] == [[401]] * WAITING_OF_ONE
    return answers


def test_when_as_many_wait_as_may_the_next_is_sent_away_and_a_good_one_is_not(
    world: SigninWorld, pauses: Pauses
) -> None:
    with ThreadPoolExecutor(WAITING_OF_ONE) as pool:
        api, search, at_the_gate, page, good = held(world, pauses, pool)
    for answer in (api, search):
        assert (answer.status_code, answer.json()["error"]) == (429, "too_many")
        assert answer.headers["retry-after"] == str(round(DELAY))
    # What nginx makes a 429 of, and never keeps.
    assert (at_the_gate.status_code, at_the_gate.headers["x-gate-deny"]) == (403, "slow")
    assert "cache-control" not in at_the_gate.headers
    # A page leads to the sign-in form.
    assert page.status_code == 401
    assert good.status_code == 200


def test_waiting_holds_no_thread(world: SigninWorld, pauses: Pauses) -> None:
    """More wait in one loop than its pool has threads (40): a good one is answered all the same."""
    secret = {"x-gate-secret": world.settings.gate_secret.get_secret_value()}
    good = {**secret, "x-gate-address": HERE, "authorization": f"Bearer {world.keycloak.bearer('bob')}"}
    pauses.go_on.clear()

    async def ask() -> int:
        transport = httpx.ASGITransport(world.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as asked:
            guesses = []
            for number in range(6 * (ALLOWED + WAITING_OF_ONE)):
                address = {"x-gate-address": f"host-{number % 6}", "authorization": f"Bearer {BAD_TOKEN}"}
                guesses.append(asyncio.create_task(asked.get("/api/me", headers={**secret, **address})))
            while len(pauses.asked) < 6 * WAITING_OF_ONE:  # noqa: ASYNC110 - a list tells nobody
                await asyncio.sleep(0.01)
            status = (await asked.get("/api/me", headers=good)).status_code
            pauses.go_on.set()
            assert {answer.status_code for answer in await asyncio.gather(*guesses)} == {401}
            return status

    assert asyncio.run(ask()) == 200


def test_a_flood_is_one_record(world: SigninWorld) -> None:
    statuses(bad(world), ALLOWED + 20)
    query = select(AuditRecord.actor, AuditRecord.reason, AuditRecord.address, AuditRecord.count)
    with world.store.read() as tx:
        assert [tuple(row) for row in tx.execute(query)] == [("nobody", "guessing", HERE, 20)]
