"""Invitations of addresses in the database, until whoever has the address signs in."""

from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from auth_service.store.database import added
from auth_service.store.tables import Album, Invitation


def add(tx: Session, invitation: Invitation) -> bool:
    """Keep a new invitation; ``False`` if the address is invited already."""
    return added(tx, invitation)


def of_album(tx: Session, album_id: int) -> list[Invitation]:
    """Return the invitations into an album, in the order in which they were made."""
    return of_albums(tx, [album_id])


def of_albums(tx: Session, album_ids: Iterable[int]) -> list[Invitation]:
    """Return the invitations into some albums, in the order in which they were made."""
    query = select(Invitation).where(Invitation.album_id.in_(list(album_ids)))
    return list(tx.scalars(query.order_by(Invitation.id)))


def some(tx: Session, *, album_id: int, ids: Iterable[int]) -> list[Invitation]:
    """Return those of some invitations that are into an album."""
    query = select(Invitation).where(Invitation.album_id == album_id, Invitation.id.in_(list(ids)))
    return list(tx.scalars(query.order_by(Invitation.id)))


def of_address(tx: Session, address: str) -> list[tuple[Invitation, str]]:
    """Return the invitations of an address with their albums' slugs, by album; deleted albums left out."""
    query = select(Invitation, Album.slug).join(Album, Album.id == Invitation.album_id)
    query = query.where(Invitation.address == address, Album.deleted_at.is_(None))
    return [(found, slug) for found, slug in tx.execute(query.order_by(Invitation.album_id))]


def current(tx: Session, invitation_id: int) -> Invitation | None:
    """Return an invitation as it is now, whatever was read of it before."""
    return tx.get(Invitation, invitation_id, populate_existing=True)


def take(tx: Session, invitation_id: int) -> bool:
    """Remove an invitation; ``False`` if somebody else was faster, so that each is used once."""
    gone = tx.scalar(delete(Invitation).where(Invitation.id == invitation_id).returning(Invitation.id))
    return gone is not None
