"""What somebody who is not here means to Keycloak now: the maker of a token, whose rights it has.

A session is asked about by its own tokens (``checking.py``); a person without one, by the directory. The same
bounds hold: an answer is good for `GOOD_FOR`, and for the grace of the settings while Keycloak is silent.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from auth_service.checking import REFUSE_AFTER
from auth_service.directory import Directory, Standing
from auth_service.errors import Unavailable, Untold
from auth_service.reach import Reach
from auth_service.settings import Settings

GOOD_FOR = REFUSE_AFTER.total_seconds()
"""Seconds: an answer as old as this is asked for anew."""

MOST = 10_000
"""People whose last answers are remembered."""


@dataclass(slots=True, kw_only=True)
class _Known:
    lock: threading.Lock = field(default_factory=threading.Lock)
    at: float = float("-inf")
    standing: Standing | None = None


class Standings:
    """Roles and groups of people, each asked for by one at a time.

    Parameters
    ----------
    timer : callable
        Seconds of a monotonic clock.

    """

    def __init__(
        self, *, settings: Settings, directory: Directory, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._grace = settings.keycloak_grace_seconds
        self._directory = directory
        self._timer = timer
        self._reach = Reach(timer)
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def of(self, subject: str) -> Standing | None:
        """Return what a person means now; ``None``: Keycloak has no such account, or it is disabled.

        Raises
        ------
        Unavailable
            If Keycloak will not tell, or has been out of reach for longer than the settings allow.

        """
        known = self._entry(subject)
        if self._age(known) < GOOD_FOR:
            return known.standing
        # While Keycloak is silent nobody waits for who is finding out.
        if not known.lock.acquire(blocking=self._reach.answers):
            return self._kept(known)
        try:
            return self._asked(subject, known)
        finally:
            known.lock.release()

    def _asked(self, subject: str, known: _Known) -> Standing | None:
        asked_at = self._timer()
        if self._age(known) < GOOD_FOR:
            return known.standing
        if not self._reach.may_ask():
            return self._kept(known)
        try:
            standing = self._directory.standing(subject)
        except Untold:
            # It answers: our client's right is gone, say. Nothing is known, so: no.
            self._reach.answered()
            raise Unavailable("keycloak") from None
        except Unavailable:
            self._reach.silent()
            return self._kept(known)
        self._reach.answered()
        # In this order: who reads without the lock must not take the old answer for a new one.
        known.standing = standing
        known.at = asked_at
        return standing

    def _kept(self, known: _Known) -> Standing | None:
        if self._age(known) > self._grace:
            raise Unavailable("keycloak")
        return known.standing

    def _age(self, known: _Known) -> float:
        return self._timer() - known.at

    def _entry(self, subject: str) -> _Known:
        with self._lock:
            if subject not in self._known and len(self._known) >= MOST:
                self._known.clear()
            return self._known.setdefault(subject, _Known())
