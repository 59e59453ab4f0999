"""Ask auth_service about the contents of albums, in one person's name."""

from urllib.parse import quote

import httpx

from portal.asking import LOOKING_SECONDS, Asker, read
from portal.contents import Change, ChangeList, Prospect, Wish


class HttpContents(Asker):
    """`Contents` over HTTP."""

    def preview(self, slug: str, wish: Wish, *, language: str) -> Prospect:
        """See `Contents`."""
        return read(Prospect, self._wish(f"{_changes(slug)}/preview", wish, language))

    def change(self, slug: str, wish: Wish, *, language: str) -> Change:
        """See `Contents`."""
        return read(Change, self._wish(_changes(slug), wish, language))

    def changes(self, slug: str, *, limit: int, offset: int) -> ChangeList:
        """See `Contents`."""
        return read(ChangeList, self._ask("GET", _changes(slug), params={"limit": limit, "offset": offset}))

    def undo(self, change: str, *, language: str) -> Change:
        """See `Contents`."""
        return read(Change, self._of(change, "undo", language))

    def stop(self, change: str, *, language: str) -> Change:
        """See `Contents`."""
        return read(Change, self._of(change, "cancel", language))

    def _wish(self, path: str, wish: Wish, language: str) -> httpx.Response:
        headers = {"Accept-Language": language}
        return self._ask("POST", path, json=wish.document, headers=headers, timeout=LOOKING_SECONDS)

    def _of(self, change: str, verb: str, language: str) -> httpx.Response:
        path = f"/api/changes/{quote(change, safe='')}/{verb}"
        return self._ask("POST", path, headers={"Accept-Language": language}, timeout=LOOKING_SECONDS)


def _changes(slug: str) -> str:
    return f"/api/albums/{quote(slug, safe='')}/changes"
