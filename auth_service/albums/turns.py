"""Who does changes when: one after the other in each album, and batch by batch in turn among albums.

Somebody's ten thousand additions do not make another's removal wait, and an album of which something cannot
be done keeps no other one from it.
"""

import logging
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from auth_service.albums.batches import do_batch
from auth_service.albums.leases import Lease, Replaced, held
from auth_service.errors import Unavailable
from auth_service.store import ledger as table
from auth_service.vocabulary import ChangeVerb
from auth_service.world import World

log = logging.getLogger(__name__)

_locks: defaultdict[tuple[str, int], threading.Lock] = defaultdict(threading.Lock)
"""One for each album: threads of one process wait for one another, and share its lease."""


@contextmanager
def alone_with(world: World, album_id: int, *, patience: float | None = None) -> Iterator[Lease | None]:
    """Have nobody else write the label of an album meanwhile; ``None``: somebody else does.

    Parameters
    ----------
    patience : float, optional
        Seconds to wait for another thread of this process; without it, however long it takes.

    Raises
    ------
    Replaced
        By `Lease.keep` and `Lease.confirm`, if another process took its place.

    """
    lock = _locks[world.store.writer, album_id]
    if not lock.acquire(timeout=-1 if patience is None else patience):
        yield None
        return
    try:
        with held(world, album_id) as lease:
            yield lease
    finally:
        lock.release()


class Pace:
    """How many lines make a batch: as many as are done in about a second, then it is another album's turn.

    An archive that does nothing else takes thousands; of one that is busy nobody waits longer for it.
    """

    SECONDS = 1.0
    FIRST = 500
    LEAST = 100
    MOST = 2000
    """However quick they are: what a crash makes us repeat, and what holds an album if Orthanc gets slow."""

    def __init__(self) -> None:
        self.lines = self.FIRST

    def took(self, lines: int, seconds: float) -> None:
        """Learn from a batch; of one that was not full nothing is learnt."""
        if lines == self.lines:
            # By little and little: of one that was quick by chance the next need not be.
            factor = min(4.0, self.SECONDS / max(seconds, 0.001))
            self.lines = max(self.LEAST, min(self.MOST, int(lines * factor)))


def step(world: World, album_id: int, *, pace: Pace | None = None) -> bool:
    """Do a batch of the first change of an album that is not over; ``False``: another process is at it.

    Parameters
    ----------
    world : World
    album_id : int
    pace : Pace, optional
        How much makes a batch; learns from this one.

    Raises
    ------
    Unavailable
        If Orthanc does not answer: the batch stays due.

    """
    try:
        with alone_with(world, album_id) as lease:
            if lease is None:
                return False
            with world.store.read() as tx:
                due = table.unfinished(tx, album_id)
            if due:
                pace = pace or Pace()
                began = time.monotonic()
                done = do_batch(world, due[0], lease=lease, most=pace.lines)
                pace.took(done, time.monotonic() - began)
    except Replaced:
        return False
    return True


def take_turns(world: World, *, stopped: Callable[[], bool] = lambda: False) -> list[Exception]:
    """Do what is due in all albums, a batch at a time; return what went wrong, at most once for each album.

    What is taken out goes before what is put in. Otherwise that album is next of which the least was done, so
    that a change that is asked for meanwhile waits for one batch. An album of which a batch fails is left for
    the next time, and one that another process works on is left to it.

    Raises
    ------
    Unavailable
        If the database does not answer.

    """
    done: Counter[int] = Counter()
    failed: dict[int, Exception] = {}
    elsewhere: set[int] = set()
    pace = Pace()
    while not stopped():
        with world.store.read() as tx:
            due = [one for one in table.first_of_albums(tx) if one.album_id not in failed.keys() | elsewhere]
        if not due:
            break
        album = min(due, key=lambda one: (one.verb != ChangeVerb.REMOVE, done[one.album_id])).album_id
        done[album] += 1
        try:
            if not step(world, album, pace=pace):
                elsewhere.add(album)
        except Unavailable as error:
            failed[album] = error
        except Exception as error:
            log.exception("a change of album %d could not be finished", album)
            failed[album] = error
    return list(failed.values())
