"""The API for people and programs: who asks, how the parts are, albums and their members."""

from typing import Any

from fastapi import APIRouter, Request

from auth_service.http import album_keeping_api, albums_api, deidentification_api, rules_api
from auth_service.http.dependencies import UNSAFE_IN_PERSON, InPerson, SignedIn
from auth_service.http.documents.account import MeChange, MeDocument
from auth_service.http.documents.health import Health
from auth_service.http.documents.shared import errors
from auth_service.http.health import Doctor
from auth_service.http.me import me_document
from auth_service.store import people

router = APIRouter()
router.include_router(album_keeping_api.router)
router.include_router(albums_api.router)
router.include_router(deidentification_api.router)
router.include_router(rules_api.router)


@router.get("/api/health", tags=["health"])
def health(request: Request) -> Health:
    """Say which parts are up; open to all, and asked of the parts at most every two seconds."""
    doctor: Doctor = request.app.state.doctor
    return doctor.examine(request.app.state.services)


@router.get("/api/me", tags=["me"], response_model=MeDocument, responses=errors())
def me(request: Request, actor: SignedIn) -> dict[str, Any]:
    """Say who asks and what he may do where."""
    return me_document(request.app.state.services, actor)


@router.patch(
    "/api/me",
    tags=["me"],
    response_model=MeDocument,
    responses=errors(403, 422),
    dependencies=UNSAFE_IN_PERSON,
)
def change_me(request: Request, actor: InPerson, wanted: MeChange) -> dict[str, Any]:
    """Keep the language that somebody chose."""
    services = request.app.state.services
    with services.store.write() as tx:
        people.set_language(tx, provider=actor.provider, subject=actor.subject, language=wanted.language)
    return me_document(services, actor)
