"""Whatever ends, ends in time for whoever is using it: every kind, by every credential that it meets."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integration.people import SignedIn
from tests.integration.revocations import (
    BEARER,
    COOKIE,
    REVOCATIONS,
    TOKEN,
    WITHIN,
    Holder,
    Revocation,
    holder_of,
    seconds_until_gone,
)
from tests.integration.truth import Truth

pytestmark = pytest.mark.stack


@pytest.fixture
def holder(
    stack: dict[str, Any], truth: Truth, client_secret: str, people: dict[str, SignedIn]
) -> Iterator[Holder]:
    with holder_of(stack, truth, client_secret, people["pi-a"]) as made:
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
