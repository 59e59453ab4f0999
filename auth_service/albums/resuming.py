"""Do changes while the service runs: as they are asked for, at its start, and once Orthanc answers again."""

import logging
import threading

from auth_service.albums import turns
from auth_service.albums.leases import LATE
from auth_service.albums.reconciling import reconcile
from auth_service.errors import Unavailable
from auth_service.store import ledger as ledger_table
from auth_service.store import turns as table
from auth_service.uploads import tending
from auth_service.world import World

EVERY = 5.0
"""Seconds between two looks for changes that are due; one that is asked for here is done at once."""

_asked = threading.Event()

log = logging.getLogger(__name__)


def wake() -> None:
    """Have the changes that are due done now, by the process's thread for it, where there is one."""
    _asked.set()


class Resumer:
    """A thread that looks for changes that are due; use it as a context manager."""

    def __init__(self, world: World, *, every: float = EVERY) -> None:
        self._world = world
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="resumer", daemon=True)

    def __enter__(self) -> None:
        """Begin."""
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Stop after the batch at hand; what is left is done at the next start."""
        self._stop.set()
        wake()
        self._thread.join(timeout=self._every)

    def _run(self) -> None:
        silent = False
        while not self._stop.is_set():
            _asked.clear()
            gone = self._round()
            if gone is not None and not silent:
                log.warning("%s does not answer: interrupted changes wait", gone.reason)
            silent = gone is not None
            _asked.wait(self._every)

    def _round(self) -> Unavailable | None:
        """Do what is due; return what says that a part does not answer, if one does not."""
        try:
            errors = turns.take_turns(self._world, stopped=self._stop.is_set)
            tending.look_after(self._world)
            look_again(self._world)
        except Unavailable as error:
            return error
        except Exception:
            # Whatever it is, it must not end the thread that does all changes.
            log.exception("changes of albums could not be done")
            return None
        return next((error for error in errors if isinstance(error, Unavailable)), None)


def look_again(world: World) -> None:
    """Compare the labels of an album with the ledger, if one may have been written late; one at a time.

    What a change is doing is not spoken of, so that while any is under way it is looked at once more later.

    Raises
    ------
    Unavailable
        If Orthanc does not answer: it stays due.

    """
    with world.store.read() as tx:
        due = table.to_look_at(tx, at=world.clock())
    for look in due[:1]:
        for compared in reconcile(world, repair=True, slugs=[look.slug]):
            log.warning("of album %s %d labels were put right", look.slug, len(compared.differences))
        with world.store.write() as tx:
            busy = bool(ledger_table.unfinished(tx, look.album_id))
            table.looked(tx, look, again=world.clock() + LATE if busy else None)
