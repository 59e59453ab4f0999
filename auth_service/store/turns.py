"""Which process works on which album, and whose labels must be compared with the ledger once more."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CursorResult, Update, case, literal, or_, select, update
from sqlalchemy.orm import Session

from auth_service.store.database import added
from auth_service.store.tables import Album, AlbumTurn


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """An album whose labels may differ from the ledger."""

    album_id: int
    slug: str
    look_at: datetime


def take(
    tx: Session, album_id: int, *, holder: str, at: datetime, until: datetime, look_at: datetime | None
) -> bool:
    """Take the lease of an album; ``False`` if another process has it.

    Parameters
    ----------
    look_at : datetime or None
        When the labels must be looked at again, if the last holder did not give it back.

    """
    if tx.get(AlbumTurn, album_id) is None:
        added(tx, AlbumTurn(album_id=album_id))
    free = or_(AlbumTurn.holder.is_(None), AlbumTurn.holder == holder, AlbumTurn.until <= at)
    left_behind = case(
        (AlbumTurn.holder.is_(None), AlbumTurn.look_at), else_=literal(look_at, AlbumTurn.look_at.type)
    )
    return _changed(tx, _of(album_id).where(free).values(holder=holder, until=until, look_at=left_behind))


def keep(tx: Session, album_id: int, *, holder: str, until: datetime) -> bool:
    """Extend the lease; ``False`` if it is another's by now."""
    return _changed(tx, _of(album_id).where(AlbumTurn.holder == holder).values(until=until))


def give_back(tx: Session, album_id: int, *, holder: str) -> None:
    """Let another process work on the album at once."""
    tx.execute(_of(album_id).where(AlbumTurn.holder == holder).values(holder=None, until=None))


def doubt(tx: Session, album_id: int, *, look_at: datetime) -> None:
    """Note that a label may have been written, or may still be, that the ledger does not know of."""
    tx.execute(_of(album_id).values(look_at=look_at))


def to_look_at(tx: Session, *, at: datetime) -> list[Look]:
    """Return the albums that are to be looked at by now, the longest due first."""
    query = (
        select(AlbumTurn.album_id, Album.slug, AlbumTurn.look_at)
        .join(Album, Album.id == AlbumTurn.album_id)
        .where(AlbumTurn.look_at <= at)
        .order_by(AlbumTurn.look_at, AlbumTurn.album_id)
    )
    return [
        Look(album_id=album_id, slug=slug, look_at=look_at)
        for album_id, slug, look_at in tx.execute(query)
        if look_at is not None
    ]


def looked(tx: Session, look: Look, *, again: datetime | None) -> None:
    """Note that an album was looked at, and when again, unless there is new doubt since."""
    tx.execute(_of(look.album_id).where(AlbumTurn.look_at == look.look_at).values(look_at=again))


def _of(album_id: int) -> Update:
    statement = update(AlbumTurn).where(AlbumTurn.album_id == album_id)
    return statement.execution_options(synchronize_session=False)


def _changed(tx: Session, statement: Update) -> bool:
    result = tx.execute(statement)
    return isinstance(result, CursorResult) and result.rowcount == 1
