"""Who does changes when: one after the other in each album, and batch by batch in turn among albums.

Somebody's ten thousand additions do not make another's removal wait, and an album of which something cannot
be done keeps no other one from it.
"""

import logging
import threading
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


def step(world: World, album_id: int) -> bool:
    """Do a batch of the first change of an album that is not over; ``False``: another process is at it.

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
                do_batch(world, due[0], lease=lease)
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
    while not stopped():
        with world.store.read() as tx:
            due = [one for one in table.first_of_albums(tx) if one.album_id not in failed.keys() | elsewhere]
        if not due:
            break
        album = min(due, key=lambda one: (one.verb != ChangeVerb.REMOVE, done[one.album_id])).album_id
        done[album] += 1
        try:
            if not step(world, album):
                elsewhere.add(album)
        except Unavailable as error:
            failed[album] = error
        except Exception as error:
            log.exception("a change of album %d could not be finished", album)
            failed[album] = error
    return list(failed.values())
