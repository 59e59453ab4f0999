"""Answers that are good for a moment: asked for by one at a time, and kept a while when nobody answers.

What Keycloak says of somebody without a session of ours is remembered here: of the maker of a token
(``standing.py``), and of whoever brings a token of Keycloak's own (``bearers.py``). Sessions do the same in
their rows, which all replicas share (``checking.py``).
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from auth_service.credentials.checking import REFUSE_AFTER
from auth_service.errors import Unavailable, Untold
from auth_service.reach import Reach

GOOD_FOR = REFUSE_AFTER.total_seconds()
"""Seconds: an answer as old as this is asked for anew."""

MOST = 10_000
"""Answers that are remembered: of more, the one that was wanted longest ago goes."""

NEVER = float("-inf")
"""When there is no answer: longer ago than any grace."""

Answer = TypeVar("Answer")


@dataclass(slots=True, kw_only=True)
class _Known(Generic[Answer]):
    lock: threading.Lock = field(default_factory=threading.Lock)
    at: float = NEVER
    answer: Answer | None = None


class Answers(Generic[Answer]):
    """The last answers to questions of one kind, each asked by one at a time.

    Parameters
    ----------
    grace : float
        Seconds for which an answer goes on when the one who is asked is silent.
    timer : callable
        Seconds of a monotonic clock.

    """

    def __init__(self, *, grace: float, timer: Callable[[], float]) -> None:
        self._grace = grace
        self._timer = timer
        self._reach = Reach(timer)
        self._lock = threading.Lock()
        self._known: OrderedDict[str, _Known[Answer]] = OrderedDict()

    def of(self, key: str, ask: Callable[[Answer | None], Answer | None]) -> Answer | None:
        """Return a young answer.

        Parameters
        ----------
        key : str
            What it is about.
        ask : callable
            Asks anew, given the last answer. It may raise `Unavailable` for silence, and `Untold` for an
            answer that tells nothing: then nothing is known, and there is no grace.

        Raises
        ------
        Unavailable
            If nobody will tell, or nobody has answered for longer than the grace.

        """
        known = self._entry(key)
        if self._age(known) < GOOD_FOR:
            return known.answer
        # During a silence nobody waits for who is finding out.
        if not known.lock.acquire(blocking=self._reach.answers):
            return self._kept(known)
        try:
            return self._asked(ask, known)
        finally:
            known.lock.release()

    def _asked(self, ask: Callable[[Answer | None], Answer | None], known: _Known[Answer]) -> Answer | None:
        asked_at = self._timer()
        if self._age(known) < GOOD_FOR:
            return known.answer
        if not self._reach.may_ask():
            return self._kept(known)
        try:
            answer = ask(known.answer)
        except Untold:
            self._reach.answered()
            # Otherwise the next silence would bring back what this answer no longer says.
            known.at = NEVER
            raise Unavailable("keycloak") from None
        except Unavailable:
            self._reach.silent()
            return self._kept(known)
        self._reach.answered()
        # In this order: who reads without the lock must not take the old answer for a new one.
        known.answer = answer
        known.at = asked_at
        return answer

    def _kept(self, known: _Known[Answer]) -> Answer | None:
        if self._age(known) > self._grace:
            raise Unavailable("keycloak")
        return known.answer

    def _age(self, known: _Known[Answer]) -> float:
        return self._timer() - known.at

    def _entry(self, key: str) -> _Known[Answer]:
        with self._lock:
            known = self._known.pop(key, None) or _Known()
            self._known[key] = known
            if len(self._known) > MOST:
                self._known.popitem(last=False)
            return known
