"""From the credential of a request to an actor: nobody, somebody, or a bad credential.

The three outcomes are kept apart: what is sent and not good is refused, never taken for "nobody".
"""

import base64
import re
from collections.abc import Sequence

from auth_service.credentials.api_tokens import PREFIX, ApiTokens
from auth_service.credentials.bearers import Bearers
from auth_service.credentials.sessions import Sessions
from auth_service.errors import Unauthenticated
from auth_service.origin import Origin
from auth_service.policy.model import NOBODY, Actor

SESSION_ID = re.compile(r"[A-Za-z0-9_-]{32,128}")
"""What the secret in our cookie looks like; nginx lets nothing else through to a decision."""

LONGEST_BEARER = 8192
"""Characters, here and in nginx: a token of Keycloak's has 1500, and 48 more for each group (measured)."""

_BEARER = re.compile(rf"(?i:Bearer) ([A-Za-z0-9._~+/=-]{{16,{LONGEST_BEARER}}})")
_BASIC = re.compile(r"(?i:Basic) ([A-Za-z0-9+/]{16,512}={0,2})")
_TOKEN = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
"""RFC 7515, section 7.1, signed or not; the portal's own bearers have one dot, or begin with one."""


def identify(
    *,
    cookies: Sequence[str],
    authorizations: Sequence[str],
    cookie_name: str,
    sessions: Sessions,
    tokens: ApiTokens,
    bearers: Bearers,
    origin: Origin,
) -> Actor:
    """Say who asks.

    Parameters
    ----------
    cookies, authorizations : Sequence[str]
        Every ``Cookie`` and every ``Authorization`` header of the request, as they were sent.
    cookie_name : str
        The session cookie's full name.
    sessions : Sessions
    tokens : ApiTokens
    bearers : Bearers
    origin : Origin
        Where the request came from, for the record.

    Raises
    ------
    Unauthenticated
        If a credential was sent and is not good, or if two were.

    """
    secrets = [value for header in cookies for value in cookie_values(header, cookie_name)]
    if len(secrets) + len(authorizations) > 1:
        raise Unauthenticated("Send one credential, not two.", reason="two-credentials")
    if authorizations:
        return _by_authorization(authorizations[0], sessions, tokens, bearers, origin)
    if secrets:
        actor = sessions.actor(secrets[0]) if SESSION_ID.fullmatch(secrets[0]) else None
        if actor is None:
            raise Unauthenticated(reason="session-over")
        return actor
    return NOBODY


def cookie_values(header: str, name: str) -> list[str]:
    """Return every value that a cookie of this name has in the header (RFC 6265, section 5.4)."""
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return [value.strip() for key, equals, value in pairs if equals and key.strip() == name]


def _by_authorization(
    authorization: str, sessions: Sessions, tokens: ApiTokens, bearers: Bearers, origin: Origin
) -> Actor:
    secret = _secret(authorization)
    actor = None
    if secret is not None and _TOKEN.fullmatch(secret):
        actor = tokens.actor(secret, origin=origin)
    elif secret is not None and _BEARER.fullmatch(authorization) and _JWT.fullmatch(secret):
        actor = bearers.actor(secret, origin=origin)
    elif secret is not None and _BEARER.fullmatch(authorization):
        actor = sessions.actor_of_bearer(secret)
    if actor is None:
        raise Unauthenticated("This credential is not good, or no longer.", reason="bad-bearer")
    return actor


def _secret(authorization: str) -> str | None:
    """Return what a bearer holds (RFC 6750), or Basic as its password (RFC 7617) under whatever name."""
    if bearer := _BEARER.fullmatch(authorization):
        return bearer[1]
    basic = _BASIC.fullmatch(authorization)
    if basic is None:
        return None
    try:
        # A user name may be written in any alphabet; a password of ours is not.
        return base64.b64decode(basic[1], validate=True).partition(b":")[2].decode("ascii")
    except ValueError:
        return None
