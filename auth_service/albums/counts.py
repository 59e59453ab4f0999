"""Keep what albums hold beside them, so that a list of albums asks the database and not Orthanc.

Whoever changes what an album holds marks it, in the same transaction; whoever counts it reads the marks
*before* he asks Orthanc and writes them with the answer. What is marked in between stays due.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from auth_service.albums.holdings import Holding, Picture, holdings
from auth_service.errors import Unavailable
from auth_service.store import counts as table
from auth_service.store.counts import Counted
from auth_service.vocabulary import album_label
from auth_service.world import World

LARGE = 2000
"""Series from which on an album is not counted at the end of each change, but by the thread, soon after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What an album held, and when it was counted."""

    holding: Holding
    at: datetime


def kept(world: World, albums: Mapping[int, str]) -> tuple[dict[int, Kept], bool]:
    """Return what is kept of some albums; those that were never counted are counted now.

    Parameters
    ----------
    world : World
    albums : mapping of int to str
        Slugs by the albums' numbers.

    Returns
    -------
    tuple of dict and bool
        The counts, and whether they are all there: Orthanc may not answer.

    """
    with world.store.read() as tx:
        found = table.counted(tx, albums)
    missing = {album_id: slug for album_id, slug in albums.items() if album_id not in found}
    complete = True
    if missing:
        try:
            found |= count(world, missing)
        except Unavailable as error:
            if error.reason != "orthanc":
                raise
            complete = False
    return {album_id: _kept(one) for album_id, one in found.items()}, complete


def count(world: World, albums: Mapping[int, str]) -> dict[int, Counted]:
    """Count what some albums hold with one question to Orthanc, and keep it.

    Raises
    ------
    Unavailable
        If Orthanc does not answer: what is due stays due.

    """
    with world.store.write() as tx:
        marks = table.marks_of(tx, albums)
    at = world.clock()
    held = holdings(world.archive, frozenset(album_label(slug) for slug in albums.values()))
    found = {album_id: _counted(held[album_label(slug)], at) for album_id, slug in albums.items()}
    for album_id, one in found.items():
        # Each by itself: two that count the same albums in another order do not wait for each other.
        with world.store.write() as tx:
            table.keep(tx, album_id=album_id, marks=marks[album_id], found=one)
    return found


def after_change(world: World, *, album_id: int, slug: str) -> None:
    """Count an album whose content changed, unless it is large or Orthanc does not answer: then it is due."""
    with world.store.read() as tx:
        before = table.counted(tx, [album_id]).get(album_id)
    if before is not None and before.series >= LARGE:
        return
    try:
        count(world, {album_id: slug})
    except Unavailable:
        return


def _counted(holding: Holding, at: datetime) -> Counted:
    picture = holding.picture
    return Counted(
        at=at,
        studies=holding.studies,
        series=holding.series,
        instances=holding.instances,
        modalities=holding.modalities,
        picture=(picture.study, picture.series) if picture else None,
    )


def _kept(found: Counted) -> Kept:
    picture = Picture(study=found.picture[0], series=found.picture[1]) if found.picture else None
    return Kept(
        holding=Holding(
            studies=found.studies,
            series=found.series,
            instances=found.instances,
            modalities=found.modalities,
            picture=picture,
        ),
        at=found.at,
    )
