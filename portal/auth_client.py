"""Ask auth_service: who somebody is, which albums he sees, which sessions he has, and whether all is up.

`AuthService` is what the rest of the portal knows; `HttpAuthService` asks over a Unix socket (or HTTP), and
the tests have a second implementation in memory. Answers are checked where they arrive: one that does not
look as agreed counts as no answer. Nothing is kept between two questions but the connection.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from portal.answers import (
    Album,
    AlbumList,
    AlbumSearch,
    Answer,
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
from portal.audit import AuditPage, AuditSearch
from portal.errors import Forbidden, Invalid, NotFound, Part, SignedOut, Unavailable
from portal.explanation import Explanation, PeopleList, Person

_log = logging.getLogger(__name__)

HEALTH_TIMEOUT_SECONDS = 3.0
"""Whether parts are up is asked in passing, so it may not hold a page up."""


class Account(Protocol):
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


_A = TypeVar("_A", bound=Answer)


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
        return _read(Entry, _send(self._client, "POST", "/internal/sessions/bearer", json=question))

    def health(self) -> Health:
        """See `AuthService`."""
        return _read(Health, _send(self._client, "GET", "/api/health", timeout=HEALTH_TIMEOUT_SECONDS))

    def account(self, bearer: str, *, address: str) -> Account:
        """See `AuthService`."""
        return HttpAccount(self._client, bearer, address)


class HttpAccount:
    """auth_service over HTTP, in one person's name."""

    def __init__(self, client: httpx.Client, bearer: str, address: str = "") -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {bearer}"}
        if address:
            # For the audit: to auth_service all of our questions come from one socket.
            self._headers["X-Gate-Address"] = address

    def albums(self, search: AlbumSearch) -> AlbumList:
        """See `Account`."""
        query: dict[str, str | int] = {"sort": search.sort, "limit": search.limit, "offset": search.offset}
        if search.search:
            query["search"] = search.search
        if search.modality:
            query["modality"] = search.modality
        if search.mine is not None:
            query["mine"] = "true" if search.mine else "false"
        return _read(AlbumList, self._ask("GET", "/api/albums", params=query))

    def album(self, slug: str) -> Album:
        """See `Account`."""
        return _read(Album, self._ask("GET", f"/api/albums/{quote(slug, safe='')}"))

    def album_size(self, slug: str, *, study: str | None = None) -> Size:
        """See `Account`."""
        query = {"study": study} if study else {}
        return _read(Size, self._ask("GET", f"/api/albums/{quote(slug, safe='')}/size", params=query))

    def size(self, studies: Sequence[str]) -> Size:
        """See `Account`."""
        return _read(Size, self._ask("POST", "/api/archives/size", json={"studies": list(studies)}))

    def searches(self) -> tuple[SavedSearch, ...]:
        """See `Account`."""
        return _read(SavedSearches, self._ask("GET", "/api/searches")).items

    def save_search(self, name: str, query: str) -> None:
        """See `Account`."""
        self._ask("POST", "/api/searches", json={"name": name, "query": query})

    def forget_search(self, search_id: int) -> None:
        """See `Account`."""
        self._ask("DELETE", f"/api/searches/{search_id}")

    def selection(self) -> Selection:
        """See `Account`."""
        return _read(Selection, self._ask("GET", "/api/selection"))

    def change_selection(self, *, add: Selection, remove: Selection) -> None:
        """See `Account`."""
        change = {"add": add.model_dump(mode="json"), "remove": remove.model_dump(mode="json")}
        self._ask("PATCH", "/api/selection", json=change)

    def clear_selection(self) -> None:
        """See `Account`."""
        self._ask("DELETE", "/api/selection")

    def selection_size(self) -> Size:
        """See `Account`."""
        return _read(Size, self._ask("GET", "/api/selection/size"))

    def sessions(self) -> tuple[Session, ...]:
        """See `Account`."""
        return _read(SessionList, self._ask("GET", "/api/sessions")).items

    def end_session(self, session_id: str) -> None:
        """See `Account`."""
        self._ask("DELETE", f"/api/sessions/{quote(session_id, safe='')}")

    def tokens(self) -> TokenList:
        """See `Account`."""
        return _read(TokenList, self._ask("GET", "/api/tokens"))

    def create_token(self, wish: TokenWish) -> NewToken:
        """See `Account`."""
        return _read(NewToken, self._ask("POST", "/api/tokens", json=wish.model_dump(mode="json")))

    def revoke_token(self, token_id: str) -> None:
        """See `Account`."""
        self._ask("DELETE", f"/api/tokens/{quote(token_id, safe='')}")

    def audit(self, search: AuditSearch, *, limit: int, offset: int) -> AuditPage:
        """See `Account`."""
        page = {"limit": str(limit), "offset": str(offset)}
        return _read(AuditPage, self._ask("GET", "/api/audit", params={**search.parameters(), **page}))

    def set_language(self, language: str) -> None:
        """See `Account`."""
        self._ask("PATCH", "/api/me", json={"language": language})

    def rules(self, language: str) -> RulesStatus:
        """See `Account`."""
        headers = {"Accept-Language": language}
        return _read(RulesStatus, self._ask("GET", "/api/rules", headers=headers))

    def explain(self, query: Mapping[str, str], *, language: str) -> Explanation:
        """See `Account`."""
        headers = {"Accept-Language": language}
        return _read(Explanation, self._ask("GET", "/api/explain", params=dict(query), headers=headers))

    def people(self, search: str) -> tuple[Person, ...]:
        """See `Account`."""
        return _read(PeopleList, self._ask("GET", "/api/people", params={"search": search})).items

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        headers = {**self._headers, **more.pop("headers", {})}
        return _send(self._client, method, path, headers=headers, **more)


def _send(client: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401
    """Ask, and turn what is no answer into one of our errors."""
    try:
        response = client.request(method, path, **more)
    except httpx.HTTPError as error:
        _log.warning("auth_service does not answer %s %s: %s", method, path, type(error).__name__)
        raise Unavailable(Part.AUTH_SERVICE) from error
    if response.is_success:
        return response
    _log.info("auth_service answered %s %s with %s", method, path, response.status_code)
    match response.status_code:
        case 401:
            raise SignedOut
        case 403:
            raise Forbidden
        case 404:
            raise NotFound
        case 400 | 409 | 422:
            raise _refused(response)
        case _:
            raise Unavailable(_blamed(response))


def _refused(response: httpx.Response) -> Invalid:
    """Return the field that was refused, and the sentence about it."""
    try:
        body = response.json()
        return Invalid(str(body.get("reason") or ""), str(body.get("message") or ""))
    except (ValueError, AttributeError):
        return Invalid()


def _blamed(response: httpx.Response) -> Part:
    """Return the part that auth_service says it is waiting for, else auth_service itself."""
    try:
        return Part(response.json()["reason"])
    except (ValueError, KeyError, TypeError):
        return Part.AUTH_SERVICE


def _read(model: type[_A], response: httpx.Response) -> _A:
    """Check an answer against what was agreed; one that does not fit is no answer."""
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        fields = ", ".join(".".join(str(part) for part in one["loc"]) for one in error.errors())
        _log.exception("auth_service's answer to %s is not as agreed: %s", response.request.url.path, fields)
        raise Unavailable(Part.AUTH_SERVICE) from error
