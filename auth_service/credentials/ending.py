"""End sessions: the row, its tokens and the audit record in one transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from auth_service import audit
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor, Group
from auth_service.store import sessions as table
from auth_service.store.sessions import SessionRecord
from auth_service.vocabulary import ActorKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """When something happened, and whence it came."""

    at: datetime
    origin: Origin = NOWHERE


def actor_from(record: SessionRecord) -> Actor:
    """Return whom a session stands for."""
    return Actor(
        kind=ActorKind.PERSON,
        provider=record.provider,
        subject=record.subject,
        name=record.name,
        username=record.username,
        roles=frozenset(record.roles),
        groups=groups_of(record),
        session=record.id,
    )


def groups_of(record: SessionRecord) -> frozenset[Group]:
    """Return the groups that a session's row holds."""
    return frozenset(Group(id=group["id"], path=group["path"]) for group in record.groups)


def end(tx: Session, record: SessionRecord, *, why: str, cause: Cause, by: Actor | None = None) -> None:
    """End a session: one of several of a person, replaced by a newer one, or run out."""
    if table.end(tx, session_id=record.id, at=cause.at, why=why):
        audit.session_ended(
            tx,
            at=cause.at,
            actor=by or actor_from(record),
            session=record.id,
            reason=why,
            origin=cause.origin,
        )


def sign_out(tx: Session, record: SessionRecord, *, why: str, cause: Cause) -> None:
    """End a session because its person said so, here or to Keycloak."""
    if table.end(tx, session_id=record.id, at=cause.at, why=why):
        audit.signout(
            tx,
            at=cause.at,
            actor=actor_from(record),
            reason=why,
            origin=cause.origin,
        )
