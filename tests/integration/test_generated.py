"""Some of the requests that ``make bench`` makes up by the ten thousand, at each run of the tests."""

from typing import Any

import pytest

from benchmarks.generated import credentials_of
from tests.integration.generated import generate, requests_about
from tests.integration.leaks import Facts
from tests.integration.people import SignedIn

pytestmark = pytest.mark.stack

COUNT = 1500


def test_requests_that_nobody_wrote_get_nothing_that_is_hidden_and_no_server_error(
    facts: Facts, people: dict[str, SignedIn], stack: dict[str, Any]
) -> None:
    with credentials_of(people["stranger"]) as credentials:
        tally = generate(
            requests_about(facts, credentials),
            count=COUNT,
            port=int(stack["url"].rpartition(":")[2]),
            credentials=credentials,
            detector=facts.detector(),
        )
    print(f"{tally.total} requests: {dict(sorted(tally.statuses.items()))}")  # noqa: T201 - what -s is for
    assert tally.faults == []
    assert tally.total >= COUNT
    # They are about what is there, and get past the first door, or they would show nothing.
    assert tally.named_hidden > COUNT / 3
    assert {200, 400, 401, 404} <= set(tally.statuses)
