"""A person's own sessions: where he is signed in, and a way to end each."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from auth_service.http.dependencies import InPerson, own_origin
from auth_service.origin import Origin

router = APIRouter(tags=["sessions"])


class SessionDocument(BaseModel):
    """One session, as its owner sees it."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    created: datetime
    last_seen: datetime
    expires: datetime
    address: str
    user_agent: str
    current: bool
    """Whether it is the one by which the list was asked for."""


class SessionList(BaseModel):
    """One page of sessions, and how many there are."""

    items: list[SessionDocument]
    total: int


@router.get("/api/sessions")
def list_sessions(
    request: Request,
    actor: InPerson,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> SessionList:
    """Return the actor's live sessions, the one used last first."""
    found = request.app.state.services.sessions.list(actor)
    page = [SessionDocument.model_validate(info) for info in found[offset : offset + limit]]
    return SessionList(items=page, total=len(found))


@router.delete("/api/sessions/{session_id}", status_code=204, dependencies=[Depends(own_origin)])
def end_session(request: Request, actor: InPerson, session_id: str) -> Response:
    """End one of the actor's sessions; somebody else's looks like one that is not there."""
    request.app.state.services.sessions.end(actor, session_id, origin=Origin.of(request.headers))
    return Response(status_code=204)
