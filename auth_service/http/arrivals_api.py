"""What came by DICOM and waits to be filed, over HTTP: administrators alone, in person."""

from collections.abc import Collection
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from auth_service.http.dependencies import UNSAFE_BY_ADMIN, Administrator, Number
from auth_service.http.documents.arrivals import (
    ArrivalDocument,
    ArrivalList,
    ArrivalsWanted,
    DismissMany,
    DismissOne,
    Filed,
    FileMany,
    FileOne,
)
from auth_service.http.documents.shared import errors
from auth_service.incoming import filing
from auth_service.origin import Origin
from auth_service.policy.model import Actor

router = APIRouter(tags=["arrivals"])


@router.get("/api/arrivals", responses=errors(403, 404, 422, 503))
def arrivals(
    request: Request, actor: Administrator, wanted: Annotated[ArrivalsWanted, Query()]
) -> ArrivalList:
    """Return series that came by DICOM, the newest first: those that wait, or those in another state."""
    page = filing.list_arrivals(
        request.app.state.services,
        actor=actor,
        state=wanted.state,
        limit=wanted.limit,
        offset=wanted.offset,
        origin=Origin.of(request.headers),
    )
    return ArrivalList(
        items=[ArrivalDocument.model_validate(one, from_attributes=True) for one in page.items],
        total=page.series,
        studies=page.studies,
        arriving=page.arriving,
    )


@router.post(
    "/api/arrivals/file",
    status_code=202,
    responses=errors(403, 404, 409, 422),
    dependencies=UNSAFE_BY_ADMIN,
)
def file_many(request: Request, actor: Administrator, wanted: FileMany) -> Filed:
    """Put several series that wait into an album, all of them or none, in the background."""
    return _file(request, actor, wanted.ids, wanted)


@router.post(
    "/api/arrivals/dismiss",
    status_code=204,
    response_class=Response,
    responses=errors(403, 404, 409, 422),
    dependencies=UNSAFE_BY_ADMIN,
)
def dismiss_many(request: Request, actor: Administrator, wanted: DismissMany) -> Response:
    """Put several series that wait aside, all of them or none: they stay in the archive, in no album."""
    return _dismiss(request, actor, wanted.ids, wanted)


@router.post(
    "/api/arrivals/{arrival}/file",
    status_code=202,
    responses=errors(403, 404, 409, 422),
    dependencies=UNSAFE_BY_ADMIN,
)
def file_one(request: Request, actor: Administrator, arrival: Number, wanted: FileOne) -> Filed:
    """Put a series that waits into an album, in the background."""
    return _file(request, actor, [arrival], wanted)


@router.post(
    "/api/arrivals/{arrival}/dismiss",
    status_code=204,
    response_class=Response,
    responses=errors(403, 404, 409, 422),
    dependencies=UNSAFE_BY_ADMIN,
)
def dismiss_one(request: Request, actor: Administrator, arrival: Number, wanted: DismissOne) -> Response:
    """Put a series that waits aside: it stays in the archive, in nobody's album."""
    return _dismiss(request, actor, [arrival], wanted)


def _file(request: Request, actor: Actor, ids: Collection[int], wanted: FileOne) -> Filed:
    change = filing.file(
        request.app.state.services,
        actor=actor,
        ids=ids,
        album=wanted.album,
        origin=Origin.of(request.headers),
    )
    return Filed(change=change)


def _dismiss(request: Request, actor: Actor, ids: Collection[int], wanted: DismissOne) -> Response:
    filing.dismiss(
        request.app.state.services,
        actor=actor,
        ids=ids,
        reason=wanted.reason,
        origin=Origin.of(request.headers),
    )
    return Response(status_code=204)
