"""Members of albums in the database, several at a time, and when their rights were last used."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from auth_service.store.tables import Member
from auth_service.vocabulary import SubjectKind

USED_WITHIN = timedelta(hours=1)
"""A use within this time of the last one is not written down."""

_SOURCE = "membership:"
"""What the rule of a decision begins with that a membership made."""


def some(tx: Session, *, album_id: int, ids: Iterable[int]) -> list[Member]:
    """Return those of some members that are in an album."""
    query = select(Member).where(Member.album_id == album_id, Member.id.in_(list(ids)))
    return list(tx.scalars(query.order_by(Member.id)))


def of_subject(tx: Session, *, album_id: int, kind: SubjectKind, subject: str) -> Member | None:
    """Return what a person, or a group, is in an album by himself."""
    return tx.scalar(
        select(Member).where(
            Member.album_id == album_id, Member.subject_kind == kind, Member.subject_id == subject
        )
    )


def used(tx: Session, rule: str | None, *, at: datetime) -> None:
    """Note that a membership was used, at most once in `USED_WITHIN`; of other rules nothing is kept.

    Parameters
    ----------
    rule : str, optional
        The rule of the decision: ``membership:17``.
    at : datetime
        Now.

    """
    number = (rule or "").removeprefix(_SOURCE)
    if not number.isdecimal() or rule == number:
        return
    long_ago = or_(Member.last_use.is_(None), Member.last_use < at - USED_WITHIN)
    tx.execute(update(Member).where(Member.id == int(number), long_ago).values(last_use=at))
