"""Do changes while the service runs: as they are asked for, at its start, and once Orthanc answers again."""

import logging
import threading

from auth_service.albums import turns
from auth_service.albums.leases import LATE
from auth_service.albums.reconciling import reconcile
from auth_service.chores import Chore
from auth_service.errors import Unavailable
from auth_service.store import ledger as ledger_table
from auth_service.store import turns as table
from auth_service.world import World

EVERY = 5.0
"""Seconds between two looks for changes that are due; one that is asked for here is done at once."""

_asked = threading.Event()

log = logging.getLogger(__name__)


def wake() -> None:
    """Have the changes that are due done now, by the process's thread for it, where there is one."""
    _asked.set()


class Resumer(Chore):
    """Does changes that are due."""

    name = "resumer"
    usually = EVERY
    waits = "interrupted changes wait"
    failed = "changes of albums could not be done"

    def work(self) -> None:
        """Do what is due in all albums, as far as it can be done."""
        _asked.clear()
        errors = turns.take_turns(self._world, stopped=self._stop.is_set)
        look_again(self._world)
        for error in errors:
            if isinstance(error, Unavailable):
                raise error

    def rest(self) -> None:
        """Wait until a change is asked for, or for the next look."""
        _asked.wait(self._every)

    def wake(self) -> None:
        """End the rest."""
        wake()


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
