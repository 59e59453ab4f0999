"""Whether another part answers, so that many who need it do not all wait for its silence."""

import threading
from collections.abc import Callable

REST = 1.0
PROBE = 5.0
"""Seconds for which a silent Keycloak is left alone, and which one probe of it may take."""


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
