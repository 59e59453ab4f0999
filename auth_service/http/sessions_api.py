"""A person's own sessions: where he is signed in, and a way to end each."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from auth_service.http.dependencies import SignedIn, own_origin
from auth_service.http.responses import request_id
from auth_service.sessions import SessionInfo

router = APIRouter(tags=["sessions"])


@router.get("/api/sessions")
def list_sessions(
    request: Request,
    actor: SignedIn,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> dict[str, Any]:
    """Return the actor's live sessions, the one used last first."""
    found = request.app.state.services.sessions.list(actor)
    return {"items": [_document(info) for info in found[offset : offset + limit]], "total": len(found)}


@router.delete("/api/sessions/{session_id}", status_code=204, dependencies=[Depends(own_origin)])
def end_session(request: Request, actor: SignedIn, session_id: str) -> Response:
    """End one of the actor's sessions; somebody else's looks like one that is not there."""
    request.app.state.services.sessions.end(
        actor,
        session_id,
        address=request.headers.get("x-gate-address", ""),
        request_id=request_id(request),
    )
    return Response(status_code=204)


def _document(info: SessionInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "created": info.created.isoformat(),
        "last_seen": info.last_seen.isoformat(),
        "expires": info.expires.isoformat(),
        "address": info.address,
        "user_agent": info.user_agent,
        "current": info.current,
    }
