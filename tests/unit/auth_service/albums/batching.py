"""Changes that are done a few lines at a time, however quick they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from auth_service.albums.turns import Pace


@contextmanager
def in_batches_of(lines: int) -> Iterator[None]:
    """Have so many lines make a batch, in the block or in the decorated function."""
    with mock.patch.multiple(Pace, FIRST=lines, LEAST=lines, MOST=lines):
        yield
