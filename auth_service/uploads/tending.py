"""Look after uploads while the service runs: what a crash has left, and what nobody goes on with."""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from auth_service.albums import receiving
from auth_service.chores import Chore
from auth_service.errors import Unavailable
from auth_service.store import ledger, uploads
from auth_service.uploads import sending, spool
from auth_service.world import World

EVERY = 5.0
"""Seconds between two looks."""

LEFT_AFTER = timedelta(seconds=30)
"""So long a series may be without its label while whoever sends it is at work on it."""

log = logging.getLogger(__name__)


class Tender(Chore):
    """Looks after uploads."""

    name = "tender"
    usually = EVERY
    waits = "interrupted uploads wait"
    failed = "uploads could not be looked after"

    def work(self) -> None:
        """Look after all of them."""
        look_after(self._world)


def look_after(world: World) -> None:
    """Label what a crash has left, close what nobody goes on with, and clear the disk.

    Raises
    ------
    Unavailable
        If Orthanc does not answer.

    """
    now = world.clock()
    with world.store.read() as tx:
        left = ledger.left_due(tx, now - LEFT_AFTER)
        idle = uploads.idle(tx, now - timedelta(minutes=world.settings.upload_idle_minutes))
    for change in left:
        _one(change, partial(receiving.label_arrived, world, change=change))
    for change in idle:
        log.info("closing upload %s: nothing more came", change)
        _one(change, partial(sending.close, world, change))
    # In this order: of what begins meanwhile the change is there before the folder.
    kept = spool.kept(world.settings)
    with world.store.read() as tx:
        over = kept - uploads.receiving(tx)
    for change in over:
        spool.drop(world.settings, change)


def _one(change: str, do: Callable[[], object]) -> None:
    """Look after one upload; what cannot be done for it must not keep the others waiting."""
    try:
        do()
    except Unavailable as error:
        if error.reason != "album":
            raise
    except Exception:
        log.exception("upload %s could not be looked after", change)
