"""What came of changes, as it is told: counts, and pages of what did not succeed."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from auth_service.store.tables import LedgerEntry, NotTakenEntry
from auth_service.vocabulary import LineFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many lines a change has, and what has become of them."""

    done: int
    failed: int
    total: int


def tally(tx: Session, change_id: str) -> Tally:
    """Count the lines of a change."""
    query = select(func.count(LedgerEntry.done_at), func.count(LedgerEntry.failure), func.count()).where(
        LedgerEntry.change_id == change_id
    )
    done, failed, total = tx.execute(query).one()
    return Tally(done=done, failed=failed, total=total)


def not_taken(tx: Session, change_id: str, *, limit: int, offset: int) -> list[NotTakenEntry]:
    """Return some of what was named for a change and is no line of it, in the order in which it was named."""
    query = select(NotTakenEntry).where(NotTakenEntry.change_id == change_id).order_by(NotTakenEntry.id)
    return list(tx.scalars(query.limit(limit).offset(offset)))


def number_not_taken(tx: Session, change_id: str) -> int:
    """Count what was named for a change and is no line of it."""
    query = select(func.count()).select_from(NotTakenEntry).where(NotTakenEntry.change_id == change_id)
    return tx.scalar(query) or 0


def failures(tx: Session, change_id: str, *, limit: int, offset: int) -> list[tuple[str, str]]:
    """Return some of the series of a change that could not be done, each with why."""
    query = (
        select(LedgerEntry.series_uid, LedgerEntry.failure)
        .where(LedgerEntry.change_id == change_id, LedgerEntry.failure.is_not(None))
        .order_by(LedgerEntry.id)
        .limit(limit)
        .offset(offset)
    )
    return [(uid, failure or "") for uid, failure in tx.execute(query)]


def was_cut_short(tx: Session, change_id: str) -> bool:
    """Tell whether any line of a change was not done because somebody stopped it."""
    query = select(LedgerEntry.id).where(
        LedgerEntry.change_id == change_id, LedgerEntry.failure == LineFailure.CANCELLED
    )
    return tx.scalar(query.limit(1)) is not None
