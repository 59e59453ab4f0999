"""What nginx, the portal and Keycloak ask behind the scenes; who may ask is checked before they come here.

Keycloak's back-channel logout carries its secret in the address, as Keycloak can send no header of ours.
"""

import hmac
import logging
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from auth_service.credentials.identity import SESSION_ID
from auth_service.credentials.verification import Untrusted
from auth_service.errors import NotFound, ServiceError, Unauthenticated
from auth_service.http.dependencies import actor_or_nobody
from auth_service.http.me import me_document
from auth_service.http.responses import request_id
from auth_service.origin import Origin
from auth_service.vocabulary import ActorKind

router = APIRouter(include_in_schema=False)

LONGEST_BODY = 65_536
"""Bytes of a back-channel logout; a logout token has some hundreds."""

log = logging.getLogger(__name__)


class BearerWanted(BaseModel):
    """What the portal knows of the person whose page it draws."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sid: Annotated[str, Field(max_length=4096)]
    """The value of the session cookie."""
    accept_language: Annotated[str | None, Field(max_length=1024)] = None


@router.get("/internal/session")
def session(request: Request) -> Response:
    """Say to nginx whether the cookie is a live session; nothing else counts here."""
    try:
        actor = actor_or_nobody(request)
    except ServiceError:
        return Response(status_code=401, headers={"Cache-Control": "no-store"})
    live = actor.kind is ActorKind.PERSON and "authorization" not in request.headers
    return Response(status_code=204 if live else 401, headers={"Cache-Control": "no-store"})


@router.post("/internal/sessions/bearer")
def bearer(request: Request, wanted: BearerWanted) -> JSONResponse:
    """Give the portal a bearer for a live session, and say whose it is."""
    services = request.app.state.services
    given = None
    if SESSION_ID.fullmatch(wanted.sid):
        given = services.sessions.bearer(wanted.sid)
    if given is None:
        raise Unauthenticated(reason="session-over")
    text, expires_in, actor = given
    services.rules.admit(actor)
    document: dict[str, Any] = {
        "bearer": text,
        "expires_in": expires_in,
        "me": me_document(services, actor),
    }
    return JSONResponse(document, headers={"Cache-Control": "no-store"})


@router.post("/internal/backchannel/{secret}")
async def backchannel(request: Request, secret: str) -> Response:
    """End the sessions that Keycloak says are over (OpenID Connect Back-Channel Logout 1.0)."""
    expected = request.app.state.services.settings.backchannel_secret.get_secret_value()
    if not hmac.compare_digest(secret.encode(), expected.encode()):
        raise NotFound
    body = await _short_body(request)
    token = None if body is None else parse_qs(body.decode("ascii", "replace")).get("logout_token")
    done = token is not None and len(token) == 1 and await run_in_threadpool(_end, request, token[0])
    return Response(status_code=200 if done else 400, headers={"Cache-Control": "no-store"})


def _end(request: Request, token: str) -> bool:
    # Keycloak comes without nginx: only the number of the request is heard.
    origin = Origin(address=None, request_id=request_id(request))
    try:
        ended = request.app.state.services.sessions.end_by_logout_token(token, origin=origin)
    except Untrusted as error:
        log.warning("a back-channel logout was refused: %s", error.why)
        return False
    log.info("a back-channel logout ended %s session(s)", ended)
    return True


async def _short_body(request: Request) -> bytes | None:
    """Return the body, or ``None`` if it is longer than any logout token."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            return None
    return body
