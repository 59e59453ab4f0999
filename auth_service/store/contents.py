"""What is in albums, and was: read from the ledger, where the last line done for a series says it."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from auth_service.store.ledger import PLACE, Place
from auth_service.store.tables import LedgerEntry
from auth_service.vocabulary import ChangeVerb


def contents(tx: Session, album_id: int, *, at: datetime | None = None) -> frozenset[str]:
    """Return the series that were in an album at a moment, or are in it now."""
    last = _last_lines(album_id, at).subquery()
    query = (
        select(LedgerEntry.series_uid)
        .join(last, LedgerEntry.id == last.c.id)
        .where(LedgerEntry.verb == ChangeVerb.ADD)
    )
    return frozenset(tx.scalars(query))


def placed(tx: Session, album_id: int, *, at: datetime | None = None) -> dict[str, str]:
    """Return the series that are in an album, or were at a moment, each with its StudyInstanceUID."""
    last = _last_lines(album_id, at).subquery()
    query = (
        select(LedgerEntry.series_uid, LedgerEntry.study_uid)
        .join(last, LedgerEntry.id == last.c.id)
        .where(LedgerEntry.verb == ChangeVerb.ADD)
        .order_by(LedgerEntry.id)
    )
    return {series: study or "" for series, study in tx.execute(query)}


def places(tx: Session, album_id: int, series: Collection[str]) -> Mapping[str, Place]:
    """Return where these series were when they were put into an album that they are still in."""
    last = _last_lines(album_id, None).where(LedgerEntry.series_uid.in_(series)).subquery()
    query = (
        select(LedgerEntry.series_uid, *PLACE)
        .join(last, LedgerEntry.id == last.c.id)
        .where(LedgerEntry.verb == ChangeVerb.ADD)
    )
    return {
        uid: Place(study_uid=study or "", orthanc_study=orthanc_study or "", orthanc_series=series or "")
        for uid, study, orthanc_study, series in tx.execute(query)
    }


def ever_added(tx: Session, album_id: int) -> frozenset[str]:
    """Return the series that were put into an album at any time, whatever became of them."""
    query = select(LedgerEntry.series_uid).where(
        LedgerEntry.album_id == album_id,
        LedgerEntry.verb == ChangeVerb.ADD,
        LedgerEntry.done_at.is_not(None),
    )
    return frozenset(tx.scalars(query))


def extent(tx: Session, album_id: int) -> tuple[int, int]:
    """Count the studies and series that are in an album."""
    last = _last_lines(album_id, None).subquery()
    query = (
        select(func.count(LedgerEntry.study_uid.distinct()), func.count())
        .join(last, LedgerEntry.id == last.c.id)
        .where(LedgerEntry.verb == ChangeVerb.ADD)
    )
    studies, series = tx.execute(query).one()
    return studies, series


def shared_with(tx: Session, album_id: int, others: Collection[int]) -> int:
    """Count the series of an album that are in one of some other albums too."""
    last, table = _last_lines(album_id, None).subquery(), aliased(LedgerEntry)
    mine = select(table.series_uid).join(last, table.id == last.c.id).where(table.verb == ChangeVerb.ADD)
    theirs = (
        select(func.max(LedgerEntry.id).label("id"))
        .where(
            LedgerEntry.album_id.in_(others),
            LedgerEntry.done_at.is_not(None),
            LedgerEntry.series_uid.in_(mine),
        )
        .group_by(LedgerEntry.album_id, LedgerEntry.series_uid)
        .subquery()
    )
    query = (
        select(func.count(LedgerEntry.series_uid.distinct()))
        .join(theirs, LedgerEntry.id == theirs.c.id)
        .where(LedgerEntry.verb == ChangeVerb.ADD)
    )
    return tx.scalar(query) or 0


def undoable(tx: Session, change_id: str, album_id: int) -> list[str]:
    """Return the series that a change put in or took out and that nobody has touched in the album since.

    A line that found things as it left them - a series that was in the album already - changed nothing, and
    there is nothing of it to take back.
    """
    last = _last_lines(album_id, None).subquery()
    before = aliased(LedgerEntry)
    verb_before = (
        select(before.verb)
        .where(
            before.album_id == album_id,
            before.series_uid == LedgerEntry.series_uid,
            before.done_at.is_not(None),
            before.id < LedgerEntry.id,
        )
        .order_by(before.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(LedgerEntry.series_uid)
        .join(last, LedgerEntry.id == last.c.id)
        .where(
            LedgerEntry.change_id == change_id,
            func.coalesce(verb_before, ChangeVerb.REMOVE) != LedgerEntry.verb,
        )
        .order_by(LedgerEntry.id)
    )
    return list(tx.scalars(query))


def _last_lines(album_id: int, at: datetime | None) -> Select[int]:
    """Select the last line done for each series of an album, up to a moment.

    Changes of one album are done one after the other, so the order of the lines is that of what happened.
    """
    query = (
        select(func.max(LedgerEntry.id).label("id"))
        .where(LedgerEntry.album_id == album_id, LedgerEntry.done_at.is_not(None))
        .group_by(LedgerEntry.series_uid)
    )
    return query if at is None else query.where(LedgerEntry.done_at <= at)
