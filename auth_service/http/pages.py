"""The few pages that the auth service shows itself: plain HTML, no script, nothing from anywhere else."""

import secrets
from pathlib import Path
from urllib.parse import quote, urlsplit

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from auth_service.http.next_page import HOME
from auth_service.http.responses import LOCALE, request_id
from i18n import LANGUAGES, translation

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(
    request: Request,
    template: str,
    *,
    status: int,
    language: str,
    **context: object,
) -> HTMLResponse:
    """Draw one page.

    Parameters
    ----------
    template : str
        Name of the template without its ending.
    language : str
        One of `LANGUAGES`.
    **context
        What the template shows; escaped there.

    """
    nonce = secrets.token_urlsafe(16)
    gettext = translation(LOCALE, language).gettext
    text = _environment.get_template(f"{template}.html").render(
        _=gettext,
        gettext=gettext,
        language=language,
        nonce=nonce,
        home=HOME,
        request_id=request_id(request),
        **context,
    )
    return HTMLResponse(text, status_code=status, headers=_headers(request, nonce))


def signin_address(next_page: str | None, language: str) -> str:
    """Return the address that begins a sign-in anew, leading where the last one should have led."""
    where = f"next={quote(next_page, safe='')}&" if next_page else ""
    return f"/auth/signin?{where}lang={language}"


def known_language(value: str | None) -> str | None:
    """Return the language if the project speaks it."""
    return value if value in LANGUAGES else None


def _headers(request: Request, nonce: str) -> dict[str, str]:
    settings = request.app.state.services.settings
    issuer = urlsplit(settings.realm_issuer)
    origin = f"{issuer.scheme}://{issuer.netloc}"
    # Signing out posts to us and is sent on to Keycloak: browsers hold the whole way against form-action.
    forms = "'self'" if origin == settings.public_url else f"'self' {origin}"
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'nonce-{nonce}'; form-action {forms};"
            " base-uri 'none'; frame-ancestors 'none'"
        ),
        "Cache-Control": "no-store",
        # Not no-referrer: browsers would then send "Origin: null" with the sign-out form.
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
