"""Who owns an album: a new owner in another's place, and albums whose owners are all gone.

An owner counts who is a person, without an end date, and whose account at Keycloak is enabled.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from auth_service.albums.members.given import for_record
from auth_service.audit import albums as audit_albums
from auth_service.directory import DirectoryPerson
from auth_service.errors import Conflict, Invalid, NotFound
from auth_service.origin import NOWHERE, Origin
from auth_service.people import keep_named
from auth_service.policy.model import Actor
from auth_service.store import albums as table
from auth_service.store import members as members_table
from auth_service.store.tables import Album, Member
from auth_service.vocabulary import AlbumRole, SubjectKind
from auth_service.world import World

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownerless:
    """An album that nobody owns who could sign in."""

    slug: str
    title: str
    last_owners: tuple[str, ...]
    members: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerlessPage:
    """Those of some albums that nobody owns, how many were looked at, and how many there are to look at."""

    items: tuple[Ownerless, ...]
    looked_at: int
    total: int


def find_ownerless(world: World, *, limit: int, offset: int) -> OwnerlessPage:
    """Look through some of all albums for those without an owner; for administrators.

    Keycloak is asked once for each owner of these albums, so that a page costs what it says.

    Raises
    ------
    Unavailable
        If Keycloak does not answer: who is still there is not guessed.

    """
    with world.store.read() as tx:
        albums = table.live_albums(tx, limit=limit, offset=offset)
        ids = [album.id for album in albums]
        total = table.number_of_albums(tx)
        owners = table.owners(tx, ids)
        today = world.clock().astimezone(world.settings.zone).date()
        members = table.numbers_of_members(tx, ids, today=today)
    here = _enabled(world, [member for member, _ in owners])
    owned = {member.album_id for member, _ in owners if _counts(member, here)}
    items = tuple(
        Ownerless(
            slug=album.slug,
            title=album.title,
            last_owners=tuple(name for member, name in owners if member.album_id == album.id),
            members=sum(members.get(album.id, {}).values()),
        )
        for album in albums
        if album.id not in owned
    )
    return OwnerlessPage(items=items, looked_at=len(ids), total=total)


def name_owner(
    world: World, *, actor: Actor, slug: str, user: str, reason: str, origin: Origin = NOWHERE
) -> None:
    """Give an album without an owner a new one; for administrators.

    Parameters
    ----------
    world : World
    actor : Actor
        An administrator, which the route has checked.
    slug : str
    user : str
        The new owner's user name.
    reason : str
        Why: it goes on record, and the album's owners read it.
    origin : Origin

    Raises
    ------
    NotFound
        If there is no such album.
    Conflict
        If it has an owner.
    Invalid
        If a field is not what was expected, or nobody who can sign in has this name.
    Unavailable
        If Keycloak does not answer.

    """
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= LONGEST_REASON or not reason.isprintable():
        raise Invalid("reason", "Give a reason of 1 to {most} characters.", most=str(LONGEST_REASON))
    with world.store.read() as tx:
        album = table.album(tx, slug)
        if album is None:
            raise NotFound
        owners = [member for member, _ in table.owners(tx, [album.id])]
    # Asked before the transaction: who comes back meanwhile shares the album with the new one.
    here = _enabled(world, owners)
    person = enabled_person(world, user, field="user")
    with world.store.write() as tx:
        album = table.album(tx, slug, lock=True)
        if album is None:
            raise NotFound
        now = [member for member, _ in table.owners(tx, [album.id])]
        known = {member.subject_id for member in owners}
        if any(_counts(member, here) or member.subject_id not in known for member in now):
            raise Conflict("This album has an owner who can sign in.", reason="owner")
        at = world.clock()
        before, new = make_owner(tx, album, person, at=at, by=actor)
        audit_albums.owner_named(
            tx,
            at=at,
            actor=actor,
            slug=slug,
            reason=reason,
            before=before,
            after=for_record(new),
            origin=origin,
        )


def enabled_person(world: World, user: str, *, field: str) -> DirectoryPerson:
    """Return somebody who has this user name and can sign in.

    Raises
    ------
    Invalid
        If there is nobody, or his account is disabled.
    Unavailable
        If Keycloak does not answer.

    """
    person = world.directory.person(user)
    if person is None or world.directory.standing(person.subject) is None:
        raise Invalid(field, "Nobody who can sign in has the user name {name}.", name=user)
    return person


def make_owner(
    tx: Session, album: Album, person: DirectoryPerson, *, at: datetime, by: Actor
) -> tuple[Mapping[str, Any] | None, Member]:
    """Make a person an owner without an end date; return what he was for the record, and what he is."""
    keep_named(tx, person, at=at)
    subject = person.subject_id
    member = members_table.of_subject(tx, album_id=album.id, kind=SubjectKind.PERSON, subject=subject)
    before = for_record(member) if member is not None else None
    if member is None:
        member = Member(
            album_id=album.id,
            subject_kind=SubjectKind.PERSON,
            subject_id=subject,
            subject_name=person.username,
            created_at=at,
            created_by=by.key,
        )
        tx.add(member)
    member.role, member.actions, member.until = AlbumRole.OWNER, [], None
    tx.flush()
    return before, member


def _enabled(world: World, owners: Collection[Member]) -> frozenset[str]:
    """Ask Keycloak which of the owners have an account that is enabled, once for each person."""
    provider = f"{world.settings.provider}:"
    subjects = {each.subject_id for each in owners if _lasts(each) and each.subject_id.startswith(provider)}
    return frozenset(
        subject
        for subject in sorted(subjects)
        if world.directory.standing(subject.removeprefix(provider)) is not None
    )


def _lasts(owner: Member) -> bool:
    """Tell whether an owner is a person without an end date: a group may be empty, and a date passes."""
    return owner.subject_kind == SubjectKind.PERSON and owner.until is None


def _counts(owner: Member, here: Collection[str]) -> bool:
    return _lasts(owner) and owner.subject_id in here
