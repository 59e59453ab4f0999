"""Which albums somebody wants to find first."""

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from auth_service.store.tables import Favourite


def of_person(tx: Session, subject: str) -> frozenset[int]:
    """Return the albums that somebody marked; ``subject`` is ``provider:sub``."""
    return frozenset(tx.scalars(select(Favourite.album_id).where(Favourite.subject_id == subject)))


def add(tx: Session, *, album_id: int, subject: str) -> None:
    """Mark an album; repeating it is harmless."""
    try:
        with tx.begin_nested():
            tx.execute(insert(Favourite).values(album_id=album_id, subject_id=subject))
    except IntegrityError:
        pass


def remove(tx: Session, *, album_id: int, subject: str) -> None:
    """Take the mark away; repeating it is harmless."""
    tx.execute(delete(Favourite).where(Favourite.album_id == album_id, Favourite.subject_id == subject))
