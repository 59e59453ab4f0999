"""Put on record what happens to invitations of albums: one function per event, as in the package.

As with albums, all of it carries the album's label, and so is what the album's owners may read.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from auth_service import audit
from auth_service.audit import of_album
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import SYSTEM, Actor
from auth_service.vocabulary import Action, AuditEvent, Level


def invited(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    invitation: int,
    after: Mapping[str, Any],
    origin: Origin,
) -> None:
    """Record that an address was invited into an album."""
    details = {"invitation": invitation, "after": dict(after)}
    audit.add(tx, AuditEvent.INVITED, at=at, actor=actor, origin=origin, **of_album(slug), details=details)


def invitation_changed(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    invitation: int,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    origin: Origin,
) -> None:
    """Record that what an invited address will get was changed."""
    audit.add(
        tx,
        AuditEvent.INVITATION_CHANGED,
        at=at,
        actor=actor,
        origin=origin,
        **of_album(slug),
        details={"invitation": invitation, "before": dict(before), "after": dict(after)},
    )


def invitation_removed(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    invitation: int,
    before: Mapping[str, Any],
    origin: Origin,
) -> None:
    """Record that an invitation was taken back."""
    audit.add(
        tx,
        AuditEvent.INVITATION_REMOVED,
        at=at,
        actor=actor,
        origin=origin,
        **of_album(slug),
        details={"invitation": invitation, "before": dict(before)},
    )


def invitation_used(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    invitation: int,
    member: int,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    lost: Mapping[str, Any],
    origin: Origin,
) -> None:
    """Record that somebody became a member by his address, and what of the invitation fell away."""
    details = {
        "invitation": invitation,
        "member": member,
        "before": dict(before),
        "after": dict(after),
        "lost": dict(lost),
    }
    audit.add(
        tx,
        AuditEvent.INVITATION_USED,
        at=at,
        actor=actor,
        origin=origin,
        **of_album(slug),
        details=details,
    )


def invitation_lapsed(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    invitation: int,
    before: Mapping[str, Any],
    why: str,
    origin: Origin,
) -> None:
    """Record that nothing was left of an invitation.

    Parameters
    ----------
    why : str
        ``inviter``: who made it can give nothing any more; ``over``: its last day has passed; ``member``: he
        is a member already; ``self``: he answers for it himself.

    """
    audit.add(
        tx,
        AuditEvent.INVITATION_LAPSED,
        at=at,
        actor=actor,
        origin=origin,
        **of_album(slug),
        reason=f"invitation:{why}",
        details={"invitation": invitation, "before": dict(before)},
    )


def invitation_expired(
    tx: Session, *, at: datetime, slug: str, invitation: int, before: Mapping[str, Any]
) -> None:
    """Record that an invitation was removed that nobody had used in time."""
    details = {"invitation": invitation, "before": dict(before)}
    audit.add(
        tx,
        AuditEvent.INVITATION_EXPIRED,
        at=at,
        actor=SYSTEM,
        origin=NOWHERE,
        **of_album(slug),
        details=details,
    )


def members_tried(
    tx: Session,
    *,
    at: datetime,
    actor: Actor,
    slug: str,
    reason: str,
    counts: Mapping[str, int],
    origin: Origin,
) -> None:
    """Record that the names of a table were looked up, and nothing of it was done.

    Parameters
    ----------
    reason : str
        ``dry-run``, ``wrong-line``, or what was wrong with the whole table.
    counts : mapping of str to int
        How many lines it had, and how many would have had which outcome.

    """
    audit.add(
        tx,
        AuditEvent.MEMBERS_TRIED,
        at=at,
        actor=actor,
        origin=origin,
        **of_album(slug),
        reason=reason,
        details=dict(counts),
    )


def people_read(tx: Session, *, at: datetime, actor: Actor, slug: str, origin: Origin) -> None:
    """Record that an owner was told who can see his album, and why; pages of one look are a count."""
    audit.fold(
        tx,
        AuditEvent.PEOPLE_READ,
        at=at,
        actor=actor.key,
        actor_name=actor.name or actor.username,
        session=actor.session,
        action=Action.MANAGE,
        **of_album(slug),
        reason="",
        origin=origin,
    )


def access_counted(tx: Session, *, at: datetime, actor: Actor, about: str, origin: Origin) -> None:
    """Record that an administrator was told how much somebody may see.

    Parameters
    ----------
    about : str
        The other's key.

    """
    audit.add(
        tx,
        AuditEvent.ACCESS_COUNTED,
        at=at,
        actor=actor,
        origin=origin,
        action=Action.ADMINISTER,
        level=Level.SYSTEM,
        target=about[:256],
    )
