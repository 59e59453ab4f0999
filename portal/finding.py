"""Use cases of the page Search: pages of what is found, what is selected, what is kept."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from auth_service.vocabulary import ALBUM_LABEL_PREFIX
from portal.albums import faces
from portal.answers import Me, Selection
from portal.archive import Archive
from portal.auth_client import Account
from portal.errors import Invalid
from portal.search import PER_PAGE, Found, Search, SearchLevel


def find(archive: Archive, search: Search, *, page: int) -> list[Found]:
    """Return one page of what is found, each with the series whose picture stands for it.

    Parameters
    ----------
    archive : Archive
        Orthanc in the person's name.
    search : Search
        What is looked for.
    page : int
        Counted from 1; behind the last page there is nothing.

    """
    found = archive.search(search, limit=PER_PAGE, offset=(page - 1) * PER_PAGE)
    if search.level is SearchLevel.SERIES:
        return found
    seen = faces(archive, [one.study.StudyInstanceUID for one in found], label=None)
    return [replace(one, face=seen.get(one.study.StudyInstanceUID)) for one in found]


def albums_by_label(me: Me) -> dict[str, str]:
    """Return the titles of the person's albums by their labels: of others he is told nothing."""
    return {f"{ALBUM_LABEL_PREFIX}{one.slug}": one.title for one in me.albums}


def tick(account: Account, level: SearchLevel, more: Sequence[str], less: Sequence[str]) -> None:
    """Select some studies, or series, and others no more."""
    account.change_selection(add=_selection(level, more), remove=_selection(level, less))


def clear(account: Account, forget_ticks: Callable[[], None]) -> None:
    """Select nothing any more, and let the tables forget what was ticked in them."""
    account.clear_selection()
    forget_ticks()


def keep(account: Account, search: Search, name: str) -> bool:
    """Save a search under a name; ``False`` where it cannot be, as there are too many."""
    try:
        account.save_search(name, urlencode(search.query))
    except Invalid:
        return False
    return True


def _selection(level: SearchLevel, uids: Sequence[str]) -> Selection:
    chosen = tuple(uids)
    return Selection(studies=chosen) if level is SearchLevel.STUDY else Selection(series=chosen)
