"""Guessing at the real gate: late answers, then "too many"; a good credential beside it never notices."""

import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from auth_service.credentials.guessing import DELAY, WAITING_OF_ONE
from auth_service.settings import Settings
from tests.integration.people import SignedIn
from tests.integration.raw import somewhere
from tests.integration.truth import Truth

pytestmark = pytest.mark.stack

ALLOWED = Settings.model_fields["bad_credentials_per_minute"].default


@pytest.fixture
def address() -> str:
    """Where guesses come from: other tests' credentials are not slowed with these."""
    return somewhere()


@pytest.fixture
def guessing(stack: dict[str, Any], address: str) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=stack["url"],
        transport=httpx.HTTPTransport(local_address=address, limits=httpx.Limits(max_connections=100)),
        timeout=60,
    ) as client:
        yield client


def guess(client: httpx.Client, path: str) -> httpx.Response:
    # Another one each time: what nginx knows to be bad it answers by itself.
    return client.get(path, headers={"Authorization": f"Bearer paradim_{secrets.token_urlsafe(32)}"})


@pytest.fixture
def frame(truth: Truth) -> str:
    series = truth.series[truth.manifest["special"]["showcase"]["series"]]
    instance = series.instances[0].uid
    return f"/dicom-web/studies/{series.study}/series/{series.uid}/instances/{instance}/frames/1"


@pytest.mark.parametrize("where", ["frame", "/dicom-web/studies", "/api/me"])
def test_guesses_come_late_then_not_at_all_and_a_good_credential_at_once(
    guessing: httpx.Client, where: str, frame: str, people: dict[str, SignedIn]
) -> None:
    path = frame if where == "frame" else where
    assert {guess(guessing, path).status_code for _ in range(ALLOWED)} == {401}
    began = time.monotonic()
    assert guess(guessing, path).status_code == 401
    assert time.monotonic() - began >= DELAY
    with ThreadPoolExecutor(2 * WAITING_OF_ONE) as pool:
        guesses = [pool.submit(guess, guessing, path) for _ in range(2 * WAITING_OF_ONE)]
        good = guessing.get(path, headers={"Cookie": people["member-a"].cookie})
        assert good.status_code == 200
        assert not all(one.done() for one in guesses)
        answers = [one.result() for one in guesses]
    sent_away = [answer for answer in answers if answer.status_code == 429]
    assert {answer.status_code for answer in answers} == {401, 429}
    assert len(sent_away) >= WAITING_OF_ONE - 1
    for answer in sent_away:
        assert answer.headers["retry-after"] == str(round(DELAY))
        assert answer.json()["error"] == "too_many"
        assert answer.headers["x-request-id"]


def test_a_page_leads_to_the_sign_in_form_whatever_the_neighbours_do(
    guessing: httpx.Client, stack: dict[str, Any]
) -> None:
    for _ in range(ALLOWED):
        guess(guessing, "/api/me")
    old = {"Cookie": f"{stack['cookie']}={secrets.token_urlsafe(32)}"}
    with ThreadPoolExecutor(WAITING_OF_ONE + 2) as pool:
        guesses = [pool.submit(guess, guessing, "/api/me") for _ in range(WAITING_OF_ONE + 2)]
        page = guessing.get("/portal/albums", headers=old)
        for one in guesses:
            one.result()
    assert page.status_code == 302
    assert "/protocol/openid-connect/auth?" in page.headers["location"]
