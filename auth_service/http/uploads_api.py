"""Files that people and programs send into albums, over HTTP: piece by piece, to be gone on with.

A file is sent in pieces, each from where the last one ended; a small one is one piece. When all of it is here
it is looked through at once: a zip file as the files in it.
"""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool

from auth_service.http.bodies import appended, looked_through
from auth_service.http.changes_api import change_document
from auth_service.http.dependencies import UNSAFE, Limit, Number, Offset, SignedIn, Slug
from auth_service.http.documents.shared import errors
from auth_service.http.documents.uploads import (
    FileDocument,
    FileList,
    PieceWanted,
    UploadDocument,
    UploadList,
)
from auth_service.origin import Origin
from auth_service.uploads import sending
from auth_service.uploads.sending import LARGEST_PIECE, FileState, UploadState

router = APIRouter(tags=["uploads"])

UploadId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@router.post(
    "/api/albums/{slug}/uploads", status_code=201, responses=errors(403, 404, 409), dependencies=UNSAFE
)
def begin(request: Request, actor: SignedIn, slug: Slug) -> UploadDocument:
    """Begin an upload into an album; it takes ``upload`` in it."""
    services = request.app.state.services
    return _document(sending.begin(services, actor=actor, slug=slug, origin=Origin.of(request.headers)))


@router.get("/api/albums/{slug}/uploads", responses=errors(403, 404))
def begun(request: Request, actor: SignedIn, slug: Slug) -> UploadList:
    """Return your uploads into an album that can be gone on with, the newest first."""
    services = request.app.state.services
    found = sending.begun(services, actor=actor, slug=slug, origin=Origin.of(request.headers))
    return UploadList(items=[_document(one) for one in found], total=len(found))


@router.get("/api/uploads/{upload}", responses=errors(404))
def read(request: Request, actor: SignedIn, upload: UploadId) -> UploadDocument:
    """Say how far your upload is."""
    return _document(sending.read(request.app.state.services, actor=actor, upload=upload))


@router.get("/api/uploads/{upload}/files", responses=errors(404))
def files(
    request: Request, actor: SignedIn, upload: UploadId, limit: Limit = 1000, offset: Offset = 0
) -> FileList:
    """Return the files of your upload that were begun, in the order of their numbers."""
    services = request.app.state.services
    found, total = sending.files(services, actor=actor, upload=upload, limit=limit, offset=offset)
    return FileList(items=[_file(one) for one in found], total=total)


@router.put(
    "/api/uploads/{upload}/files/{number}",
    responses=errors(403, 404, 409, 422, 429, 503),
    dependencies=UNSAFE,
    openapi_extra={
        "requestBody": {
            "description": "The bytes of the file from the offset on.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def send(
    request: Request,
    actor: SignedIn,
    upload: UploadId,
    number: Number,
    piece: Annotated[PieceWanted, Query()],
) -> FileDocument:
    """Send a piece of a file; the last one has it looked through, and may be sent again without a byte."""
    services, origin = request.app.state.services, Origin.of(request.headers)
    state, where = await run_in_threadpool(
        sending.expect,
        services,
        actor=actor,
        upload=upload,
        number=number,
        name=piece.name,
        size=piece.size,
        offset=piece.offset,
        origin=origin,
    )
    if not state.done:
        await appended(request, where, most=min(LARGEST_PIECE, piece.size - piece.offset))
        look_through = partial(
            sending.received, services, actor=actor, upload=upload, number=number, origin=origin
        )
        state = await looked_through(request, actor, look_through)
    return _file(state)


@router.post("/api/uploads/{upload}/end", responses=errors(404, 503), dependencies=UNSAFE)
def end(request: Request, actor: SignedIn, upload: UploadId) -> UploadDocument:
    """End your upload: what has come is in the album."""
    return _document(sending.finish(request.app.state.services, actor=actor, upload=upload))


def _document(state: UploadState) -> UploadDocument:
    return UploadDocument(
        id=state.report.change,
        album=state.report.album,
        change=change_document(state.report),
        files=state.files,
        stored=state.stored,
        present=state.present,
        refused=state.refused,
        seen=state.seen,
        largest_piece=LARGEST_PIECE,
    )


def _file(state: FileState) -> FileDocument:
    return FileDocument(
        number=state.number,
        name=state.name,
        size=state.size,
        received=state.received,
        done=state.done,
        stored=state.stored,
        present=state.present,
        refused=state.refused,
    )
