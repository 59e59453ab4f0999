"""The audit table: rows are added, and the count of one may rise; the database refuses everything else.

What cannot be put on record does not happen: every failure to write here is `Unavailable`, which ends the
transaction of the change that was to be recorded.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from auth_service.errors import Unavailable
from auth_service.store.tables import AuditLink, AuditRecord
from auth_service.vocabulary import AuditEvent

log = logging.getLogger(__name__)

MOST_OF_A_REQUEST = 20


def add(tx: Session, **values: Any) -> None:  # noqa: ANN401 - the table's columns
    """Add a record; columns that are not named are empty.

    Raises
    ------
    Unavailable
        If it cannot be written.

    """
    with _written():
        _insert(tx, values)


def _insert(tx: Session, values: dict[str, Any]) -> None:
    record = AuditRecord(**{"count": 1, "details": {}, **values})
    tx.add(record)
    tx.flush()
    tx.add(AuditLink(record=record.id, writer=tx.info["writer"], recorded_at=record.at))
    tx.flush()


def add_all(tx: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Add many records with a statement for all of them: what goes on record meanwhile waits for this.

    Raises
    ------
    Unavailable
        If one cannot be written.

    """
    if not rows:
        return
    added = insert(AuditRecord).returning(AuditRecord.id, AuditRecord.at)
    with _written():
        records = tx.execute(added, [{"count": 1, "details": {}, **row} for row in rows]).all()
        links = [{"record": id_, "writer": tx.info["writer"], "recorded_at": at} for id_, at in records]
        tx.execute(insert(AuditLink), links)


@contextmanager
def _written() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        log.warning("the audit cannot be written: %s", str(error.orig).partition("\n")[0])
        raise Unavailable("audit") from error


def add_first_view(tx: Session, **values: Any) -> bool:  # noqa: ANN401 - the table's columns
    """Add the first look of a session into a study; tell whether it was added.

    Of two that come at once the index lets one in. Whatever else stops it is a failure to write.

    Raises
    ------
    Unavailable
        If it cannot be written.

    """
    with _written():
        try:
            with tx.begin_nested():
                _insert(tx, values)
        except IntegrityError:
            same = {name: values[name] for name in ("session", "study_uid", "label")}
            if not has_viewed(tx, **same):
                raise
            return False
    return True


def raise_count(
    tx: Session,
    *,
    event: str,
    actor: str,
    action: str | None,
    target: str | None,
    label: str | None,
    reason: str,
    address: str | None = None,
    since: datetime,
) -> bool:
    """Count a repeat on the newest record of the same thing, if there is any since a moment.

    With an ``address``, only what came from there is the same. A record that is in a chain is not touched.

    Raises
    ------
    Unavailable
        If it cannot be written.

    """
    newest = tx.scalar(
        select(AuditRecord.id)
        .where(
            AuditRecord.actor == actor,
            AuditRecord.at > since,
            AuditRecord.event == event,
            AuditRecord.action.is_not_distinct_from(action),
            AuditRecord.target.is_not_distinct_from(target),
            AuditRecord.label.is_not_distinct_from(label),
            AuditRecord.reason == reason,
            *([AuditRecord.address == address] if address is not None else []),
            ~exists().where(AuditLink.record == AuditRecord.id, AuditLink.digest.is_not(None)),
        )
        .order_by(AuditRecord.id.desc())
        .limit(1)
    )
    if newest is None:
        return False
    with _written():
        tx.execute(update(AuditRecord).where(AuditRecord.id == newest).values(count=AuditRecord.count + 1))
    return True


def denials_since(tx: Session, *, actor: str, since: datetime) -> int:
    """Count an actor's records of denials since a moment."""
    query = select(func.count()).where(
        AuditRecord.actor == actor, AuditRecord.at > since, AuditRecord.event == AuditEvent.DENIED
    )
    return tx.scalar(query) or 0


def ambiguity_since(tx: Session, *, uid: str, since: datetime) -> bool:
    """Tell whether an ambiguous identifier is on record since a moment."""
    query = select(
        exists().where(
            AuditRecord.at > since, AuditRecord.target == uid, AuditRecord.event == AuditEvent.AMBIGUOUS
        )
    )
    return bool(tx.scalar(query))


def has_viewed(tx: Session, *, session: str, study_uid: str, label: str | None) -> bool:
    """Tell whether a look into the study by a label is on record for the session."""
    query = select(
        exists().where(
            AuditRecord.session == session,
            AuditRecord.study_uid == study_uid,
            AuditRecord.label.is_not_distinct_from(label),
            AuditRecord.event == AuditEvent.STUDY_VIEWED,
        )
    )
    return bool(tx.scalar(query))


def has_viewed_since(tx: Session, *, actor: str, study_uid: str, label: str | None, since: datetime) -> bool:
    """Tell whether a look into the study by a label, without a session, is on record since a moment."""
    query = select(
        exists().where(
            AuditRecord.actor == actor,
            AuditRecord.at > since,
            AuditRecord.study_uid == study_uid,
            AuditRecord.label.is_not_distinct_from(label),
            AuditRecord.session.is_(None),
            AuditRecord.event == AuditEvent.STUDY_VIEWED,
        )
    )
    return bool(tx.scalar(query))


def of_request(tx: Session, *, request_id: str, events: Collection[str]) -> list[AuditRecord]:
    """Return the records of some events that a request left, oldest first."""
    query = select(AuditRecord).where(AuditRecord.request_id == request_id, AuditRecord.event.in_(events))
    return list(tx.scalars(query.order_by(AuditRecord.id).limit(MOST_OF_A_REQUEST)))


def last_of(
    tx: Session, *, actor: str, events: Collection[str], labels: Collection[str] | None, limit: int
) -> list[AuditRecord]:
    """Return an actor's last records of some events, the newest first.

    Parameters
    ----------
    labels : collection of str, optional
        Only what happened through one of these; ``None``: everything.

    """
    query = select(AuditRecord).where(AuditRecord.actor == actor, AuditRecord.event.in_(events))
    if labels is not None:
        query = query.where(AuditRecord.label.in_(labels))
    return list(tx.scalars(query.order_by(AuditRecord.at.desc(), AuditRecord.id.desc()).limit(limit)))


def of_label(tx: Session, *, label: str, event: AuditEvent) -> list[AuditRecord]:
    """Return the records of one event that speak of a label, oldest first."""
    query = select(AuditRecord).where(AuditRecord.label == label, AuditRecord.event == event)
    return list(tx.scalars(query.order_by(AuditRecord.id)))


def of_label_since(
    tx: Session, *, label: str, events: Collection[AuditEvent], since: datetime
) -> list[AuditRecord]:
    """Return the records of some events that speak of a label, from a moment on, oldest first."""
    query = select(AuditRecord).where(
        AuditRecord.label == label, AuditRecord.event.in_(events), AuditRecord.at >= since
    )
    return list(tx.scalars(query.order_by(AuditRecord.id)))


def records(tx: Session) -> list[AuditRecord]:
    """Return everything on record, oldest first."""
    return list(tx.scalars(select(AuditRecord).order_by(AuditRecord.id)))
