"""Albums, over HTTP: parse, one use case, and its answer as a document."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from auth_service.albums.finding import AlbumPage, AlbumQuery, AlbumView, Days, find_album, find_albums
from auth_service.http import reading
from auth_service.http.dependencies import SignedIn, Slug
from auth_service.http.documents.albums import (
    AlbumDocument,
    AlbumList,
    AlbumsWanted,
    OneAlbum,
    PictureDocument,
)
from auth_service.http.documents.shared import errors
from auth_service.origin import Origin
from auth_service.vocabulary import OWNER_ACTIONS, album_label, in_order

router = APIRouter()


@router.get("/api/albums", tags=["albums"], responses=errors(422, 503))
def albums(request: Request, actor: SignedIn, wanted: Annotated[AlbumsWanted, Query()]) -> AlbumList:
    """Return the albums in which somebody has any right.

    Counts are those that are kept, with when they were counted: Orthanc is asked only about albums that were
    never counted before.
    """
    page = find_albums(
        request.app.state.services,
        actor=actor,
        query=AlbumQuery(
            search=wanted.search,
            modality=wanted.modality,
            mine=wanted.mine,
            favourite=wanted.favourite,
            archived=wanted.archived,
            can=reading.action("can", wanted.can, among=OWNER_ACTIONS) if wanted.can is not None else None,
            created=Days(first=wanted.created_from, last=wanted.created_to),
            changed=Days(first=wanted.changed_from, last=wanted.changed_to),
            sort=wanted.sort,
            limit=wanted.limit,
            offset=wanted.offset,
        ),
    )
    return AlbumList(
        items=[AlbumDocument(**album_fields(view)) for view in page.items],
        total=page.total,
        archive="up" if page.complete else "down",
    )


@router.get("/api/albums/{slug}", tags=["albums"], responses=errors(404))
def album(request: Request, actor: SignedIn, slug: Slug) -> OneAlbum:
    """Return one album; one that is hidden looks like one that is not there."""
    page = find_album(request.app.state.services, actor=actor, slug=slug, origin=Origin.of(request.headers))
    return one_album(page)


def one_album(page: AlbumPage) -> OneAlbum:
    """Write one album as its document."""
    return OneAlbum(**album_fields(page.items[0]), archive="up" if page.complete else "down")


def album_fields(view: AlbumView) -> dict[str, Any]:
    """Return what every document of an album holds."""
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
        "counted": view.kept.at if view.kept else None,
        "members": view.members,
        "favourite": view.favourite,
        "deidentifies": view.deidentifies,
        "archived": album.archived_at,
        "created": album.created_at,
        "changed": album.changed_at,
        "owners": list(view.owners),
        "picture": PictureDocument(study=picture.study, series=picture.series) if picture else None,
    }
