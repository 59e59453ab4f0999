"""Store what a tool sends in one request, as one change of an album."""

from auth_service.albums.rights import check_open_to, may, on_record
from auth_service.origin import Origin
from auth_service.policy.model import Actor
from auth_service.uploads import sending
from auth_service.uploads.intake import Intake
from auth_service.vocabulary import Action
from auth_service.world import World


def begin(world: World, *, actor: Actor, slug: str, study: str | None, origin: Origin) -> Intake:
    """Write down that something is about to come, and return what takes it; `sending.close` ends it.

    Parameters
    ----------
    study : str or None
        StudyInstanceUID of the only study that is meant, if it is only one.

    Raises
    ------
    NotFound, Forbidden
        If there is no such album for the actor, or he may put nothing into it: neither whole series, nor what
        a viewer makes of its images.
    Conflict
        If it is archived.

    """
    with on_record(world, actor=actor, origin=origin), world.store.write() as tx:
        annotates = not may(tx, world, actor=actor, action=Action.UPLOAD, slug=slug) and may(
            tx, world, actor=actor, action=Action.ANNOTATE, slug=slug
        )
        action = Action.ANNOTATE if annotates else Action.UPLOAD
        album = check_open_to(tx, world, actor=actor, action=action, slug=slug)
        change = sending.open_change(tx, world, album, actor=actor, origin=origin)
    return Intake(
        world=world, actor=actor, slug=slug, change=change, action=action, origin=origin, study=study
    )
