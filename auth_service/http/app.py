"""Put the auth service together: ``create_app`` takes its world, so that tests drive it in-process.

Whoever may connect is not thereby heard: every request carries the secret of nginx or of the portal, or is
answered as if there were nothing here. Loopback is open to every local user.
"""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI, Request
from starlette.responses import Response

from auth_service import errors
from auth_service.archive import Archive
from auth_service.clock import Clock
from auth_service.directory import Directory
from auth_service.http import (
    api,
    authorize,
    internal,
    pictures_api,
    responses,
    scoped,
    sessions_api,
    signin,
)
from auth_service.http.coalescing import Coalescing
from auth_service.http.health import Doctor
from auth_service.provider import Provider
from auth_service.sessions import Sessions
from auth_service.settings import Settings
from auth_service.store.database import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the routes work with."""

    settings: Settings
    store: Store
    archive: Archive
    provider: Provider
    directory: Directory
    sessions: Sessions
    clock: Clock


def create_app(
    *,
    settings: Settings,
    store: Store,
    archive: Archive,
    provider: Provider,
    directory: Directory,
    clock: Clock,
) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    settings : Settings
    store : Store
        Already migrated.
    archive : Archive
        Orthanc, or a second implementation of it.
    provider : Provider
        Keycloak as an OpenID provider: code exchange, refresh, introspection, end of session.
    directory : Directory
        Keycloak as a directory: names to subjects, group paths to ids.
    clock : Clock
        Says what time it is; the policy itself knows no clock.

    """
    app = FastAPI(
        title="PARADIM auth service",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        lifespan=_life,
    )
    sessions = Sessions(settings=settings, store=store, provider=provider, directory=directory, clock=clock)
    app.state.services = Services(
        settings=settings,
        store=store,
        archive=archive,
        provider=provider,
        directory=directory,
        sessions=sessions,
        clock=clock,
    )
    app.state.decisions = Coalescing()
    app.state.doctor = Doctor()
    responses.install(app)
    for part in (authorize, internal, signin, api, sessions_api, pictures_api, scoped):
        app.include_router(part.router)
    app.middleware("http")(_only_ours)
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.services.sessions.close()


async def _only_ours(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Hear nobody who does not carry the secret of nginx, or of the portal, or is Keycloak's back channel."""
    settings: Settings = request.app.state.services.settings
    path = request.url.path
    if path.startswith("/internal/backchannel/"):
        # The secret is the last part of the address, and the token is signed: the route checks both.
        return await call_next(request)
    from_gate = _same(request.headers.get("x-gate-secret"), settings.gate_secret.get_secret_value())
    from_portal = _same(request.headers.get("x-portal-secret"), settings.portal_secret.get_secret_value())
    if from_gate:
        heard = not path.startswith("/internal/sessions/")
    else:
        heard = from_portal and path.startswith(("/internal/sessions/", "/api/"))
    if not heard:
        return responses.error_response(request, errors.NotFound())
    return await call_next(request)


def _same(given: str | None, expected: str) -> bool:
    return given is not None and hmac.compare_digest(given.encode(), expected.encode())
