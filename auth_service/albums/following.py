"""Follow changes of albums: how far they are, what is in an album and was; stop one.

Who asked for a change sees it, and the album's owners see all; what others named and was not taken is left
out for them, as it may tell of what is not theirs. Which series got images that were in the album before is
told to who may see what is in it; to others, how many. A program is told of what it asked for itself, and not
of what its maker did: that may be about more than it is left.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from auth_service.albums import ledger, receiving
from auth_service.albums.changing import action_for
from auth_service.albums.ledger import MOST_TOLD, Report
from auth_service.albums.rights import check, may, on_record
from auth_service.audit import albums as audit_albums
from auth_service.errors import Conflict, NotFound
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor
from auth_service.store import contents as contents_table
from auth_service.store import ledger as table
from auth_service.store.tables import Album, Change
from auth_service.vocabulary import Action, ChangeState, ChangeVerb
from auth_service.world import World

MOST_LISTED = 100
"""Things that did not succeed that a list tells of each change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Some of an album's changes, the newest first."""

    items: tuple[Report, ...]
    total: int


def read(world: World, *, actor: Actor, change: str, limit: int = MOST_TOLD, offset: int = 0) -> Report:
    """Say how far a change has come, to who asked for it and to the album's owners.

    Parameters
    ----------
    limit, offset : int
        Which page of what did not succeed, and of the series that were there before and got images.

    Raises
    ------
    NotFound
        If there is no such change for him.

    """
    with world.store.read() as tx:
        found, album = concerning(tx, world, actor, change)
        own = _is_own(found, actor)
        inside = sees_inside(tx, world, actor, album.slug)
        return ledger.report_of(tx, found, album, named=own, inside=inside, limit=limit, offset=offset)


def list_changes(
    world: World, *, actor: Actor, slug: str, limit: int, offset: int, origin: Origin = NOWHERE
) -> Changes:
    """Return an album's changes: to its owners all, to others those that they asked for.

    Raises
    ------
    NotFound
        If there is no such album, or none for him.

    """
    with on_record(world, actor=actor, origin=origin), world.store.read() as tx:
        owner = may(tx, world, actor=actor, action=Action.AUDIT, slug=slug)
        action = _what_he_may(tx, world, actor, slug) or Action.VIEW
        album = check(tx, world, actor=actor, action=action, slug=slug)
        asker = actor.subject_id if actor.in_person and not owner else None
        key = actor.key if not actor.in_person and not owner else None
        found, total = table.changes(tx, album.id, asker=asker, actor=key, limit=limit, offset=offset)
        inside = sees_inside(tx, world, actor, slug)
        reports = (
            ledger.report_of(tx, each, album, named=_is_own(each, actor), inside=inside, limit=MOST_LISTED)
            for each in found
        )
        return Changes(items=tuple(reports), total=total)


def contents(
    world: World, *, actor: Actor, slug: str, at: datetime | None = None, origin: Origin = NOWHERE
) -> dict[str, str]:
    """Return the series that are in an album, or were at a moment, each with its StudyInstanceUID.

    Raises
    ------
    NotFound
        If there is no such album for him.
    Forbidden
        If he may not view what is in it, or asks about the past and may not read what happened in it.

    """
    action = Action.VIEW if at is None else Action.AUDIT
    with on_record(world, actor=actor, origin=origin), world.store.read() as tx:
        album = check(tx, world, actor=actor, action=action, slug=slug)
        return contents_table.placed(tx, album.id, at=at)


def cancel(world: World, *, actor: Actor, change: str, origin: Origin = NOWHERE) -> Report:
    """Stop a change: what is done by then stays, and the rest is not done any more.

    Raises
    ------
    NotFound
        If there is no such change for him.
    Forbidden
        If a program asks that may not do in the album what the change does.
    Conflict
        If it is over, or was stopped before.

    """
    with on_record(world, actor=actor, origin=origin):
        with world.store.read() as tx:
            found, _ = concerning(tx, world, actor, change)
        if found.state == ChangeState.RECEIVING:
            # What has come stays, with its label.
            receiving.label_arrived(world, change=change)
    with on_record(world, actor=actor, origin=origin), world.store.write() as tx:
        found, album = concerning(tx, world, actor, change)
        if not actor.in_person:
            check(tx, world, actor=actor, action=action_for[ChangeVerb(found.verb)], slug=album.slug)
        at = world.clock()
        table.received(tx, change)
        if not table.ask_to_cancel(tx, change, at):
            raise Conflict("This change is over already.", reason="over")
        audit_albums.change_cancelled(tx, at=at, actor=actor, slug=album.slug, change=change, origin=origin)
    return read(world, actor=actor, change=change)


def concerning(tx: Session, world: World, actor: Actor, change: str) -> tuple[Change, Album]:
    """Return a change that somebody asked for himself, or of an album that he owns; raises `NotFound`."""
    found = table.change(tx, change)
    if found is None or found[1].deleted_at is not None:
        raise NotFound
    slug = found[1].slug
    concerned = _is_own(found[0], actor) or may(tx, world, actor=actor, action=Action.AUDIT, slug=slug)
    # A token that leaves nothing in this album learns nothing of it, whoever asked.
    if not concerned or _what_he_may(tx, world, actor, slug) is None:
        raise NotFound
    return found


def sees_inside(tx: Session, world: World, actor: Actor, slug: str) -> bool:
    """Tell whether somebody may know which series are in an album: who only fills it may not."""
    return any(may(tx, world, actor=actor, action=one, slug=slug) for one in (Action.VIEW, Action.AUDIT))


def _is_own(change: Change, actor: Actor) -> bool:
    """Tell whether somebody asked for a change himself: in person he is told of his programs' changes too."""
    return change.actor == actor.key or (actor.in_person and change.asker == actor.subject_id)


def _what_he_may(tx: Session, world: World, actor: Actor, slug: str) -> Action | None:
    """Return the first that somebody may do of what has to do with an album's contents."""
    actions = (Action.VIEW, Action.UPLOAD, Action.REMOVE)
    return next((one for one in actions if may(tx, world, actor=actor, action=one, slug=slug)), None)
