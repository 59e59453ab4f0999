"""What somebody who is not here means to Keycloak now: the maker of a token, whose rights it has.

A session is asked about by its own tokens (``checking.py``); a person without one, by the directory. The same
bounds hold (``freshness.py``).
"""

import time
from collections.abc import Callable

from auth_service.credentials.freshness import Answers
from auth_service.directory import Directory, Standing
from auth_service.settings import Settings


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
        self._directory = directory
        self._answers: Answers[Standing] = Answers(grace=settings.keycloak_grace_seconds, timer=timer)

    def of(self, subject: str) -> Standing | None:
        """Return what a person means now; ``None``: Keycloak has no such account, or it is disabled.

        Raises
        ------
        Unavailable
            If Keycloak will not tell, or has been out of reach for longer than the settings allow.

        """
        return self._answers.of(subject, lambda _: self._directory.standing(subject))
