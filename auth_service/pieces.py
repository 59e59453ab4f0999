"""Cut what is long: an archive, a database, or a person waits less for several short questions."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

_Item = TypeVar("_Item")


def pieces(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    """Yield the items in order, so many at a time; the last piece may be shorter."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
