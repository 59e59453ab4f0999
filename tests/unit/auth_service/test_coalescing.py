"""Who asks the same at the same moment shares one answer; who comes later, or to an old one, does not."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from auth_service.http.coalescing import YOUNG, Coalescing


class Finder:
    """Finds 1, 2, 3, … and waits each time until it may go on."""

    def __init__(self) -> None:
        self.started = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.times = 0

    def __call__(self) -> int:
        self.times += 1
        number = self.times
        self.started.release()
        assert self.go_on.wait(10)
        return number


@contextmanager
def asking(coalescing: Coalescing[int], find: Finder) -> Iterator[Callable[[str], Future[int]]]:
    with ThreadPoolExecutor(8) as pool:
        yield lambda key: pool.submit(coalescing.once, key, find)


def test_those_who_come_meanwhile_share_the_answer() -> None:
    coalescing: Coalescing[int] = Coalescing(lambda: 0.0)
    find = Finder()
    with asking(coalescing, find) as ask:
        first = ask("key")
        assert find.started.acquire(timeout=10)
        others = [ask("key") for _ in range(3)]
        other_key = ask("another")
        assert find.started.acquire(timeout=10)
        find.go_on.set()
        assert [one.result(10) for one in (first, *others)] == [1, 1, 1, 1]
        assert other_key.result(10) == 2
    assert coalescing.once("key", find) == 3


def test_an_old_computation_is_not_joined() -> None:
    now = [0.0]
    coalescing: Coalescing[int] = Coalescing(lambda: now[0])
    find = Finder()
    with asking(coalescing, find) as ask:
        stalled = ask("key")
        assert find.started.acquire(timeout=10)
        now[0] = YOUNG
        fresh = ask("key")
        assert find.started.acquire(timeout=10)
        find.go_on.set()
        assert (stalled.result(10), fresh.result(10)) == (1, 2)
    assert coalescing.once("key", find) == 3


def test_what_is_raised_is_raised_and_not_kept() -> None:
    coalescing: Coalescing[str] = Coalescing()

    def fail() -> str:
        raise RuntimeError("no answer")

    with pytest.raises(RuntimeError, match="no answer"):
        coalescing.once("key", fail)
    assert coalescing.once("key", lambda: "answer") == "answer"
