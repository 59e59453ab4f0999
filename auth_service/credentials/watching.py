"""Ask about sessions in use before their answers age, so that no request waits for Keycloak."""

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor

from auth_service.credentials.checking import Checker

EVERY = 0.2
"""Seconds between two looks for sessions that are due."""

AT_ONCE = 8
"""How many sessions are asked about at the same moment; the answers of others age a little meanwhile."""

log = logging.getLogger(__name__)


class Watcher:
    """Threads that keep what sessions in use mean fresh; use it as a context manager."""

    def __init__(self, checker: Checker, *, every: float = EVERY) -> None:
        self._checker = checker
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def __enter__(self) -> None:
        """Begin."""
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Stop once the questions under way are answered."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with ThreadPoolExecutor(AT_ONCE, "watcher") as pool:
            asked: dict[str, Future[None]] = {}
            while not self._stop.wait(self._every):
                asked = {session: future for session, future in asked.items() if not future.done()}
                try:
                    for record in self._checker.due():
                        if record.id not in asked:
                            asked[record.id] = pool.submit(self._checker.ask_beside, record)
                except Exception:
                    # Requests ask for themselves meanwhile; the next look may do better.
                    log.exception("sessions in use could not be asked about")
