"""Wait for a condition, never for a time."""

import time
from collections.abc import Callable

PATIENCE = 20.0
"""Seconds after which what was waited for is taken not to come."""


def eventually(holds: Callable[[], bool], *, within: float = PATIENCE) -> None:
    """Return once the condition holds, or fail where it does not within so many seconds."""
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, f"it did not come within {within:g} s"
        time.sleep(0.02)
