"""The pages of signing in and out: a redirect to Keycloak, its callback, and what is said when it fails.

No answer carries text from the request, a token, or what an exception said. The session cookie is set here
and nowhere else.
"""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, Response

from auth_service.credentials.identity import SESSION_ID, cookie_values
from auth_service.credentials.sessions import Sessions
from auth_service.credentials.signins import Failure, Finished, SigninFailed, Signins
from auth_service.errors import Unavailable
from auth_service.http.next_page import next_page
from auth_service.http.pages import known_language, page, signin_address
from auth_service.http.responses import language_of
from auth_service.origin import Origin
from auth_service.settings import Settings

router = APIRouter(include_in_schema=False)

COOKIES = "cookies"
"""The browser sends two sessions at once: one of them is somebody else's doing."""

MOST_SIGNINS = 8
"""Sign-ins that one browser may have under way; beginning more drops the oldest ones' cookies."""

_STATUS = {
    Failure.REFUSED: 403,
    Failure.EXPIRED: 400,
    Failure.REPLAYED: 400,
    Failure.ELSEWHERE: 400,
    Failure.UNKNOWN: 400,
    Failure.LOGIN_REQUIRED: 400,
    Failure.FAILED: 400,
    Failure.UNAVAILABLE: 503,
}


class Visit:
    """What the routes here ask of a request."""

    def __init__(self, request: Request) -> None:
        services = request.app.state.services
        self.request = request
        self.settings: Settings = services.settings
        self.sessions: Sessions = services.sessions
        self.signins = Signins(
            settings=services.settings,
            store=services.store,
            provider=services.provider,
            clock=services.clock,
        )
        self.origin = Origin.of(request.headers)
        self._cookies = "; ".join(request.headers.getlist("cookie"))

    def cookies(self, name: str) -> list[str]:
        """Return every value that the request has for a cookie of this name."""
        return cookie_values(self._cookies, name)

    def cookie_names(self) -> set[str]:
        """Return the names of all cookies."""
        return {part.partition("=")[0].strip() for part in self._cookies.split(";")}

    def secrets(self) -> list[str]:
        """Return the values of our session cookie; those that cannot be ours are left out."""
        values = self.cookies(self.settings.session_cookie)
        return [value for value in values if SESSION_ID.fullmatch(value)]

    def language(self) -> str:
        """Return the language: asked for, chosen by the person of this browser, or the browser's."""
        asked = known_language(self.request.query_params.get("lang"))
        if asked:
            return asked
        chosen = (self.sessions.language(secret) for secret in self.secrets()[:1])
        return known_language(next(chosen, None)) or language_of(self.request)


Visited = Annotated[Visit, Depends(Visit)]


@router.get("/auth/signin")
def signin(visit: Visited) -> Response:
    """Send the browser to Keycloak, or straight on if it is signed in."""
    where = next_page(visit.request.url.query, visit.request.headers.get("x-gate-next"))
    language = visit.language()
    if len(visit.cookies(visit.settings.session_cookie)) > 1:
        return _failed(visit, COOKIES, status=400, language=language, where=where)
    try:
        if any(visit.sessions.actor(secret) for secret in visit.secrets()):
            return _redirect(where, 302)
        begun = visit.signins.begin(next_page=where, language=language)
    except Unavailable:
        return _failed(visit, Failure.UNAVAILABLE, status=503, language=language, where=where)
    response = _redirect(begun.url, 302)
    _set_signin_cookie(visit, response, begun.cookie, begun.secret)
    underway = sorted(name for name in visit.cookie_names() if name.startswith(visit.signins.cookie_prefix))
    for name in underway[: max(0, len(underway) + 1 - MOST_SIGNINS)]:
        _drop_signin_cookie(visit, response, name)
    return response


@router.get("/auth/callback")
def callback(visit: Visited) -> Response:
    """Take Keycloak's answer: a session, or a page that says why not."""
    try:
        finished = visit.signins.finish(
            parse_qsl(visit.request.url.query, keep_blank_values=True),
            cookie_values=visit.cookies,
            origin=visit.origin,
        )
    except SigninFailed as failed:
        response = _failed(
            visit,
            failed.failure,
            status=_STATUS[failed.failure],
            language=failed.language or visit.language(),
            where=failed.next_page,
        )
        if failed.cookie:
            _drop_signin_cookie(visit, response, failed.cookie)
        return response
    return _signed_in(visit, finished)


@router.get("/auth/signout")
def ask_to_sign_out(visit: Visited) -> Response:
    """Show one button: a link, which any page can hold, must not sign anybody out."""
    return page(visit.request, "signout", status=200, language=visit.language())


@router.post("/auth/signout")
def sign_out(visit: Visited) -> Response:
    """End the session here, then send the browser to end Keycloak's."""
    language = visit.language()
    if visit.request.headers.getlist("origin") != [visit.settings.public_url]:
        return _failed(visit, "origin", status=403, language=language, where=None)
    where = ""
    # Two cookies are two sessions to end: nobody who wants out is kept in by a stray one.
    ending: list[str | None] = [*visit.secrets()] or [None]
    for secret in ending:
        where = visit.sessions.sign_out(secret, language=language, origin=visit.origin)
    response = _redirect(where, 303)
    response.delete_cookie(
        visit.settings.session_cookie,
        path="/",
        secure=visit.settings.secure,
        httponly=True,
        samesite="lax",
    )
    return response


@router.get("/auth/signedout")
def signed_out(visit: Visited) -> Response:
    """Say that it is done; Keycloak hands our language back as the ``state``."""
    parameters = visit.request.query_params
    by_keycloak = known_language(parameters.get("state"))
    language = by_keycloak or visit.language()
    return page(
        visit.request,
        "signedout",
        status=200,
        language=language,
        silent=parameters.get("keycloak") == "silent",
        both=by_keycloak is not None,
        again=signin_address(None, language),
    )


def _signed_in(visit: Visit, finished: Finished) -> Response:
    secret = visit.sessions.open(
        tokens=finished.tokens,
        origin=visit.origin,
        user_agent=visit.request.headers.get("user-agent", ""),
        replaces=visit.secrets(),
    )
    response = _redirect(finished.next_page, 303)
    response.set_cookie(
        visit.settings.session_cookie,
        secret,
        path="/",
        secure=visit.settings.secure,
        httponly=True,
        samesite="lax",
    )
    _drop_signin_cookie(visit, response, finished.cookie)
    return response


def _failed(visit: Visit, failure: str, *, status: int, language: str, where: str | None) -> HTMLResponse:
    response = page(
        visit.request,
        "failed",
        status=status,
        language=language,
        failure=str(failure),
        again=signin_address(where, language),
    )
    if status == 503:  # noqa: PLR2004 - Service Unavailable
        response.headers["Retry-After"] = "10"
    return response


def _redirect(where: str, status: int) -> Response:
    # Not Starlette's, which encodes what it is given: addresses here are checked, and go byte for byte.
    return Response(
        status_code=status,
        headers={"Location": where, "Cache-Control": "no-store", "Referrer-Policy": "same-origin"},
    )


def _set_signin_cookie(visit: Visit, response: Response, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=visit.settings.signin_seconds,
        path=_signin_path(visit),
        secure=visit.settings.secure,
        httponly=True,
        samesite="lax",
    )


def _drop_signin_cookie(visit: Visit, response: Response, name: str) -> None:
    response.delete_cookie(
        name, path=_signin_path(visit), secure=visit.settings.secure, httponly=True, samesite="lax"
    )


def _signin_path(visit: Visit) -> str:
    # The __Host- prefix, which keeps other hosts of the domain from planting one, wants the whole site.
    return "/" if visit.settings.secure else "/auth"
