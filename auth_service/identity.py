"""From the credential of a request to an actor: nobody, somebody, or a bad credential.

The three outcomes are kept apart: what is sent and not good is refused, never taken for "nobody".
"""

import re
from collections.abc import Sequence

from auth_service.errors import Unauthenticated
from auth_service.policy.model import NOBODY, Actor
from auth_service.sessions import Sessions

SESSION_ID = re.compile(r"[A-Za-z0-9_-]{32,128}")
"""What the secret in our cookie looks like; nginx lets nothing else through to a decision."""

_BEARER = re.compile(r"Bearer ([A-Za-z0-9._~+/=-]{16,2048})")


def identify(
    *, cookies: Sequence[str], authorizations: Sequence[str], cookie_name: str, sessions: Sessions
) -> Actor:
    """Say who asks.

    Parameters
    ----------
    cookies, authorizations : Sequence[str]
        Every ``Cookie`` and every ``Authorization`` header of the request, as they were sent.
    cookie_name : str
        The session cookie's full name.
    sessions : Sessions

    Raises
    ------
    Unauthenticated
        If a credential was sent and is not good, or if two were.

    """
    secrets = [value for header in cookies for value in cookie_values(header, cookie_name)]
    if len(secrets) + len(authorizations) > 1:
        raise Unauthenticated("Send one credential, not two.", reason="two-credentials")
    if authorizations:
        return _by_bearer(authorizations[0], sessions)
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


def _by_bearer(authorization: str, sessions: Sessions) -> Actor:
    match = _BEARER.fullmatch(authorization)
    actor = sessions.actor_of_bearer(match[1]) if match else None
    if actor is None:
        raise Unauthenticated("This credential is not good, or no longer.", reason="bad-bearer")
    return actor
