"""Put on record what happened: one function per event of the closed list, append only.

Every function takes the transaction of the change that it speaks of, so that the two are kept together or not
at all: where the record cannot be written, `Unavailable` ends the change. A record copies names and labels:
it outlives what it tells of. Events of albums are in ``albums.py``, those of administrators and of the
audit itself in ``system.py``; repeats are counted for those of ``FOLDED_EVENTS``.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor
from auth_service.store import audit as table
from auth_service.store import people
from auth_service.vocabulary import FOLDED_EVENTS, Action, ActorKind, AuditEvent, Level, album_label

REPEATS_WITHIN = timedelta(minutes=1)
"""What is refused again within this time is counted on the record of the first."""

FLOOD = 60
"""So many denials of an actor within that time get a record each; further ones share one, without target."""

VIEWED_WITHIN = timedelta(hours=1)
"""Without a session, a look into a study is on record once in this time."""


def signin(tx: Session, *, at: datetime, actor: Actor, origin: Origin, user_agent: str) -> None:
    """Record that somebody signed in."""
    add(
        tx,
        AuditEvent.SIGNIN,
        at=at,
        actor=actor,
        origin=origin,
        details={"user_agent": user_agent, "roles": sorted(actor.roles)},
    )


def signin_failed(
    tx: Session,
    *,
    at: datetime,
    reason: str,
    origin: Origin,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Record that a sign-in was refused, cancelled, expired or replayed; who tried is not known.

    Repeats from the same address within a minute raise the count of one record: anybody can send them.
    """
    fold(
        tx,
        AuditEvent.SIGNIN_FAILED,
        at=at,
        actor=ActorKind.NOBODY,
        actor_name="",
        target=None,
        reason=reason,
        origin=origin,
        details=dict(details or {}),
    )


def signout(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    reason: str,
    origin: Origin = NOWHERE,
) -> None:
    """Record that somebody signed out, or was signed out by Keycloak."""
    add(tx, AuditEvent.SIGNOUT, at=at, actor=actor, reason=reason, origin=origin)


def session_ended(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    session: str,
    reason: str,
    origin: Origin = NOWHERE,
) -> None:
    """Record that a session was ended: by its person from another one, or because its time was over."""
    add(
        tx,
        AuditEvent.SESSION_ENDED,
        at=at,
        actor=actor,
        target=session,
        reason=reason,
        origin=origin,
    )


def token_created(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    token: str,
    details: Mapping[str, Any],
    origin: Origin,
) -> None:
    """Record that somebody made an API token, and what it is narrowed to."""
    add(tx, AuditEvent.TOKEN_CREATED, at=at, actor=actor, target=token, origin=origin, details=dict(details))


def token_revoked(tx: Session, *, at: datetime, actor: Actor, token: str, origin: Origin) -> None:
    """Record that somebody took an API token back."""
    add(tx, AuditEvent.TOKEN_REVOKED, at=at, actor=actor, target=token, origin=origin)


def credential_refused(
    tx: Session,
    *,
    at: datetime,
    token: str,
    name: str,
    provider: str,
    subject: str,
    reason: str,
    origin: Origin,
) -> None:
    """Record that a token was refused; a program that goes on trying raises the count of one record."""
    fold(
        tx,
        AuditEvent.CREDENTIAL_REFUSED,
        at=at,
        actor=f"{ActorKind.TOKEN}:{token}",
        actor_name=name,
        target=token,
        reason=reason,
        origin=origin,
        details=_maker(provider, subject),
    )


def denied(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    action: Action,
    level: Level,
    target: str | None,
    study_uid: str | None,
    label: str | None,
    reason: str,
    rule: str | None,
    origin: Origin,
) -> None:
    """Record that a request was refused. Repeats within a minute, and floods, are kept as a count."""
    since = at - REPEATS_WITHIN
    same: dict[str, Any] = {"actor": actor.key, "action": action, "label": label, "reason": reason}
    if table.raise_count(tx, event=AuditEvent.DENIED, **same, target=target, since=since):
        return
    flood = table.denials_since(tx, actor=actor.key, since=since) >= FLOOD
    if flood:
        # Guessing identifiers must not fill the disk: who, what and how often stays, the guesses do not.
        target = study_uid = None
        if table.raise_count(tx, event=AuditEvent.DENIED, **same, target=None, since=since):
            return
    add(
        tx,
        AuditEvent.DENIED,
        at=at,
        actor=actor,
        action=action,
        level=level,
        target=target,
        study_uid=study_uid,
        label=label,
        reason=reason,
        rule=rule,
        origin=origin,
        details={"flood": True} if flood else {},
    )


def has_viewed(tx: Session, *, at: datetime, actor: Actor, study_uid: str, label: str | None) -> bool:
    """Tell whether a look into the study by a label is on record for the session, or within the hour."""
    if actor.session is not None:
        return table.has_viewed(tx, session=actor.session, study_uid=study_uid, label=label)
    since = at - VIEWED_WITHIN
    return table.has_viewed_since(tx, actor=actor.key, study_uid=study_uid, label=label, since=since)


def study_viewed(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    study_uid: str,
    label: str | None,
    rule: str | None,
    origin: Origin,
) -> bool:
    """Record a look into a study by a label, once a session (or an hour); tell whether it was the first."""
    view = {
        "event": AuditEvent.STUDY_VIEWED,
        "at": at,
        **_who(actor),
        "action": Action.VIEW,
        "level": Level.STUDY,
        "target": study_uid,
        "study_uid": study_uid,
        "label": label,
        "rule": rule,
        **_whence(origin),
    }
    if actor.session is not None:
        return table.add_first_view(tx, **view)
    # No index knows of hours: of two that come at once the second waits, and then finds the first.
    people.lock(tx, provider=actor.provider, subject=actor.subject)
    if has_viewed(tx, at=at, actor=actor, study_uid=study_uid, label=label):
        return False
    table.add(tx, **view)
    return True


def downloaded(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    target: str,
    through: Iterable[tuple[str, str | None, str | None]],
    origin: Origin,
) -> None:
    """Record that somebody took images away: of which studies, by which label and rule each."""
    who = {**_who(actor), **_whence(origin)}
    table.add_all(
        tx,
        [
            {
                **who,
                "event": AuditEvent.DOWNLOADED,
                "at": at,
                "action": Action.DOWNLOAD,
                "target": target,
                "study_uid": study_uid,
                "label": label,
                "rule": rule,
            }
            for study_uid, label, rule in through
        ],
    )


def ambiguous(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    level: Level,
    uid: str,
    origin: Origin = NOWHERE,
) -> None:
    """Record that an identifier exists more than once and was refused; once a minute is enough to know."""
    if table.ambiguity_since(tx, uid=uid, since=at - REPEATS_WITHIN):
        return
    add(
        tx,
        AuditEvent.AMBIGUOUS,
        at=at,
        actor=actor,
        level=level,
        target=uid,
        study_uid=uid if level is Level.STUDY else None,
        origin=origin,
    )


def ambiguities(tx: Session, *, at: datetime, actor: Actor, level: Level, uids: Iterable[str]) -> None:
    """Put several ambiguous identifiers of one level on record."""
    for uid in uids:
        ambiguous(tx, at=at, actor=actor, level=level, uid=uid)


def _who(actor: Actor) -> dict[str, Any]:
    who: dict[str, Any] = {
        "actor": actor.key,
        "actor_name": actor.name or actor.username,
        "session": actor.session,
    }
    if actor.token is not None:
        who["details"] = _maker(actor.provider, actor.subject)
    return who


def _maker(provider: str, subject: str) -> dict[str, str]:
    """Say whose a token is, so that all that was done in a person's name is found."""
    return {"maker": f"{provider}:{subject}"}


def _whence(origin: Origin) -> dict[str, str | None]:
    return {"address": origin.address, "request_id": origin.request_id}


def of_album(slug: str) -> dict[str, str]:
    """Return what a record says of the album that it is about: so its owners may read it."""
    return {"level": Level.ALBUM, "target": slug, "label": album_label(slug)}


def add(
    tx: Session,
    event: AuditEvent,
    *,
    actor: Actor,
    origin: Origin = NOWHERE,
    **values: Any,  # noqa: ANN401 - the table's columns
) -> None:
    """Add a record of an actor; only the functions of the events call it."""
    who = _who(actor)
    details = {**who.pop("details", {}), **values.pop("details", {})}
    table.add(tx, event=event, **who, **_whence(origin), **values, details=details)


def fold(
    tx: Session,
    event: AuditEvent,
    *,
    at: datetime,
    actor: str,
    target: str | None,
    reason: str,
    origin: Origin,
    action: Action | None = None,
    label: str | None = None,
    **values: Any,  # noqa: ANN401 - the table's columns
) -> None:
    """Record what comes again and again: repeats from one address within a minute are counted."""
    if event not in FOLDED_EVENTS:
        raise ValueError(f"{event} would be linked while its count may still rise")
    same: dict[str, Any] = {
        "actor": actor,
        "action": action,
        "target": target,
        "label": label,
        "reason": reason,
        "address": origin.address or "",
    }
    since = at - REPEATS_WITHIN
    if not table.raise_count(tx, event=event, since=since, **same):
        table.add(tx, event=event, at=at, **same, request_id=origin.request_id, **values)
