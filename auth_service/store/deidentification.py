"""Which albums de-identify what is uploaded into them, with their sealed keys."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from auth_service.store.tables import AlbumDeidentification


def of_album(tx: Session, album_id: int, *, lock: bool = False) -> AlbumDeidentification | None:
    """Return what an album asks for, or asked for once."""
    return tx.get(AlbumDeidentification, album_id, with_for_update=lock or None)


def among(tx: Session, album_ids: Collection[int]) -> frozenset[int]:
    """Return those of these albums that de-identify now."""
    asked = select(AlbumDeidentification.album_id).where(
        AlbumDeidentification.album_id.in_(album_ids), AlbumDeidentification.since.is_not(None)
    )
    return frozenset(tx.scalars(asked))


def keep(
    tx: Session,
    *,
    album_id: int,
    options: Collection[str],
    sealed_key: bytes,
    at: datetime,
    by: str,
    by_name: str,
) -> None:
    """Switch it on, or change its options; a key that is there must be given again."""
    tx.merge(
        AlbumDeidentification(
            album_id=album_id,
            options=sorted(options),
            sealed_key=sealed_key,
            since=at,
            changed_by=by,
            changed_by_name=by_name,
        )
    )


def forget(tx: Session, album_id: int) -> None:
    """Remove an album's key: nobody can make its stand-ins again."""
    tx.execute(delete(AlbumDeidentification).where(AlbumDeidentification.album_id == album_id))
