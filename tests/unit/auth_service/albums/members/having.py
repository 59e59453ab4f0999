"""What the tests of members give, and look at."""

from datetime import date

from sqlalchemy import select

from auth_service.albums.members import Rights, list_members
from auth_service.albums.members.arriving import Arrivals
from auth_service.origin import NOWHERE
from auth_service.policy.model import Actor
from auth_service.store import audit as audit_table
from auth_service.store.tables import Album, AuditRecord, Invitation
from auth_service.vocabulary import Action, AlbumRole
from tests.world import TestWorld

ADDRESS = "new.person@example.org"
"""Of somebody who has not signed in yet."""

OWNER = Rights(role=AlbumRole.OWNER)
VIEWER = Rights(role=AlbumRole.MEMBER, actions=frozenset({Action.VIEW}))


def rights(*actions: Action, until: date | None = None) -> Rights:
    return Rights(role=AlbumRole.MEMBER, actions=frozenset(actions), until=until)


def arrivals(world: TestWorld) -> Arrivals:
    return Arrivals(settings=world.settings, store=world.store, directory=world.directory, clock=world.clock)


def arrive(world: TestWorld, name: str = "stranger", address: str = ADDRESS) -> Actor:
    """Have somebody sign in with an address that is verified."""
    actor, welcome = world.actor(name), arrivals(world).expect(address)
    with world.store.write() as tx:
        welcome(tx, actor, NOWHERE)
    return actor


def invited(world: TestWorld, address: str = ADDRESS) -> dict[str, int]:
    """Return by album the invitations of an address, also those whose days are over."""
    query = select(Album.slug, Invitation.id).join(Album, Album.id == Invitation.album_id)
    with world.store.read() as tx:
        query = query.where(Invitation.address == address, Album.deleted_at.is_(None))
        return {row.slug: row.id for row in tx.execute(query)}


def members(world: TestWorld, slug: str = "a") -> dict[str, Rights]:
    return {
        member.subject: member.rights
        for member in list_members(world, actor=world.actor(f"pi-{slug}"), slug=slug)
    }


def ids(world: TestWorld, slug: str = "a") -> dict[str, int]:
    return {m.subject: m.id for m in list_members(world, actor=world.actor(f"pi-{slug}"), slug=slug)}


def records(world: TestWorld, event: str) -> list[AuditRecord]:
    with world.store.read() as tx:
        return [record for record in audit_table.records(tx) if record.event == event]
