"""Put the auth service together: ``create_app`` takes its world, so that tests drive it in-process.

Whoever may connect is not thereby heard: every request carries the secret of nginx or of the portal, or is
answered as if there were nothing here. Loopback is open to every local user.
"""

import asyncio
import hmac
from dataclasses import dataclass

from fastapi import FastAPI, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from auth_service import errors
from auth_service.albums.members.arriving import Arrivals
from auth_service.archive import Archive
from auth_service.clock import Clock
from auth_service.credentials.api_tokens import ApiTokens
from auth_service.credentials.bearers import Bearers
from auth_service.credentials.guessing import Guesses
from auth_service.credentials.provider import Provider
from auth_service.credentials.sessions import Sessions
from auth_service.directory import Directory
from auth_service.downloads.sizes import Sizes
from auth_service.http import (
    api,
    archives,
    arrivals_api,
    audit_api,
    authorize,
    bodies,
    changes_api,
    downloads_api,
    explain_api,
    harvesting,
    internal,
    listings,
    members_api,
    members_tables,
    people_api,
    pictures_api,
    responses,
    retrieve,
    scoped,
    searches_api,
    sessions_api,
    signin,
    storing,
    tokens_api,
    uploads_api,
    wado,
)
from auth_service.http.coalescing import Coalescing
from auth_service.http.health import Doctor
from auth_service.http.slowing import Pause, Slowing
from auth_service.rules import RulesFile
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
    tokens: ApiTokens
    bearers: Bearers
    rules: RulesFile
    clock: Clock


def create_app(
    *,
    settings: Settings,
    store: Store,
    archive: Archive,
    provider: Provider,
    directory: Directory,
    clock: Clock,
    pause: Pause = asyncio.sleep,
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
    pause : callable
        Waits for so many seconds: what holds back the answers to bad credentials.

    """
    app = FastAPI(
        title="PARADIM auth service",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    arrivals = Arrivals(settings=settings, store=store, directory=directory, clock=clock)
    sessions = Sessions(
        settings=settings,
        store=store,
        provider=provider,
        directory=directory,
        clock=clock,
        expect=arrivals.expect,
    )
    app.state.services = Services(
        settings=settings,
        store=store,
        archive=archive,
        provider=provider,
        directory=directory,
        sessions=sessions,
        tokens=ApiTokens(settings=settings, store=store, directory=directory, clock=clock),
        bearers=Bearers(settings=settings, store=store, provider=provider, directory=directory, clock=clock),
        rules=RulesFile(settings=settings, store=store, directory=directory, clock=clock),
        clock=clock,
    )
    app.state.decisions = Coalescing()
    app.state.doctor = Doctor()
    harvesting.install(app, clock=clock)
    bodies.install(app)
    app.state.sizes = Sizes(archive)
    responses.install(app)
    for part in (
        authorize,
        internal,
        signin,
        api,
        changes_api,
        members_api,
        members_tables,
        people_api,
        sessions_api,
        tokens_api,
        audit_api,
        arrivals_api,
        explain_api,
        pictures_api,
        scoped,
        listings,
        retrieve,
        archives,
        downloads_api,
        searches_api,
        uploads_api,
        storing,
        wado,
    ):
        app.include_router(part.router)
    guesses = Guesses(per_minute=settings.bad_credentials_per_minute, clock=clock)
    app.add_middleware(Slowing, guesses=guesses, pause=pause)
    app.add_middleware(OnlyOurs, settings=settings)
    return app


class OnlyOurs:
    """Hear nobody who does not carry the secret of nginx, or of the portal, or is Keycloak's back channel."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._gate = settings.gate_secret.get_secret_value()
        self._portal = settings.portal_secret.get_secret_value()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer as if there were nothing here; nothing but requests is heard."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            request = Request(scope, receive)
            app = self._app if self._heard(request) else responses.error_response(request, errors.NotFound())
            await app(scope, receive, send)

    def _heard(self, request: Request) -> bool:
        path = request.url.path
        if path.startswith("/internal/backchannel/"):
            # The secret is the last part of the address, and the token is signed: the route checks both.
            return True
        if _same(request.headers.get("x-gate-secret"), self._gate):
            return not path.startswith("/internal/sessions/")
        from_portal = _same(request.headers.get("x-portal-secret"), self._portal)
        return from_portal and path.startswith(("/internal/sessions/", "/api/"))


def _same(given: str | None, expected: str) -> bool:
    return given is not None and hmac.compare_digest(given.encode(), expected.encode())
