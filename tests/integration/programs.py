"""Programs whose people signed in at Keycloak itself: what they get there, and forgeries of it."""

import base64
import hashlib
import html
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

from deploy.native.accounts import _Admin
from deploy.native.credentials import KEYCLOAK_ADMIN
from tests.integration.people import follow


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program with the tokens that Keycloak gave it."""

    access: str
    refresh: str
    id_token: str

    @property
    def headers(self) -> list[tuple[str, str]]:
        """How it asks the gate."""
        return [("Authorization", f"Bearer {self.access}")]

    @property
    def claims(self) -> dict[str, Any]:
        """What its access token says."""
        return dict(_part(self.access, 1))

    def forged(self, *, algorithm: str = "RS256", **claims: object) -> str:
        """Write the same token with other claims, signed by a key that is not the realm's, or by none."""
        header = {**_part(self.access, 0), "alg": algorithm}
        changed = {**self.claims, **claims}
        if algorithm == "none":
            return ".".join((_encoded(header), _encoded(changed), ""))
        return jwt.encode(header, changed, RSAKey.generate_key(2048), algorithms=[algorithm])


def signed_in_at_keycloak(
    stack: Mapping[str, Any], client_secret: str, username: str, password: str
) -> Program:
    """Go through the authorization code flow of the portal's client, as a program with its secret would."""
    url, keycloak = stack["url"], stack["internal"]["keycloak"]
    realm = f"/keycloak/realms/{keycloak['realm']}/protocol/openid-connect"
    verifier = secrets.token_urlsafe(48)
    asked = {
        "client_id": "portal",
        "response_type": "code",
        "scope": "openid profile email",
        "redirect_uri": f"{url}/auth/callback",
        "state": secrets.token_urlsafe(8),
        "code_challenge": _text(hashlib.sha256(verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as browser:
        form = follow(browser, browser.get(f"{realm}/auth", params=asked))
        action = re.search(r'<form[^>]+id="kc-form-login"[^>]+action="([^"]+)"', form.text)
        assert action, form.text[:500]
        answer = browser.post(html.unescape(action[1]), data={"username": username, "password": password})
        landed = follow(browser, answer, until="/auth/callback")
    code = httpx.URL(landed.headers["location"]).params["code"]
    given = httpx.post(
        f"{keycloak['url']}/realms/{keycloak['realm']}/protocol/openid-connect/token",
        data={
            "grant_type": "authorization_code",
            "client_id": "portal",
            "client_secret": client_secret,
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": asked["redirect_uri"],
        },
        trust_env=False,
    )
    return _program(given)


@contextmanager
def another_client(stack: Mapping[str, Any], username: str) -> Iterator[Program]:
    """Make a client whose tokens are for the portal too, and a program that has one of somebody's by it."""
    keycloak = stack["internal"]["keycloak"]
    client = f"other-{secrets.token_hex(4)}"
    audience = {
        "name": "audience",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": {"included.client.audience": "portal", "access.token.claim": "true"},
    }
    with admin_of(stack) as admin:
        made = admin._client.post(
            f"{admin._realm_url}/clients",
            json={
                "clientId": client,
                "publicClient": True,
                "standardFlowEnabled": False,
                "directAccessGrantsEnabled": True,
                "protocolMappers": [audience],
            },
        )
        made.raise_for_status()
    try:
        password = stack["accounts"][username]["password"]
        yield _program(_by_password(keycloak, keycloak["realm"], client, username, password))
    finally:
        with admin_of(stack) as admin:
            admin._client.delete(made.headers["location"]).raise_for_status()


def of_another_realm(stack: Mapping[str, Any]) -> Program:
    """Return a program with a real token of the same Keycloak's administration realm."""
    keycloak = stack["internal"]["keycloak"]
    password = keycloak["admin"]["password"]
    return _program(_by_password(keycloak, "master", "admin-cli", KEYCLOAK_ADMIN, password))


def admin_of(stack: Mapping[str, Any]) -> _Admin:
    """Return Keycloak's administrator, signed in for a minute."""
    keycloak = stack["internal"]["keycloak"]
    return _Admin(keycloak["url"], keycloak["realm"], keycloak["admin"]["password"])


def _by_password(
    keycloak: Mapping[str, Any], realm: str, client: str, username: str, password: str
) -> httpx.Response:
    return httpx.post(
        f"{keycloak['url']}/realms/{realm}/protocol/openid-connect/token",
        data={
            "grant_type": "password",
            "client_id": client,
            "username": username,
            "password": password,
            "scope": "openid",
        },
        trust_env=False,
    )


def _program(answer: httpx.Response) -> Program:
    answer.raise_for_status()
    given = answer.json()
    return Program(
        access=given["access_token"], refresh=given["refresh_token"], id_token=given.get("id_token", "")
    )


def _part(raw: str, number: int) -> dict[str, Any]:
    text = raw.split(".")[number]
    part: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return part


def _encoded(document: Mapping[str, Any]) -> str:
    return _text(json.dumps(document).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
