"""The chains of the audit in the database: links that are due, where chains end, and what may be removed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from auth_service.audit.chain import Heads, Link
from auth_service.store.tables import AuditChain, AuditLink, AuditRecord, AuditRemoval
from auth_service.vocabulary import FOLDED_EVENTS, AuditEvent

_COLUMNS = AuditRecord.__table__.columns

Record = Mapping[str, Any]
"""All columns of a record, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A link as it is in the database, and its record, unless that is gone."""

    link: Link
    digest: str
    record: Record | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Which records are due for a process."""

    writer: str
    """The process: it links its own records."""
    settled: datetime
    """The count of a record of before this moment does not rise any more."""
    orphaned: datetime
    """A record of before this moment is linked by any process: its own must be dead."""


def is_due(tx: Session, bounds: Bounds) -> bool:
    """Tell whether there is anything to link."""
    query = select(AuditLink.record).join(AuditRecord, AuditRecord.id == AuditLink.record)
    return tx.scalar(query.where(_due(bounds)).limit(1)) is not None


def due(tx: Session, bounds: Bounds, *, most: int) -> list[tuple[str, Record]]:
    """Return the records that are due, the oldest first, each with its writer; others wait for them."""
    query = (
        select(AuditLink.writer, *_COLUMNS)
        .join(AuditRecord, AuditRecord.id == AuditLink.record)
        .where(_due(bounds))
        .order_by(AuditLink.record)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return [
        (writer, dict(zip(_COLUMNS.keys(), values, strict=True))) for writer, *values in tx.execute(query)
    ]


def _due(bounds: Bounds) -> ColumnElement[bool]:
    ripe = or_(AuditRecord.event.not_in(FOLDED_EVENTS), AuditRecord.at <= bounds.settled)
    own = and_(AuditLink.writer == bounds.writer, ripe)
    return and_(AuditLink.digest.is_(None), or_(own, AuditLink.recorded_at <= bounds.orphaned))


def open_chain(tx: Session, *, chain: str, begun_at: datetime, heads: Heads, digest: str) -> None:
    """Begin a chain."""
    ends = {name: list(head) for name, head in heads.items()}
    tx.add(AuditChain(id=chain, begun_at=begun_at, heads=ends, digest=digest))
    tx.flush()


def stamp(tx: Session, links: Sequence[tuple[Link, str]]) -> None:
    """Put records' places in a chain down, once each, with the digests of the links."""
    rows = [
        {
            "record": link.record,
            "chain": link.chain,
            "position": link.position,
            "linked_at": link.linked_at,
            "content": link.content,
            "digest": digest,
        }
        for link, digest in links
    ]
    tx.execute(update(AuditLink), rows)


def heads(tx: Session) -> Heads:
    """Return where all chains end."""
    last = select(func.max(AuditLink.position)).where(AuditLink.chain == AuditChain.id).scalar_subquery()
    ends = select(AuditChain.id, AuditChain.digest, last.label("last")).subquery()
    query = select(ends.c.id, ends.c.last, func.coalesce(AuditLink.digest, ends.c.digest)).outerjoin(
        AuditLink, and_(AuditLink.chain == ends.c.id, AuditLink.position == ends.c.last)
    )
    return {chain: (position or 0, digest) for chain, position, digest in tx.execute(query)}


def uncovered_heads(tx: Session) -> Heads:
    """Return where those chains end whose last link no other chain's opening covers."""
    covered: dict[str, int] = {}
    for each in chains(tx):
        for name, (position, _) in each.heads.items():
            covered[name] = max(position, covered.get(name, 0))
    return {name: head for name, head in heads(tx).items() if head[0] > covered.get(name, -1)}


def chains(tx: Session) -> list[AuditChain]:
    """Return all chains, the oldest first."""
    return list(tx.scalars(select(AuditChain).order_by(AuditChain.begun_at, AuditChain.id)))


def links(tx: Session, *, chain: str) -> Iterator[Kept]:
    """Return the links of a chain in order, with their records."""
    query = (
        select(AuditLink, *_COLUMNS)
        .outerjoin(AuditRecord, AuditRecord.id == AuditLink.record)
        .where(AuditLink.chain == chain)
        .order_by(AuditLink.position)
        .execution_options(yield_per=1000)
    )
    for link, *values in tx.execute(query):
        record = dict(zip(_COLUMNS.keys(), values, strict=True))
        yield Kept(link=as_link(link), digest=link.digest, record=record if record["id"] else None)
        tx.expunge(link)


def as_link(row: AuditLink) -> Link:
    """Return a stamped row as what digests are made of."""
    assert row.chain is not None  # noqa: S101 - the database lets a digest be stamped only with the rest
    assert row.position is not None  # noqa: S101
    assert row.linked_at is not None  # noqa: S101
    assert row.content is not None  # noqa: S101
    return Link(
        chain=row.chain,
        position=row.position,
        record=row.record,
        writer=row.writer,
        recorded_at=row.recorded_at,
        linked_at=row.linked_at,
        content=row.content,
    )


def digest_at(tx: Session, *, chain: str, position: int) -> str | None:
    """Return the digest of one link, or of a chain's opening."""
    if position == 0:
        return tx.scalar(select(AuditChain.digest).where(AuditChain.id == chain))
    return tx.scalar(select(AuditLink.digest).where(AuditLink.chain == chain, AuditLink.position == position))


def records_without_link(tx: Session) -> Iterator[int]:
    """Return the records that were put there by something else than the service."""
    linked = exists().where(AuditLink.record == AuditRecord.id)
    yield from tx.scalars(select(AuditRecord.id).where(~linked).order_by(AuditRecord.id))


def links_due(tx: Session, *, before: datetime) -> Iterator[tuple[int, bool]]:
    """Return the records of before a moment that are in no chain yet, and whether they are still there."""
    there = exists().where(AuditRecord.id == AuditLink.record)
    query = select(AuditLink.record, there).where(AuditLink.digest.is_(None), AuditLink.recorded_at < before)
    for record, is_there in tx.execute(query.order_by(AuditLink.record)):
        yield record, bool(is_there)


def chains_without_opening(tx: Session) -> list[str]:
    """Return the names of chains that have links and no opening."""
    named = select(AuditLink.chain).where(AuditLink.chain.is_not(None)).distinct()
    opened = set(tx.scalars(select(AuditChain.id)))
    return sorted(chain for chain in tx.scalars(named) if chain is not None and chain not in opened)


def removals(tx: Session) -> list[AuditRemoval]:
    """Return what was removed, the oldest bound first."""
    return list(tx.scalars(select(AuditRemoval).order_by(AuditRemoval.until)))


def removals_on_record(tx: Session) -> list[dict[str, Any]]:
    """Return what the records of removals say."""
    return list(
        tx.scalars(select(AuditRecord.details).where(AuditRecord.event == AuditEvent.RECORDS_REMOVED))
    )


def removable(tx: Session, *, before: datetime, most: int) -> datetime | None:
    """Return until when records may be removed in one transaction; ``None``: there are none."""
    at = AuditRecord.at
    some = tx.scalar(select(at).where(at < before).order_by(at).offset(most).limit(1))
    # Where so many are of one moment, or are in no chain, all are removed at once.
    bounds = (before,) if some is None else (some, before)
    return next((bound for bound in bounds if _any_before(tx, bound)), None)


def _any_before(tx: Session, bound: datetime) -> bool:
    return tx.scalar(select(AuditRecord.id).where(AuditRecord.at < bound, _linked()).limit(1)) is not None


def announce_removal(tx: Session, *, until: datetime, at: datetime) -> int:
    """Let the records of before a moment be removed, and return how many those are.

    Another process that would remove the same waits, and then finds none.
    """
    old = select(AuditRecord.id).where(AuditRecord.at < until, _linked()).with_for_update()
    count = len(tx.scalars(old).all())
    if count:
        tx.add(AuditRemoval(until=until, removed_at=at, count=count))
        tx.flush()
    return count


def remove(tx: Session, *, until: datetime) -> None:
    """Remove the records of before a moment; what is in no chain yet stays."""
    old = delete(AuditRecord).where(AuditRecord.at < until, _linked())
    tx.execute(old.execution_options(synchronize_session=False))


def _linked() -> ColumnElement[bool]:
    return exists().where(AuditLink.record == AuditRecord.id, AuditLink.digest.is_not(None))
