"""Put on record what happened: one function per event of the closed list, append only.

Every function takes the transaction of the change that it speaks of, so that the two are kept together or not
at all. A record copies names and labels: it outlives what it tells of.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from auth_service.policy.model import Actor
from auth_service.store import audit as table
from auth_service.vocabulary import Action, ActorKind, AuditEvent, Level, album_label

REPEATS_WITHIN = timedelta(minutes=1)
"""What is refused again within this time is counted on the record of the first."""

FLOOD = 60
"""So many denials of an actor within that time get a record each; further ones share one, without target."""

VIEWED_WITHIN = timedelta(hours=1)
"""Without a session, a look into a study is on record once in this time."""


def signin(
    tx: Session, *, at: datetime, actor: Actor, address: str, user_agent: str, request_id: str | None = None
) -> None:
    """Record that somebody signed in."""
    _add(
        tx,
        AuditEvent.SIGNIN,
        at=at,
        actor=actor,
        address=address,
        request_id=request_id,
        details={"user_agent": user_agent, "roles": sorted(actor.roles)},
    )


def signin_failed(
    tx: Session,
    *,
    at: datetime,
    reason: str,
    address: str | None,
    request_id: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Record that a sign-in was refused, cancelled, expired or replayed; who tried is not known.

    Repeats from the same address within a minute raise the count of one record: anybody can send them.
    """
    _fold(
        tx,
        AuditEvent.SIGNIN_FAILED,
        at=at,
        actor=ActorKind.NOBODY,
        actor_name="",
        target=None,
        reason=reason,
        address=address,
        request_id=request_id,
        details=dict(details or {}),
    )


def signout(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    reason: str,
    address: str | None = None,
    request_id: str | None = None,
) -> None:
    """Record that somebody signed out, or was signed out by Keycloak."""
    _add(tx, AuditEvent.SIGNOUT, at=at, actor=actor, reason=reason, address=address, request_id=request_id)


def session_ended(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    session: str,
    reason: str,
    address: str | None = None,
    request_id: str | None = None,
) -> None:
    """Record that a session was ended: by its person from another one, or because its time was over."""
    _add(
        tx,
        AuditEvent.SESSION_ENDED,
        at=at,
        actor=actor,
        target=session,
        reason=reason,
        address=address,
        request_id=request_id,
    )


def token_created(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    token: str,
    details: Mapping[str, Any],
    address: str | None,
    request_id: str | None,
) -> None:
    """Record that somebody made an API token, and what it is narrowed to."""
    whence = {"address": address, "request_id": request_id}
    _add(tx, AuditEvent.TOKEN_CREATED, at=at, actor=actor, target=token, **whence, details=dict(details))


def token_revoked(
    tx: Session, *, at: datetime, actor: Actor, token: str, address: str | None, request_id: str | None
) -> None:
    """Record that somebody took an API token back."""
    whence = {"address": address, "request_id": request_id}
    _add(tx, AuditEvent.TOKEN_REVOKED, at=at, actor=actor, target=token, **whence)


def credential_refused(
    tx: Session,
    *,
    at: datetime,
    token: str,
    name: str,
    provider: str,
    subject: str,
    reason: str,
    address: str | None,
    request_id: str | None,
) -> None:
    """Record that a token was refused; a program that goes on trying raises the count of one record."""
    _fold(
        tx,
        AuditEvent.CREDENTIAL_REFUSED,
        at=at,
        actor=f"{ActorKind.TOKEN}:{token}",
        actor_name=name,
        target=token,
        reason=reason,
        address=address,
        request_id=request_id,
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
    address: str | None,
    request_id: str | None,
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
    _add(
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
        address=address,
        request_id=request_id,
        details={"flood": True} if flood else {},
    )


def has_viewed(tx: Session, *, at: datetime, actor: Actor, study_uid: str) -> bool:
    """Tell whether a look into the study is on record for the actor's session, or within the hour."""
    if actor.session is not None:
        return table.has_viewed(tx, session=actor.session, study_uid=study_uid)
    return table.has_viewed_since(tx, actor=actor.key, study_uid=study_uid, since=at - VIEWED_WITHIN)


def study_viewed(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    study_uid: str,
    label: str | None,
    rule: str | None,
    address: str | None,
    request_id: str | None,
) -> bool:
    """Record a look into a study, once a session (or an hour); tell whether it was the first."""
    if actor.session is None and has_viewed(tx, at=at, actor=actor, study_uid=study_uid):
        return False
    return table.add_unless_there(
        tx,
        event=AuditEvent.STUDY_VIEWED,
        at=at,
        **_who(actor),
        action=Action.VIEW,
        level=Level.STUDY,
        target=study_uid,
        study_uid=study_uid,
        label=label,
        rule=rule,
        address=address,
        request_id=request_id,
    )


def downloaded(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    target: str,
    study_uid: str,
    label: str | None,
    rule: str | None,
    address: str | None,
    request_id: str | None,
) -> None:
    """Record that somebody took images away."""
    _add(
        tx,
        AuditEvent.DOWNLOADED,
        at=at,
        actor=actor,
        action=Action.DOWNLOAD,
        target=target,
        study_uid=study_uid,
        label=label,
        rule=rule,
        address=address,
        request_id=request_id,
    )


def administered(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    action: Action,
    target: str,
    address: str | None,
    request_id: str | None,
) -> None:
    """Record that an administrator used a route about the archive as a whole; repeats are counted."""
    _fold(
        tx,
        AuditEvent.ADMINISTERED,
        at=at,
        actor=actor.key,
        actor_name=actor.name or actor.username,
        session=actor.session,
        level=Level.SYSTEM,
        target=target[:256],
        reason=action,
        address=address,
        request_id=request_id,
    )


def album_created(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    title: str,
    owner: str,
    address: str | None = None,
    request_id: str | None = None,
) -> None:
    """Record that an album was made, for an owner."""
    details = {"title": title, "owner": owner}
    whence = {"address": address, "request_id": request_id}
    _add(tx, AuditEvent.ALBUM_CREATED, at=at, actor=actor, **whence, **_album(slug), details=details)


def series_added(
    tx: Session, *, at: datetime, actor: str, actor_name: str, slug: str, change: str, done: int, failed: int
) -> None:
    """Record that series were put into an album; which ones is in the ledger, under the change."""
    who = {"actor": actor, "actor_name": actor_name}
    what = {"change": change, "done": done, "failed": failed}
    table.add(tx, event=AuditEvent.SERIES_ADDED, at=at, **who, **_album(slug), details=what)


def series_removed(
    tx: Session, *, at: datetime, actor: str, actor_name: str, slug: str, change: str, done: int, failed: int
) -> None:
    """Record that series were taken out of an album; which ones is in the ledger, under the change."""
    who = {"actor": actor, "actor_name": actor_name}
    what = {"change": change, "done": done, "failed": failed}
    table.add(tx, event=AuditEvent.SERIES_REMOVED, at=at, **who, **_album(slug), details=what)


def member_added(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    member: int,
    after: Mapping[str, Any],
    address: str | None = None,
    request_id: str | None = None,
) -> None:
    """Record that somebody was given rights in an album."""
    details = {"member": member, "after": dict(after)}
    whence = {"address": address, "request_id": request_id}
    _add(tx, AuditEvent.MEMBER_ADDED, at=at, actor=actor, **whence, **_album(slug), details=details)


def member_changed(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    member: int,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    address: str | None = None,
    request_id: str | None = None,
) -> None:
    """Record that somebody's rights in an album were changed."""
    details = {"member": member, "before": dict(before), "after": dict(after)}
    whence = {"address": address, "request_id": request_id}
    _add(tx, AuditEvent.MEMBER_CHANGED, at=at, actor=actor, **whence, **_album(slug), details=details)


def member_removed(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    member: int,
    before: Mapping[str, Any],
    address: str | None = None,
    request_id: str | None = None,
) -> None:
    """Record that somebody's rights in an album were taken back."""
    details = {"member": member, "before": dict(before)}
    whence = {"address": address, "request_id": request_id}
    _add(tx, AuditEvent.MEMBER_REMOVED, at=at, actor=actor, **whence, **_album(slug), details=details)


def ambiguous(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    level: Level,
    uid: str,
    address: str | None = None,
    request_id: str | None = None,
) -> None:
    """Record that an identifier exists more than once and was refused; once a minute is enough to know."""
    if table.ambiguity_since(tx, uid=uid, since=at - REPEATS_WITHIN):
        return
    _add(
        tx,
        AuditEvent.AMBIGUOUS,
        at=at,
        actor=actor,
        level=level,
        target=uid,
        study_uid=uid if level is Level.STUDY else None,
        address=address,
        request_id=request_id,
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


def _add(tx: Session, event: AuditEvent, *, actor: Actor, **values: Any) -> None:  # noqa: ANN401 - columns
    who = _who(actor)
    details = {**who.pop("details", {}), **values.pop("details", {})}
    table.add(tx, event=event, **who, **values, details=details)


def _fold(
    tx: Session,
    event: AuditEvent,
    *,
    at: datetime,
    actor: str,
    target: str | None,
    reason: str,
    address: str | None,
    **values: Any,  # noqa: ANN401 - the table's columns
) -> None:
    """Record what anybody can send again and again: repeats from one address within a minute are counted."""
    same: dict[str, Any] = {
        "actor": actor,
        "target": target,
        "reason": reason,
        "address": address or "",
    }
    since = at - REPEATS_WITHIN
    if not table.raise_count(tx, event=event, action=None, label=None, since=since, **same):
        table.add(tx, event=event, at=at, **same, **values)


def _album(slug: str) -> dict[str, str]:
    return {"level": Level.ALBUM, "target": slug, "label": album_label(slug)}
