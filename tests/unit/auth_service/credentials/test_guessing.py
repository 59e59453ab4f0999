"""Bad credentials are counted by where they come from, and forgotten in a minute."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from auth_service.credentials.guessing import ADDRESSES, WAITING_OF_ALL, WAITING_OF_ONE, Guesses, source
from tests.fakes.provider import Turned

HERE, THERE = "192.0.2.7", "192.0.2.8"


@pytest.fixture
def clock() -> Turned:
    return Turned(datetime(2026, 3, 2, 14, 0, tzinfo=UTC))


@pytest.fixture
def guesses(clock: Turned) -> Guesses:
    return Guesses(per_minute=10, clock=clock)


def many(guesses: Guesses, count: int, address: str = HERE) -> list[bool]:
    return [guesses.are_too_many(address) for _ in range(count)]


def test_some_within_a_minute_are_allowed_and_more_are_too_many(guesses: Guesses) -> None:
    assert many(guesses, 12) == [False] * 10 + [True] * 2


def test_each_address_is_counted_by_itself(guesses: Guesses) -> None:
    many(guesses, 20)
    assert many(guesses, 10, THERE) == [False] * 10


def test_they_are_forgotten_as_time_passes(guesses: Guesses, clock: Turned) -> None:
    many(guesses, 10)
    clock.now += timedelta(seconds=30)
    assert many(guesses, 6) == [False] * 5 + [True]


def test_a_steady_few_are_never_too_many(guesses: Guesses, clock: Turned) -> None:
    for _ in range(100):
        assert not guesses.are_too_many(HERE)
        clock.now += timedelta(seconds=6)


def test_however_long_a_flood_was_it_is_over_after_a_minute(guesses: Guesses, clock: Turned) -> None:
    many(guesses, 10_000)
    clock.now += timedelta(seconds=55)
    assert guesses.are_too_many(HERE)
    clock.now += timedelta(seconds=12)
    assert not guesses.are_too_many(HERE)


def test_a_clock_that_is_set_back_forgets_nothing_and_adds_nothing(guesses: Guesses, clock: Turned) -> None:
    many(guesses, 5)
    clock.now -= timedelta(hours=1)
    assert many(guesses, 6) == [False] * 5 + [True]


def test_several_at_once_are_taken_whole_and_paid_for_at_the_same_pace(
    guesses: Guesses, clock: Turned
) -> None:
    assert guesses.takes(HERE, 100)
    for _ in range(9):
        assert not guesses.takes(HERE, 1)
        clock.now += timedelta(minutes=1)
    assert not guesses.takes(HERE, 1)
    clock.now += timedelta(seconds=7)
    assert guesses.takes(HERE, 1)
    assert guesses.takes(THERE, 1)


def test_those_of_long_ago_make_room(guesses: Guesses) -> None:
    many(guesses, 20)
    for number in range(ADDRESSES):
        guesses.are_too_many(f"host-{number}")
    assert len(guesses._levels) == ADDRESSES
    assert not guesses.are_too_many(HERE)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0DB8:0001:0002::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unix:", "unix:"),
        ("x" * 100, "x" * 64),
    ],
)
def test_a_network_that_one_household_is_given_is_one_address(address: str, expected: str) -> None:
    assert source(address) == expected


def places(stack: ExitStack, guesses: Guesses, count: int, address: str) -> Iterator[bool]:
    for _ in range(count):
        yield stack.enter_context(guesses.waiting(address))


def test_so_many_wait_for_one_address_and_so_many_in_all(guesses: Guesses) -> None:
    with ExitStack() as stack:
        assert list(places(stack, guesses, WAITING_OF_ONE + 2, HERE)) == [True] * WAITING_OF_ONE + [False] * 2
        assert list(places(stack, guesses, 1, THERE)) == [True]
        left = WAITING_OF_ALL - WAITING_OF_ONE - 1
        for number in range(left + 5):
            assert any(places(stack, guesses, 1, f"host-{number}")) == (number < left)
    with guesses.waiting(HERE) as has_place:
        assert has_place
    assert guesses._waiting == {}
