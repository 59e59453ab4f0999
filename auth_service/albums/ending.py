"""Archive albums and bring them back; delete them, with what that does said beforehand.

Nothing here deletes an image. A deleted album grants nothing from that moment on; its label goes away in the
background, by a change like any other, so that a crash leaves nothing behind. The ledger and the audit stay.
"""

from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy.orm import Session

from auth_service.albums.rights import accesses, check, on_record
from auth_service.audit import albums as audit_albums
from auth_service.deidentifying import holding
from auth_service.errors import Invalid
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor
from auth_service.store import albums as table
from auth_service.store import contents as contents_table
from auth_service.store import deidentification as deidentification_table
from auth_service.store import held as held_table
from auth_service.store import ledger as ledger_table
from auth_service.store.tables import Album
from auth_service.vocabulary import Action, ChangeVerb, SubjectKind
from auth_service.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What deleting an album does."""

    slug: str
    title: str
    people: int
    groups: int
    """Memberships that run and give nothing from then on, his own included."""
    studies: int
    series: int
    """What loses the album's label."""
    unseen: int
    """Series that he can view in no other album then."""


def archive_album(world: World, *, actor: Actor, slug: str, archived: bool, origin: Origin = NOWHERE) -> None:
    """Archive an album, or bring it back; repeating it is harmless.

    Raises
    ------
    NotFound
        If there is no such album, or none for him.
    Forbidden
        If he is not an owner.

    """
    with on_record(world, actor=actor, origin=origin), world.store.write() as tx:
        album = check(tx, world, actor=actor, action=Action.MANAGE, slug=slug)
        if (album.archived_at is not None) is archived:
            return
        at = world.clock()
        album.archived_at = at if archived else None
        record = audit_albums.album_archived if archived else audit_albums.album_brought_back
        record(tx, at=at, actor=actor, slug=slug, origin=origin)


def foresee_deletion(world: World, *, actor: Actor, slug: str, origin: Origin = NOWHERE) -> Deletion:
    """Say what deleting an album would do, in exact counts.

    How many series nobody at all could find any more is not said: that would tell of others' albums.

    Raises
    ------
    NotFound
        If there is no such album, or none for him.
    Forbidden
        If he may not delete it.

    """
    with on_record(world, actor=actor, origin=origin), world.store.read() as tx:
        album = check(tx, world, actor=actor, action=Action.DELETE, slug=slug)
        return _foreseen(tx, world, actor, album)


def delete_album(
    world: World, *, actor: Actor, slug: str, confirm: str, origin: Origin = NOWHERE
) -> str | None:
    """Delete an album; return the change that takes its label away, if it ever held anything.

    Parameters
    ----------
    world : World
    actor : Actor
        An owner.
    slug : str
    confirm : str
        The slug once more: what is deleted is meant.
    origin : Origin

    Raises
    ------
    NotFound
        If there is no such album, or none for him.
    Forbidden
        If he may not delete it.
    Invalid
        If it was not confirmed.

    """
    with on_record(world, actor=actor, origin=origin), world.store.write() as tx:
        album = check(tx, world, actor=actor, action=Action.DELETE, slug=slug)
        if confirm != slug:
            raise Invalid("confirm", "Write the album's short name to confirm: {slug}.", slug=slug)
        at, foreseen = world.clock(), _foreseen(tx, world, actor, album)
        # What is still on its way in is taken out too, after it: changes of an album are done in order.
        series = contents_table.contents(tx, album.id) | ledger_table.to_be_added(tx, album.id)
        change = uuid4().hex if series else None
        if change is not None:
            ledger_table.add_change(
                tx,
                change_id=change,
                album_id=album.id,
                verb=ChangeVerb.REMOVE,
                series=sorted(series),
                actor=actor.key,
                actor_name=actor.name or actor.username,
                at=at,
            )
        # Nothing more is uploaded: with its key the pseudonyms of the album lose all that leads back.
        deidentification_table.forget(tx, album.id)
        held = held_table.remove_of_album(tx, album.id)
        table.delete_album(tx, album_id=album.id, at=at)
        audit_albums.album_deleted(
            tx,
            at=at,
            actor=actor,
            slug=slug,
            details={
                "title": album.title,
                "change": change,
                "people": foreseen.people,
                "groups": foreseen.groups,
                "studies": foreseen.studies,
                "series": foreseen.series,
            },
            origin=origin,
        )
    holding.drop(world, held)
    return change


def _foreseen(tx: Session, world: World, actor: Actor, album: Album) -> Deletion:
    at, zone = world.clock(), world.settings.zone
    members = table.numbers_of_members(tx, [album.id], today=at.astimezone(zone).date())
    others = [
        each.album.id
        for each in accesses(tx, actor, at=at, zone=zone)
        if Action.VIEW in each.actions and each.album.id != album.id
    ]
    studies, series = contents_table.extent(tx, album.id)
    kinds = members.get(album.id, {})
    return Deletion(
        slug=album.slug,
        title=album.title,
        people=kinds.get(SubjectKind.PERSON, 0),
        groups=kinds.get(SubjectKind.GROUP, 0),
        studies=studies,
        series=series,
        unseen=series - contents_table.shared_with(tx, album.id, others),
    )
