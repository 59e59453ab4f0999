"""Let invitations end that nobody used: an address may be given to somebody else, and his it is then.

From its last moment on an invitation is not used, listed or counted; what is left of it in the database is
removed soon after, on record.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from auth_service.albums.members.given import for_record, lifetime
from auth_service.audit import members as audit_members
from auth_service.chores import Chore
from auth_service.store import invitations
from auth_service.world import World

EVERY = 600.0
"""Seconds between two looks."""

AT_ONCE = 500
"""Invitations that are removed in one transaction: other writers wait for it with SQLite."""


def open_since(world: World) -> datetime:
    """Return the moment since when an invitation was made that is still open."""
    return world.clock() - lifetime(world.settings)


def remove_expired(tx: Session, world: World, *, album_id: int | None = None) -> int:
    """Remove some invitations that are over, of one album or all, on record; return how many there were."""
    removed = 0
    for found, slug in invitations.expired(tx, before=open_since(world), album_id=album_id, limit=AT_ONCE):
        number, before = found.id, for_record(found)
        # Another replica may be faster.
        if invitations.take(tx, number):
            removed += 1
            audit_members.invitation_expired(
                tx, at=world.clock(), slug=slug, invitation=number, before=before
            )
    return removed


def sweep(world: World) -> int:
    """Remove all invitations that are over; return how many those were."""
    removed = 0
    while True:
        with world.store.write() as tx:
            some = remove_expired(tx, world)
        removed += some
        if some < AT_ONCE:
            return removed


class Expirer(Chore):
    """Removes invitations that are over."""

    name = "expirer"
    usually = EVERY
    waits = "invitations that are over wait"
    failed = "invitations that are over could not be removed"

    def work(self) -> None:
        """Remove all of them."""
        sweep(self._world)
