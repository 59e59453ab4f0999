"""Keycloak as an OpenID provider: where to send a browser, and what its tokens say.

Browsers are sent to the issuer's public address; this service asks Keycloak at its own. A code is exchanged
once and never again: Keycloak takes a second try for theft and ends the tokens of the first.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from auth_service.clock import Clock, system_clock
from auth_service.credentials.verification import (
    AccessClaims,
    Claims,
    Keys,
    LogoutClaims,
    Untrusted,
    known_roles,
    strings,
    verify_access_token,
    verify_id_token,
    verify_logout_token,
)
from auth_service.errors import Unavailable
from auth_service.settings import Settings

SCOPE = "openid profile email"
SHORT_TIMEOUT = 2.0
"""Seconds for questions that people's every request may wait for."""

log = logging.getLogger(__name__)


class Refused(Exception):
    """Keycloak answered, and the answer is no; ``why`` is a word for the log."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a sign-in, or a refresh, brought; no token is in its ``repr``."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    id_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_at: datetime
    """When to ask for new ones: at 80 % of the access token's life."""
    claims: Claims = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Introspection:
    """What Keycloak says of an access token now; roles and groups are today's, not the token's."""

    active: bool
    sub: str = ""
    username: str = ""
    name: str = ""
    email: str = ""
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    """Full paths."""


class Provider(Protocol):
    """What the auth service asks of the provider. Every call may raise `Unavailable` (no answer)."""

    def authorization_url(self, *, state: str, nonce: str, verifier: str, language: str) -> str:
        """Return the address of the sign-in form; asks nobody."""
        ...

    def exchange(self, *, code: str, verifier: str, nonce: str) -> Tokens:
        """Turn a code into verified tokens, once; raises `Refused` or `Untrusted`."""
        ...

    def refresh(self, refresh_token: str) -> Tokens:
        """Get new tokens; raises `Refused` when the session is over, or `Untrusted`."""
        ...

    def introspect(self, access_token: str) -> Introspection:
        """Ask what a token means now; raises `Refused` when Keycloak will not tell."""
        ...

    def end_session_url(self, *, id_token: str | None, state: str | None, language: str) -> str:
        """Return the address that ends Keycloak's session and comes back; asks nobody.

        Without an id token Keycloak asks the person first, unless there is no session left.
        """
        ...

    def logout(self, refresh_token: str) -> None:
        """End Keycloak's session from here; raises `Refused`."""
        ...

    def logout_token(self, raw: str) -> LogoutClaims:
        """Verify a back-channel logout token, all but its novelty; raises `Untrusted`."""
        ...

    def access_token(self, raw: str) -> AccessClaims:
        """Verify somebody's access token, all but what Keycloak says of it; raises `Untrusted`."""
        ...

    def alive(self) -> bool:
        """Tell whether Keycloak answers."""
        ...


class KeycloakProvider:
    """The realm of the settings, over HTTP.

    Parameters
    ----------
    settings : Settings
    clock : Clock
    transport : httpx.BaseTransport, optional
        Instead of the network, for tests.

    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = system_clock,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        realm = f"{settings.keycloak_url}/realms/{settings.keycloak_realm}"
        self._realm = realm
        self._endpoint = f"{realm}/protocol/openid-connect"
        self._public = f"{settings.realm_issuer}/protocol/openid-connect"
        self._redirect_uri = f"{settings.public_url}/auth/callback"
        self._client = httpx.Client(
            timeout=settings.keycloak_timeout_seconds,
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=8),
            transport=transport,
            trust_env=False,
            follow_redirects=False,
        )
        self._keys = Keys(self._fetch_keys, grace=settings.keycloak_grace_seconds)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def authorization_url(self, *, state: str, nonce: str, verifier: str, language: str) -> str:
        """Return the address of the sign-in form (RFC 6749 4.1.1, RFC 7636, OpenID Connect Core 3.1.2.1)."""
        return str(
            prepare_grant_uri(
                f"{self._public}/auth",
                client_id=self._settings.client_id,
                response_type="code",
                redirect_uri=self._redirect_uri,
                scope=SCOPE,
                state=state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier),
                code_challenge_method="S256",
                ui_locales=language,
            )
        )

    def exchange(self, *, code: str, verifier: str, nonce: str) -> Tokens:
        """Turn a code into verified tokens; never tried a second time."""
        answer = self._tokens(
            grant_type="authorization_code",
            code=code,
            redirect_uri=self._redirect_uri,
            code_verifier=verifier,
        )
        return self._verified(answer, nonce=nonce)

    def refresh(self, refresh_token: str) -> Tokens:
        """Get new tokens; where the answer has no new refresh token the old one goes on."""
        answer = self._tokens(grant_type="refresh_token", refresh_token=refresh_token)
        return self._verified({"refresh_token": refresh_token, **answer}, nonce=None)

    def introspect(self, access_token: str) -> Introspection:
        """Ask what a token means now (RFC 7662)."""
        answer = self._post("token/introspect", SHORT_TIMEOUT, token=access_token)
        if answer.status_code != httpx.codes.OK:
            raise Refused(f"introspection-{answer.status_code}")
        document = _document(answer)
        if document.get("active") is not True:
            return Introspection(active=False)
        return Introspection(
            active=True,
            sub=_text(document, "sub"),
            username=_text(document, "username"),
            name=_text(document, "name"),
            email=_text(document, "email"),
            roles=known_roles(document.get("roles")),
            groups=frozenset(strings(document.get("groups"))),
        )

    def end_session_url(self, *, id_token: str | None, state: str | None, language: str) -> str:
        """Return the address that ends Keycloak's session (OpenID Connect RP-Initiated Logout 1.0)."""
        parameters = {
            "client_id": self._settings.client_id,
            "post_logout_redirect_uri": f"{self._settings.public_url}/auth/signedout",
            "ui_locales": language,
        }
        if id_token is not None:
            parameters["id_token_hint"] = id_token
        if state is not None:
            parameters["state"] = state
        return str(httpx.URL(f"{self._public}/logout", params=parameters))

    def logout(self, refresh_token: str) -> None:
        """End Keycloak's session from here."""
        answer = self._post("logout", self._settings.keycloak_timeout_seconds, refresh_token=refresh_token)
        if not answer.is_success:
            raise Refused(_error_code(answer))

    def logout_token(self, raw: str) -> LogoutClaims:
        """Verify a back-channel logout token, all but its novelty."""
        return verify_logout_token(
            raw,
            keys=self._keys,
            issuer=self._settings.realm_issuer,
            client_id=self._settings.client_id,
            now=self._clock(),
        )

    def access_token(self, raw: str) -> AccessClaims:
        """Verify somebody's access token, all but what Keycloak says of it."""
        return verify_access_token(
            raw,
            keys=self._keys,
            issuer=self._settings.realm_issuer,
            client_id=self._settings.client_id,
            clients=self._settings.clients_of_bearers,
            now=self._clock(),
        )

    def alive(self) -> bool:
        """Tell whether the realm answers."""
        try:
            return self._client.get(self._realm, timeout=SHORT_TIMEOUT).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def _tokens(self, **form: str) -> dict[str, Any]:
        answer = self._post("token", self._settings.keycloak_timeout_seconds, **form)
        if answer.status_code != httpx.codes.OK:
            raise Refused(_error_code(answer))
        return _document(answer)

    def _verified(self, answer: Mapping[str, Any], *, nonce: str | None) -> Tokens:
        texts = [answer.get(name) for name in ("access_token", "refresh_token", "id_token")]
        access, refresh, id_token = (text if isinstance(text, str) else "" for text in texts)
        lasts = answer.get("expires_in")
        if not (access and refresh and id_token and isinstance(lasts, int) and lasts > 0):
            raise Untrusted("incomplete")
        now = self._clock()
        claims = verify_id_token(
            id_token,
            keys=self._keys,
            issuer=self._settings.realm_issuer,
            client_id=self._settings.client_id,
            access_token=access,
            nonce=nonce,
            now=now,
        )
        return Tokens(
            access=access,
            refresh=refresh,
            id_token=id_token,
            access_expires_at=now + timedelta(seconds=lasts),
            refresh_at=now + timedelta(seconds=0.8 * lasts),
            claims=claims,
        )

    def _post(self, endpoint: str, timeout: float, **form: str) -> httpx.Response:
        secret = self._settings.client_secret.get_secret_value()
        form = {"client_id": self._settings.client_id, "client_secret": secret, **form}
        try:
            answer = self._client.post(f"{self._endpoint}/{endpoint}", data=form, timeout=timeout)
        except httpx.HTTPError as error:
            # Its words may hold an address, never a form: safe to log, still not for people.
            log.warning("Keycloak does not answer at %s: %s", endpoint, type(error).__name__)
            raise Unavailable("keycloak") from None
        if answer.is_server_error:
            log.warning("Keycloak answers %s at %s", answer.status_code, endpoint)
            raise Unavailable("keycloak")
        return answer

    def _fetch_keys(self) -> list[dict[str, Any]]:
        try:
            answer = self._client.get(f"{self._endpoint}/certs", timeout=SHORT_TIMEOUT)
            answer.raise_for_status()
        except httpx.HTTPError:
            raise Unavailable("keycloak") from None
        keys = _document(answer).get("keys")
        return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []


def _document(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        raise Unavailable("keycloak") from None
    return document if isinstance(document, dict) else {}


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""


def _error_code(answer: httpx.Response) -> str:
    """Return the ``error`` code of RFC 6749 5.2; never its description, which may speak of the request."""
    try:
        document = answer.json()
    except ValueError:
        document = None
    code = document.get("error") if isinstance(document, dict) else None
    return code[:40] if isinstance(code, str) else f"status-{answer.status_code}"
