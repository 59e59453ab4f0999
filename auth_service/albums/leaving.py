"""Leave an album, hand one over, mark those that one wants to find first: what somebody does for himself."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from auth_service.albums.members.changing import keeps_an_owner
from auth_service.albums.members.given import Rights, check_actions, for_record, words
from auth_service.albums.owners import enabled_person, make_owner
from auth_service.albums.rights import access, check, on_record
from auth_service.audit import albums as audit_albums
from auth_service.days import end_of
from auth_service.errors import Conflict, Invalid
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor
from auth_service.store import albums as table
from auth_service.store import favourites
from auth_service.store import members as members_table
from auth_service.store.tables import Album, Member
from auth_service.vocabulary import Action, AlbumRole, SubjectKind
from auth_service.world import World


def leave_album(world: World, *, actor: Actor, slug: str, origin: Origin = NOWHERE) -> None:
    """Give one's own membership of an album up.

    Raises
    ------
    NotFound
        If there is no such album, or none for him.
    Conflict
        If he is the last owner, or in it only because a group of his is.

    """
    with on_record(world, actor=actor, origin=origin), world.store.write() as tx:
        table.album(tx, slug, lock=True)
        album = access(tx, world, actor=actor, slug=slug).album
        member = _own(tx, world, actor, album)
        before = for_record(member)
        table.remove_member(tx, member.id)
        keeps_an_owner(tx, album)
        audit_albums.member_left(
            tx, at=world.clock(), actor=actor, slug=slug, member=member.id, before=before, origin=origin
        )


def hand_over(
    world: World,
    *,
    actor: Actor,
    slug: str,
    user: str,
    keep: Collection[Action] | None,
    origin: Origin = NOWHERE,
) -> None:
    """Make somebody the owner of an album in one's own place.

    Parameters
    ----------
    world : World
    actor : Actor
        An owner by a membership of his own.
    slug : str
    user : str
        The new owner's user name.
    keep : collection of Action, optional
        What the old one may do as a member; ``None``: he leaves.
    origin : Origin

    Raises
    ------
    NotFound
        If there is no such album, or none for him.
    Forbidden
        If he is not an owner.
    Invalid
        If a field is not what was expected, or nobody who can sign in has this name.
    Conflict
        If he is an owner only because a group of his is, or his right ends.
    Unavailable
        If the name cannot be looked up.

    """
    rights = _left(keep)
    with on_record(world, actor=actor, origin=origin):
        # Names are looked up only for who can hand it over, and never within a transaction.
        with world.store.read() as tx:
            album = check(tx, world, actor=actor, action=Action.MANAGE, slug=slug)
            _for_good(_own(tx, world, actor, album, role=AlbumRole.OWNER))
        person = enabled_person(world, user, field="user")
        if (person.provider, person.subject) == (actor.provider, actor.subject):
            raise Invalid("user", "You own this album already.")
        with world.store.write() as tx:
            album = check(tx, world, actor=actor, action=Action.MANAGE, slug=slug)
            at, old = world.clock(), _for_good(_own(tx, world, actor, album, role=AlbumRole.OWNER))
            before_of_new, new = make_owner(tx, album, person, at=at, by=actor)
            before = for_record(old)
            if rights is None:
                table.remove_member(tx, old.id)
            else:
                old.role, old.actions, old.until = rights.role, words(rights), None
                tx.flush()
            keeps_an_owner(tx, album)
            audit_albums.album_handed_over(
                tx,
                at=at,
                actor=actor,
                slug=slug,
                before=[each for each in (before, before_of_new) if each is not None],
                after=[for_record(new), *([for_record(old)] if rights is not None else [])],
                origin=origin,
            )


def mark_favourite(
    world: World, *, actor: Actor, slug: str, favourite: bool, origin: Origin = NOWHERE
) -> None:
    """Mark an album that one sees, or take the mark away; repeating it is harmless.

    Raises
    ------
    NotFound
        If there is no such album, or none for him.

    """
    with on_record(world, actor=actor, origin=origin), world.store.write() as tx:
        found = access(tx, world, actor=actor, slug=slug)
        change = favourites.add if favourite else favourites.remove
        change(tx, album_id=found.album.id, subject=actor.subject_id)


def _left(keep: Collection[Action] | None) -> Rights | None:
    """Return what the old owner keeps."""
    if keep is None:
        return None
    check_actions("keep", frozenset(keep))
    return Rights(role=AlbumRole.MEMBER, actions=frozenset(keep))


def _for_good(owner: Member) -> Member:
    """Refuse an owner whose right ends: another would have it for good by him, and he then by the other."""
    if owner.until is not None:
        raise Conflict(
            "Your own right in this album ends on {day}: only who owns it without an end can hand it over.",
            reason="until",
            day=owner.until.isoformat(),
        )
    return owner


def _own(tx: Session, world: World, actor: Actor, album: Album, *, role: AlbumRole | None = None) -> Member:
    """Return somebody's own membership that runs; who has none is told which group brings him here."""
    member = members_table.of_subject(
        tx, album_id=album.id, kind=SubjectKind.PERSON, subject=actor.subject_id
    )
    if member is not None and role in (None, member.role):
        end = end_of(member.until, world.settings.zone)
        if end is None or world.clock() < end:
            return member
    groups = sorted(
        each.subject_name
        for found, each in table.memberships_of(tx, actor)
        if found.id == album.id and each.subject_kind == SubjectKind.GROUP
    )
    raise Conflict(
        "You are in this album through a group, not by yourself: {groups}.",
        reason="group",
        groups=", ".join(groups),
    )
