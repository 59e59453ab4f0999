"""Say which parts are up, for everybody, without letting everybody make them work for it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Literal, Protocol

from auth_service.credentials.provider import Provider
from auth_service.errors import ServiceError
from auth_service.http.documents.health import Health, Parts
from auth_service.http.documents.shared import Up
from auth_service.world import World

PATIENCE = 2.0
"""Seconds within which a part has to answer."""

KEPT = 2.0
"""Seconds for which an answer is given again: the route is open to all."""


class Parted(World, Protocol):
    """What is asked for signs of life."""

    @property
    def provider(self) -> Provider:
        """Keycloak."""
        ...


class Doctor:
    """Asks the parts, and remembers for a moment what they said.

    Each part has a thread of its own, and is not asked again before it has answered: one that hangs keeps
    nothing else waiting.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pools = {part: ThreadPoolExecutor(1, f"health-{part}") for part in _ASK}
        self._asked: dict[str, Future[bool]] = {}
        self._said: tuple[float, Health] | None = None

    def examine(self, services: Parted) -> Health:
        """Ask database, Orthanc and Keycloak at the same time."""
        with self._lock:
            now = services.clock().timestamp()
            if self._said is not None and 0 <= now - self._said[0] < KEPT:
                return self._said[1]
            for part, ask in _ASK.items():
                if part not in self._asked:
                    self._asked[part] = self._pools[part].submit(ask, services)
            wait(self._asked.values(), timeout=PATIENCE)
            answered = {part: future for part, future in self._asked.items() if future.done()}
            self._asked = {part: future for part, future in self._asked.items() if part not in answered}
            up: dict[str, Up] = {
                part: "up" if part in answered and answered[part].result() else "down" for part in _ASK
            }
            status: Literal["ok", "degraded"] = "ok" if set(up.values()) == {"up"} else "degraded"
            self._said = (now, Health(status=status, parts=Parts.model_validate(up)))
            return self._said[1]


def _database(services: Parted) -> bool:
    return services.store.alive()


def _orthanc(services: Parted) -> bool:
    try:
        services.archive.version()
    except ServiceError:
        return False
    return True


def _keycloak(services: Parted) -> bool:
    try:
        return services.provider.alive()
    except ServiceError:
        return False


_ASK: dict[str, Callable[[Parted], bool]] = {
    "auth_service": _database,
    "orthanc": _orthanc,
    "keycloak": _keycloak,
}
