"""Albums, over HTTP: parse, one use case, and its answer as a document."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from auth_service.albums import AlbumQuery, AlbumView, find_album, find_albums
from auth_service.http.dependencies import SignedIn
from auth_service.http.documents.albums import (
    AlbumDocument,
    AlbumList,
    AlbumsWanted,
    OneAlbum,
    PictureDocument,
)
from auth_service.http.documents.shared import errors
from auth_service.origin import Origin
from auth_service.vocabulary import album_label, in_order

router = APIRouter()

Slug = Annotated[str, Path(description="The album's short name.")]


@router.get("/api/albums", tags=["albums"], responses=errors(422, 503))
def albums(request: Request, actor: SignedIn, wanted: Annotated[AlbumsWanted, Query()]) -> AlbumList:
    """Return the albums in which somebody has any right.

    When Orthanc does not answer they are listed all the same, without counts, and ``archive`` is ``down``.
    """
    page = find_albums(
        request.app.state.services,
        actor=actor,
        query=AlbumQuery(
            search=wanted.search,
            modality=wanted.modality,
            mine=wanted.mine,
            sort=wanted.sort,
            limit=wanted.limit,
            offset=wanted.offset,
        ),
    )
    return AlbumList(
        items=[AlbumDocument(**_album(view)) for view in page.items],
        total=page.total,
        archive="up" if page.archive_answers else "down",
    )


@router.get("/api/albums/{slug}", tags=["albums"], responses=errors(404))
def album(request: Request, actor: SignedIn, slug: Slug) -> OneAlbum:
    """Return one album; one that is hidden looks like one that is not there."""
    page = find_album(request.app.state.services, actor=actor, slug=slug, origin=Origin.of(request.headers))
    return OneAlbum(**_album(page.items[0]), archive="up" if page.archive_answers else "down")


def _album(view: AlbumView) -> dict[str, Any]:
    album, access, holding = view.album, view.access, view.holding
    picture = holding.picture if holding else None
    return {
        "slug": album.slug,
        "label": album_label(album.slug),
        "title": album.title,
        "description": album.description,
        "role": access.role.value,
        "actions": in_order(access.actions),
        "until": access.until,
        "studies": holding.studies if holding else None,
        "series": holding.series if holding else None,
        "instances": holding.instances if holding else None,
        "modalities": list(holding.modalities) if holding else None,
        "created": album.created_at,
        "changed": album.changed_at,
        "owners": list(view.owners),
        "picture": PictureDocument(study=picture.study, series=picture.series) if picture else None,
    }
