"""Put on record who has an album de-identify what comes in, and what became of what was held.

No key, no original identifier and no pseudonym is in any of it.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from auth_service import audit
from auth_service.audit import of_album
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor
from auth_service.vocabulary import AuditEvent


def deidentification_on(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    before: Collection[str] | None,
    after: Collection[str],
    new_key: bool,
    origin: Origin = NOWHERE,
) -> None:
    """Record that an album de-identifies from now on, or does so otherwise than before.

    Parameters
    ----------
    before : collection of str, optional
        The options that were in force; ``None``: it was off.

    """
    details = {
        "before": None if before is None else sorted(before),
        "after": sorted(after),
        "new_key": new_key,
    }
    event = AuditEvent.DEIDENTIFICATION_ON
    audit.add(tx, event, at=at, actor=actor, origin=origin, **of_album(slug), details=details)


def deidentification_off(
    tx: Session, *, at: datetime, actor: Actor, slug: str, forgot: bool, origin: Origin = NOWHERE
) -> None:
    """Record that an album takes files as they are from now on, and whether its key was forgotten."""
    event, details = AuditEvent.DEIDENTIFICATION_OFF, {"key_forgotten": forgot}
    audit.add(tx, event, at=at, actor=actor, origin=origin, **of_album(slug), details=details)


def upload_held(
    tx: Session, *, at: datetime, actor: Actor, slug: str, why: str, modality: str, origin: Origin = NOWHERE
) -> None:
    """Record that a first picture of a series is held."""
    event, details = AuditEvent.UPLOAD_HELD, {"why": why, "modality": modality}
    audit.add(tx, event, at=at, actor=actor, origin=origin, **of_album(slug), details=details)


def held_released(
    tx: Session, *, at: datetime, actor: Actor, slug: str, held: str, sop: str, origin: Origin = NOWHERE
) -> None:
    """Record that an owner lets a held picture go on."""
    event, details = AuditEvent.HELD_RELEASED, {"held": held, "sop": sop}
    audit.add(tx, event, at=at, actor=actor, origin=origin, **of_album(slug), details=details)


def held_discarded(
    tx: Session, *, at: datetime, actor: Actor, slug: str, held: str, expired: bool, origin: Origin = NOWHERE
) -> None:
    """Record that a held picture is thrown away."""
    event, details = AuditEvent.HELD_DISCARDED, {"held": held, "expired": expired}
    audit.add(tx, event, at=at, actor=actor, origin=origin, **of_album(slug), details=details)
