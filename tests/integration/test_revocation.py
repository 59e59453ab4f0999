"""Whatever ends, ends in time for whoever is using it: every kind, by every credential that it meets."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from deploy.native.stack import Stack
from tests.integration.people import SignedIn
from tests.integration.replica import replica
from tests.integration.revocations import (
    BEARER,
    COOKIE,
    REVOCATIONS,
    TOKEN,
    WITHIN,
    Holder,
    Revocation,
    holder_of,
    rule_by_role,
    seconds_until_gone,
)
from tests.integration.truth import Truth
from tests.waiting import eventually

pytestmark = pytest.mark.stack


@pytest.fixture
def holder(
    stack: dict[str, Any], truth: Truth, client_secret: str, people: dict[str, SignedIn]
) -> Iterator[Holder]:
    with rule_by_role(stack), holder_of(stack, truth, client_secret, people["pi-a"]) as made:
        yield made


@pytest.mark.parametrize("revocation", REVOCATIONS, ids=lambda one: one.what)
def test_it_is_in_force_in_time_for_whoever_uses_it(revocation: Revocation, holder: Holder) -> None:
    took = seconds_until_gone(holder, revocation)
    assert took.keys() == revocation.gone.keys()
    assert max(took.values()) < WITHIN, took
    # What it does not meet goes on.
    for credential in {COOKIE, TOKEN, BEARER} - revocation.gone.keys():
        path = holder.frames[revocation.album or "head-ct"]
        with httpx.Client(base_url=holder.stack["url"], trust_env=False) as client:
            assert client.get(path, headers=holder.headers(credential)).status_code == 200, credential


GRACE = 16


@contextmanager
def silent_keycloak(native_stack: Stack) -> Iterator[None]:
    """Stop Keycloak in its tracks: it takes connections and answers none of them."""
    shell = psutil.Process(native_stack.pid("keycloak"))
    processes = [shell, *shell.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


def last_given(asked: httpx.Client, headers: dict[str, str]) -> float:
    """Ask until it is refused, and return when it was given last."""
    last = time.monotonic()
    while (answer := asked.get("/api/me", headers=headers)).status_code == 200:
        last = time.monotonic()
        time.sleep(0.1)
    assert (answer.status_code, answer.json()["reason"]) == (503, "keycloak")
    return last


def test_while_keycloak_is_silent_all_goes_on_for_the_grace_and_not_longer(
    holder: Holder, native_stack: Stack, tmp_path: Path
) -> None:
    sent = {credential: holder.headers(credential) for credential in (COOKIE, TOKEN, BEARER)}
    with replica(native_stack, tmp_path, AUTH_KEYCLOAK_GRACE_SECONDS=str(GRACE)) as asked:
        for headers in sent.values():
            assert asked.get("/api/me", headers=headers).status_code == 200
        with silent_keycloak(native_stack), ThreadPoolExecutor(len(sent)) as pool:
            began = time.monotonic()
            ends = {name: pool.submit(last_given, asked, headers) for name, headers in sent.items()}
            went_on = {name: end.result() - began for name, end in ends.items()}
        # It runs from Keycloak's last answer. Who finds out that Keycloak is silent waits meanwhile, for ten
        # seconds where the directory is asked.
        assert all(GRACE / 2 < seconds < GRACE + 1 for seconds in went_on.values()), went_on
        eventually(lambda: {asked.get("/api/me", headers=one).status_code for one in sent.values()} == {200})
