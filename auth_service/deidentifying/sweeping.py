"""Throw held pictures away when their time is over, while the service runs."""

from auth_service.chores import Chore
from auth_service.deidentifying.holding import sweep
from auth_service.world import World

EVERY = 600.0
"""Seconds between two looks."""


class Sweeper(Chore):
    """Looks for what was held too long."""

    name = "sweeper"
    waits = "held pictures wait"
    failed = "held pictures could not be swept"

    def __init__(self, world: World, *, every: float = EVERY) -> None:
        super().__init__(every=every)
        self._world = world

    def work(self) -> None:
        """Throw away what is over, and files that nothing names."""
        sweep(self._world)
