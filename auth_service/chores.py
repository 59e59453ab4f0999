"""What the service does beside its requests, again and again, each by a thread of its own."""

import logging
import threading
from abc import ABC, abstractmethod
from typing import ClassVar

from auth_service.errors import Unavailable
from auth_service.world import World

_PATIENCE = 10.0
"""Seconds that the end of the service waits for the round at hand."""

log = logging.getLogger(__name__)


class Chore(ABC):
    """Something that is done every few seconds; use it as a context manager.

    A part that does not answer is said once, until it answers again. Whatever else goes wrong is logged, and
    the next round is tried all the same.

    Parameters
    ----------
    world : World
    every : float, optional
        Seconds between two rounds; without it, as often as this kind is usually done.

    """

    name: ClassVar[str]
    usually: ClassVar[float]
    """Seconds between two rounds."""
    waits: ClassVar[str]
    """What waits while a part does not answer, as the log says it."""
    failed: ClassVar[str]
    """What the log says of a round that failed."""

    def __init__(self, world: World, *, every: float | None = None) -> None:
        self._world = world
        self._every = self.usually if every is None else every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def __enter__(self) -> None:
        """Begin."""
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Stop after the round at hand."""
        self._stop.set()
        self.wake()
        self._thread.join(timeout=_PATIENCE)

    @abstractmethod
    def work(self) -> None:
        """Do one round; raises `Unavailable` where a part does not answer."""

    def rest(self) -> None:
        """Wait for the next round, or the end."""
        self._stop.wait(self._every)

    def wake(self) -> None:  # noqa: B027 - most rests end by themselves
        """End a rest that does not end by itself with the service."""

    def leave(self) -> None:  # noqa: B027 - most have no turn to give back
        """Let another process go on, after the last round."""

    def _run(self) -> None:
        silent = False
        while not self._stop.is_set():
            try:
                self.work()
                silent = False
            except Unavailable as error:
                if not silent:
                    log.warning("%s does not answer: %s", error.reason, self.waits)
                silent = True
            except Exception:
                log.exception(self.failed)
            self.rest()
        try:
            self.leave()
        except Unavailable:
            log.info("the turn of the %s ends by itself", self.name)
