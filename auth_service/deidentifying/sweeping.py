"""Throw held pictures away when their time is over, while the service runs."""

from auth_service.chores import Chore
from auth_service.deidentifying.holding import sweep

EVERY = 600.0
"""Seconds between two looks."""


class Sweeper(Chore):
    """Looks for what was held too long."""

    name = "sweeper"
    usually = EVERY
    waits = "held pictures wait"
    failed = "held pictures could not be swept"

    def work(self) -> None:
        """Throw away what is over, and files that nothing names."""
        sweep(self._world)
