"""Albums that people make and look after, over HTTP: parse, one use case, and its answer as a document.

It comes before ``albums_api.py``: what is no album has its address where a slug would stand.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from auth_service.albums.ending import archive_album, delete_album, foresee_deletion
from auth_service.albums.finding import find_album
from auth_service.albums.leaving import hand_over, leave_album, mark_favourite
from auth_service.albums.making import create_album, edit_album
from auth_service.albums.owners import find_ownerless, name_owner
from auth_service.http import reading
from auth_service.http.albums_api import one_album
from auth_service.http.dependencies import (
    UNSAFE,
    UNSAFE_BY_ADMIN,
    UNSAFE_IN_PERSON,
    Administrator,
    InPerson,
    Offset,
    SignedIn,
    Slug,
)
from auth_service.http.documents.albums import (
    AlbumChange,
    AlbumGiven,
    Deleted,
    DeletionDocument,
    HandOver,
    OneAlbum,
    OwnerlessDocument,
    OwnerlessList,
    OwnerNamed,
)
from auth_service.http.documents.shared import errors
from auth_service.http.harvesting import slow_down
from auth_service.origin import Origin
from auth_service.policy.model import Actor

router = APIRouter(tags=["albums"])

MOST_LOOKED_AT = 50
"""Albums that one question about owners looks at: Keycloak is asked about each of their owners."""


@router.post("/api/albums", status_code=201, responses=errors(403, 422), dependencies=UNSAFE_IN_PERSON)
def create(request: Request, actor: InPerson, wanted: AlbumGiven) -> OneAlbum:
    """Make an album, as its owner."""
    slug = create_album(
        request.app.state.services,
        actor=actor,
        title=wanted.title,
        description=wanted.description,
        slug=wanted.slug,
        origin=Origin.of(request.headers),
    )
    return _now(request, actor, slug)


@router.get("/api/albums/ownerless", responses=errors(403, 404, 422, 503))
def ownerless(
    request: Request,
    _actor: Administrator,
    limit: Annotated[int, Query(ge=1, le=MOST_LOOKED_AT)] = MOST_LOOKED_AT,
    offset: Offset = 0,
) -> OwnerlessList:
    """Look through some of all albums, in the order they were made, for those without an owner.

    ``limit`` and ``offset`` choose the albums that are looked at.
    """
    page = find_ownerless(request.app.state.services, limit=limit, offset=offset)
    return OwnerlessList(
        items=[
            OwnerlessDocument(
                slug=each.slug,
                title=each.title,
                last_owners=list(each.last_owners),
                members=each.members,
            )
            for each in page.items
        ],
        looked_at=page.looked_at,
        total=page.total,
    )


@router.post(
    "/api/albums/{slug}/owner",
    status_code=204,
    response_class=Response,
    responses=errors(403, 404, 409, 422, 503),
    dependencies=UNSAFE_BY_ADMIN,
)
def owner(request: Request, actor: Administrator, slug: Slug, wanted: OwnerNamed) -> Response:
    """Give an album without an owner a new one; 409 where it has one."""
    name_owner(
        request.app.state.services,
        actor=actor,
        slug=slug,
        user=wanted.user,
        reason=wanted.reason,
        origin=Origin.of(request.headers),
    )
    return Response(status_code=204)


@router.patch("/api/albums/{slug}", responses=errors(403, 404, 422), dependencies=UNSAFE)
def edit(request: Request, actor: SignedIn, slug: Slug, wanted: AlbumChange) -> OneAlbum:
    """Change an album's title and description."""
    edit_album(
        request.app.state.services,
        actor=actor,
        slug=slug,
        title=wanted.title,
        description=wanted.description,
        origin=Origin.of(request.headers),
    )
    return _now(request, actor, slug)


@router.put(
    "/api/albums/{slug}/archived",
    status_code=204,
    response_class=Response,
    responses=errors(403, 404),
    dependencies=UNSAFE,
)
def archive(request: Request, actor: SignedIn, slug: Slug) -> Response:
    """Archive an album: it can be looked at, nothing goes in or out, and nobody new is invited."""
    return _archive(request, actor, slug, archived=True)


@router.delete(
    "/api/albums/{slug}/archived",
    status_code=204,
    response_class=Response,
    responses=errors(403, 404),
    dependencies=UNSAFE,
)
def bring_back(request: Request, actor: SignedIn, slug: Slug) -> Response:
    """Bring an archived album back."""
    return _archive(request, actor, slug, archived=False)


@router.get("/api/albums/{slug}/deletion", responses=errors(403, 404))
def deletion(request: Request, actor: SignedIn, slug: Slug) -> DeletionDocument:
    """Say what deleting an album would do."""
    found = foresee_deletion(
        request.app.state.services, actor=actor, slug=slug, origin=Origin.of(request.headers)
    )
    return DeletionDocument.model_validate(found, from_attributes=True)


@router.delete("/api/albums/{slug}", responses=errors(403, 404, 422), dependencies=UNSAFE)
def delete(
    request: Request,
    actor: SignedIn,
    slug: Slug,
    confirm: Annotated[str, Query(max_length=64, description="The slug once more.")],
) -> Deleted:
    """Delete an album: it grants nothing from now on, and its label goes away in the background."""
    change = delete_album(
        request.app.state.services,
        actor=actor,
        slug=slug,
        confirm=confirm,
        origin=Origin.of(request.headers),
    )
    return Deleted(change=change)


@router.post(
    "/api/albums/{slug}/leave",
    status_code=204,
    response_class=Response,
    responses=errors(403, 404, 409),
    dependencies=UNSAFE_IN_PERSON,
)
def leave(request: Request, actor: InPerson, slug: Slug) -> Response:
    """Give one's own rights in an album up; the last owner cannot, nor who is in it through a group."""
    leave_album(request.app.state.services, actor=actor, slug=slug, origin=Origin.of(request.headers))
    return Response(status_code=204)


@router.post(
    "/api/albums/{slug}/handover",
    status_code=204,
    response_class=Response,
    responses=errors(403, 404, 409, 422, 503),
    dependencies=UNSAFE,
)
def handover(request: Request, actor: SignedIn, slug: Slug, wanted: HandOver) -> Response:
    """Make somebody the owner of an album in one's own place."""
    slow_down(request, actor)
    keep = None if wanted.keep is None else reading.actions("keep", wanted.keep)
    hand_over(
        request.app.state.services,
        actor=actor,
        slug=slug,
        user=wanted.user,
        keep=keep,
        origin=Origin.of(request.headers),
    )
    return Response(status_code=204)


@router.put(
    "/api/albums/{slug}/favourite",
    status_code=204,
    response_class=Response,
    responses=errors(403, 404),
    dependencies=UNSAFE_IN_PERSON,
)
def favour(request: Request, actor: InPerson, slug: Slug) -> Response:
    """Mark an album as one of the person's favourites."""
    return _favour(request, actor, slug, favourite=True)


@router.delete(
    "/api/albums/{slug}/favourite",
    status_code=204,
    response_class=Response,
    responses=errors(403, 404),
    dependencies=UNSAFE_IN_PERSON,
)
def favour_no_more(request: Request, actor: InPerson, slug: Slug) -> Response:
    """Take the mark away."""
    return _favour(request, actor, slug, favourite=False)


def _now(request: Request, actor: Actor, slug: str) -> OneAlbum:
    return one_album(
        find_album(request.app.state.services, actor=actor, slug=slug, origin=Origin.of(request.headers))
    )


def _archive(request: Request, actor: Actor, slug: str, *, archived: bool) -> Response:
    archive_album(
        request.app.state.services,
        actor=actor,
        slug=slug,
        archived=archived,
        origin=Origin.of(request.headers),
    )
    return Response(status_code=204)


def _favour(request: Request, actor: Actor, slug: str, *, favourite: bool) -> Response:
    mark_favourite(
        request.app.state.services,
        actor=actor,
        slug=slug,
        favourite=favourite,
        origin=Origin.of(request.headers),
    )
    return Response(status_code=204)
