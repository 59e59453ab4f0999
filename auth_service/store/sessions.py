"""Sign-ins under way and sessions in the database.

What must happen once, or to one of several askers, is a conditional UPDATE whose row count tells who won:
that holds between threads and between replicas, on SQLite and on PostgreSQL alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Executable,
    FromClause,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from auth_service.store.tables import Person, Signin, SigninSession, UsedToken


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """A live session as the database has it, with the person's names."""

    id: str
    provider: str
    subject: str
    username: str
    name: str
    language: str | None
    keycloak_session: str
    roles: list[str]
    groups: list[dict[str, str]]
    sealed_tokens: bytes = field(repr=False)
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    checked_at: datetime
    lease_until: datetime | None
    address: str
    user_agent: str


# Asked with every request of everybody: tables instead of mapped classes, and the two questions made once,
# which saves most of what SQLAlchemy adds to SQLite's own time.
_session: FromClause = SigninSession.__table__
_person: FromClause = Person.__table__

_RECORDS = (
    select(
        *(
            (_person if name in {"username", "name", "language"} else _session).c[name]
            for name in SessionRecord.__dataclass_fields__
        )
    )
    .select_from(
        _session.join(
            _person,
            and_(
                _person.c.provider == _session.c.provider,
                _person.c.subject == _session.c.subject,
            ),
        )
    )
    .where(_session.c.ended_at.is_(None))
    .order_by(_session.c.seen_at.desc(), _session.c.id)
)
_BY_SECRET = _RECORDS.where(_session.c.secret_hash == bindparam("wanted"))
_BY_ID = _RECORDS.where(_session.c.id == bindparam("wanted"))


# Sign-ins


def add_signin(tx: Session, **values: Any) -> None:  # noqa: ANN401 - the table's columns
    """Keep a sign-in that begins; the values are the table's columns."""
    tx.execute(insert(Signin).values(used_at=None, **values))


def get_signin(tx: Session, state_hash: str) -> Signin | None:
    """Return the sign-in of a state, used, expired or not."""
    return tx.get(Signin, state_hash)


def use_signin(tx: Session, *, state_hash: str, at: datetime) -> bool:
    """Use a sign-in up and forget its secrets; ``False`` if somebody already has."""
    return _changed(
        tx,
        update(Signin)
        .where(Signin.state_hash == state_hash, Signin.used_at.is_(None))
        .values(used_at=at, sealed=b""),
    )


def forget_signins(tx: Session, *, before: datetime) -> None:
    """Drop sign-ins that expired before a moment."""
    tx.execute(delete(Signin).where(Signin.expires_at < before))


# Sessions


def add_session(tx: Session, **values: Any) -> None:  # noqa: ANN401 - the table's columns
    """Keep a session that begins; the values are the table's columns."""
    tx.execute(
        insert(SigninSession).values(
            lease_holder=None, lease_until=None, ended_at=None, ended_why=None, **values
        )
    )


def by_secret(tx: Session, secret_hash: str) -> SessionRecord | None:
    """Return the live session of a cookie."""
    return _one(tx, _BY_SECRET, secret_hash)


def by_id(tx: Session, session_id: str) -> SessionRecord | None:
    """Return the live session of a public identifier."""
    return _one(tx, _BY_ID, session_id)


def why_ended(tx: Session, session_id: str) -> str | None:
    """Return why a session ended; ``None``: it lives, or its row is gone."""
    return tx.scalar(select(SigninSession.ended_why).where(SigninSession.id == session_id))


def of_person(tx: Session, *, provider: str, subject: str) -> list[SessionRecord]:
    """Return a person's live sessions, the one used last first."""
    return _all(tx, SigninSession.provider == provider, SigninSession.subject == subject)


def of_keycloak(tx: Session, *, provider: str, sid: str | None, sub: str | None) -> list[SessionRecord]:
    """Return the live sessions of one of Keycloak's, or of a person there; neither given: none."""
    conditions = [SigninSession.provider == provider]
    if sid is not None:
        conditions.append(SigninSession.keycloak_session == sid)
    if sub is not None:
        conditions.append(SigninSession.subject == sub)
    return _all(tx, *conditions) if len(conditions) > 1 else []


def language_of(tx: Session, secret_hash: str) -> str | None:
    """Return the language that the person of a cookie chose; an ended session will do."""
    query = select(Person.language).join(
        SigninSession,
        (SigninSession.provider == Person.provider) & (SigninSession.subject == Person.subject),
    )
    return tx.execute(query.where(SigninSession.secret_hash == secret_hash)).scalar_one_or_none()


def run_out(tx: Session, *, at: datetime, idle_before: datetime) -> list[SessionRecord]:
    """Return the live sessions that are over: past their limit, or unused since a moment."""
    return _all(tx, or_(SigninSession.expires_at <= at, SigninSession.seen_at <= idle_before))


def shares_keycloak_session(tx: Session, keycloak_session: str) -> bool:
    """Tell whether any live session stands on this one of Keycloak's."""
    query = select(
        exists().where(SigninSession.keycloak_session == keycloak_session, SigninSession.ended_at.is_(None))
    )
    return bool(tx.execute(query).scalar())


def end(tx: Session, *, session_id: str, at: datetime, why: str) -> bool:
    """End a session and forget its tokens; ``False`` if it had already ended."""
    return _changed(
        tx,
        _live(session_id).values(
            ended_at=at, ended_why=why, sealed_tokens=b"", lease_holder=None, lease_until=None
        ),
    )


def forget_ended(tx: Session, *, before: datetime) -> None:
    """Drop sessions that ended before a moment; the audit has its own copy of what happened."""
    tx.execute(delete(SigninSession).where(SigninSession.ended_at < before))


def touch(tx: Session, *, session_id: str, at: datetime) -> None:
    """Note that a session is being used."""
    tx.execute(_live(session_id).values(seen_at=at))


# The lease: one asks Keycloak about a session, the others use what it brings


def take_lease(
    tx: Session, *, session_id: str, holder: str, at: datetime, until: datetime, checked_at: datetime
) -> bool:
    """Take the lease of a session, unless somebody has it or has used it since ``checked_at`` was read."""
    return _changed(
        tx,
        _live(session_id)
        .where(
            or_(SigninSession.lease_until.is_(None), SigninSession.lease_until <= at),
            SigninSession.checked_at == checked_at,
        )
        .values(lease_holder=holder, lease_until=until),
    )


def change_under_lease(tx: Session, *, session_id: str, holder: str, values: Mapping[str, Any]) -> bool:
    """Write what the holder of the lease has learnt; ``False`` if he is it no more, or it has ended."""
    return _changed(tx, _live(session_id).where(SigninSession.lease_holder == holder).values(**values))


def give_lease_back(tx: Session, *, session_id: str, holder: str, values: Mapping[str, Any]) -> bool:
    """Write what was learnt and let the lease go; ``False`` if it was lost, or the session has ended."""
    return change_under_lease(
        tx,
        session_id=session_id,
        holder=holder,
        values={**values, "lease_holder": None, "lease_until": None},
    )


# Tokens that count once


def use_token(tx: Session, *, token_hash: str, at: datetime, expires_at: datetime) -> bool:
    """Note that a one-time token was used; ``False`` if it had been."""
    tx.execute(delete(UsedToken).where(UsedToken.expires_at < at))
    try:
        with tx.begin_nested():
            tx.execute(insert(UsedToken).values(token_hash=token_hash, expires_at=expires_at))
    except IntegrityError:
        return False
    return True


def is_used(tx: Session, *, token_hash: str, at: datetime) -> bool:
    """Tell whether a token is noted as used, by `use_token`."""
    query = select(UsedToken.token_hash).where(UsedToken.token_hash == token_hash, UsedToken.expires_at >= at)
    return tx.scalar(query) is not None


def _live(session_id: str) -> Any:  # noqa: ANN401 - SQLAlchemy's own builder type is generic over nothing useful
    return update(SigninSession).where(SigninSession.id == session_id, SigninSession.ended_at.is_(None))


def _all(tx: Session, *conditions: ColumnElement[bool]) -> list[SessionRecord]:
    rows = tx.connection().execute(_RECORDS.where(*conditions))
    return [SessionRecord(**row) for row in rows.mappings()]


def _one(tx: Session, query: Select[Any], wanted: str) -> SessionRecord | None:
    row = tx.connection().execute(query, {"wanted": wanted}).mappings().one_or_none()
    return SessionRecord(**row) if row is not None else None


def _changed(tx: Session, statement: Executable) -> bool:
    result = tx.execute(statement)
    return isinstance(result, CursorResult) and result.rowcount == 1
