"""Hold back the answers to bad credentials from where too many of them came, without holding a thread."""

from collections.abc import Awaitable, Callable

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auth_service.audit import credentials as audit_credentials
from auth_service.credentials.guessing import DELAY, Guesses
from auth_service.credentials.identity import cookie_values
from auth_service.errors import TooMany
from auth_service.http.responses import error_response, request_id
from auth_service.origin import Origin
from auth_service.world import World

Pause = Callable[[float], Awaitable[None]]
"""Waits for so many seconds."""

_BACKCHANNEL = "/internal/backchannel/"


class Slowing:
    """Look at each answer: that to a bad credential may have to wait, or is exchanged for "too many".

    What asked has been judged by then, so that a good credential is never held up by bad ones.
    """

    def __init__(self, app: ASGIApp, *, guesses: Guesses, pause: Pause) -> None:
        self._app = app
        self._guesses = guesses
        self._pause = pause

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer in time."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        exchanged = False

        async def answer(message: Message) -> None:
            nonlocal exchanged
            if message["type"] == "http.response.start":
                other = await self._held_back(request, message["status"])
                if other is not None:
                    exchanged = True
                    await other(scope, receive, send)
            if not exchanged:
                await send(message)

        await self._app(scope, receive, answer)

    async def _held_back(self, request: Request, status: int) -> Response | None:
        """Wait where a bad credential's answer must; return what is answered instead, if there is no room."""
        address = _address(request)
        if not (address and _is_bad(request, status) and self._guesses.are_too_many(address)):
            return None
        with self._guesses.waiting(address) as has_place:
            if not has_place:
                return _sent_away(request)
            await run_in_threadpool(_record, request, address)
            await self._pause(DELAY)
        return None


def _address(request: Request) -> str:
    """Return where the request came from; empty for the portal, which asks for many and tells nobody's."""
    if request.url.path.startswith(_BACKCHANNEL):
        # Not by nginx: a header says nothing here.
        return request.client.host if request.client else ""
    return request.headers.get("x-gate-address", "")


def _is_bad(request: Request, status: int) -> bool:
    """Tell the answer to a bad credential from that to none."""
    if request.url.path.startswith(_BACKCHANNEL):
        return status in (400, 404)
    name = request.app.state.services.settings.session_cookie
    cookies = (value for header in request.headers.getlist("cookie") for value in cookie_values(header, name))
    return status == 401 and ("authorization" in request.headers or any(True for _ in cookies))  # noqa: PLR2004


def _sent_away(request: Request) -> Response | None:
    if request.url.path == "/internal/session":
        # A page: whoever comes with an old cookie must get to the sign-in form, whatever his neighbours do.
        return None
    if request.url.path == "/internal/authorize":
        # auth_request knows no 429: nginx makes it of this (deploy/nginx).
        return Response(status_code=403, headers={"X-Gate-Deny": "slow"})
    return error_response(request, TooMany())


def _record(request: Request, address: str) -> None:
    services: World = request.app.state.services
    origin = Origin(address=address, request_id=request_id(request))
    with services.store.write() as tx:
        audit_credentials.credentials_guessed(tx, at=services.clock(), origin=origin)
