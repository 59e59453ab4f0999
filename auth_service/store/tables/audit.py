"""The audit, and the chain that shows whether it was touched."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.store.tables.base import Base


class AuditRecord(Base):
    """What happened: rows are added, stay for as long as the site says, and copy what they speak of."""

    __tablename__ = "audit"
    __table_args__ = (
        # Every list is the newest first, and the id settles what happened at the same moment.
        Index("ix_audit_at_id", "at", "id"),
        Index("ix_audit_event_at_id", "event", "at", "id"),
        Index("ix_audit_actor_at_id", "actor", "at", "id"),
        Index("ix_audit_label_at_id", "label", "at", "id"),
        Index("ix_audit_study_uid_at_id", "study_uid", "at", "id"),
        # Whether somebody looked into a study before in his session, through an album, is asked at every new
        # decision.
        Index(
            "uq_audit_first_view",
            "session",
            "study_uid",
            "label",
            unique=True,
            sqlite_where=text("event = 'study-viewed'"),
            postgresql_where=text("event = 'study-viewed'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    event: Mapped[str]
    actor: Mapped[str]
    """The actor's key: kind, provider, subject."""
    actor_name: Mapped[str]
    session: Mapped[str | None]
    action: Mapped[str | None]
    level: Mapped[str | None]
    target: Mapped[str | None]
    """Normalised path, UID, or slug: what it was about."""
    study_uid: Mapped[str | None]
    label: Mapped[str | None]
    reason: Mapped[str | None]
    rule: Mapped[str | None]
    address: Mapped[str | None]
    request_id: Mapped[str | None]
    count: Mapped[int]
    """How many times, where repeats were folded into one record."""
    details: Mapped[dict[str, Any]] = mapped_column(JSON)


class AuditChain(Base):
    """A chain of audit records, which one process makes: its opening covers the ends of the others."""

    __tablename__ = "audit_chains"

    id: Mapped[str] = mapped_column(primary_key=True)
    begun_at: Mapped[datetime]
    heads: Mapped[dict[str, Any]]
    """``{chain: [position, digest]}``: the last links that no other chain had covered yet."""
    digest: Mapped[str]


class AuditLink(Base):
    """A record's place in a chain: added with the record, stamped once, kept when the record is removed."""

    __tablename__ = "audit_links"
    __table_args__ = (
        UniqueConstraint("chain", "position"),
        Index(
            "ix_audit_links_due",
            "record",
            sqlite_where=text("digest IS NULL"),
            postgresql_where=text("digest IS NULL"),
        ),
    )

    record: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    writer: Mapped[str]
    """The process that wrote the record, and links it while it lives."""
    recorded_at: Mapped[datetime]
    chain: Mapped[str | None] = mapped_column(ForeignKey("audit_chains.id"))
    position: Mapped[int | None]
    """From 1 on; 0 is the chain's opening."""
    linked_at: Mapped[datetime | None]
    content: Mapped[str | None]
    """Digest of the record alone: the chain can be followed when the record is gone."""
    digest: Mapped[str | None]
    """Digest of this link and the one before. Where it is not set, the link is due."""


class AuditRemoval(Base):
    """Old records that were removed, all that were older than a moment; triggers read it."""

    __tablename__ = "audit_removals"

    until: Mapped[datetime] = mapped_column(primary_key=True)
    removed_at: Mapped[datetime]
    count: Mapped[int]
