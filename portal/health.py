"""Remember for a few seconds which parts are down, for everybody: it is the same answer for all.

Only the time of the last answer and the answer are shared; nothing in it belongs to a person.
"""

import time
from collections.abc import Callable
from threading import Lock

from portal.auth_client import AuthService
from portal.errors import Part, PortalError

KEPT_SECONDS = 5.0


class HealthWatch:
    """Ask auth_service which parts are down, at most once every few seconds.

    Parameters
    ----------
    auth : AuthService
        Whom to ask.
    clock : callable, optional
        Seconds that only grow.

    """

    def __init__(self, auth: AuthService, clock: Callable[[], float] = time.monotonic) -> None:
        self._auth = auth
        self._clock = clock
        self._lock = Lock()
        self._asked: float | None = None
        self._down: tuple[Part, ...] = ()

    def down(self) -> tuple[Part, ...]:
        """Return the parts that do not answer, auth_service among them, as of a few seconds ago."""
        with self._lock:
            now = self._clock()
            if self._asked is None or now - self._asked >= KEPT_SECONDS:
                self._down = self._ask()
                self._asked = self._clock()
            return self._down

    def why(self, part: Part) -> tuple[Part, ...]:
        """Return the parts that are down now, after one of them was seen not to answer.

        What was seen is only the part that was spoken to; the one behind it that failed is what people are
        told. Where all say that they are well, it is the part that was spoken to.
        """
        with self._lock:
            self._asked = None
        return self.down() or (part,)

    def _ask(self) -> tuple[Part, ...]:
        try:
            return self._auth.health().down()
        except PortalError:
            return (Part.AUTH_SERVICE,)
