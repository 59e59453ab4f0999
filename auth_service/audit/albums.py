"""Put on record what happens to albums: one function per event, as in the package.

All of it carries the album's label, and so is what the album's owners may read.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from auth_service import audit
from auth_service.audit import of_album
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import SYSTEM, Actor
from auth_service.store import audit as table
from auth_service.vocabulary import ALBUM_LABEL_PREFIX, AuditEvent


def album_created(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    title: str,
    owner: str,
    origin: Origin = NOWHERE,
) -> None:
    """Record that an album was made, for an owner."""
    details = {"title": title, "owner": owner}
    audit.add(
        tx,
        AuditEvent.ALBUM_CREATED,
        at=at,
        actor=actor,
        origin=origin,
        **of_album(slug),
        details=details,
    )


def album_edited(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    before: Mapping[str, str],
    after: Mapping[str, str],
    origin: Origin = NOWHERE,
) -> None:
    """Record what an album was called, and is called now: only what was changed."""
    details = {"before": dict(before), "after": dict(after)}
    audit.add(
        tx,
        AuditEvent.ALBUM_EDITED,
        at=at,
        actor=actor,
        origin=origin,
        **of_album(slug),
        details=details,
    )


def album_archived(tx: Session, *, at: datetime, actor: Actor, slug: str, origin: Origin = NOWHERE) -> None:
    """Record that an album was archived."""
    audit.add(tx, AuditEvent.ALBUM_ARCHIVED, at=at, actor=actor, origin=origin, **of_album(slug))


def album_brought_back(
    tx: Session, *, at: datetime, actor: Actor, slug: str, origin: Origin = NOWHERE
) -> None:
    """Record that an archived album was brought back."""
    audit.add(tx, AuditEvent.ALBUM_BROUGHT_BACK, at=at, actor=actor, origin=origin, **of_album(slug))


def album_deleted(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    details: Mapping[str, Any],
    origin: Origin = NOWHERE,
) -> None:
    """Record that an album was deleted: what it was, and the change that takes its label away."""
    audit.add(
        tx,
        AuditEvent.ALBUM_DELETED,
        at=at,
        actor=actor,
        origin=origin,
        **of_album(slug),
        details=dict(details),
    )


def album_handed_over(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    before: Sequence[Mapping[str, Any]],
    after: Sequence[Mapping[str, Any]],
    origin: Origin = NOWHERE,
) -> None:
    """Record that an owner put another in his place: what both were, and what they are."""
    details = {"before": [dict(each) for each in before], "after": [dict(each) for each in after]}
    audit.add(
        tx,
        AuditEvent.ALBUM_HANDED_OVER,
        at=at,
        actor=actor,
        origin=origin,
        **of_album(slug),
        details=details,
    )


def owner_named(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    reason: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    origin: Origin = NOWHERE,
) -> None:
    """Record that an administrator gave an album a new owner, and why."""
    details = {"why": reason, "before": dict(before) if before else None, "after": dict(after)}
    audit.add(
        tx, AuditEvent.OWNER_NAMED, at=at, actor=actor, origin=origin, **of_album(slug), details=details
    )


def change_begun(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    change: str,
    verb: str,
    series: int,
    not_taken: Mapping[str, int],
    undoes: str | None,
    origin: Origin = NOWHERE,
) -> None:
    """Record that series are to be put into an album or taken out: with the intent, or there is none.

    Parameters
    ----------
    not_taken : mapping of str to int
        How much of what was named is not done, by why.
    undoes : str or None
        The change that it takes back.

    """
    details: dict[str, Any] = {"change": change, "verb": verb, "series": series}
    if not_taken:
        details["not_taken"] = dict(not_taken)
    if undoes is not None:
        details["undoes"] = undoes
    audit.add(
        tx,
        AuditEvent.CHANGE_BEGUN,
        at=at,
        actor=actor,
        origin=origin,
        **of_album(slug),
        details=details,
    )


def series_sent(
    tx: Session, *, at: datetime, actor: Actor, label: str, change: str, series: int, origin: Origin = NOWHERE
) -> None:
    """Record that series were put elsewhere by a right that one label gave: where is not for its owners."""
    slug = label.removeprefix(ALBUM_LABEL_PREFIX)
    details = {"change": change, "series": series}
    audit.add(
        tx, AuditEvent.SERIES_SENT, at=at, actor=actor, origin=origin, **of_album(slug), details=details
    )


def change_cancelled(
    tx: Session, *, at: datetime, actor: Actor, slug: str, change: str, origin: Origin = NOWHERE
) -> None:
    """Record that somebody stopped a change."""
    what = {"change": change}
    audit.add(
        tx,
        AuditEvent.CHANGE_CANCELLED,
        at=at,
        actor=actor,
        origin=origin,
        **of_album(slug),
        details=what,
    )


def series_added(
    tx: Session,
    *,
    at: datetime,
    actor: str,
    actor_name: str,
    slug: str,
    change: str,
    done: int,
    failed: int,
    grown: int = 0,
    images: int = 0,
) -> None:
    """Record that series were put into an album; which ones is in the ledger, under the change.

    Parameters
    ----------
    grown, images : int
        How many series that were in the album before got images by an upload, and how many images.

    """
    who = {"actor": actor, "actor_name": actor_name}
    what = {"change": change, "done": done, "failed": failed}
    if grown:
        what |= {"grown": grown, "grown_images": images}
    table.add(tx, event=AuditEvent.SERIES_ADDED, at=at, **who, **of_album(slug), details=what)


def series_removed(
    tx: Session, *, at: datetime, actor: str, actor_name: str, slug: str, change: str, done: int, failed: int
) -> None:
    """Record that series were taken out of an album; which ones is in the ledger, under the change."""
    who = {"actor": actor, "actor_name": actor_name}
    what = {"change": change, "done": done, "failed": failed}
    table.add(tx, event=AuditEvent.SERIES_REMOVED, at=at, **who, **of_album(slug), details=what)


def reconciled(tx: Session, *, at: datetime, slug: str, repaired: Mapping[str, int]) -> None:
    """Record that labels were put right by the ledger: how many, by what was wrong with them."""
    details = {"repaired": dict(repaired)}
    audit.add(
        tx,
        AuditEvent.RECONCILED,
        at=at,
        actor=SYSTEM,
        origin=NOWHERE,
        **of_album(slug),
        details=details,
    )


def member_added(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    member: int,
    after: Mapping[str, Any],
    origin: Origin = NOWHERE,
) -> None:
    """Record that somebody was given rights in an album."""
    details = {"member": member, "after": dict(after)}
    audit.add(
        tx,
        AuditEvent.MEMBER_ADDED,
        at=at,
        actor=actor,
        origin=origin,
        **of_album(slug),
        details=details,
    )


def member_changed(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    member: int,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    origin: Origin = NOWHERE,
) -> None:
    """Record that somebody's rights in an album were changed."""
    details = {"member": member, "before": dict(before), "after": dict(after)}
    audit.add(
        tx,
        AuditEvent.MEMBER_CHANGED,
        at=at,
        actor=actor,
        origin=origin,
        **of_album(slug),
        details=details,
    )


def member_removed(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    member: int,
    before: Mapping[str, Any],
    origin: Origin = NOWHERE,
) -> None:
    """Record that somebody's rights in an album were taken back."""
    details = {"member": member, "before": dict(before)}
    audit.add(
        tx,
        AuditEvent.MEMBER_REMOVED,
        at=at,
        actor=actor,
        origin=origin,
        **of_album(slug),
        details=details,
    )


def member_left(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    member: int,
    before: Mapping[str, Any],
    origin: Origin = NOWHERE,
) -> None:
    """Record that somebody gave his own rights in an album up."""
    details = {"member": member, "before": dict(before)}
    audit.add(
        tx, AuditEvent.MEMBER_LEFT, at=at, actor=actor, origin=origin, **of_album(slug), details=details
    )
