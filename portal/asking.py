"""Ask auth_service one question, and check what it says: an answer that does not look as agreed is none."""

import logging
from typing import Any, TypeVar

import httpx
from pydantic import ValidationError

from portal.answers import Answer
from portal.errors import Forbidden, Invalid, NotFound, Part, SignedOut, Unavailable

LOOKING_SECONDS = 60.0
"""How long a question may take for which ten thousand series are looked at, while somebody waits."""

_log = logging.getLogger(__name__)

_A = TypeVar("_A", bound=Answer)


class Asker:
    """Asks over HTTP, in one person's name."""

    def __init__(self, client: httpx.Client, bearer: str, address: str = "") -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {bearer}"}
        if address:
            # For the audit: to auth_service all of our questions come from one socket.
            self._headers["X-Gate-Address"] = address

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        headers = {**self._headers, **more.pop("headers", {})}
        return send(self._client, method, path, headers=headers, **more)


def send(client: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401
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
        case 400 | 409 | 422 | 429:
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


def read(model: type[_A], response: httpx.Response) -> _A:
    """Check an answer against what was agreed; one that does not fit is no answer."""
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        fields = ", ".join(".".join(str(part) for part in one["loc"]) for one in error.errors())
        _log.exception("auth_service's answer to %s is not as agreed: %s", response.request.url.path, fields)
        raise Unavailable(Part.AUTH_SERVICE) from error
