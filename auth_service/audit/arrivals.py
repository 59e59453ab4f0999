"""Put on record what becomes of series that came by DICOM: one function per event."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from auth_service import audit
from auth_service.audit import of_album
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor
from auth_service.vocabulary import AuditEvent, Level


def arrivals_filed(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    change: str,
    senders: Mapping[str, int],
    origin: Origin = NOWHERE,
) -> None:
    """Record that series are put into an album, by a rule of the site or by an administrator.

    Parameters
    ----------
    senders : mapping of str to int
        How many series came from whom.

    """
    details = {"change": change, "series": sum(senders.values()), "senders": dict(senders)}
    audit.add(
        tx,
        AuditEvent.ARRIVALS_FILED,
        at=at,
        actor=actor,
        origin=origin,
        **of_album(slug),
        details=details,
    )


def arrivals_dismissed(
    tx: Session, *, at: datetime, actor: Actor, reason: str, series: Sequence[str], origin: Origin
) -> None:
    """Record that an administrator put series aside, and why."""
    details = {"why": reason, "series": list(series)}
    audit.add(
        tx,
        AuditEvent.ARRIVALS_DISMISSED,
        at=at,
        actor=actor,
        level=Level.SYSTEM,
        origin=origin,
        details=details,
    )
