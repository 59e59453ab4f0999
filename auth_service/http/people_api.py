"""Who can see an album and why, who is in one's albums, and how much somebody may see, over HTTP."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Request

from auth_service.albums.members.owned import Row, members_of_mine
from auth_service.albums.members.people import Somebody, Source, people_of_album
from auth_service.albums.members.seeing import count_access
from auth_service.http.dependencies import Administrator, InPerson, Limit, Offset, SignedIn, Slug
from auth_service.http.documents.members import (
    CellDocument,
    ColumnDocument,
    MatrixDocument,
    PeopleInAlbum,
    PersonInAlbum,
    RowDocument,
    SeenBy,
    SeesDocument,
    SourceDocument,
    UnnamedInAlbum,
)
from auth_service.http.documents.shared import errors
from auth_service.http.members_api import rights_fields, subject_document
from auth_service.origin import Origin
from auth_service.vocabulary import in_order

router = APIRouter(tags=["members"])


@router.get("/api/albums/{slug}/people", responses=errors(403, 404, 422, 503))
def people(
    request: Request,
    actor: SignedIn,
    slug: Slug,
    limit: Limit = 100,
    offset: Offset = 0,
) -> PeopleInAlbum:
    """Return everybody who may do anything in an album, with all that he may do and why, to its owners.

    Groups are expanded to their people, and so are the rules of the site that open something of the album:
    those about everything, and those about a label that series of it carry. Who could not be found as a
    candidate is counted and not named. The question goes on record.
    """
    page = people_of_album(
        request.app.state.services,
        actor=actor,
        slug=slug,
        limit=limit,
        offset=offset,
        origin=Origin.of(request.headers),
    )
    return PeopleInAlbum(
        items=[_somebody(each) for each in page.items],
        total=page.total,
        unnamed=[
            UnnamedInAlbum(source=_source(each.source), people=each.people, more=each.more)
            for each in page.unnamed
        ],
        complete=page.complete,
    )


@router.get("/api/members", responses=errors(403, 422))
def members(request: Request, actor: InPerson, limit: Limit = 200, offset: Offset = 0) -> MatrixDocument:
    """Return everybody who has rights in the albums that one owns, and which in each of them."""
    found = members_of_mine(request.app.state.services, actor=actor, limit=limit, offset=offset)
    return MatrixDocument(
        albums=[ColumnDocument(slug=slug, title=title) for slug, title in found.albums],
        items=[_row(each) for each in found.rows],
        total=found.total,
    )


@router.get("/api/people/{subject}/sees", responses=errors(403, 404, 422, 503))
def sees(
    request: Request,
    actor: Administrator,
    subject: Annotated[
        str, Path(pattern=r"^[A-Za-z0-9-]{1,64}$", description="A subject identifier of Keycloak.")
    ],
) -> SeesDocument:
    """Count what somebody may view, and by what: numbers alone, to administrators, on record."""
    found = count_access(
        request.app.state.services, asker=actor, subject=subject, origin=Origin.of(request.headers)
    )
    return SeesDocument(
        user=found.username,
        name=found.name,
        albums=found.albums,
        studies=found.studies,
        series=found.series,
        by=[SeenBy(**asdict(each)) for each in found.by],
    )


def _somebody(each: Somebody) -> PersonInAlbum:
    return PersonInAlbum(
        user=each.username,
        name=each.name,
        actions=in_order(each.actions),
        sources=[_source(source) for source in each.sources],
        ended=each.ended,
    )


def _source(source: Source) -> SourceDocument:
    return SourceDocument(**(asdict(source) | {"actions": in_order(source.actions)}))


def _row(row: Row) -> RowDocument:
    return RowDocument(
        kind=row.first.kind,
        state=row.first.state,
        subject=subject_document(row.first),
        albums=[
            CellDocument(album=slug, id=view.id, **rights_fields(view.rights))
            for slug, view in row.by_album.items()
        ],
    )
