"""Throw held pictures away when their time is over, while the service runs."""

import logging
import threading

from auth_service.deidentifying.holding import sweep
from auth_service.errors import Unavailable
from auth_service.world import World

EVERY = 600.0
"""Seconds between two looks."""

log = logging.getLogger(__name__)


class Sweeper:
    """A thread that looks for what was held too long; use it as a context manager."""

    def __init__(self, world: World, *, every: float = EVERY) -> None:
        self._world = world
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)

    def __enter__(self) -> None:
        """Begin."""
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                sweep(self._world)
            except Unavailable as error:
                log.warning("%s does not answer: held pictures wait", error.reason)
            except Exception:
                # One file that cannot be removed must not end the thread that removes the others.
                log.exception("held pictures could not be swept")
            self._stop.wait(self._every)
