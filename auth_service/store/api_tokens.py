"""API tokens in the database."""

from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from auth_service.store.tables import ApiToken


def add(tx: Session, token: ApiToken) -> None:
    """Keep a new token."""
    tx.add(token)


def by_secret(tx: Session, secret_hash: str) -> ApiToken | None:
    """Return the token of a secret, over or revoked ones included."""
    return tx.scalar(select(ApiToken).where(ApiToken.secret_hash == secret_hash))


def by_id(tx: Session, token_id: str) -> ApiToken | None:
    """Return the token of a public identifier, over or revoked ones included."""
    return tx.get(ApiToken, token_id)


def of_person(tx: Session, *, provider: str, subject: str) -> list[ApiToken]:
    """Return a person's tokens that were not revoked, the newest first."""
    query = select(ApiToken).where(
        ApiToken.provider == provider, ApiToken.subject == subject, ApiToken.revoked_at.is_(None)
    )
    return list(tx.scalars(query.order_by(ApiToken.created_at.desc(), ApiToken.id)))


def forget_ended(tx: Session, *, before: datetime) -> None:
    """Drop tokens that were revoked, or whose last day was, before a moment; the audit has its own copy."""
    tx.execute(delete(ApiToken).where(or_(ApiToken.revoked_at < before, ApiToken.until < before.date())))


def note_use(tx: Session, *, token_id: str, at: datetime, address: str) -> None:
    """Note that a token was used."""
    tx.execute(update(ApiToken).where(ApiToken.id == token_id).values(used_at=at, used_from=address))


def revoke(tx: Session, *, token_id: str, at: datetime) -> bool:
    """Take a token back; ``False`` if somebody was faster."""
    revoked = tx.scalar(
        update(ApiToken)
        .where(ApiToken.id == token_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=at)
        .returning(ApiToken.id)
    )
    return revoked is not None
