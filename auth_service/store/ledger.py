"""The ledger in the database: changes, and their lines, which are added and stamped once."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import cast

from sqlalchemy import CursorResult, ScalarSelect, Table, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from auth_service.pieces import pieces
from auth_service.store.tables import Album, Change, LedgerEntry, NotTakenEntry
from auth_service.vocabulary import ChangeState, ChangeVerb, LineFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a series was when it was named for an album, or put into it."""

    study_uid: str
    orthanc_study: str
    orthanc_series: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One series of a change that is due."""

    id: int
    series_uid: str
    place: Place | None = None
    """Where it was when the change was asked for, if it was looked for then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What came of one line: done, with what it was found as, or why not."""

    line: int
    place: Place | None = None
    failure: LineFailure | None = None


_TABLE = cast("Table", LedgerEntry.__table__)
"""For what is about thousands of lines at once: most of its cost would be objects made of them."""

_DUE_STATES = (ChangeState.WAITING, ChangeState.RUNNING)

_NOT_OVER = (ChangeState.RECEIVING, *_DUE_STATES)

_DUE = (LedgerEntry.done_at.is_(None), LedgerEntry.failure.is_(None))
"""What holds of a line that is still to be done."""

PLACE = (LedgerEntry.study_uid, LedgerEntry.orthanc_study, LedgerEntry.orthanc_series)

_STAMPED = ("done_at", "failure", *(column.key for column in PLACE))


def add_change(
    tx: Session,
    *,
    change_id: str,
    album_id: int,
    verb: ChangeVerb,
    series: Iterable[str],
    actor: str,
    actor_name: str,
    at: datetime,
    asker: str | None = None,
    undoes: str | None = None,
    state: ChangeState = ChangeState.WAITING,
    places: Mapping[str, Place] = MappingProxyType({}),
) -> None:
    """Write down what is to be done: the change, and a line for each series, if there is any.

    Parameters
    ----------
    places : mapping of str to Place
        Where series were found just now.

    """
    tx.add(
        Change(
            id=change_id,
            album_id=album_id,
            verb=verb,
            state=state,
            actor=actor,
            actor_name=actor_name,
            asker=asker,
            created_at=at,
            undoes=undoes,
        )
    )
    tx.flush()
    lines = [
        {
            "change_id": change_id,
            "album_id": album_id,
            "verb": verb,
            "series_uid": uid,
            "intended_at": at,
            **_columns(places.get(uid)),
        }
        for uid in series
    ]
    if lines:
        tx.execute(insert(_TABLE), lines)


def add_not_taken(tx: Session, change_id: str, entries: Iterable[tuple[str, str, Collection[str]]]) -> None:
    """Write down what was named for a change and is no line of it: its name, why, and the lacking rights."""
    rows = [
        {"change_id": change_id, "name": name, "why": why, "lacking": sorted(lacking)}
        for name, why, lacking in entries
    ]
    if rows:
        tx.execute(insert(NotTakenEntry), rows)


def changes(
    tx: Session,
    album_id: int,
    *,
    asker: str | None = None,
    actor: str | None = None,
    limit: int,
    offset: int,
) -> tuple[list[Change], int]:
    """Return some of an album's changes, the newest first, and how many there are.

    Parameters
    ----------
    asker : str or None
        Only those that this person asked for, himself or by a program; ``None``: everybody's.
    actor : str or None
        Only those that came from the actor of this key; ``None``: from anybody.

    """
    mine = [Change.album_id == album_id]
    if asker is not None:
        mine.append(Change.asker == asker)
    if actor is not None:
        mine.append(Change.actor == actor)
    total = tx.scalar(select(func.count()).select_from(Change).where(*mine)) or 0
    newest = select(Change).where(*mine).order_by(Change.created_at.desc(), _first_line().desc())
    return list(tx.scalars(newest.limit(limit).offset(offset))), total


def change(tx: Session, change_id: str) -> tuple[Change, Album] | None:
    """Return a change and its album."""
    row = tx.execute(
        select(Change, Album).join(Album, Album.id == Change.album_id).where(Change.id == change_id)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def unfinished(tx: Session, album_id: int | None = None) -> list[str]:
    """Return the changes that are waiting or running, of one album or of all, the oldest first."""
    query = select(Change.id).where(Change.state.in_(_DUE_STATES))
    if album_id is not None:
        query = query.where(Change.album_id == album_id)
    return list(tx.scalars(query.order_by(_first_line())))


def number_unfinished(tx: Session, asker: str) -> int:
    """Count the changes that a person asked for, himself or by a program, and that are not over."""
    query = select(func.count()).select_from(Change)
    return tx.scalar(query.where(Change.asker == asker, Change.state.in_(_NOT_OVER))) or 0


def first_of_albums(tx: Session) -> list[Change]:
    """Return of each album the first change that is waiting or running, the oldest first."""
    query = select(Change).where(Change.state.in_(_DUE_STATES)).order_by(_first_line())
    first: dict[int, Change] = {}
    for found in tx.scalars(query):
        first.setdefault(found.album_id, found)
    return list(first.values())


def due(tx: Session, change_id: str, limit: int) -> list[Line]:
    """Return the next lines of a change that are due."""
    next_ones = (
        select(LedgerEntry.id)
        .where(LedgerEntry.change_id == change_id, *_DUE)
        .order_by(LedgerEntry.id)
        .limit(limit)
    )
    # Apart: otherwise all that is due is sorted with all that is asked of it.
    query = (
        select(LedgerEntry.id, LedgerEntry.series_uid, *PLACE)
        .where(LedgerEntry.id.in_(next_ones))
        .order_by(LedgerEntry.id)
    )
    return [
        Line(id=line, series_uid=uid, place=_place(study, orthanc_study, series))
        for line, uid, study, orthanc_study, series in tx.execute(query)
    ]


def due_of(tx: Session, change_id: str, series: Collection[str]) -> list[Line]:
    """Return the lines of a change about some series that are due."""
    found: list[Line] = []
    for some in pieces(sorted(series), 500):
        query = select(LedgerEntry.id, LedgerEntry.series_uid).where(
            LedgerEntry.change_id == change_id, LedgerEntry.series_uid.in_(some), *_DUE
        )
        found += [Line(id=line, series_uid=uid) for line, uid in tx.execute(query)]
    return found


def stamp(tx: Session, stamps: Collection[Stamp], at: datetime) -> None:
    """Stamp lines as done, or with why not; one that somebody else stamped meanwhile stays as it is."""
    statement = (
        update(_TABLE)
        .where(
            _TABLE.c.id == bindparam("line"),
            _TABLE.c.done_at.is_(None),
            _TABLE.c.failure.is_(None),
        )
        .values({name: bindparam(f"new_{name}") for name in _STAMPED})
    )
    values = [
        {
            "line": each.line,
            "new_done_at": at if each.failure is None else None,
            "new_failure": each.failure,
            **{f"new_{name}": value for name, value in _columns(each.place).items()},
        }
        for each in stamps
    ]
    if values:
        tx.connection().execute(statement, values)


def set_state(tx: Session, change_id: str, state: ChangeState, *, finished_at: datetime | None) -> bool:
    """Say how far a change has come; ``False`` if it has been finished already."""
    result = tx.execute(
        update(Change)
        .where(Change.id == change_id, Change.state.in_(_NOT_OVER))
        .values(state=state, finished_at=finished_at)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def ask_to_cancel(tx: Session, change_id: str, at: datetime) -> bool:
    """Note that a change is to be stopped; ``False`` if it is over, or was stopped before."""
    result = tx.execute(
        update(Change)
        .where(
            Change.id == change_id,
            Change.state.in_(_NOT_OVER),
            Change.cancelled_at.is_(None),
        )
        .values(cancelled_at=at)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def add_line(tx: Session, change_id: str, *, album_id: int, series: str, at: datetime) -> None:
    """Write down that a series is to be put in by a change that is receiving, before the archive has it."""
    tx.add(
        LedgerEntry(
            change_id=change_id, album_id=album_id, verb=ChangeVerb.ADD, series_uid=series, intended_at=at
        )
    )


def line(tx: Session, change_id: str, series: str) -> LedgerEntry | None:
    """Return the line of a change about one series."""
    query = select(LedgerEntry).where(LedgerEntry.change_id == change_id, LedgerEntry.series_uid == series)
    return tx.scalars(query).one_or_none()


def received(tx: Session, change_id: str) -> bool:
    """Say that nothing more comes by a change that was receiving; ``False`` if it was said before."""
    result = tx.execute(
        update(Change)
        .where(Change.id == change_id, Change.state == ChangeState.RECEIVING)
        .values(state=ChangeState.WAITING)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def give_up(tx: Session, change_id: str) -> None:
    """Stamp what is still due of a change as never come."""
    tx.execute(
        update(LedgerEntry)
        .where(LedgerEntry.change_id == change_id, *_DUE)
        .values(failure=LineFailure.MISSING)
    )


def left_due(tx: Session, before: datetime) -> list[str]:
    """Return the changes that are receiving with lines due since before a moment."""
    query = (
        select(Change.id)
        .join(LedgerEntry, LedgerEntry.change_id == Change.id)
        .where(Change.state == ChangeState.RECEIVING, LedgerEntry.intended_at < before, *_DUE)
        .distinct()
    )
    return list(tx.scalars(query))


def cancel_due(tx: Session, change_id: str) -> None:
    """Stamp every line of a change that is due as stopped."""
    tx.execute(
        update(LedgerEntry)
        .where(
            LedgerEntry.change_id == change_id,
            *_DUE,
        )
        .values(failure=LineFailure.CANCELLED)
    )


def to_be_added(tx: Session, album_id: int) -> frozenset[str]:
    """Return the series that are still to be put into an album."""
    query = select(LedgerEntry.series_uid).where(
        LedgerEntry.album_id == album_id,
        LedgerEntry.verb == ChangeVerb.ADD,
        *_DUE,
    )
    return frozenset(tx.scalars(query))


def under_way(tx: Session, album_id: int) -> frozenset[str]:
    """Return the series of an album's changes that are not over: their labels may be ahead of the ledger."""
    query = (
        select(LedgerEntry.series_uid)
        .join(Change, Change.id == LedgerEntry.change_id)
        .where(LedgerEntry.album_id == album_id, Change.state.in_(_NOT_OVER))
    )
    return frozenset(tx.scalars(query))


def _columns(place: Place | None) -> dict[str, str | None]:
    return {column.key: getattr(place, column.key, None) for column in PLACE}


def _place(study_uid: str | None, orthanc_study: str | None, orthanc_series: str | None) -> Place | None:
    if study_uid is None or orthanc_study is None or orthanc_series is None:
        return None
    return Place(study_uid=study_uid, orthanc_study=orthanc_study, orthanc_series=orthanc_series)


def _first_line() -> ScalarSelect[int]:
    """Select the first line of each change: their order is that in which changes were asked for."""
    return select(func.min(LedgerEntry.id)).where(LedgerEntry.change_id == Change.id).scalar_subquery()
