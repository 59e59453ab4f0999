"""Albums and their members in the database."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, delete, false, func, or_, select, update
from sqlalchemy.orm import Session

from auth_service.days import end_of
from auth_service.policy.model import Actor, Grant, Subject
from auth_service.store.database import added
from auth_service.store.tables import Album, Member, Person
from auth_service.vocabulary import (
    ALBUM_LABEL_PREFIX,
    OWNER_ACTIONS,
    Action,
    ActorKind,
    AlbumRole,
    LabelKind,
    SubjectKind,
    album_label,
    label_kind,
)

ACTIONS = {str(action): action for action in Action}
"""The words of the ``actions`` column."""


def actions_of(member: Member) -> frozenset[Action]:
    """Return what a membership allows; words that are not known (any more) allow nothing."""
    if member.role == AlbumRole.OWNER:
        return OWNER_ACTIONS
    return frozenset(ACTIONS[word] for word in member.actions if word in ACTIONS)


def grant_of(member: Member, *, slug: str, zone: ZoneInfo) -> Grant:
    """Return a membership as the policy sees it."""
    kind = SubjectKind.GROUP if member.subject_kind == SubjectKind.GROUP else SubjectKind.PERSON
    return Grant(
        subject=Subject(kind=kind, id=member.subject_id),
        actions=actions_of(member),
        label=album_label(slug),
        until=end_of(member.until, zone),
        source=f"membership:{member.id}",
    )


def grants_of(tx: Session, actor: Actor, *, zone: ZoneInfo) -> list[Grant]:
    """Return every grant that memberships give the actor, ended ones included; deleted albums give none.

    Parameters
    ----------
    zone : ZoneInfo
        The site's time zone, in which end dates are days.

    """
    return [grant_of(member, slug=slug, zone=zone) for member, slug in _memberships(tx, actor)]


def grants_in(tx: Session, album: Album, *, zone: ZoneInfo) -> list[Grant]:
    """Return every grant that members of an album have in it, ended ones included."""
    found = tx.scalars(select(Member).where(Member.album_id == album.id).order_by(Member.id))
    return [grant_of(member, slug=album.slug, zone=zone) for member in found]


def grants_of_in(tx: Session, actor: Actor, album: Album, *, zone: ZoneInfo) -> list[Grant]:
    """Return every grant that memberships of one album give the actor, ended ones included."""
    found = tx.scalars(select(Member).where(Member.album_id == album.id, _is(actor)).order_by(Member.id))
    return [grant_of(member, slug=album.slug, zone=zone) for member in found]


def memberships_of(tx: Session, actor: Actor) -> list[tuple[Album, Member]]:
    """Return the actor's memberships with their albums, deleted albums left out."""
    query = select(Album, Member).join(Member.album).where(Album.deleted_at.is_(None), _is(actor))
    return [(album, member) for album, member in tx.execute(query.order_by(Album.id, Member.id))]


def album(tx: Session, slug: str, *, lock: bool = False) -> Album | None:
    """Return an album that is not deleted.

    Parameters
    ----------
    lock : bool
        Make others who change the same album wait (SQLite has only one writer anyway).

    """
    query = select(Album).where(Album.slug == slug, Album.deleted_at.is_(None))
    return tx.scalar(query.with_for_update() if lock else query)


def every_album(tx: Session) -> list[Album]:
    """Return all albums that there are or ever were, the oldest first."""
    return list(tx.scalars(select(Album).order_by(Album.id)))


def whoever_has(tx: Session, slug: str) -> Album | None:
    """Return the album that has, or had before it was deleted, this slug."""
    return tx.scalar(select(Album).where(Album.slug == slug))


def slugs(tx: Session, album_ids: Iterable[int]) -> dict[int, str]:
    """Return the slugs of some albums, deleted ones among them."""
    found = tx.execute(select(Album.id, Album.slug).where(Album.id.in_(album_ids)))
    return {album_id: slug for album_id, slug in found}  # noqa: C416 - a row is no pair to the type checker


def slug_is_taken(tx: Session, slug: str) -> bool:
    """Tell whether an album has, or ever had, this slug."""
    return whoever_has(tx, slug) is not None


def add_album(
    tx: Session, *, slug: str, title: str, description: str, at: datetime, created_by: str
) -> Album | None:
    """Keep a new album; ``None`` if the slug was taken in the meantime."""
    new = Album(
        slug=slug, title=title, description=description, created_at=at, created_by=created_by, changed_at=at
    )
    return new if added(tx, new) else None


def touch(tx: Session, *, album_id: int, at: datetime) -> None:
    """Note that an album's content changed."""
    tx.execute(update(Album).where(Album.id == album_id).values(changed_at=at))


def delete_album(tx: Session, *, album_id: int, at: datetime) -> None:
    """Note that an album is deleted: its slug stays taken, and what it was stays on record."""
    tx.execute(update(Album).where(Album.id == album_id).values(deleted_at=at))


def live_albums(tx: Session, *, limit: int, offset: int) -> list[Album]:
    """Return the albums that are not deleted, in the order in which they were made."""
    query = select(Album).where(Album.deleted_at.is_(None)).order_by(Album.id)
    return list(tx.scalars(query.limit(limit).offset(offset)))


def number_of_albums(tx: Session) -> int:
    """Count the albums that are not deleted."""
    return tx.scalar(select(func.count()).select_from(Album).where(Album.deleted_at.is_(None))) or 0


def numbers_of_members(tx: Session, album_ids: Iterable[int], *, today: date) -> dict[int, dict[str, int]]:
    """Count the memberships that run today, by album and by kind of subject."""
    query = (
        select(Member.album_id, Member.subject_kind, func.count())
        .where(Member.album_id.in_(list(album_ids)), or_(Member.until.is_(None), Member.until >= today))
        .group_by(Member.album_id, Member.subject_kind)
    )
    found: dict[int, dict[str, int]] = {}
    for album_id, kind, number in tx.execute(query):
        found.setdefault(album_id, {})[kind] = number
    return found


def members(tx: Session, album_id: int) -> list[tuple[Member, str]]:
    """Return the members of an album with their names, in the order in which they came."""
    return members_of(tx, [album_id])


def members_of(tx: Session, album_ids: Iterable[int]) -> list[tuple[Member, str]]:
    """Return the members of some albums with their names, in the order in which they came."""
    query = _with_names().where(Member.album_id.in_(list(album_ids)))
    return [(member, name) for member, name in tx.execute(query.order_by(Member.id))]


def owners(tx: Session, album_ids: Iterable[int]) -> list[tuple[Member, str]]:
    """Return the owners of some albums with their names, in the order in which they came."""
    query = _with_names().where(Member.album_id.in_(list(album_ids)), Member.role == AlbumRole.OWNER)
    return [(member, name) for member, name in tx.execute(query.order_by(Member.id))]


def with_owners(tx: Session, labels: Iterable[str]) -> list[tuple[Album, list[str]]]:
    """Return the albums of some labels with their owners; deleted albums are left out."""
    slugs = [
        label.removeprefix(ALBUM_LABEL_PREFIX) for label in labels if label_kind(label) is LabelKind.ALBUM
    ]
    query = select(Album).where(Album.slug.in_(slugs), Album.deleted_at.is_(None)).order_by(Album.id)
    found = {album.id: (album, list[str]()) for album in tx.scalars(query)}
    for member, name in owners(tx, found):
        found[member.album_id][1].append(name)
    return list(found.values())


def add_member(tx: Session, member: Member) -> bool:
    """Keep a new member; ``False`` if he is one already."""
    return added(tx, member)


def remove_member(tx: Session, member_id: int) -> None:
    """Forget a member; what he was stays in the audit table."""
    tx.execute(delete(Member).where(Member.id == member_id))


def _with_names() -> Select[Member, Any]:
    """Select members with what they are called now: a person's name, a group's path."""
    person = and_(
        Member.subject_kind == SubjectKind.PERSON, Member.subject_id == Person.provider + ":" + Person.subject
    )
    name = func.coalesce(func.nullif(Person.name, ""), Person.username, Member.subject_name)
    return select(Member, name).outerjoin(Person, person)


def _memberships(tx: Session, actor: Actor) -> list[tuple[Member, str]]:
    query = select(Member, Album.slug).join(Member.album).where(Album.deleted_at.is_(None), _is(actor))
    return [(member, slug) for member, slug in tx.execute(query.order_by(Member.id))]


def _is(actor: Actor) -> ColumnElement[bool]:
    """Say which memberships are the actor's: his own, and his groups'."""
    if actor.kind not in (ActorKind.PERSON, ActorKind.TOKEN):
        return false()
    own = and_(
        Member.subject_kind == SubjectKind.PERSON,
        Member.subject_id == actor.subject_id,
    )
    groups = [group.id for group in actor.groups]
    return or_(own, and_(Member.subject_kind == SubjectKind.GROUP, Member.subject_id.in_(groups)))
