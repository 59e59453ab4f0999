"""What people keep of their searches in the database: questions under a name, and what they selected."""

from collections.abc import Iterable

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from auth_service.pieces import pieces
from auth_service.store.tables import SavedSearch, Selected
from auth_service.vocabulary import Level

_AT_ONCE = 500
"""Identifiers in one statement: SQLite knows a most of what it may be given."""


def saved(tx: Session, *, provider: str, subject: str) -> list[SavedSearch]:
    """Return a person's saved searches by name."""
    query = select(SavedSearch).where(SavedSearch.provider == provider, SavedSearch.subject == subject)
    return list(tx.scalars(query.order_by(SavedSearch.name, SavedSearch.id)))


def save(tx: Session, search: SavedSearch) -> None:
    """Keep a search; its name is new."""
    tx.add(search)
    tx.flush()


def forget(tx: Session, *, provider: str, subject: str, search_id: int) -> bool:
    """Drop a person's search; ``False`` if he has none of this number."""
    dropped = tx.scalar(
        delete(SavedSearch)
        .where(
            SavedSearch.id == search_id,
            SavedSearch.provider == provider,
            SavedSearch.subject == subject,
        )
        .returning(SavedSearch.id)
    )
    return dropped is not None


def selected(tx: Session, *, provider: str, subject: str) -> list[tuple[Level, str]]:
    """Return what a person has selected, always in the same order."""
    query = select(Selected.level, Selected.uid).where(
        Selected.provider == provider, Selected.subject == subject
    )
    return [(Level(level), uid) for level, uid in tx.execute(query.order_by(Selected.level, Selected.uid))]


def select_more(tx: Session, *, provider: str, subject: str, level: Level, uids: Iterable[str]) -> None:
    """Add to what a person has selected; what is in it already stays."""
    whose = {"provider": provider, "subject": subject, "level": level}
    known = {uid for known, uid in selected(tx, provider=provider, subject=subject) if known is level}
    rows = [{**whose, "uid": uid} for uid in dict.fromkeys(uids) if uid not in known]
    if rows:
        tx.execute(insert(Selected), rows)


def unselect(tx: Session, *, provider: str, subject: str, level: Level, uids: Iterable[str]) -> None:
    """Take some out of what a person has selected."""
    for some in pieces(list(uids), _AT_ONCE):
        tx.execute(
            delete(Selected).where(
                Selected.provider == provider,
                Selected.subject == subject,
                Selected.level == level,
                Selected.uid.in_(some),
            )
        )


def unselect_all(tx: Session, *, provider: str, subject: str) -> None:
    """Drop all that a person has selected."""
    tx.execute(delete(Selected).where(Selected.provider == provider, Selected.subject == subject))
