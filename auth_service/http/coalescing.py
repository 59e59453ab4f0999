"""Answer requests that ask the same thing at the same moment with one computation.

When a kept decision runs out, nginx asks anew for every connection that was waiting for it. Whoever comes
while the answer is being found gets that answer. Nothing is kept. What was read for an answer may be as old
as its computation, so only a young one is joined: a stalled archive must not stretch a revocation.
"""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

YOUNG = 0.5
"""Seconds after its beginning within which a computation is joined."""


@dataclass(kw_only=True)
class _Running(Generic[Answer]):
    began: float
    future: Future[Answer] = field(default_factory=Future)


class Coalescing(Generic[Answer]):
    """One computation for all who ask the same at the same time.

    Parameters
    ----------
    timer : callable, optional
        Seconds of a monotonic clock.

    """

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._lock = threading.Lock()
        self._running: dict[Hashable, _Running[Answer]] = {}

    def once(self, key: Hashable, find: Callable[[], Answer]) -> Answer:
        """Return what ``find`` gives, or what it is just giving to somebody with the same key.

        What it raises is raised for all of them.
        """
        now = self._timer()
        with self._lock:
            running = self._running.get(key)
            if running is not None and now - running.began < YOUNG:
                mine = None
            else:
                mine = self._running[key] = _Running(began=now)
        if mine is None:
            assert running is not None  # noqa: S101 - tells the type checker
            return running.future.result()
        return self._find(key, mine, find)

    def _find(self, key: Hashable, mine: _Running[Answer], find: Callable[[], Answer]) -> Answer:
        try:
            answer = find()
        except BaseException as error:
            mine.future.set_exception(error)
            raise
        else:
            mine.future.set_result(answer)
            return answer
        finally:
            with self._lock:
                if self._running.get(key) is mine:
                    del self._running[key]
