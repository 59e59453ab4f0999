"""What people do with albums: look for them, and go through the studies of one, page by page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from auth_service.vocabulary import Action
from portal.answers import Album, AlbumSearch, Size
from portal.archive import Archive, StudySearch
from portal.auth_client import Account
from portal.dicom import Series, Study, face, in_order

ALBUMS_PER_PAGE = 24
STUDIES_PER_PAGE = 25
LOOKED_AT = 50
"""Albums that are looked through at once for their owners: Keycloak is asked about each of them."""
_MOST_ALBUMS = 200
"""The most albums that are asked for when modalities to choose from are gathered."""


Measured = Callable[[str, Callable[[], Size]], Size]
"""Gives what was measured before under a key, else measures it."""


def modalities(account: Account) -> list[str]:
    """Return the modalities that occur in the person's albums, in alphabetical order."""
    everything = account.albums(AlbumSearch(limit=_MOST_ALBUMS))
    return sorted({modality for album in everything.items for modality in album.modalities or ()})


@dataclass(frozen=True, slots=True)
class StudyWithFace:
    """A study and the series whose picture stands for it, if any has one."""

    study: Study
    face: Series | None


def studies(archive: Archive, question: StudySearch, *, page: int) -> list[StudyWithFace]:
    """Return one page of studies with their faces: two questions, however many studies.

    Parameters
    ----------
    archive : Archive
        Orthanc in the person's name.
    question : StudySearch
        Which studies; its label says in which album.
    page : int
        Counted from 1; behind the last page there is nothing.

    """
    found = archive.studies(question, limit=STUDIES_PER_PAGE, offset=(page - 1) * STUDIES_PER_PAGE)
    seen = faces(archive, [study.StudyInstanceUID for study in found], label=question.label)
    return [StudyWithFace(study, seen.get(study.StudyInstanceUID)) for study in found]


def faces(archive: Archive, uids: Sequence[str], *, label: str | None) -> dict[str, Series | None]:
    """Return the series whose picture stands for each of some studies: one question, however many."""
    by_study: dict[str, list[Series]] = {}
    for one in archive.series(uids, label=label):
        by_study.setdefault(one.StudyInstanceUID, []).append(one)
    return {uid: face(found) for uid, found in by_study.items()}


def pages(total: int, size: int) -> int:
    """Return how many pages there are; never less than one."""
    return max(1, -(-total // size))


@dataclass(frozen=True, slots=True)
class OpenStudy:
    """A study with its series in order, and the album it was opened from."""

    study: Study
    series: Sequence[Series]
    album: Album | None


def open_study(account: Account, archive: Archive, uid: str, *, slug: str | None) -> OpenStudy:
    """Return a study as one album shows it, or as the person may see it at all.

    Raises
    ------
    NotFound
        If there is no such study, or album, or the person may not know of it.

    """
    album = account.album(slug) if slug else None
    label = album.label if album else None
    study = archive.study(uid, label=label)
    return OpenStudy(study, in_order(archive.series([uid], label=label)), album)


def saves_into(album: Album | None) -> str | None:
    """Return the slug of an album if the person may save in it what he draws in the viewer."""
    if album is None or album.archived or not {Action.ANNOTATE, Action.UPLOAD}.intersection(album.actions):
        return None
    return album.slug


SERIES_MEASURED_AT_ONCE = 1000
"""Of an album of more the size is asked for when somebody wants to take it away: it takes seconds."""


def size_of(account: Account, album: Album, measured: Measured) -> Size:
    """Say how much of an album may be taken away; measured once for what it holds now."""
    # What somebody else is given changes nothing here, and what he himself is, the album's actions say.
    key = f"album.{album.slug}.{album.changed.isoformat()}.{album.series}.{album.instances}"
    return measured(key, lambda: account.album_size(album.slug))


def size_of_study(account: Account, opened: OpenStudy) -> Size | None:
    """Say how much of a study may be taken away, as it was opened; None: nothing."""
    uid, album = opened.study.StudyInstanceUID, opened.album
    if album and Action.DOWNLOAD not in album.actions:
        return None
    size = account.album_size(album.slug, study=uid) if album else account.size([uid])
    return size if size.series else None
