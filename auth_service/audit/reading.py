"""Read the audit: administrators all of it, owners what happened through their own albums' labels.

An owner learns who did what to which study through his album, and why it was allowed or refused; not from
which address, in which session, or under which request's number. That somebody with the role of an
administrator reads is itself on record.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from auth_service.albums.rights import check, on_record
from auth_service.audit import system as audit_system
from auth_service.errors import Invalid
from auth_service.gate import refuse_system
from auth_service.grants import grants_of
from auth_service.judging import judge_system
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.engine import visible
from auth_service.policy.model import Actor, Openings
from auth_service.store import audit_search as table
from auth_service.store.audit_search import Question
from auth_service.store.tables import AuditRecord
from auth_service.vocabulary import ALBUM_LABEL_PREFIX, Action
from auth_service.world import World

MOST_EXPORTED = 100_000
"""Records in one file; a spreadsheet holds about a million rows."""

PATH = "/api/audit"
"""Under which a refusal is on record."""

_OWNERS_DETAILS = frozenset(
    {"title", "owner", "change", "verb", "series", "done", "failed", "member", "before", "after", "flood"}
)
"""What owners may read of a record's details: names what was done, never who else somebody is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A record, as far as the one who reads may see it."""

    id: int
    at: datetime
    event: str
    actor: str
    actor_name: str
    action: str | None
    level: str | None
    target: str | None
    study_uid: str | None
    label: str | None
    reason: str | None
    rule: str | None
    count: int
    details: Mapping[str, Any]
    session: str | None = None
    address: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of the records that match, and how many match."""

    items: tuple[Entry, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What somebody may read of what he asked for."""

    question: Question
    whole: bool
    """Whether he is an administrator, who sees every column."""

    def entry(self, record: AuditRecord) -> Entry:
        """Return a record as far as he may see it."""
        values = {name: getattr(record, name) for name in Entry.__dataclass_fields__}
        if not self.whole:
            shown = {name: value for name, value in record.details.items() if name in _OWNERS_DETAILS}
            values |= {"session": None, "address": None, "request_id": None, "details": shown}
        return Entry(**values)


def read_audit(
    world: World,
    *,
    actor: Actor,
    question: Question,
    label: str | None = None,
    limit: int,
    offset: int = 0,
    origin: Origin = NOWHERE,
) -> Page:
    """Return one page of the records that match, the newest first.

    Parameters
    ----------
    world : World
    actor : Actor
    question : Question
        Without labels: those come from what he may read.
    label : str, optional
        Only what happened through this label.
    limit, offset : int
    origin : Origin

    Raises
    ------
    NotFound
        If it is the label of an album that he may not see.
    Forbidden
        If he may see the album and not read its audit, or owns none at all.
    Unavailable
        If the reading of an administrator cannot be put on record.

    """
    reading = _reading(world, actor, question, label, origin)
    if reading.whole:
        with world.store.write() as tx:
            audit_system.audit_read(
                tx,
                at=world.clock(),
                actor=actor,
                question=_words(reading.question),
                origin=origin,
            )
    with world.store.snapshot() as tx:
        found = table.page(tx, reading.question, limit=limit, offset=offset)
        return Page(
            items=tuple(reading.entry(record) for record in found), total=table.count(tx, reading.question)
        )


def export_audit(
    world: World,
    *,
    actor: Actor,
    question: Question,
    label: str | None = None,
    origin: Origin = NOWHERE,
) -> tuple[bool, Iterator[Entry]]:
    """Return all records that match, and whether with every column; that they are taken away is on record.

    Raises
    ------
    Invalid
        If those are too many for one file.
    NotFound, Forbidden, Unavailable
        As for `read_audit`.

    """
    reading = _reading(world, actor, question, label, origin)
    with world.store.write() as tx:
        # What is recorded from here on, this reading among it, is not in the file.
        asked = replace(reading.question, upto=question.upto or table.newest(tx))
        total = table.count(tx, asked)
        if total > MOST_EXPORTED:
            raise Invalid(
                "from",
                "These are {total} records; narrow them to {most}.",
                total=str(total),
                most=str(MOST_EXPORTED),
            )
        audit_system.audit_exported(
            tx,
            at=world.clock(),
            actor=actor,
            action=Action.ADMINISTER if reading.whole else Action.AUDIT,
            question=_words(reading.question),
            label=None if reading.whole else label,
            records=total,
            origin=origin,
        )
    records = table.every(world.store, asked)
    return reading.whole, (reading.entry(record) for record in records)


def _reading(world: World, actor: Actor, question: Question, label: str | None, origin: Origin) -> Reading:
    """Say what somebody may read; a refusal is on record."""
    administers = judge_system(actor, world.clock())
    if administers.allowed:
        labels = frozenset({label}) if label else None
        return Reading(question=replace(question, labels=labels), whole=True)
    slug = label.removeprefix(ALBUM_LABEL_PREFIX) if label and label.startswith(ALBUM_LABEL_PREFIX) else None
    with on_record(world, actor=actor, origin=origin), world.store.read() as tx:
        if slug is not None:
            check(tx, world, actor=actor, action=Action.AUDIT, slug=slug)
            return Reading(question=replace(question, labels=frozenset({str(label)})), whole=False)
        owned = _owned(tx, world, actor)
    if label is not None or not owned:
        refuse_system(world, actor=actor, decision=administers, path=PATH, origin=origin)
    return Reading(question=replace(question, labels=owned), whole=False)


def _owned(tx: Session, world: World, actor: Actor) -> frozenset[str]:
    """Return the labels of the albums of which somebody may read what happened; no rule gives that right."""
    seen = visible(actor, Action.AUDIT, grants=grants_of(tx, world, actor), at=world.clock())
    return (seen.albums_only or frozenset()) if isinstance(seen, Openings) else frozenset()


def _words(question: Question) -> str:
    """Return what was asked for in one line, for the record."""
    asked = {
        "label": ",".join(sorted(question.labels or ())),
        "event": ",".join(question.events),
        "actor": question.actor,
        "action": question.action,
        "study": question.study_uid,
        "reason": question.reason,
        "target": question.target,
        "from": question.since.isoformat() if question.since else None,
        "to": question.before.isoformat() if question.before else None,
    }
    return " ".join(f"{name}={value}" for name, value in asked.items() if value)[:500] or "*"
