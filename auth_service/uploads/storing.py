"""Store what a tool sends in one request, as one change of an album."""

from auth_service.albums.rights import check_open_to, may, on_record
from auth_service.deidentifying.holding import Released
from auth_service.errors import Conflict
from auth_service.origin import Origin
from auth_service.policy.model import SYSTEM, Actor
from auth_service.uploads import sending, spool
from auth_service.uploads.intake import Intake
from auth_service.vocabulary import Action, LineFailure
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


def let_through(world: World, released: Released) -> None:
    """Put a held picture that an owner has looked at into its album.

    Raises
    ------
    Conflict
        If something else is called the same in the archive by now.
    Unavailable
        If Orthanc, the database or the disk does not answer.

    """
    with world.store.write() as tx:
        album = check_open_to(tx, world, actor=SYSTEM, action=Action.UPLOAD, slug=released.album)
        change = sending.open_change(tx, world, album, actor=SYSTEM, origin=released.origin)
    intake = Intake(
        world=world,
        actor=SYSTEM,
        slug=released.album,
        change=change,
        action=Action.UPLOAD,
        origin=released.origin,
        released=True,
    )
    try:
        file = spool.of_file(world.settings, change, 1)
        file.write_bytes(released.file)
        (taken,) = sending.take_all(intake, file, "held")
    finally:
        sending.close(world, change)
    if taken.why not in (None, LineFailure.PRESENT):
        raise Conflict(
            "The archive has this study, series or image already: it is not added to.", reason=taken.why
        )
