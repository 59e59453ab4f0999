"""Keycloak in memory: people, sessions, codes and really signed tokens.

`FakeProvider` is the real provider with this in place of the network, so that what it sends and what it
believes is exercised; only the wire is missing.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from auth_service.clock import Clock
from auth_service.credentials.provider import KeycloakProvider
from auth_service.credentials.verification import LOGOUT_EVENT
from auth_service.settings import Settings

ACCESS_LIVES = 300


@cache
def signing_key(number: int) -> RSAKey:
    """The same keys for a whole test run: making one takes a moment."""
    return RSAKey.generate_key(2048, {"kid": f"key-{number}", "use": "sig", "alg": "RS256"}, private=True)


@dataclass(kw_only=True)
class FakeUser:
    username: str
    sub: str
    name: str
    email: str
    email_verified: bool = True
    roles: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    enabled: bool = True


@dataclass(kw_only=True)
class FakeSession:
    sid: str
    user: FakeUser
    active: bool = True


@dataclass(kw_only=True)
class Code:
    session: FakeSession
    challenge: str
    nonce: str
    redirect_uri: str
    used: bool = False


class FakeKeycloak:
    """The endpoints of one realm, as `handle`; what people do on its pages, as methods."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.users: dict[str, FakeUser] = {}
        self.groups: dict[str, str] = {}
        self.sessions: dict[str, FakeSession] = {}
        self.codes: dict[str, Code] = {}
        self.down = False
        self.directory_down = False
        self.calls: list[str] = []
        self.key = signing_key(0)
        self.published = [self.key]
        self.before_answer: Callable[[str], None] = lambda _endpoint: None
        self.change_claims: Callable[[dict[str, Any]], None] = lambda _claims: None
        self.answers: dict[str, httpx.Response] = {}

    # What exists

    def add_user(
        self, username: str, *, roles: set[str] | None = None, groups: set[str] | None = None
    ) -> FakeUser:
        user = FakeUser(
            username=username,
            sub=f"00000000-0000-4000-8000-{hashlib.sha256(username.encode()).hexdigest()[:12]}",
            name=f"Test {username.title()}",
            email=f"{username}@example.org",
            roles=set(roles or {"researcher"}),
            groups=set(groups or ()),
        )
        self.users[username] = user
        for path in user.groups:
            self.add_group(path)
        return user

    def add_group(self, path: str) -> str:
        parts = path.strip("/").split("/")
        for depth in range(1, len(parts) + 1):
            above = "/" + "/".join(parts[:depth])
            self.groups.setdefault(above, f"group-{len(self.groups) + 1}")
        return self.groups[path]

    def rotate_keys(self, number: int, *, keep_old: bool = False) -> None:
        self.key = signing_key(number)
        self.published = [self.key, *(self.published if keep_old else [])]

    # What people do on its pages

    def sign_in(self, url: str, username: str) -> str:
        """Fill the form at an authorization address; returns where the browser is sent, path and query."""
        asked = self.asked(url)
        session = FakeSession(sid=secrets.token_hex(8), user=self.users[username])
        self.sessions[session.sid] = session
        code = secrets.token_urlsafe(16)
        self.codes[code] = Code(
            session=session,
            challenge=asked["code_challenge"],
            nonce=asked["nonce"],
            redirect_uri=asked["redirect_uri"],
        )
        return self.callback(url, code=code, session_state=session.sid)

    def refuse(self, url: str, error: str = "access_denied", **more: str) -> str:
        """Leave the form with an error; returns where the browser is sent."""
        return self.callback(url, error=error, **more)

    def callback(self, url: str, **parameters: str) -> str:
        asked = self.asked(url)
        query = urlencode({"state": asked["state"], **parameters, "iss": self.settings.realm_issuer})
        return f"{urlsplit(asked['redirect_uri']).path}?{query}"

    def asked(self, url: str) -> dict[str, str]:
        """Check an authorization request as Keycloak does, and return its parameters."""
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == (
            f"{self.settings.realm_issuer}/protocol/openid-connect/auth"
        )
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert asked["client_id"] == self.settings.client_id
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["redirect_uri"] == f"{self.settings.public_url}/auth/callback"
        assert "openid" in asked["scope"].split()
        return asked

    def logout_token(self, **changes: object) -> str:
        """Write a logout token; a change of ``None`` leaves the claim out."""
        now = self.now()
        key = changes.pop("key", self.key)
        assert isinstance(key, RSAKey)
        header = {"alg": "RS256", "kid": self.key.kid, "typ": changes.pop("header_typ", "logout+jwt")}
        claims: dict[str, object] = {
            "iss": self.settings.realm_issuer,
            "aud": self.settings.client_id,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_hex(8),
            "typ": "Logout",
            "events": {LOGOUT_EVENT: {}},
            **changes,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, claims, key, algorithms=["RS256"], default_type=None)

    def bearer(self, username: str, **changes: object) -> str:
        """Write an access token as a program gets it that signs in at Keycloak itself, without this service.

        A change of ``None`` leaves the claim out; ``key`` signs it, ``kid`` says which key does.
        """
        session = FakeSession(sid=secrets.token_hex(8), user=self.users[username])
        self.sessions[session.sid] = session
        key = changes.pop("key", self.key)
        assert isinstance(key, RSAKey)
        kid = changes.pop("kid", self.key.kid)
        header: dict[str, Any] = {"alg": "RS256", "typ": "JWT"} | ({"kid": kid} if kid else {})
        claims = {**self.access_claims(session), **changes}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, claims, key, algorithms=["RS256"])

    def access_claims(self, session: FakeSession) -> dict[str, object]:
        now = self.now()
        return {
            "iss": self.settings.realm_issuer,
            "sub": session.user.sub,
            "sid": session.sid,
            "azp": self.settings.client_id,
            "aud": [self.settings.client_id, "account"],
            "typ": "Bearer",
            "iat": now,
            "exp": now + ACCESS_LIVES,
            "jti": secrets.token_hex(8),
            **rights(session.user),
        }

    def now(self) -> int:
        return int(self.clock().timestamp())

    # What the service asks

    def handle(self, request: httpx.Request) -> httpx.Response:
        endpoint = request.url.path.removeprefix(f"/keycloak/realms/{self.settings.keycloak_realm}").lstrip(
            "/"
        )
        endpoint = endpoint.removeprefix("protocol/openid-connect/") or "realm"
        self.calls.append(endpoint)
        self.before_answer(endpoint)
        if self.down:
            raise httpx.ConnectError("nobody there", request=request)
        if endpoint in self.answers:
            return self.answers[endpoint]
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        return self._answer(endpoint, form)

    def _answer(self, endpoint: str, form: Mapping[str, str]) -> httpx.Response:
        if endpoint == "realm":
            return httpx.Response(200, json={"realm": self.settings.keycloak_realm})
        if endpoint == "certs":
            keys = [key.as_dict(private=False) for key in self.published]
            return httpx.Response(200, json={"keys": [*keys, {"kid": "enc", "kty": "RSA", "use": "enc"}]})
        if form.get("client_secret") != self.settings.client_secret.get_secret_value():
            return httpx.Response(401, json={"error": "invalid_client"})
        if endpoint == "token":
            codes = form["grant_type"] == "authorization_code"
            return self._exchange(form) if codes else self._refresh(form["refresh_token"])
        if endpoint == "token/introspect":
            return self._introspect(form["token"])
        assert endpoint == "logout", endpoint
        self._session_of(form["refresh_token"]).active = False
        return httpx.Response(204)

    def _exchange(self, form: Mapping[str, str]) -> httpx.Response:
        code = self.codes.get(form["code"])
        if code is None:
            return httpx.Response(400, json={"error": "invalid_grant", "error_description": "Code not valid"})
        if code.used:
            code.session.active = False
            return httpx.Response(400, json={"error": "invalid_grant", "error_description": "Code not valid"})
        code.used = True
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code.challenge:
            return httpx.Response(400, json={"error": "invalid_grant", "error_description": "PKCE"})
        if form["redirect_uri"] != code.redirect_uri:
            return httpx.Response(400, json={"error": "invalid_grant"})
        return self._tokens(code.session, nonce=code.nonce)

    def _refresh(self, refresh: str) -> httpx.Response:
        session = self._session_of(refresh)
        if not (session.active and session.user.enabled):
            return httpx.Response(400, json={"error": "invalid_grant", "error_description": "not active"})
        return self._tokens(session, nonce=None)

    def _introspect(self, access: str) -> httpx.Response:
        keys = {key.kid: key for key in self.published}
        claims = jwt.decode(
            access, lambda guest: keys[str(guest.headers()["kid"])], algorithms=["RS256"]
        ).claims
        session, user = self.sessions[claims["sid"]], self.sessions[claims["sid"]].user
        # Keycloak tells nothing about a token that is not for who asks (seen on 26.7.4).
        meant = self.settings.client_id in claims["aud"]
        if not (meant and session.active and user.enabled) or claims["exp"] <= self.now():
            return httpx.Response(200, json={"active": False})
        who = {"sub": user.sub, "username": user.username, "name": user.name, "email": user.email}
        return httpx.Response(200, json={"active": True, **who, **rights(user)})

    def _tokens(self, session: FakeSession, *, nonce: str | None) -> httpx.Response:
        user = session.user
        shared = self.access_claims(session)
        header = {"alg": "RS256", "kid": self.key.kid}
        access = jwt.encode(header, shared, self.key, algorithms=["RS256"])
        claims: dict[str, Any] = {
            **shared,
            "typ": "ID",
            "aud": self.settings.client_id,
            "at_hash": half_hash(access),
            "preferred_username": user.username,
            "name": user.name,
            "email": user.email,
            "email_verified": user.email_verified,
        }
        if nonce is not None:
            claims["nonce"] = nonce
        self.change_claims(claims)
        id_token = jwt.encode(header, claims, self.key, algorithms=["RS256"])
        refresh = jwt.encode(
            {"alg": "HS512"},
            {"sid": session.sid, "typ": "Refresh", "jti": secrets.token_hex(8)},
            OctKey.import_key(
                "a key of Keycloak's own, long enough for HS512: sixty-four characters or more"
            ),
            algorithms=["HS512"],
        )
        answer = {"access_token": access, "refresh_token": refresh, "id_token": id_token}
        return httpx.Response(200, json={**answer, "expires_in": ACCESS_LIVES, "token_type": "Bearer"})

    def _session_of(self, refresh: str) -> FakeSession:
        payload = refresh.split(".")[1]
        claims = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        sid = next(sid for sid in self.sessions if sid.encode() in claims)
        return self.sessions[sid]


class FakeProvider(KeycloakProvider):
    """The real provider over a Keycloak in memory."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.keycloak = FakeKeycloak(settings, clock)
        super().__init__(settings, clock=clock, transport=httpx.MockTransport(self.keycloak.handle))


def rights(user: FakeUser) -> dict[str, list[str]]:
    """An empty claim is absent, as in Keycloak; roles of Keycloak's own are there too."""
    claims = {
        "roles": sorted(user.roles | {"offline_access", "default-roles-paradim"}),
        "groups": sorted(user.groups),
    }
    return {name: values for name, values in claims.items() if values}


def half_hash(access: str) -> str:
    digest = hashlib.sha256(access.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


class Turned:
    """A clock that is turned by hand."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now
