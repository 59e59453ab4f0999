"""Pictures that are held for a look: whose, and in which album; their files are elsewhere."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from auth_service.store.database import added
from auth_service.store.tables import HeldFile


def add(tx: Session, row: HeldFile) -> bool:
    """Keep a row; ``False`` if the album holds this instance already."""
    return added(tx, row)


def of_album(tx: Session, album_id: int, *, limit: int, offset: int) -> list[HeldFile]:
    """Return some of an album's held files, the oldest first, those of one series together."""
    query = select(HeldFile).where(HeldFile.album_id == album_id)
    order = query.order_by(HeldFile.study_uid, HeldFile.series_uid, HeldFile.held_at, HeldFile.id)
    return list(tx.scalars(order.limit(limit).offset(offset)))


def number(tx: Session, album_id: int) -> int:
    """Return how many files an album holds."""
    return tx.scalar(select(func.count()).select_from(HeldFile).where(HeldFile.album_id == album_id)) or 0


def holds_series(tx: Session, album_id: int, series_uid: str) -> bool:
    """Tell whether an album holds a file of a series."""
    query = select(HeldFile.id).where(HeldFile.album_id == album_id, HeldFile.series_uid == series_uid)
    return tx.scalar(query.limit(1)) is not None


def one(tx: Session, album_id: int, held_id: str) -> HeldFile | None:
    """Return one held file of an album."""
    return tx.scalar(select(HeldFile).where(HeldFile.album_id == album_id, HeldFile.id == held_id))


def remove(tx: Session, held_id: str) -> bool:
    """Remove a row; ``False`` if it is gone already."""
    found = tx.get(HeldFile, held_id)
    if found is None:
        return False
    tx.delete(found)
    tx.flush()
    return True


def remove_of_album(tx: Session, album_id: int) -> list[str]:
    """Remove all rows of an album; return whose files are to be removed."""
    ids = list(tx.scalars(select(HeldFile.id).where(HeldFile.album_id == album_id)))
    tx.execute(delete(HeldFile).where(HeldFile.album_id == album_id))
    return ids


def older(tx: Session, than: datetime, *, limit: int) -> Sequence[HeldFile]:
    """Return rows that have been held since before a moment."""
    return list(tx.scalars(select(HeldFile).where(HeldFile.held_at < than).limit(limit)))


def known(tx: Session, ids: Sequence[str]) -> frozenset[str]:
    """Return which of some identifiers have a row."""
    return frozenset(tx.scalars(select(HeldFile.id).where(HeldFile.id.in_(ids))))
