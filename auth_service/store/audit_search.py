"""Questions to the audit table: filtered, the newest first, page by page or all of it.

The order is by moment and then by id, so that it never changes; each index of the table ends with both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.orm import Session

from auth_service.store.database import Store
from auth_service.store.tables import AuditChain, AuditLink, AuditRecord

CHUNK = 1000
"""Records that are in memory at once where all of them are wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which records are wanted; what is ``None`` or empty narrows nothing."""

    labels: frozenset[str] | None = None
    """Only what happened through these; ``None``: all, also what carries no label. Never empty."""
    events: tuple[str, ...] = ()
    actor: str = ""
    """A key (``person:…``), or a part of a name."""
    action: str | None = None
    study_uid: str | None = None
    reason: str | None = None
    target: str = ""
    """A part of it."""
    since: datetime | None = None
    before: datetime | None = None
    upto: int | None = None
    """Nothing newer than this record: pages that are read one after the other do not shift."""

    def __post_init__(self) -> None:
        if self.labels is not None and not self.labels:
            raise ValueError("an empty set of labels would narrow nothing")


def page(tx: Session, question: Question, *, limit: int, offset: int) -> list[AuditRecord]:
    """Return some of the records, the newest first."""
    query = select(AuditRecord).where(*_asked(question))
    return list(tx.scalars(_newest_first(query).limit(limit).offset(offset)))


def count(tx: Session, question: Question) -> int:
    """Count the records."""
    return tx.scalar(select(func.count()).select_from(AuditRecord).where(*_asked(question))) or 0


def newest(tx: Session) -> int:
    """Return the id of the newest record; 0 where there is none."""
    return tx.scalar(select(func.max(AuditRecord.id))) or 0


def every(store: Store, question: Question) -> Iterator[AuditRecord]:
    """Return all of the records, the newest first: in chunks, so that no transaction waits for a reader."""
    last: AuditRecord | None = None
    while True:
        query = select(AuditRecord).where(*_asked(question))
        if last is not None:
            query = query.where(tuple_(AuditRecord.at, AuditRecord.id) < (last.at, last.id))
        with store.read() as tx:
            chunk = list(tx.scalars(_newest_first(query).limit(CHUNK)))
        yield from chunk
        if len(chunk) < CHUNK:
            return
        last = chunk[-1]


def with_links(
    tx: Session, *, since: datetime | None, before: datetime | None
) -> Iterator[tuple[AuditRecord, AuditLink | None, str | None]]:
    """Return records in order of their ids, each with its link and the digest of the link before."""
    earlier = _previous_digest()
    query = select(AuditRecord, AuditLink, earlier).outerjoin(AuditLink, AuditLink.record == AuditRecord.id)
    query = query.where(*_within(since, before)).order_by(AuditRecord.id)
    for record, link, previous in tx.execute(query.execution_options(yield_per=CHUNK)):
        yield record, link, previous
        tx.expunge_all()


def _previous_digest() -> ColumnElement[str | None]:
    earlier = AuditLink.__table__.alias("earlier")
    of_link = select(earlier.c.digest).where(
        earlier.c.chain == AuditLink.chain, earlier.c.position == AuditLink.position - 1
    )
    of_opening = select(AuditChain.digest).where(AuditChain.id == AuditLink.chain)
    return func.coalesce(
        of_link.correlate(AuditLink).scalar_subquery(), of_opening.correlate(AuditLink).scalar_subquery()
    )


def _newest_first(query: Select[AuditRecord]) -> Select[AuditRecord]:
    return query.order_by(AuditRecord.at.desc(), AuditRecord.id.desc())


def _asked(question: Question) -> list[ColumnElement[bool]]:
    conditions = [*_within(question.since, question.before)]
    if question.labels is not None:
        conditions.append(AuditRecord.label.in_(sorted(question.labels)))
    if question.events:
        conditions.append(AuditRecord.event.in_(question.events))
    if question.actor:
        conditions.append(_is_actor(question.actor))
    if question.target:
        conditions.append(AuditRecord.target.icontains(question.target, autoescape=True))
    for column, value in (
        (AuditRecord.action, question.action),
        (AuditRecord.study_uid, question.study_uid),
        (AuditRecord.reason, question.reason),
    ):
        if value is not None:
            conditions.append(column == value)
    if question.upto is not None:
        conditions.append(AuditRecord.id <= question.upto)
    return conditions


def _is_actor(text: str) -> ColumnElement[bool]:
    if ":" in text:
        return AuditRecord.actor == text
    return or_(AuditRecord.actor == text, AuditRecord.actor_name.icontains(text, autoescape=True))


def _within(since: datetime | None, before: datetime | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if since is not None:
        found.append(AuditRecord.at >= since)
    if before is not None:
        found.append(AuditRecord.at < before)
    return found
