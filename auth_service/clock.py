"""What time it is, as an argument: tests turn it by hand."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns an aware moment."""


def system_clock() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)
