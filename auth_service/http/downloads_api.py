"""Take albums and lists away: as one archive, by a manifest, and how large it is said beforehand."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from auth_service import downloads, spreadsheets
from auth_service.downloads import Load
from auth_service.gate import Gate
from auth_service.http import archives
from auth_service.http.dependencies import UNSAFE, SignedIn, Slug
from auth_service.http.documents.downloads import (
    AlbumArchiveWanted,
    AlbumPartWanted,
    ArchiveNamed,
    ArchiveWanted,
    Manifest,
    ManifestLine,
    ManifestWanted,
    NotEmpty,
    SizeDocument,
)
from auth_service.http.documents.shared import errors
from auth_service.origin import Origin
from auth_service.policy.model import Actor

router = APIRouter(tags=["downloads"])

_COLUMNS = tuple(ManifestLine.model_fields)


@router.get("/api/albums/{slug}/archive", response_class=Response, responses=errors(403, 404, 409, 422, 503))
def album_archive(
    request: Request, actor: SignedIn, slug: Slug, wanted: Annotated[AlbumArchiveWanted, Query()]
) -> Response:
    """Return an archive of what is in an album, or of some of its studies; each is on record as taken."""
    load = _of_album(request, actor, slug, wanted)
    name = f"{load.pieces[0].series.study_id if load.pieces and wanted.study else slug}.zip"
    return made_of(request, actor, load, wanted.format, name)


@router.get("/api/albums/{slug}/size", responses=errors(403, 404, 422, 503))
def album_size(
    request: Request, actor: SignedIn, slug: Slug, wanted: Annotated[AlbumPartWanted, Query()]
) -> SizeDocument:
    """Say how much of an album may be taken away."""
    return size_of(request, _of_album(request, actor, slug, wanted))


@router.get("/api/albums/{slug}/manifest", response_model=Manifest, responses=errors(403, 404, 422, 503))
def album_manifest(
    request: Request, actor: SignedIn, slug: Slug, wanted: Annotated[ManifestWanted, Query()]
) -> Manifest | Response:
    """List the series of an album that may be taken away, and where DICOMweb gives each."""
    load = _of_album(request, actor, slug, wanted)
    lines = [_line(request, piece) for piece in load.pieces]
    if wanted.format == "json":
        return Manifest(items=lines, total=len(lines))
    rows = ([getattr(line, name) for name in _COLUMNS] for line in lines)
    headers = {"Content-Disposition": f'attachment; filename="{slug}.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(
        spreadsheets.table(_COLUMNS, rows), media_type="text/csv; charset=utf-8", headers=headers
    )


@router.get("/api/archives", response_class=Response, responses=errors(403, 404, 422, 503))
def archive_of_few(request: Request, actor: SignedIn, wanted: Annotated[ArchiveNamed, Query()]) -> Response:
    """Return an archive of a few studies and series, all of which the actor may take away."""
    return _listed(request, actor, wanted.study, wanted.series, wanted.format)


@router.post(
    "/api/archives", response_class=Response, responses=errors(403, 404, 422, 503), dependencies=UNSAFE
)
def archive_of_many(request: Request, actor: SignedIn, wanted: ArchiveWanted) -> Response:
    """Return an archive of many studies and series, all of which the actor may take away."""
    return _listed(request, actor, wanted.studies, wanted.series, wanted.format)


@router.post("/api/archives/size", responses=errors(403, 422, 503), dependencies=UNSAFE)
def archive_size(request: Request, actor: SignedIn, wanted: NotEmpty) -> SizeDocument:
    """Say how much of some studies and series may be taken away, and how many of them may not."""
    load = downloads.of_list_as_far_as_may(
        Gate.of(request), actor=actor, studies=wanted.studies, series=wanted.series
    )
    return size_of(request, load)


def made_of(request: Request, actor: Actor, load: Load, form: str, name: str) -> Response:
    """Answer with an archive, once it is on record."""
    load = load.or_nothing()
    return archives.made(
        request,
        actor,
        kind="media" if form == "dicomdir" else "archive",
        opened=load.opened,
        ids=load.ids,
        wishes=archives.Wishes().model_copy(update={"filename": name}),
    )


def size_of(request: Request, load: Load) -> SizeDocument:
    """Answer with how much it is."""
    size = request.app.state.sizes.of(load)
    return SizeDocument(
        studies=size.studies,
        series=size.series,
        instances=size.instances,
        bytes=size.bytes,
        complete=size.complete,
        left_out=load.left_out,
    )


def _of_album(request: Request, actor: Actor, slug: str, wanted: AlbumPartWanted) -> Load:
    return downloads.of_album(
        request.app.state.services,
        actor=actor,
        slug=slug,
        studies=wanted.study,
        origin=Origin.of(request.headers),
    )


def _listed(request: Request, actor: Actor, studies: list[str], series: list[str], form: str) -> Response:
    load = downloads.of_list(
        Gate.of(request), actor=actor, studies=studies, series=series, target=request.url.path
    )
    one_study = len(studies) == 1 and not series
    name = f"{load.pieces[0].series.study_id}.zip" if one_study else "selection.zip"
    return made_of(request, actor, load, form, name)


def _line(request: Request, piece: downloads.Piece) -> ManifestLine:
    root = f"{request.app.state.services.settings.public_url}/dicom-web"
    series = piece.series
    return ManifestLine(
        StudyInstanceUID=series.study_uid,
        SeriesInstanceUID=series.uid,
        Modality=series.modality,
        SeriesDescription=piece.description,
        NumberOfSeriesRelatedInstances=piece.instances,
        RetrieveURL=f"{root}/studies/{series.study_uid}/series/{series.uid}",
    )
