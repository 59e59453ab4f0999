"""Ask auth_service: who somebody is, which albums he sees, which sessions he has, and whether all is up.

`AuthService` is what the rest of the portal knows; `HttpAuthService` asks over a Unix socket (or HTTP), and
the tests have a second implementation in memory. Answers are checked where they arrive: one that does not
look as agreed counts as no answer. Nothing is kept between two questions but the connection.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

import httpx

from portal.album_keeping import AlbumKeeping, HttpAlbumKeeping, album_query
from portal.answers import (
    Album,
    AlbumList,
    AlbumSearch,
    Entry,
    Health,
    NewToken,
    RulesStatus,
    SavedSearch,
    SavedSearches,
    Selection,
    Session,
    SessionList,
    Size,
    TokenList,
    TokenWish,
)
from portal.arrivals import ArrivalsAccount, HttpArrivals
from portal.asking import LOOKING_SECONDS, read, send
from portal.audit import AuditPage, AuditSearch
from portal.contents import Contents
from portal.contents_client import HttpContents
from portal.deidentifying import Deidentifying, HttpDeidentifying
from portal.explanation import Explanation, PeopleList, Person
from portal.members_client import HttpMembers, MembersAccount

HEALTH_TIMEOUT_SECONDS = 3.0
"""Whether parts are up is asked in passing, so it may not hold a page up."""


class Account(AlbumKeeping, ArrivalsAccount, Contents, Deidentifying, MembersAccount, Protocol):
    """auth_service, asked in one person's name."""

    def albums(self, search: AlbumSearch) -> AlbumList:
        """List albums that the person may see."""

    def album(self, slug: str) -> Album:
        """Return one album, or raise `NotFound`."""

    def album_size(self, slug: str, *, study: str | None = None) -> Size:
        """Say how much of an album, or of a study in it, may be taken away; raises `Forbidden`."""

    def size(self, studies: Sequence[str]) -> Size:
        """Say how much of some studies may be taken away."""

    def searches(self) -> tuple[SavedSearch, ...]:
        """List the searches that the person saved, by name."""

    def save_search(self, name: str, query: str) -> None:
        """Save a search, or raise `Invalid`; one of the same name is replaced."""

    def forget_search(self, search_id: int) -> None:
        """Delete one of the person's saved searches."""

    def selection(self) -> Selection:
        """Return what the person has selected."""

    def change_selection(self, *, add: Selection, remove: Selection) -> None:
        """Select more, or less; raises `Invalid` where it would be too much."""

    def clear_selection(self) -> None:
        """Select nothing any more."""

    def selection_size(self) -> Size:
        """Say how much of what is selected may be taken away."""

    def sessions(self) -> tuple[Session, ...]:
        """List the person's live sessions."""

    def end_session(self, session_id: str) -> None:
        """End one of the person's sessions."""

    def tokens(self) -> TokenList:
        """List the person's API tokens, the newest first."""

    def create_token(self, wish: TokenWish) -> NewToken:
        """Make an API token, or raise `Invalid`."""

    def revoke_token(self, token_id: str) -> None:
        """Take one of the person's API tokens back."""

    def audit(self, search: AuditSearch, *, limit: int, offset: int) -> AuditPage:
        """Return what happened, as far as the person may read it; raises `NotFound` for who may nothing."""

    def set_language(self, language: str) -> None:
        """Remember the person's language."""

    def rules(self, language: str) -> RulesStatus:
        """Say how it stands with the rules file, in a language; for administrators."""

    def explain(self, query: Mapping[str, str], *, language: str) -> Explanation:
        """Ask why; raises `NotFound` for who may not ask, `Invalid` with a sentence in the language."""

    def people(self, search: str) -> tuple[Person, ...]:
        """Find people by a part of their names, as an administrator."""


class AuthService(Protocol):
    """auth_service, asked by the portal itself."""

    def enter(self, cookie: str, *, accept_language: str) -> Entry:
        """Turn a session cookie into a short-lived bearer, or raise `SignedOut`."""

    def health(self) -> Health:
        """Say which parts are up; raises `Unavailable` when auth_service itself is not."""

    def account(self, bearer: str, *, address: str) -> Account:
        """Ask in the name of the person whose bearer this is, who comes from an address."""


def connect(address: str, *, secret: str, timeout: float) -> httpx.Client:
    """Make the connection to auth_service: ``unix:/path`` or an http address."""
    uds = address.removeprefix("unix:") if address.startswith("unix:") else None
    return httpx.Client(
        base_url="http://auth_service" if uds else address,
        transport=httpx.HTTPTransport(uds=uds),
        headers={"X-Portal-Secret": secret, "Accept": "application/json"},
        timeout=timeout,
        trust_env=False,  # a proxy of the environment has no business between the two
    )


class HttpAuthService:
    """auth_service over HTTP."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def enter(self, cookie: str, *, accept_language: str) -> Entry:
        """See `AuthService`."""
        question = {"sid": cookie, "accept_language": accept_language}
        return read(Entry, send(self._client, "POST", "/internal/sessions/bearer", json=question))

    def health(self) -> Health:
        """See `AuthService`."""
        return read(Health, send(self._client, "GET", "/api/health", timeout=HEALTH_TIMEOUT_SECONDS))

    def account(self, bearer: str, *, address: str) -> Account:
        """See `AuthService`."""
        return HttpAccount(self._client, bearer, address)


class HttpAccount(HttpAlbumKeeping, HttpArrivals, HttpContents, HttpDeidentifying, HttpMembers):
    """auth_service over HTTP, in one person's name."""

    def albums(self, search: AlbumSearch) -> AlbumList:
        """See `Account`."""
        return read(AlbumList, self._ask("GET", "/api/albums", params=album_query(search)))

    def album(self, slug: str) -> Album:
        """See `Account`."""
        return read(Album, self._ask("GET", f"/api/albums/{quote(slug, safe='')}"))

    def album_size(self, slug: str, *, study: str | None = None) -> Size:
        """See `Account`."""
        query = {"study": study} if study else {}
        return self._size("GET", f"/api/albums/{quote(slug, safe='')}/size", params=query)

    def size(self, studies: Sequence[str]) -> Size:
        """See `Account`."""
        return self._size("POST", "/api/archives/size", json={"studies": list(studies)})

    def searches(self) -> tuple[SavedSearch, ...]:
        """See `Account`."""
        return read(SavedSearches, self._ask("GET", "/api/searches")).items

    def save_search(self, name: str, query: str) -> None:
        """See `Account`."""
        self._ask("POST", "/api/searches", json={"name": name, "query": query})

    def forget_search(self, search_id: int) -> None:
        """See `Account`."""
        self._ask("DELETE", f"/api/searches/{search_id}")

    def selection(self) -> Selection:
        """See `Account`."""
        return read(Selection, self._ask("GET", "/api/selection"))

    def change_selection(self, *, add: Selection, remove: Selection) -> None:
        """See `Account`."""
        change = {"add": add.model_dump(mode="json"), "remove": remove.model_dump(mode="json")}
        self._ask("PATCH", "/api/selection", json=change)

    def clear_selection(self) -> None:
        """See `Account`."""
        self._ask("DELETE", "/api/selection")

    def selection_size(self) -> Size:
        """See `Account`."""
        return self._size("GET", "/api/selection/size")

    def _size(self, method: str, path: str, **more: Any) -> Size:  # noqa: ANN401 - httpx's own
        return read(Size, self._ask(method, path, timeout=LOOKING_SECONDS, **more))

    def sessions(self) -> tuple[Session, ...]:
        """See `Account`."""
        return read(SessionList, self._ask("GET", "/api/sessions")).items

    def end_session(self, session_id: str) -> None:
        """See `Account`."""
        self._ask("DELETE", f"/api/sessions/{quote(session_id, safe='')}")

    def tokens(self) -> TokenList:
        """See `Account`."""
        return read(TokenList, self._ask("GET", "/api/tokens"))

    def create_token(self, wish: TokenWish) -> NewToken:
        """See `Account`."""
        return read(NewToken, self._ask("POST", "/api/tokens", json=wish.model_dump(mode="json")))

    def revoke_token(self, token_id: str) -> None:
        """See `Account`."""
        self._ask("DELETE", f"/api/tokens/{quote(token_id, safe='')}")

    def audit(self, search: AuditSearch, *, limit: int, offset: int) -> AuditPage:
        """See `Account`."""
        page = {"limit": str(limit), "offset": str(offset)}
        return read(AuditPage, self._ask("GET", "/api/audit", params={**search.parameters(), **page}))

    def set_language(self, language: str) -> None:
        """See `Account`."""
        self._ask("PATCH", "/api/me", json={"language": language})

    def rules(self, language: str) -> RulesStatus:
        """See `Account`."""
        headers = {"Accept-Language": language}
        return read(RulesStatus, self._ask("GET", "/api/rules", headers=headers))

    def explain(self, query: Mapping[str, str], *, language: str) -> Explanation:
        """See `Account`."""
        headers = {"Accept-Language": language}
        return read(Explanation, self._ask("GET", "/api/explain", params=dict(query), headers=headers))

    def people(self, search: str) -> tuple[Person, ...]:
        """See `Account`."""
        return read(PeopleList, self._ask("GET", "/api/people", params={"search": search})).items
