"""Turn errors into HTTP: the one place that knows statuses, and the one body shape.

Every body is ``{"error": code, "message": text, "reason": …}``; ``reason`` is left out where something is
hidden, so that a hidden thing and a missing one answer with the same bytes. What went wrong inside is in the
log with the request's id, which the person is shown; no answer ever carries an exception's own words.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from auth_service import errors
from auth_service.credentials.guessing import DELAY
from i18n import best_language, translation

LOCALE = Path(__file__).parent.parent / "locale"

log = logging.getLogger(__name__)

_STATUS: dict[type[errors.ServiceError], int] = {
    errors.NotFound: 404,
    errors.Forbidden: 403,
    errors.NotAcceptable: 406,
    errors.Unsupported: 415,
    errors.Invalid: 422,
    errors.Conflict: 409,
    errors.Unauthenticated: 401,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}

_HIDDEN = (errors.NotFound,)


def language_of(request: Request) -> str:
    """Return the language in which to answer: what the browser prefers, or the site's."""
    return best_language(
        request.headers.get("accept-language"), request.app.state.services.settings.default_language
    )


def translator(request: Request) -> Callable[[str], str]:
    """Return gettext for the language in which to answer."""
    return translation(LOCALE, language_of(request)).gettext


def error_response(request: Request, error: errors.ServiceError) -> JSONResponse:
    """Write one error as the one body shape."""
    text = translator(request)(error.message).format(**error.places)
    body = {"error": error.code, "message": text}
    if error.reason and not isinstance(error, _HIDDEN):
        body["reason"] = error.reason
    response = JSONResponse(body, status_code=_status(request, error))
    if isinstance(error, errors.Unauthenticated):
        # Bearer and never Basic: a browser would open a dialog of its own.
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.TooMany):
        response.headers["Retry-After"] = str(round(DELAY))
    return response


def _status(request: Request, error: errors.ServiceError) -> int:
    if type(error) is errors.Invalid and request.url.path.startswith(("/dicom-web/", "/orthanc/")):
        return 400  # as PS3.18 (section 8.3.1) and Orthanc answer there
    return next(status for kind, status in _STATUS.items() if isinstance(error, kind))


def install(app: FastAPI) -> None:
    """Make every error of the application leave by this module."""

    @app.exception_handler(errors.ServiceError)
    def _service_error(request: Request, error: errors.ServiceError) -> Response:
        if isinstance(error, errors.Unavailable):
            log.warning("%s does not answer (request %s)", error.reason, request_id(request))
        return error_response(request, error)

    @app.exception_handler(RequestValidationError)
    def _validation_error(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        # FastAPI begins with where it looked: a path, a query, a header or a body.
        where, *names = map(str, first["loc"])
        field = ".".join(names) if names and first["type"] != "json_invalid" else where
        expected = errors.Invalid(
            field, "{field} is not what was expected: {expected}.", expected=first["msg"]
        )
        return error_response(request, expected)

    @app.exception_handler(HTTPException)
    def _http_error(request: Request, error: HTTPException) -> Response:
        if error.status_code in (404, 405):
            return error_response(request, errors.NotFound())
        if error.status_code == 400:  # noqa: PLR2004 - a body that is no JSON, say
            return error_response(request, errors.Invalid("body", "{field} cannot be read."))
        log.error("status %s without an error of ours (request %s)", error.status_code, request_id(request))
        return JSONResponse({"error": "error", "message": ""}, status_code=error.status_code)

    @app.exception_handler(Exception)
    def _unexpected(request: Request, error: Exception) -> Response:
        log.error("unexpected error (request %s)", request_id(request), exc_info=error)
        message = translator(request)("Something went wrong. Tell the administrators this number: {number}.")
        return JSONResponse(
            {"error": "internal", "message": message.format(number=request_id(request))}, status_code=500
        )


def request_id(request: Request) -> str:
    """Return the number that nginx gave the request, which its log and ours share."""
    return request.headers.get("x-request-id", "-")[:64]
