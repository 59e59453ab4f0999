"""Where the picture of a series is: the ``<img>`` of a page follows the redirect through the gate."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse

from auth_service.errors import NotFound
from auth_service.gate import Gate
from auth_service.http.dependencies import SignedIn, Uid
from auth_service.http.documents.shared import errors
from auth_service.pictures import MAX_SIZE, picture_path
from auth_service.vocabulary import Action

router = APIRouter(tags=["pictures"])

_KEPT = 600
"""Seconds for which a browser may keep the answer: it tells where the picture is, and opens nothing."""


@router.get(
    "/api/series/{series}/picture",
    status_code=302,
    response_class=RedirectResponse,
    responses=errors(404, 422, 503),
)
def picture(
    request: Request,
    actor: SignedIn,
    series: Uid,
    size: Annotated[int, Query(ge=16, le=MAX_SIZE, description="Pixels of a side, at the most.")] = 256,
) -> RedirectResponse:
    """Send the browser to a picture of a permitted series; 404 where there is none."""
    gate = Gate.of(request)
    found = gate.permitted(actor, Action.VIEW, series)
    path = picture_path(gate.archive, found, size=size) if found else None
    if path is None:
        raise NotFound
    return RedirectResponse(path, status_code=302, headers={"Cache-Control": f"private, max-age={_KEPT}"})
