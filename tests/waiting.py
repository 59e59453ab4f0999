"""Wait for a condition, never for a time."""

import time
from collections.abc import Callable

PATIENCE = 20.0
"""Seconds after which what was waited for is taken not to come."""


def eventually(holds: Callable[[], bool]) -> None:
    """Return once the condition holds, or fail."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
