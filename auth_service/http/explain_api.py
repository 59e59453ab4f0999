"""Why?, over HTTP: an explanation of a decision, and the people to ask about."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from auth_service.explaining.asked import LONGEST
from auth_service.explaining.explain import explain
from auth_service.http.dependencies import Administrator, InPerson
from auth_service.http.documents.explanations import ExplanationDocument, PeopleList, PersonDocument
from auth_service.http.documents.shared import errors
from auth_service.origin import Origin
from auth_service.people import find_people

router = APIRouter(tags=["why"])


@router.get("/api/explain", responses=errors(403, 404, 422, 503))
def explain_decision(
    request: Request,
    asker: InPerson,
    resource: Annotated[
        str,
        Query(
            max_length=LONGEST,
            description="An address, a path, a UID, the slug of an album, or the number of a request.",
        ),
    ],
    actor: Annotated[
        str | None,
        Query(
            max_length=255,
            description="A subject, a user name, token:ID, or nobody; by default whom the record names.",
        ),
    ] = None,
    action: Annotated[
        str | None,
        Query(max_length=32, description="By default what the address or the record says, else view."),
    ] = None,
) -> ExplanationDocument:
    """Say why somebody gets something, or does not: the steps of the decision, and what would let him in.

    Administrators ask about everybody; owners of albums about who has rights there, as far as their albums
    go; for others there is nothing here. What was asked, and about whom, is put on record.
    """
    found = explain(
        request.app.state.services,
        asker=asker,
        actor=actor or None,
        action=action or None,
        resource=resource,
        origin=Origin.of(request.headers),
    )
    return ExplanationDocument.model_validate(found)


@router.get("/api/people", responses=errors(403, 404, 422))
def people(
    request: Request,
    _actor: Administrator,
    search: Annotated[str, Query(min_length=2, max_length=100, description="Part of a name or address.")],
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
) -> PeopleList:
    """Return people by a part of their names, to administrators."""
    found = find_people(request.app.state.services, search=search, limit=limit)
    items = [PersonDocument(sub=one.subject, username=one.username, name=one.name) for one in found.people]
    return PeopleList(items=items, total=len(items), directory="up" if found.directory_answers else "down")
