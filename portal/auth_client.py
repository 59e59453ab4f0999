"""Ask auth_service: who somebody is, which albums he sees, which sessions he has, and whether all is up.

`AuthService` is what the rest of the portal knows; `HttpAuthService` asks over a Unix socket (or HTTP), and
the tests have a second implementation in memory. Answers are checked where they arrive: one that does not
look as agreed counts as no answer. Nothing is kept between two questions but the connection.
"""

import logging
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from portal.album_keeping import AlbumKeeping, HttpAlbumKeeping, album_query
from portal.answers import (
    Album,
    AlbumList,
    AlbumSearch,
    Answer,
    Entry,
    Health,
    NewToken,
    RulesStatus,
    Session,
    SessionList,
    TokenList,
    TokenWish,
)
from portal.audit import AuditPage, AuditSearch
from portal.contents import Change, ChangeList, Contents, Prospect, Wish
from portal.errors import Forbidden, Invalid, NotFound, Part, SignedOut, Unavailable
from portal.explanation import Explanation, PeopleList, Person

_log = logging.getLogger(__name__)

HEALTH_TIMEOUT_SECONDS = 3.0
"""Whether parts are up is asked in passing, so it may not hold a page up."""


LOOKING_SECONDS = 60.0
"""A list of ten thousand studies is looked up while somebody waits."""


class Account(AlbumKeeping, Contents, Protocol):
    """auth_service, asked in one person's name."""

    def albums(self, search: AlbumSearch) -> AlbumList:
        """List albums that the person may see."""

    def album(self, slug: str) -> Album:
        """Return one album, or raise `NotFound`."""

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


class HttpAccount(HttpAlbumKeeping):
    """auth_service over HTTP, in one person's name."""

    def __init__(self, client: httpx.Client, bearer: str, address: str = "") -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {bearer}"}
        if address:
            # For the audit: to auth_service all of our questions come from one socket.
            self._headers["X-Gate-Address"] = address

    def albums(self, search: AlbumSearch) -> AlbumList:
        """See `Account`."""
        return _read(AlbumList, self._ask("GET", "/api/albums", params=album_query(search)))

    def album(self, slug: str) -> Album:
        """See `Account`."""
        return _read(Album, self._ask("GET", f"/api/albums/{quote(slug, safe='')}"))

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

    def preview(self, slug: str, wish: Wish, *, language: str) -> Prospect:
        """See `Contents`."""
        return _read(Prospect, self._wish(f"{_changes(slug)}/preview", wish, language))

    def change(self, slug: str, wish: Wish, *, language: str) -> Change:
        """See `Contents`."""
        return _read(Change, self._wish(_changes(slug), wish, language))

    def changes(self, slug: str, *, limit: int, offset: int) -> ChangeList:
        """See `Contents`."""
        page = {"limit": limit, "offset": offset}
        return _read(ChangeList, self._ask("GET", _changes(slug), params=page))

    def undo(self, change: str, *, language: str) -> Change:
        """See `Contents`."""
        headers = {"Accept-Language": language}
        return _read(
            Change, self._ask("POST", f"/api/changes/{quote(change, safe='')}/undo", headers=headers)
        )

    def stop(self, change: str, *, language: str) -> Change:
        """See `Contents`."""
        headers = {"Accept-Language": language}
        path = f"/api/changes/{quote(change, safe='')}/cancel"
        return _read(Change, self._ask("POST", path, headers=headers))

    def _wish(self, path: str, wish: Wish, language: str) -> httpx.Response:
        headers = {"Accept-Language": language}
        return self._ask("POST", path, json=wish.document, headers=headers, timeout=LOOKING_SECONDS)

    def _told(self, model: type[_A], method: str, path: str, **more: Any) -> _A:  # noqa: ANN401
        return _read(model, self._ask(method, path, **more))

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        headers = {**self._headers, **more.pop("headers", {})}
        return _send(self._client, method, path, headers=headers, **more)


def _changes(slug: str) -> str:
    return f"/api/albums/{quote(slug, safe='')}/changes"


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
