"""One process works on an album at a time: it has the album's lease, in the database.

Orthanc takes a label from whoever sends it, also from a process that stood still while another took its
place. So each label is preceded by a look at the lease, and nothing is stamped without it. What was on its
way by then may still be written: the album is noted, and its labels are compared with the ledger when nothing
can be on its way any longer. So it is where a holder died, and where Orthanc fell silent in the middle.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from sqlalchemy.orm import Session

from auth_service.errors import Unavailable
from auth_service.store import turns as table
from auth_service.world import World

LEASE = timedelta(seconds=15)
"""Who dies is replaced after so long; who works extends it at a third of it."""

LATE = timedelta(seconds=60)
"""After so long a label that was sent has been written, or never will be."""


class Replaced(Exception):
    """Another process works on the album by now."""


class Lease:
    """The right to change what an album holds."""

    def __init__(self, world: World, album_id: int) -> None:
        self._world = world
        self._album_id = album_id
        self._kept_at = world.clock()
        self.wrote = False
        """Whether a label was, or may have been, written."""

    def take(self) -> bool:
        """Take it; ``False`` if another process has it."""
        at = self._kept_at
        with self._world.store.write() as tx:
            return table.take(
                tx, self._album_id, holder=self._holder, at=at, until=at + LEASE, look_at=at + LATE
            )

    def keep(self) -> None:
        """Make sure of it before a label is sent; raises `Replaced`."""
        self.wrote = True
        if timedelta(0) <= self._world.clock() - self._kept_at < LEASE / 3:
            return
        with self._world.store.write() as tx:
            self.confirm(tx)

    def confirm(self, tx: Session) -> None:
        """Extend it in a transaction, which is undone if it is another's; raises `Replaced`."""
        at = self._world.clock()
        if not table.keep(tx, self._album_id, holder=self._holder, until=at + LEASE):
            raise Replaced
        self._kept_at = at

    def give_back(self, *, doubt: bool) -> None:
        """Let another go on, and say whether labels may differ from the ledger.

        A database that does not answer now keeps it until it is over: then who takes it doubts for us.
        """
        with suppress(Unavailable), self._world.store.write() as tx:
            table.give_back(tx, self._album_id, holder=self._holder)
            if doubt:
                table.doubt(tx, self._album_id, look_at=self._world.clock() + LATE)

    @property
    def _holder(self) -> str:
        return self._world.store.writer


@contextmanager
def held(world: World, album_id: int) -> Iterator[Lease | None]:
    """Work on an album in the block, with its lease; ``None`` if another process does.

    Threads of one process that do so must wait for one another by other means.
    """
    lease = Lease(world, album_id)
    if not lease.take():
        yield None
        return
    try:
        yield lease
    except Exception:
        lease.give_back(doubt=lease.wrote)
        raise
    lease.give_back(doubt=False)
