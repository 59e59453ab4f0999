"""Check what Keycloak signed: its keys, id tokens and logout tokens.

Apart from the network, so that every check can be tried on tokens made by hand; the real provider and the
tests' second implementation both go through here. What fails says why in one word for the log: the token
itself is never in a message.
"""

import hmac
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, RSAKey
from joserfc.jwt import JWTClaimsRegistry, Token

from auth_service.errors import Unavailable
from auth_service.reach import REST
from auth_service.vocabulary import realm_roles

ALGORITHMS = ("RS256",)
"""What the realm signs with. ``none`` and everything symmetric is thereby refused."""

SKEW = 10
"""Seconds by which Keycloak's clock and ours may differ."""

BEARER_SKEW = 30
"""The same for an access token, of which Keycloak is asked besides."""

KEYS_LIVE = 300.0
"""Seconds after which the keys are asked for anew, so that a key taken out of use stops counting."""

KEYS_REST = 10.0
"""Seconds between two questions for a key nobody knows: forged tokens must not become load on Keycloak."""

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


class Untrusted(Exception):
    """A token that is not what it should be; ``why`` is a word for the log, nothing of the token."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What an id token says of a person; the names are those of OpenID Connect."""

    sub: str
    sid: str
    preferred_username: str
    name: str
    email: str
    email_verified: bool
    """Whether Keycloak knows that the address is his; only what it says so plainly."""
    roles: frozenset[str]
    """Realm roles that the portal knows; others are passed over."""
    groups: frozenset[str]
    """Full paths."""
    locale: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutClaims:
    """Whose sessions a logout token ends: one of Keycloak's, or all of a person's."""

    sid: str | None
    sub: str | None
    jti: str
    expires: int
    """Seconds since 1970; until then the same token could be sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClaims:
    """Whose an access token is and how he came by it; what he may do is asked of Keycloak."""

    sub: str
    azp: str
    """The client that got it."""
    sid: str
    """Keycloak's session behind it; a token without one (a service account's) stands for itself alone."""


class Keys:
    """The realm's public keys, kept for a while and asked for anew when an unknown one turns up.

    Parameters
    ----------
    fetch : callable
        Returns the ``keys`` of the realm's JWK set (RFC 7517).
    timer : callable
        A monotonic clock, in seconds.
    grace : float
        Seconds for which old keys count when the realm does not answer.

    """

    def __init__(
        self,
        fetch: Callable[[], list[dict[str, Any]]],
        timer: Callable[[], float] = time.monotonic,
        *,
        grace: float = 0.0,
    ) -> None:
        self._fetch = fetch
        self._timer = timer
        self._longest = KEYS_LIVE + grace
        self._lock = threading.Lock()
        self._keys: Mapping[str, RSAKey] = {}
        self._fetched = float("-inf")
        self._asked = float("-inf")
        self._silent = False

    def find(self, kid: object) -> RSAKey:
        """Return the key of this id.

        Raises
        ------
        Untrusted
            If the realm has none.
        Unavailable
            If the realm's keys are not known, or have not been heard of for too long.

        """
        key = self._known(kid)
        # Who has a key to go on with does not wait for who is asking.
        if self._is_due(key) and self._lock.acquire(blocking=key is None):
            try:
                # Of those who waited the first one has asked for all.
                if self._is_due(self._known(kid)):
                    self._ask()
            finally:
                self._lock.release()
            key = self._known(kid)
        if self._timer() - self._fetched > self._longest:
            raise Unavailable("keycloak")
        if key is None:
            raise Untrusted("unknown-key")
        return key

    def _known(self, kid: object) -> RSAKey | None:
        return self._keys.get(kid) if isinstance(kid, str) else None

    def _is_due(self, key: RSAKey | None) -> bool:
        now = self._timer()
        rest = REST if self._silent and key is None else KEYS_REST
        return now - self._asked > rest and (key is None or now - self._fetched > KEYS_LIVE)

    def _ask(self) -> None:
        started = self._timer()
        try:
            keys = _signing_keys(self._fetch())
        except Unavailable:
            self._silent = True
        else:
            self._silent = False
            # In this order: who finds a key finds it fresh.
            self._fetched = started
            self._keys = keys
        finally:
            # Not before the answer: until then whoever lacks a key waits for it, instead of being refused.
            self._asked = started


def verify_id_token(
    raw: str,
    *,
    keys: Keys,
    issuer: str,
    client_id: str,
    access_token: str,
    nonce: str | None,
    now: datetime,
) -> Claims:
    """Check an id token (OpenID Connect Core 1.0, section 3.1.3.7) and return what it says.

    Parameters
    ----------
    nonce : str or None
        What the authorization request carried; ``None`` after a refresh, where Keycloak leaves it out.
    access_token : str
        The access token that came with it, to which ``at_hash`` must fit.

    Raises
    ------
    Untrusted
        If anything is missing or not as it should be.

    """
    token = _decode(raw, keys)
    checks = CodeIDToken(
        token.claims,
        token.header,
        options=_expected_of_an_id_token(issuer, client_id),
        params={"client_id": client_id, "access_token": access_token},
    )
    try:
        checks.validate(now=int(now.timestamp()), leeway=SKEW)
    except JoseError as error:
        raise Untrusted(_why(error)) from None
    if token.claims.get("typ") != "ID":
        raise Untrusted("typ")
    if nonce is not None and not _same(token.claims.get("nonce"), nonce):
        raise Untrusted("nonce")
    return _claims(token.claims)


def _expected_of_an_id_token(issuer: str, client_id: str) -> dict[str, dict[str, Any]]:
    named = {"iss": issuer, "aud": client_id, "azp": client_id}
    there: dict[str, dict[str, Any]] = {key: {"essential": True} for key in ("at_hash", "sub", "sid")}
    return {name: {"essential": True, "value": value} for name, value in named.items()} | there


def verify_logout_token(raw: str, *, keys: Keys, issuer: str, client_id: str, now: datetime) -> LogoutClaims:
    """Check a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6), all but its novelty.

    Raises
    ------
    Untrusted
        If anything is missing or not as it should be.

    """
    token = _decode(raw, keys)
    claims = token.claims
    if str(token.header.get("typ", "")).lower() not in ("logout+jwt", "application/logout+jwt"):
        raise Untrusted("typ")
    registry = JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=SKEW,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        iat={"essential": True},
        exp={"essential": True},
        jti={"essential": True},
    )
    try:
        registry.validate(claims)
    except JoseError as error:
        raise Untrusted(_why(error)) from None
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise Untrusted("events")
    if "nonce" in claims:
        raise Untrusted("nonce")
    sid, sub = claims.get("sid"), claims.get("sub")
    named = [value for value in (sid, sub) if value is not None]
    if not named or not all(isinstance(value, str) and value for value in named):
        raise Untrusted("sid-or-sub")
    return LogoutClaims(sid=sid, sub=sub, jti=claims["jti"], expires=int(claims["exp"]))


def verify_access_token(
    raw: str, *, keys: Keys, issuer: str, client_id: str, clients: Collection[str], now: datetime
) -> AccessClaims:
    """Check an access token that somebody else got (RFC 9068, section 4, with Keycloak's claims).

    Parameters
    ----------
    client_id : str
        For whom it must be: one of ``aud``.
    clients : collection of str
        Who may have got it: ``azp``.

    Raises
    ------
    Untrusted
        If anything is missing or not as it should be.

    """
    claims = _decode(raw, keys).claims
    registry = JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=BEARER_SKEW,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        azp={"essential": True, "values": sorted(clients)},
        # Keycloak says only in this claim what a token is: its header calls each of them a JWT.
        typ={"essential": True, "value": "Bearer"},
        iat={"essential": True},
        exp={"essential": True},
        jti={"essential": True},
        sub={"essential": True},
    )
    try:
        registry.validate(claims)
    except JoseError as error:
        raise Untrusted(_why(error)) from None
    if "cnf" in claims:
        # Worth something only to the holder of a key, whose proof we do not ask for (RFC 7800, RFC 9449).
        raise Untrusted("cnf")
    texts = [claims["sub"], claims["azp"], claims.get("sid", claims["jti"])]
    if not all(isinstance(text, str) and text for text in texts):
        raise Untrusted("sub-or-sid")
    return AccessClaims(sub=texts[0], azp=texts[1], sid=texts[2])


def known_roles(values: object) -> frozenset[str]:
    """Return the realm roles that may mean something here, of whatever a token says."""
    return realm_roles(strings(values))


def strings(values: object) -> Iterable[str]:
    """Return the texts of a claim that should be a list of texts; an absent claim is an empty one."""
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _decode(raw: str, keys: Keys) -> Token:
    def key_of(guest: GuestProtocol) -> RSAKey:
        return keys.find(guest.headers().get("kid"))

    try:
        return jwt.decode(raw, key_of, algorithms=list(ALGORITHMS))
    except (JoseError, ValueError) as error:
        raise Untrusted(_why(error)) from None


def _signing_keys(answer: list[dict[str, Any]]) -> dict[str, RSAKey]:
    keys: dict[str, RSAKey] = {}
    for entry in answer:
        usable = entry.get("kty") == "RSA" and entry.get("use") == "sig" and entry.get("alg") in ALGORITHMS
        if usable and isinstance(entry.get("kid"), str):
            keys[entry["kid"]] = RSAKey.import_key(entry)
    return keys


def _claims(claims: Mapping[str, Any]) -> Claims:
    def text(name: str, default: str = "") -> str:
        value = claims.get(name)
        return value if isinstance(value, str) else default

    if not text("sub") or not text("sid"):
        raise Untrusted("sub-or-sid")
    username = text("preferred_username", text("sub"))
    return Claims(
        sub=text("sub"),
        sid=text("sid"),
        preferred_username=username,
        name=text("name", username),
        email=text("email"),
        email_verified=claims.get("email_verified") is True,
        roles=known_roles(claims.get("roles")),
        groups=frozenset(strings(claims.get("groups"))),
        locale=text("locale") or None,
    )


def _why(error: Exception) -> str:
    """Return a word of the library's own: its error code and the claim's name, nothing of the token."""
    code = str(getattr(error, "error", "") or type(error).__name__)
    claim = getattr(error, "claim", None)
    return f"{code}:{claim}" if isinstance(claim, str) else code


def _same(given: object, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())
