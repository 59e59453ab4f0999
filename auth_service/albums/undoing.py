"""Take changes of albums back.

What was put in is taken out again; what was taken out is put in again, which gives it to everybody who is in
the album by now. Who does that must be able to give it: because he had all of it in this album before it was
taken out, and still has, or by what he has elsewhere, as of anything that is put in.

Images that came into series which were in the album before stay: an album deletes nothing from the archive.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from auth_service.albums import ledger
from auth_service.albums.changing import action_for, put_in_again
from auth_service.albums.following import concerning
from auth_service.albums.ledger import Report
from auth_service.albums.rights import check, check_open, may, on_record
from auth_service.errors import Conflict
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.handing_on import HandingOn, required
from auth_service.policy.model import Actor, Resource
from auth_service.store import albums as albums_table
from auth_service.store import audit as audit_table
from auth_service.store import contents as contents_table
from auth_service.store import members as members_table
from auth_service.store import uploads
from auth_service.store.tables import Album, AuditRecord, Change
from auth_service.vocabulary import Action, ActorKind, AuditEvent, ChangeVerb, Level, SubjectKind, album_label
from auth_service.world import World

_RAISING = (AuditEvent.MEMBER_CHANGED, AuditEvent.ALBUM_HANDED_OVER, AuditEvent.OWNER_NAMED)
"""What is on record where somebody who is a member already is given more."""


def undo(world: World, *, actor: Actor, change: str, origin: Origin = NOWHERE) -> Report:
    """Take back what a change did, as far as nobody has touched it in the album since.

    Whoever asked for a change may take it back while he may still put series in or take them out; so may the
    album's owners. Of what was taken out only that is put in again which he may hand on.

    Raises
    ------
    NotFound
        If there is no such change for him.
    Forbidden
        If he may see it and not take it back.
    Conflict
        If it is not over yet, there is nothing of it to take back, or the album is archived.
    Unavailable
        If Orthanc must be asked what he may hand on, and does not answer.

    """
    with on_record(world, actor=actor, origin=origin):
        with world.store.write() as tx:
            found, album = concerning(tx, world, actor, change)
            verb = ChangeVerb.REMOVE if found.verb == ChangeVerb.ADD else ChangeVerb.ADD
            _check(tx, world, actor, verb, album.slug)
            check_open(album)
            if found.finished_at is None:
                raise Conflict("This change is not over yet: stop it first.", reason="running")
            series = contents_table.undoable(tx, change, album.id)
            if not series:
                raise _nothing(tx, change)
            slug, made = album.slug, None
            if verb is ChangeVerb.REMOVE or _had_it_all(tx, world, actor, album, found):
                at = world.clock()
                made = ledger.write(
                    tx, album, actor=actor, verb=verb, series=series, at=at, undoes=change, origin=origin
                )
        if made is None:
            made = put_in_again(world, actor=actor, slug=slug, series=series, undoes=change, origin=origin)
    return ledger.report(world, change=made)


def _nothing(tx: Session, change: str) -> Conflict:
    if uploads.growth(tx, change).images:
        return Conflict(
            "Nothing of this change can be taken back: images that came into series which were in the album "
            "before stay.",
            reason="nothing",
        )
    return Conflict("Nothing of this change is left to take back.", reason="nothing")


def _check(tx: Session, world: World, actor: Actor, verb: ChangeVerb, slug: str) -> None:
    """Check that somebody may take his change back, by one that does ``verb``.

    In person, who put something in by mistake may take it out again, whichever of the two he may still do. A
    program does nothing by it that it may not do otherwise.
    """
    if may(tx, world, actor=actor, action=Action.MANAGE, slug=slug):
        return
    action = action_for[verb]
    if actor.in_person and not may(tx, world, actor=actor, action=action, slug=slug):
        action = Action.UPLOAD
    check(tx, world, actor=actor, action=action, slug=slug)


def _had_it_all(tx: Session, world: World, actor: Actor, album: Album, change: Change) -> bool:
    """Tell whether somebody had, in the album before a change, all that its members have in it now.

    By a membership of his own, which nobody added to since: who is in a group, and since when, is not known
    here.
    """
    if actor.kind is ActorKind.SYSTEM:
        return True
    subject, since = actor.subject_id, change.created_at
    member = members_table.of_subject(tx, album_id=album.id, kind=SubjectKind.PERSON, subject=subject)
    if member is None or member.created_at > since or _given_more(tx, world, album, subject, since):
        return False
    at, zone = world.clock(), world.settings.zone
    handing_on = HandingOn.by(
        actor,
        grants=[albums_table.grant_of(member, slug=album.slug, zone=zone)],
        needed=required(albums_table.grants_in(tx, album, zone=zone), at=at),
        at=at,
    )
    return not handing_on.lacking(Resource(level=Level.SERIES, labels=frozenset({album_label(album.slug)})))


def _given_more(tx: Session, world: World, album: Album, subject: str, since: datetime) -> bool:
    """Tell whether a member's rights may have been added to since; what the audit has forgotten counts so."""
    days = world.settings.audit_keep_days
    if days is not None and world.clock() - since >= timedelta(days=days):
        return True
    changed = audit_table.of_label_since(tx, label=album_label(album.slug), events=_RAISING, since=since)
    return any(subject in _whom(record) for record in changed)


def _whom(record: AuditRecord) -> Iterator[str]:
    """Yield of whom a record says what he is from then on."""
    after = record.details["after"]
    for one in after if isinstance(after, list) else [after]:
        yield one["subject"]["id"]
