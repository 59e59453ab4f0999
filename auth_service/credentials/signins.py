"""Sign-ins under way: from the first redirect to Keycloak's callback.

A sign-in is bound to the browser that began it by a cookie of its own, so that several tabs can sign in at
once and nobody can finish in one browser what was begun in another. It is used once, whatever comes of it.
"""

import hmac
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from auth_service import audit
from auth_service.clock import Clock
from auth_service.credentials.provider import Provider, Refused, Tokens
from auth_service.credentials.sealing import Sealer, digest, new_secret
from auth_service.credentials.verification import Untrusted
from auth_service.errors import Unavailable
from auth_service.origin import Origin
from auth_service.settings import Settings
from auth_service.store import sessions as table
from auth_service.store.database import Store
from auth_service.store.tables import Signin

KEEP_EXPIRED = timedelta(hours=1)
"""How long an expired sign-in is still told from an unknown one."""

LONGEST_PARAMETER = 4096

log = logging.getLogger(__name__)


class Failure(StrEnum):
    """How a sign-in can end without a session; each has a page of its own."""

    REFUSED = "refused"
    """Keycloak, or the person on its pages, said no."""
    EXPIRED = "expired"
    REPLAYED = "replayed"
    ELSEWHERE = "elsewhere"
    """It was begun in another browser, or the cookie that says so is gone."""
    UNKNOWN = "unknown"
    LOGIN_REQUIRED = "login-required"
    FAILED = "failed"
    """What came back cannot be trusted, or makes no sense; the log says what."""
    UNAVAILABLE = "unavailable"


class SigninFailed(Exception):
    """A sign-in that ended without a session."""

    def __init__(
        self,
        failure: Failure,
        why: str = "",
        *,
        next_page: str | None = None,
        language: str | None = None,
        cookie: str | None = None,
    ) -> None:
        super().__init__(failure)
        self.failure = failure
        self.why = why or str(failure)
        self.next_page = next_page
        self.language = language
        self.cookie = cookie
        """The sign-in's cookie, which has done its work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Where to send the browser, and the cookie that binds it."""

    url: str
    cookie: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A sign-in that brought tokens."""

    tokens: Tokens
    next_page: str
    language: str
    cookie: str


class Signins:
    """Begins and finishes sign-ins."""

    def __init__(self, *, settings: Settings, store: Store, provider: Provider, clock: Clock) -> None:
        self._settings = settings
        self._store = store
        self._provider = provider
        self._clock = clock
        self._sealer = Sealer(settings.encryption_key)

    @property
    def cookie_prefix(self) -> str:
        """What the names of all sign-in cookies begin with."""
        return f"{'__Host-' if self._settings.secure else ''}signin_{self._settings.cookie_name}_"

    def begin(self, *, next_page: str, language: str) -> Begun:
        """Begin a sign-in that leads to a page of our own.

        Raises
        ------
        Unavailable
            If Keycloak does not answer: its own address would show a worse page.

        """
        if not self._provider.alive():
            raise Unavailable("keycloak")
        state, nonce, verifier, secret = (new_secret() for _ in range(4))
        at = self._clock()
        with self._store.write() as tx:
            table.forget_signins(tx, before=at - KEEP_EXPIRED)
            table.add_signin(
                tx,
                state_hash=digest(state),
                browser_hash=digest(secret),
                sealed=self._sealer.seal(f"signin:{digest(state)}", {"nonce": nonce, "verifier": verifier}),
                next=next_page,
                language=language,
                created_at=at,
                expires_at=at + timedelta(seconds=self._settings.signin_seconds),
            )
        url = self._provider.authorization_url(state=state, nonce=nonce, verifier=verifier, language=language)
        return Begun(url=url, cookie=self._cookie_name(digest(state), at), secret=secret)

    def finish(
        self,
        parameters: Sequence[tuple[str, str]],
        *,
        cookie_values: Callable[[str], Iterable[str]],
        origin: Origin,
    ) -> Finished:
        """Finish a sign-in with what Keycloak's redirect brought.

        Parameters
        ----------
        parameters : sequence of pairs
            The callback's query, in order.
        cookie_values : callable
            Returns every value that the request has for a cookie of this name.

        Raises
        ------
        SigninFailed
            However it ends otherwise; that is in the audit by then.

        """
        at = self._clock()
        try:
            given = _once_each(parameters)
            signin, cookie = self._claim(given.get("state", ""), cookie_values, at)
            try:
                tokens = self._tokens(signin, given)
            except SigninFailed as failed:
                failed.next_page, failed.language, failed.cookie = signin.next, signin.language, cookie
                raise
        except SigninFailed as failed:
            log.info("a sign-in ended: %s (%s)", failed.failure, failed.why)
            with self._store.write() as tx:
                audit.signin_failed(tx, at=at, reason=failed.why, origin=origin)
            raise
        return Finished(tokens=tokens, next_page=signin.next, language=signin.language, cookie=cookie)

    def _claim(
        self, state: str, cookie_values: Callable[[str], Iterable[str]], at: datetime
    ) -> tuple[Signin, str]:
        """Use up the sign-in of a state, if it is this browser's and in time."""
        with self._store.read() as tx:
            signin = table.get_signin(tx, digest(state)) if state else None
        if signin is None:
            raise SigninFailed(Failure.UNKNOWN)
        cookie = self._cookie_name(signin.state_hash, signin.created_at)
        known = {"next_page": signin.next, "language": signin.language}
        if signin.used_at is not None:
            raise SigninFailed(Failure.REPLAYED, **known)
        values = list(cookie_values(cookie))
        if len(values) != 1 or not hmac.compare_digest(digest(values[0]), signin.browser_hash):
            # Who is not the one who began it does not learn where it would have led.
            raise SigninFailed(Failure.ELSEWHERE)
        if at >= signin.expires_at:
            raise SigninFailed(Failure.EXPIRED, cookie=cookie, **known)
        with self._store.write() as tx:
            if not table.use_signin(tx, state_hash=signin.state_hash, at=at):
                raise SigninFailed(Failure.REPLAYED, **known)
        return signin, cookie

    def _tokens(self, signin: Signin, given: dict[str, str]) -> Tokens:
        if given.get("iss") != self._settings.realm_issuer:
            # RFC 9207: an answer of another server, to be redeemed at ours (mix-up).
            raise SigninFailed(Failure.FAILED, "issuer")
        if "error" in given:
            raise _failure_of(given["error"], given.get("error_description", ""))
        secrets = self._sealer.unseal(f"signin:{signin.state_hash}", signin.sealed)
        if secrets is None or not given.get("code"):
            raise SigninFailed(Failure.FAILED, "no-code" if secrets else "sealed-by-another-key")
        try:
            return self._provider.exchange(
                code=given["code"], verifier=secrets["verifier"], nonce=secrets["nonce"]
            )
        except Refused as refusal:
            raise SigninFailed(Failure.FAILED, f"exchange:{refusal.why}") from None
        except Untrusted as error:
            raise SigninFailed(Failure.FAILED, f"token:{error.why}") from None
        except Unavailable:
            raise SigninFailed(Failure.UNAVAILABLE) from None

    def _cookie_name(self, state_hash: str, created_at: datetime) -> str:
        """Return the name of one sign-in's cookie; names sort by age."""
        return f"{self.cookie_prefix}{int(created_at.timestamp()):08x}{state_hash[:16]}"


def _once_each(parameters: Sequence[tuple[str, str]]) -> dict[str, str]:
    names = [name for name, _ in parameters]
    too_long = any(len(name) + len(value) > LONGEST_PARAMETER for name, value in parameters)
    if len(set(names)) < len(names) or too_long:
        raise SigninFailed(Failure.FAILED, "parameters")
    return dict(parameters)


def _failure_of(error: str, description: str) -> SigninFailed:
    """Tell Keycloak's errors apart; what it says in words goes nowhere."""
    if error == "access_denied":
        return SigninFailed(Failure.REFUSED)
    if error == "temporarily_unavailable" and description == "authentication_expired":
        return SigninFailed(Failure.EXPIRED)
    if error in ("temporarily_unavailable", "server_error"):
        return SigninFailed(Failure.UNAVAILABLE)
    if error in ("login_required", "interaction_required", "account_selection_required", "consent_required"):
        return SigninFailed(Failure.LOGIN_REQUIRED)
    known = {"invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope"}
    return SigninFailed(Failure.FAILED, f"keycloak:{error}" if error in known else "keycloak:other")
