"""Invitations of addresses in the database, until whoever has the address signs in."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from auth_service.store.database import added
from auth_service.store.tables import Album, Invitation


def add(tx: Session, invitation: Invitation) -> bool:
    """Keep a new invitation; ``False`` if the address is invited already."""
    return added(tx, invitation)


def of_albums(tx: Session, album_ids: Iterable[int], *, since: datetime) -> list[Invitation]:
    """Return the invitations into some albums that were made since, in the order in which they were made."""
    query = select(Invitation).where(Invitation.album_id.in_(list(album_ids)), Invitation.created_at > since)
    return list(tx.scalars(query.order_by(Invitation.id)))


def some(tx: Session, *, album_id: int, ids: Iterable[int], since: datetime) -> list[Invitation]:
    """Return those of some invitations that are into an album, and were made since."""
    query = select(Invitation).where(
        Invitation.album_id == album_id, Invitation.id.in_(list(ids)), Invitation.created_at > since
    )
    return list(tx.scalars(query.order_by(Invitation.id)))


def into_album(tx: Session, *, album_id: int, address: str) -> Invitation | None:
    """Return the invitation of an address into one album."""
    query = select(Invitation).where(Invitation.album_id == album_id, Invitation.address == address)
    return tx.scalar(query)


def expired(
    tx: Session, *, before: datetime, album_id: int | None, limit: int
) -> list[tuple[Invitation, str]]:
    """Return some invitations, into one album or into any, that were made by a moment, with the slugs."""
    query = select(Invitation, Album.slug).join(Album, Album.id == Invitation.album_id)
    query = query.where(Invitation.created_at <= before)
    if album_id is not None:
        query = query.where(Invitation.album_id == album_id)
    return [(found, slug) for found, slug in tx.execute(query.order_by(Invitation.id).limit(limit))]


def to_use(tx: Session, address: str, *, since: datetime, limit: int) -> list[tuple[int, str, str]]:
    """Return some invitations of an address, made since, into albums that take people in, by album.

    Each inviter's first come before anybody's second: who has many open holds up nobody else's.

    Returns
    -------
    list of tuple
        Number, key of who answers for it, slug.

    """
    turn = func.row_number().over(partition_by=Invitation.created_by, order_by=Invitation.id)
    found = (
        select(Invitation.id, Invitation.created_by, Invitation.album_id, Album.slug, turn.label("turn"))
        .join(Album, Album.id == Invitation.album_id)
        .where(
            Invitation.address == address,
            Invitation.created_at > since,
            Album.deleted_at.is_(None),
            Album.archived_at.is_(None),
        )
        .subquery()
    )
    rows = tx.execute(select(found).order_by(found.c.turn, found.c.id).limit(limit))
    # By album, as they are locked one after the other.
    return [(row.id, row.created_by, row.slug) for row in sorted(rows, key=lambda each: each.album_id)]


def number_of_inviter(tx: Session, key: str, *, since: datetime) -> int:
    """Count the invitations into albums that are not deleted for which somebody answers, made since."""
    query = select(func.count()).select_from(Invitation).join(Album, Album.id == Invitation.album_id)
    return (
        tx.scalar(
            query.where(
                Invitation.created_by == key, Invitation.created_at > since, Album.deleted_at.is_(None)
            )
        )
        or 0
    )


def current(tx: Session, invitation_id: int) -> Invitation | None:
    """Return an invitation as it is now, whatever was read of it before."""
    return tx.get(Invitation, invitation_id, populate_existing=True)


def take(tx: Session, invitation_id: int) -> bool:
    """Remove an invitation; ``False`` if somebody else was faster, so that each is used once."""
    gone = tx.scalar(delete(Invitation).where(Invitation.id == invitation_id).returning(Invitation.id))
    return gone is not None
