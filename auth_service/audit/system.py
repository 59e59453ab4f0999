"""Put on record what administrators do, and what is done with the audit: one function per event."""

from datetime import datetime

from sqlalchemy.orm import Session

from auth_service import audit
from auth_service.origin import Origin
from auth_service.policy.model import SYSTEM, Actor
from auth_service.vocabulary import Action, AuditEvent, Level


def administered(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    action: Action,
    target: str,
    origin: Origin,
) -> None:
    """Record that an administrator used a route about the archive as a whole; repeats are counted."""
    audit.fold(
        tx,
        AuditEvent.ADMINISTERED,
        at=at,
        actor=actor.key,
        actor_name=actor.name or actor.username,
        session=actor.session,
        level=Level.SYSTEM,
        action=action,
        target=target[:256],
        reason="",
        origin=origin,
    )


def explained(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    about: str,
    asked: str,
    outcome: str,
    origin: Origin,
) -> None:
    """Record that somebody was shown why another may do something, or may not."""
    details = {"about": about, "outcome": outcome}
    audit.add(tx, AuditEvent.EXPLAINED, at=at, actor=actor, target=asked, origin=origin, details=details)


def audit_read(tx: Session, *, at: datetime, actor: Actor, question: str, origin: Origin) -> None:
    """Record what an administrator looked for in the audit; pages of one question are a count."""
    audit.fold(
        tx,
        AuditEvent.AUDIT_READ,
        at=at,
        actor=actor.key,
        actor_name=actor.name or actor.username,
        target=question,
        reason="",
        origin=origin,
        session=actor.session,
        action=Action.ADMINISTER,
        level=Level.SYSTEM,
    )


def audit_exported(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    action: Action,
    question: str,
    label: str | None,
    records: int,
    origin: Origin,
) -> None:
    """Record that somebody took records of the audit away, and how many."""
    what = {"action": action, "target": question, "label": label, "details": {"records": records}}
    level = Level.ALBUM if label else Level.SYSTEM
    audit.add(tx, AuditEvent.AUDIT_EXPORTED, at=at, actor=actor, level=level, **what, origin=origin)


def records_removed(tx: Session, *, at: datetime, until: datetime, count: int) -> None:
    """Record that the records of more than some time ago were removed, as the site's setting says."""
    details = {"until": until.isoformat(), "count": count}
    audit.add(tx, AuditEvent.RECORDS_REMOVED, at=at, actor=SYSTEM, level=Level.SYSTEM, details=details)


def rules_taken(tx: Session, *, at: datetime, file: str, digest: str, rules: int) -> None:
    """Record that the rules of a file came into force.

    Parameters
    ----------
    digest : str
        SHA-256 of its bytes, in hexadecimal: which text it was.

    """
    audit.add(
        tx,
        AuditEvent.RULES_TAKEN,
        at=at,
        actor=SYSTEM,
        target=file[:256],
        level=Level.SYSTEM,
        details={"sha256": digest, "rules": rules},
    )


def rules_refused(tx: Session, *, at: datetime, file: str, problems: list[str]) -> None:
    """Record that a file could not be taken, and why."""
    audit.add(
        tx,
        AuditEvent.RULES_REFUSED,
        at=at,
        actor=SYSTEM,
        target=file[:256],
        level=Level.SYSTEM,
        details={"problems": problems},
    )
