"""What somebody who is not here means to Keycloak now: the maker of a token, whose rights it has.

A session is asked about by its own tokens (``checking.py``); a person without one, by the directory. The same
bounds hold: an answer is good for `GOOD_FOR`, and for the grace of the settings while Keycloak is silent.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from auth_service.checking import REFUSE_AFTER
from auth_service.directory import Directory, Standing
from auth_service.errors import Unavailable
from auth_service.settings import Settings

GOOD_FOR = REFUSE_AFTER
"""An answer as old as this is asked for anew."""

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
        self._grace = timedelta(seconds=settings.keycloak_grace_seconds)
        self._directory = directory
        self._timer = timer
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def of(self, subject: str) -> Standing | None:
        """Return what a person means now; ``None``: Keycloak has no such account, or it is disabled.

        Raises
        ------
        Unavailable
            If Keycloak has been out of reach for longer than the settings allow.

        """
        known = self._entry(subject)
        with known.lock:
            asked_at = self._timer()
            if asked_at - known.at < GOOD_FOR.total_seconds():
                return known.standing
            try:
                known.standing = self._directory.standing(subject)
            except Unavailable:
                if asked_at - known.at > self._grace.total_seconds():
                    raise
            else:
                known.at = asked_at
            return known.standing

    def _entry(self, subject: str) -> _Known:
        with self._lock:
            if subject not in self._known and len(self._known) >= MOST:
                self._known.clear()
            return self._known.setdefault(subject, _Known())
