"""Put on record what became of Keycloak's bearers, and of guesses."""

from datetime import datetime

from sqlalchemy.orm import Session

from auth_service.audit import add, fold
from auth_service.origin import Origin
from auth_service.policy.model import Actor
from auth_service.vocabulary import ActorKind, AuditEvent


def credentials_guessed(tx: Session, *, at: datetime, origin: Origin) -> None:
    """Record that many bad credentials come from an address; a flood raises the count of one record."""
    fold(
        tx,
        AuditEvent.CREDENTIAL_REFUSED,
        at=at,
        actor=ActorKind.NOBODY,
        actor_name="",
        target=None,
        reason="guessing",
        origin=origin,
        details={},
    )


def bearer_used(tx: Session, *, at: datetime, actor: Actor, client: str, origin: Origin) -> None:
    """Record that somebody came with a token that a client of Keycloak's got for him."""
    add(tx, AuditEvent.BEARER_USED, at=at, actor=actor, origin=origin, details={"client": client[:64]})


def bearer_refused(
    tx: Session,
    *,
    at: datetime,
    person: tuple[str, str] | None,
    reason: str,
    origin: Origin,
) -> None:
    """Record that a token of Keycloak's, or what looked like one, was refused.

    Parameters
    ----------
    person : tuple of str, optional
        Provider and subject, where its signature says whose it is; nothing else in it is believed.

    """
    fold(
        tx,
        AuditEvent.CREDENTIAL_REFUSED,
        at=at,
        actor=f"{ActorKind.PERSON}:{person[0]}:{person[1]}" if person else ActorKind.NOBODY,
        actor_name="",
        target=None,
        reason=f"bearer:{reason}",
        origin=origin,
        details={},
    )
