"""Say how large what may be taken away is, before anybody takes it: quickly, or as far as it is known.

Orthanc tells the size of one series at a time. Sizes are kept, as a series changes only when something is
added to it; what is not known yet is asked for side by side, for a few seconds at most: by the connections
with which decisions are made, and so by few askers and few questions at a time.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from auth_service.archive import Archive
from auth_service.downloads import Load, Piece

KEPT = 50_000
"""Series of which the size is kept."""

SIDE_BY_SIDE = 8
"""Questions under way for all askers together: a quarter of the connections by which decisions are made."""

ASKERS = 8
"""How many may wait for sizes at once; who comes then is told what is known, and holds no thread."""

_SECONDS = 2.0
"""How long one answer may go on asking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much it is."""

    studies: int
    series: int
    instances: int
    bytes: int
    """Of the files as they are stored, before they are packed."""
    complete: bool
    """Whether the size of every series is in it; where not, asking again goes on where this stopped."""


class Sizes:
    """The sizes of series that are known.

    Parameters
    ----------
    archive : Archive
    clock : callable
        Seconds of a clock that never goes back.

    """

    def __init__(self, archive: Archive, clock: Callable[[], float] = time.monotonic) -> None:
        self._archive = archive
        self._clock = clock
        self._known: OrderedDict[tuple[str, int], int] = OrderedDict()
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(ASKERS)
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="sizes")

    def of(self, load: Load) -> Size:
        """Measure it; raises `Unavailable` where Orthanc does not answer."""
        self._ask([piece for piece in load.pieces if self._kept(piece) is None])
        sizes = [self._kept(piece) for piece in load.pieces]
        return Size(
            studies=len({piece.series.study_uid for piece in load.pieces}),
            series=len(load.pieces),
            instances=sum(piece.instances for piece in load.pieces),
            bytes=sum(size for size in sizes if size is not None),
            complete=None not in sizes,
        )

    def _kept(self, piece: Piece) -> int | None:
        with self._lock:
            return self._known.get(_key(piece))

    def _ask(self, pieces: Sequence[Piece]) -> None:
        if not pieces or not self._turns.acquire(blocking=False):
            return
        try:
            until = self._clock() + _SECONDS
            for start in range(0, len(pieces), SIDE_BY_SIDE):
                if start and self._clock() >= until:
                    return
                some = pieces[start : start + SIDE_BY_SIDE]
                sizes = self._pool.map(self._archive.series_bytes, (piece.series.id for piece in some))
                self._keep(some, list(sizes))
        finally:
            self._turns.release()

    def _keep(self, pieces: Sequence[Piece], sizes: Sequence[int]) -> None:
        with self._lock:
            for piece, size in zip(pieces, sizes, strict=True):
                self._known[_key(piece)] = size
                self._known.move_to_end(_key(piece))
            while len(self._known) > KEPT:
                self._known.popitem(last=False)


def _key(piece: Piece) -> tuple[str, int]:
    # With another number of instances it is another size.
    return piece.series.id, piece.instances
