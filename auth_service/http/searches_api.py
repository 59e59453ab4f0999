"""A person's saved searches, and what he has selected, over HTTP; in person only."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from auth_service import downloads, searches
from auth_service.downloads import Load
from auth_service.gate import Gate
from auth_service.http.dependencies import UNSAFE_IN_PERSON, InPerson, Number
from auth_service.http.documents.downloads import ArchiveFormat, Named, SizeDocument
from auth_service.http.documents.searches import (
    SearchDocument,
    SearchGiven,
    SearchList,
    SelectionChange,
    SelectionDocument,
)
from auth_service.http.documents.shared import errors
from auth_service.http.downloads_api import made_of, size_of
from auth_service.policy.model import Actor
from auth_service.searches import Selection
from auth_service.store.tables import SavedSearch

router = APIRouter(tags=["searches"])


@router.get("/api/searches", responses=errors(403))
def saved(request: Request, actor: InPerson) -> SearchList:
    """Return the searches that somebody saved, by name."""
    found = searches.saved_searches(request.app.state.services, actor=actor)
    return SearchList(items=[_search(each) for each in found], total=len(found))


@router.post("/api/searches", status_code=201, responses=errors(403, 409, 422), dependencies=UNSAFE_IN_PERSON)
def save(request: Request, actor: InPerson, given: SearchGiven) -> SearchDocument:
    """Save a search under a name; one of the same name is replaced."""
    made = searches.save_search(request.app.state.services, actor=actor, name=given.name, query=given.query)
    return _search(made)


@router.delete(
    "/api/searches/{search_id}",
    status_code=204,
    response_class=Response,
    responses=errors(403, 404, 422),
    dependencies=UNSAFE_IN_PERSON,
)
def forget(request: Request, actor: InPerson, search_id: Number) -> Response:
    """Delete a saved search; somebody else's looks like one that is not there."""
    searches.forget_search(request.app.state.services, actor=actor, search_id=search_id)
    return Response(status_code=204)


@router.get("/api/selection", responses=errors(403))
def selection(request: Request, actor: InPerson) -> SelectionDocument:
    """Return what somebody has selected, whether he may still see it or not."""
    return _document(searches.selection(request.app.state.services, actor=actor))


@router.put("/api/selection", responses=errors(403, 422), dependencies=UNSAFE_IN_PERSON)
def select(request: Request, actor: InPerson, wanted: Named) -> SelectionDocument:
    """Select exactly this. Nothing is looked up: what is selected is decided about when it is used."""
    return _document(searches.select(request.app.state.services, actor=actor, wanted=_selection(wanted)))


@router.patch("/api/selection", responses=errors(403, 409, 422), dependencies=UNSAFE_IN_PERSON)
def change_selection(request: Request, actor: InPerson, wanted: SelectionChange) -> SelectionDocument:
    """Add to what is selected, and take out of it."""
    found = searches.change_selection(
        request.app.state.services,
        actor=actor,
        more=_selection(wanted.add),
        less=_selection(wanted.remove),
    )
    return _document(found)


@router.delete(
    "/api/selection",
    status_code=204,
    response_class=Response,
    responses=errors(403),
    dependencies=UNSAFE_IN_PERSON,
)
def clear(request: Request, actor: InPerson) -> Response:
    """Select nothing any more."""
    searches.select(request.app.state.services, actor=actor, wanted=Selection())
    return Response(status_code=204)


@router.get("/api/selection/size", responses=errors(403, 503))
def selection_size(request: Request, actor: InPerson) -> SizeDocument:
    """Say how much of what is selected may be taken away, and how many things may not."""
    return size_of(request, _load(request, actor))


@router.get("/api/selection/archive", response_class=Response, responses=errors(403, 409, 422, 503))
def selection_archive(
    request: Request, actor: InPerson, wanted: Annotated[ArchiveFormat, Query(alias="format")] = "zip"
) -> Response:
    """Return an archive of what is selected, as far as it may be taken away."""
    return made_of(request, actor, _load(request, actor), wanted, "selection.zip")


def _load(request: Request, actor: Actor) -> Load:
    chosen = searches.selection(request.app.state.services, actor=actor)
    return downloads.of_list_as_far_as_may(
        Gate.of(request), actor=actor, studies=chosen.studies, series=chosen.series
    )


def _selection(named: Named) -> Selection:
    return Selection(studies=tuple(dict.fromkeys(named.studies)), series=tuple(dict.fromkeys(named.series)))


def _search(one: SavedSearch) -> SearchDocument:
    return SearchDocument(id=one.id, name=one.name, query=one.query, created=one.created_at)


def _document(chosen: Selection) -> SelectionDocument:
    return SelectionDocument(studies=list(chosen.studies), series=list(chosen.series), total=len(chosen))
