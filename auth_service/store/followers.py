"""Who follows Orthanc's list of changes, how far it was read, and which process does it at the moment."""

from datetime import datetime
from enum import IntEnum

from sqlalchemy import CursorResult, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from auth_service.store.tables import ArchiveFollower


class Follower(IntEnum):
    """What the list is followed for: the rows of the table."""

    COUNTS = 1
    ARRIVALS = 2


def take_turn(tx: Session, who: Follower, *, holder: str, at: datetime, until: datetime) -> bool:
    """Take or extend the lease of who follows; ``False`` if somebody else has it."""
    if tx.get(ArchiveFollower, who) is None:
        try:
            with tx.begin_nested():
                tx.execute(insert(ArchiveFollower).values(id=who))
        except IntegrityError:
            return False
    result = tx.execute(
        update(ArchiveFollower)
        .where(
            ArchiveFollower.id == who,
            or_(
                ArchiveFollower.holder.is_(None),
                ArchiveFollower.holder == holder,
                ArchiveFollower.until <= at,
            ),
        )
        .values(holder=holder, until=until)
        .execution_options(synchronize_session=False)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def give_turn_back(tx: Session, who: Follower, *, holder: str) -> None:
    """Let another follow at once."""
    tx.execute(
        update(ArchiveFollower)
        .where(ArchiveFollower.id == who, ArchiveFollower.holder == holder)
        .values(holder=None, until=None)
        .execution_options(synchronize_session=False)
    )


def sequence(tx: Session, who: Follower) -> int | None:
    """Return the last of Orthanc's changes that was read."""
    return tx.scalar(select(ArchiveFollower.sequence).where(ArchiveFollower.id == who))


def set_sequence(tx: Session, who: Follower, value: int) -> None:
    """Keep how far Orthanc's changes were read."""
    tx.execute(
        update(ArchiveFollower)
        .where(ArchiveFollower.id == who)
        .values(sequence=value)
        .execution_options(synchronize_session=False)
    )
