"""Ask auth_service for what people do with whole albums: make, change, archive, delete, leave, hand over.

What is refused comes with a sentence in the language that is asked for.
"""

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import quote

from portal.answers import Album, AlbumSearch, Deletion, OwnerlessList
from portal.asking import Asker, read


class AlbumKeeping(Protocol):
    """What can be asked in one person's name. Each may raise `Invalid` with a sentence."""

    def create_album(self, title: str, description: str, *, language: str) -> Album:
        """Make an album."""

    def edit_album(self, slug: str, title: str, description: str, *, language: str) -> Album:
        """Change what an album is called."""

    def archive_album(self, slug: str, *, archived: bool) -> None:
        """Archive an album, or bring it back."""

    def deletion(self, slug: str) -> Deletion:
        """Say what deleting an album would do."""

    def delete_album(self, slug: str, confirm: str, *, language: str) -> None:
        """Delete an album."""

    def leave_album(self, slug: str, *, language: str) -> None:
        """Give the person's own rights in an album up."""

    def hand_over(self, slug: str, user: str, keep: Sequence[str] | None, *, language: str) -> None:
        """Make somebody the owner of an album in the person's place."""

    def mark_favourite(self, slug: str, *, favourite: bool) -> None:
        """Mark an album, or take the mark away."""

    def ownerless(self, *, limit: int, offset: int) -> OwnerlessList:
        """Look through some of all albums for those without an owner, as an administrator."""

    def name_owner(self, slug: str, user: str, reason: str, *, language: str) -> None:
        """Give an album without an owner a new one, as an administrator."""


class HttpAlbumKeeping(Asker):
    """The same over HTTP."""

    def create_album(self, title: str, description: str, *, language: str) -> Album:
        """See `AlbumKeeping`."""
        body = {"title": title, "description": description}
        return read(Album, self._ask("POST", "/api/albums", json=body, headers=_in(language)))

    def edit_album(self, slug: str, title: str, description: str, *, language: str) -> Album:
        """See `AlbumKeeping`."""
        body = {"title": title, "description": description}
        return read(Album, self._ask("PATCH", _address(slug), json=body, headers=_in(language)))

    def archive_album(self, slug: str, *, archived: bool) -> None:
        """See `AlbumKeeping`."""
        self._ask("PUT" if archived else "DELETE", _address(slug, "/archived"))

    def deletion(self, slug: str) -> Deletion:
        """See `AlbumKeeping`."""
        return read(Deletion, self._ask("GET", _address(slug, "/deletion")))

    def delete_album(self, slug: str, confirm: str, *, language: str) -> None:
        """See `AlbumKeeping`."""
        self._ask("DELETE", _address(slug), params={"confirm": confirm}, headers=_in(language))

    def leave_album(self, slug: str, *, language: str) -> None:
        """See `AlbumKeeping`."""
        self._ask("POST", _address(slug, "/leave"), headers=_in(language))

    def hand_over(self, slug: str, user: str, keep: Sequence[str] | None, *, language: str) -> None:
        """See `AlbumKeeping`."""
        body = {"user": user, "keep": list(keep) if keep is not None else None}
        self._ask("POST", _address(slug, "/handover"), json=body, headers=_in(language))

    def mark_favourite(self, slug: str, *, favourite: bool) -> None:
        """See `AlbumKeeping`."""
        self._ask("PUT" if favourite else "DELETE", _address(slug, "/favourite"))

    def ownerless(self, *, limit: int, offset: int) -> OwnerlessList:
        """See `AlbumKeeping`."""
        page = {"limit": limit, "offset": offset}
        return read(OwnerlessList, self._ask("GET", "/api/albums/ownerless", params=page))

    def name_owner(self, slug: str, user: str, reason: str, *, language: str) -> None:
        """See `AlbumKeeping`."""
        body = {"user": user, "reason": reason}
        self._ask("POST", _address(slug, "/owner"), json=body, headers=_in(language))


def album_query(search: AlbumSearch) -> dict[str, str]:
    """Write a search for albums as the query of its address; what is not asked for is left out."""
    query = {"sort": search.sort, "limit": str(search.limit), "offset": str(search.offset)}
    asked = search.model_dump(mode="json", exclude=set(query), exclude_defaults=True)
    for name, value in asked.items():
        query[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return query


def _address(slug: str, more: str = "") -> str:
    return f"/api/albums/{quote(slug, safe='')}{more}"


def _in(language: str) -> dict[str, str]:
    return {"Accept-Language": language}
