"""De-identification of what is uploaded into an album, and the pictures that it holds, over HTTP.

All of it is for the album's owners, in person.
"""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from auth_service.deidentifying import holding, keeping
from auth_service.http.dependencies import UNSAFE_IN_PERSON, InPerson, Limit, Offset, Slug
from auth_service.http.documents.deidentification import (
    DeidentificationDocument,
    DeidentificationGiven,
    HeldDocument,
    HeldList,
)
from auth_service.http.documents.shared import errors
from auth_service.origin import Origin
from auth_service.policy.model import Actor
from auth_service.uploads import storing

router = APIRouter(tags=["de-identification"])

HeldId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
"""The identifier of a held picture."""

_MOST_FRAMES = 100_000


@router.get("/api/albums/{slug}/deidentification", responses=errors(403, 404))
def state(request: Request, actor: InPerson, slug: Slug) -> DeidentificationDocument:
    """Say whether an album de-identifies what is uploaded into it, and how."""
    return _state(request, actor, slug)


@router.put(
    "/api/albums/{slug}/deidentification",
    responses=errors(403, 404, 409, 422),
    dependencies=UNSAFE_IN_PERSON,
)
def switch_on(
    request: Request, actor: InPerson, slug: Slug, wanted: DeidentificationGiven
) -> DeidentificationDocument:
    """Have an album de-identify all that is uploaded into it, or change how; an old key is used again."""
    keeping.deidentify_uploads(
        request.app.state.services,
        actor=actor,
        slug=slug,
        options=wanted.options,
        origin=Origin.of(request.headers),
    )
    return _state(request, actor, slug)


@router.delete(
    "/api/albums/{slug}/deidentification",
    status_code=204,
    response_class=Response,
    responses=errors(403, 404, 422),
    dependencies=UNSAFE_IN_PERSON,
)
def switch_off(
    request: Request,
    actor: InPerson,
    slug: Slug,
    *,
    forget: Annotated[
        bool, Query(description="true: remove the key as well; nothing that comes later joins what is there.")
    ] = False,
) -> Response:
    """Have an album take files as they are from now on; what is in it stays as it is."""
    keeping.take_uploads_as_they_are(
        request.app.state.services,
        actor=actor,
        slug=slug,
        forget=forget,
        origin=Origin.of(request.headers),
    )
    return Response(status_code=204)


@router.get("/api/albums/{slug}/held", responses=errors(403, 404, 422))
def held(request: Request, actor: InPerson, slug: Slug, limit: Limit = 50, offset: Offset = 0) -> HeldList:
    """List the pictures that wait for a look."""
    page = holding.held_of(
        request.app.state.services,
        actor=actor,
        slug=slug,
        limit=limit,
        offset=offset,
        origin=Origin.of(request.headers),
    )
    items = [
        HeldDocument(
            id=row.id,
            study=row.study_uid,
            series=row.series_uid,
            instance=row.sop_uid,
            patient=row.patient,
            modality=row.modality,
            why=row.why,
            frames=row.frames,
            size=row.size,
            held=row.held_at,
            until=row.held_at + page.until,
            uploaded_by=row.uploaded_by_name,
        )
        for row in page.items
    ]
    return HeldList(items=items, total=page.total)


@router.get(
    "/api/albums/{slug}/held/{held_id}/picture",
    response_class=Response,
    responses=errors(403, 404, 409, 422, 503) | {200: {"content": {"image/png": {}}}},
)
def picture(
    request: Request,
    actor: InPerson,
    slug: Slug,
    held_id: HeldId,
    frame: Annotated[int, Query(ge=1, le=_MOST_FRAMES)] = 1,
) -> Response:
    """Draw one frame of a held picture, all of it from its darkest to its brightest value."""
    png = holding.picture_of(
        request.app.state.services,
        actor=actor,
        slug=slug,
        held=held_id,
        frame=frame,
        origin=Origin.of(request.headers),
    )
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(png, media_type="image/png", headers=headers)


@router.post(
    "/api/albums/{slug}/held/{held_id}/release",
    status_code=204,
    response_class=Response,
    responses=errors(403, 404, 409, 422, 503),
    dependencies=UNSAFE_IN_PERSON,
)
def release(request: Request, actor: InPerson, slug: Slug, held_id: HeldId) -> Response:
    """Let a picture go on into its album: he has seen that it names nobody."""
    holding.release(
        request.app.state.services,
        actor=actor,
        slug=slug,
        held=held_id,
        go_on=partial(storing.let_through, request.app.state.services),
        origin=Origin.of(request.headers),
    )
    return Response(status_code=204)


@router.delete(
    "/api/albums/{slug}/held/{held_id}",
    status_code=204,
    response_class=Response,
    responses=errors(403, 404, 422),
    dependencies=UNSAFE_IN_PERSON,
)
def discard(request: Request, actor: InPerson, slug: Slug, held_id: HeldId) -> Response:
    """Throw a held picture away."""
    holding.discard(
        request.app.state.services,
        actor=actor,
        slug=slug,
        held=held_id,
        origin=Origin.of(request.headers),
    )
    return Response(status_code=204)


def _state(request: Request, actor: Actor, slug: str) -> DeidentificationDocument:
    found = keeping.deidentification_of(
        request.app.state.services, actor=actor, slug=slug, origin=Origin.of(request.headers)
    )
    return DeidentificationDocument(
        on=found.on,
        options=sorted(found.options),
        since=found.since,
        by=found.by_name,
        has_key=found.has_key,
        readable=found.readable,
        held=found.held,
    )
