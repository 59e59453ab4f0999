"""Whether another part answers, so that many who need it do not all wait for its silence."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from auth_service.errors import Unavailable

REST = 1.0
PROBE = 5.0
"""Seconds for which a silent Keycloak is left alone, and which one probe of it may take."""

HANGS_AFTER = 2.0
FEW = 4
"""A part hangs when so many questions have waited for so many seconds, and none was answered in that time."""


class Reach:
    """Whether Keycloak answers: while it does not, one asker at a time finds out, and nobody else waits."""

    def __init__(self, timer: Callable[[], float]) -> None:
        self._timer = timer
        self._lock = threading.Lock()
        self._again_at: float | None = None

    def may_ask(self) -> bool:
        """Tell whether to ask now; after a silence only one asker is told so."""
        with self._lock:
            if self._again_at is None:
                return True
            now = self._timer()
            if now < self._again_at:
                return False
            self._again_at = now + PROBE
            return True

    @property
    def answers(self) -> bool:
        """Whether it answered when it was asked last."""
        with self._lock:
            return self._again_at is None

    def answered(self) -> None:
        """Note that it answers."""
        with self._lock:
            self._again_at = None

    def silent(self) -> None:
        """Note that it did not answer."""
        with self._lock:
            self._again_at = self._timer() + REST


class Questions:
    """Questions under way to a part that many ask: while it hangs, only one goes on waiting.

    Otherwise every thread of the service would soon wait for it, and nobody could even take a right away. One
    slow question is no silence, as others are answered meanwhile.

    Parameters
    ----------
    part : str
        Its name, for who is told that it does not answer.
    timer : callable
        Seconds of a monotonic clock.

    """

    def __init__(self, part: str, timer: Callable[[], float]) -> None:
        self._part = part
        self._timer = timer
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._under_way: dict[int, float] = {}
        self._answered_at = timer()
        self._silent = False

    @contextmanager
    def asking(self, *silences: type[Exception]) -> Iterator[None]:
        """Ask in the block, in which one of ``silences`` is raised where no answer comes.

        Raises
        ------
        Unavailable
            If the part has fallen silent, and somebody else is finding out whether it answers again.

        """
        began = self._timer()
        with self._lock:
            if self._hangs(began):
                raise Unavailable(self._part)
            number = next(self._numbers)
            self._under_way[number] = began
        try:
            yield
        except silences:
            self._end(number, answered=False)
            raise
        except BaseException:
            self._end(number, answered=True)
            raise
        else:
            self._end(number, answered=True)

    def _hangs(self, now: float) -> bool:
        if self._silent:
            return bool(self._under_way)
        waiting = sum(now - began > HANGS_AFTER for began in self._under_way.values())
        return waiting >= FEW and now - self._answered_at > HANGS_AFTER

    def _end(self, number: int, *, answered: bool) -> None:
        with self._lock:
            began = self._under_way.pop(number)
            if answered:
                self._answered_at = self._timer()
                self._silent = False
            elif self._answered_at <= began:
                self._silent = True
