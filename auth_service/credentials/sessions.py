"""Sessions: what a browser's cookie, or the portal's bearer, stands for.

The cookie is a secret of which the database has only the digest; the tokens lie sealed beside it and leave
this service for Keycloak alone. A bearer is a signed text for the portal: a minute long, and worth nothing
once its session has ended.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from auth_service import audit
from auth_service.clock import Clock
from auth_service.credentials import ending
from auth_service.credentials.belonging import Belonging
from auth_service.credentials.checking import Checker, as_rows, seal_tokens, unseal_tokens
from auth_service.credentials.ending import Cause, actor_from
from auth_service.credentials.provider import Provider, Refused, Tokens
from auth_service.credentials.sealing import Sealer, digest, new_secret
from auth_service.credentials.verification import Untrusted
from auth_service.directory import Directory
from auth_service.errors import NotFound, Unavailable
from auth_service.origin import Origin
from auth_service.policy.model import Actor
from auth_service.settings import Settings
from auth_service.store import people
from auth_service.store import sessions as table
from auth_service.store.database import Store
from auth_service.store.sessions import SessionRecord

KEEP_ENDED = timedelta(days=30)
"""How long the row of an ended session stays; its tokens go at once."""

SILENT = "/auth/signedout?keycloak=silent"
"""The page that says that only ours has ended."""

LONGEST_TEXT = 256
"""Characters that are kept of what a browser says about itself."""

log = logging.getLogger(__name__)

Welcome = Callable[[Session, Actor, Origin], None]
"""What else is to be done, in the transaction of a sign-in, for whom signs in."""


def _nothing_more(_tx: Session, _actor: Actor, _origin: Origin) -> None:
    """Do nothing besides."""


def _expect_nothing(_address: str) -> Welcome:
    return _nothing_more


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """A session, as its owner sees it."""

    id: str
    created: datetime
    last_seen: datetime
    expires: datetime
    address: str
    user_agent: str
    current: bool


def why_run_out(record: SessionRecord, at: datetime, settings: Settings) -> str | None:
    """Say which limit ends a session; ``None``: none yet."""
    if at >= record.expires_at:
        return "absolute"
    return "idle" if at - record.seen_at >= timedelta(seconds=settings.session_idle_seconds) else None


class Sessions:
    """The sessions of all people.

    Parameters
    ----------
    expect : callable
        Told the verified address of whoever signs in (empty: none), says what else is to be done then.

    """

    def __init__(
        self,
        *,
        settings: Settings,
        store: Store,
        provider: Provider,
        directory: Directory,
        clock: Clock,
        expect: Callable[[str], Welcome] = _expect_nothing,
    ) -> None:
        self._settings = settings
        self._store = store
        self._provider = provider
        self._belonging = Belonging(directory)
        self._clock = clock
        self._expect = expect
        self._sealer = Sealer(settings.encryption_key)
        self._idle = timedelta(seconds=settings.session_idle_seconds)
        self.checker = Checker(
            settings=settings,
            store=store,
            provider=provider,
            directory=directory,
            sealer=self._sealer,
            clock=clock,
            over=self._over,
        )

    # A session begins

    def open(
        self,
        *,
        tokens: Tokens,
        origin: Origin,
        user_agent: str,
        replaces: Iterable[str] = (),
    ) -> str:
        """Begin a session for whom the tokens name, and return the cookie's secret.

        Parameters
        ----------
        replaces : iterable of str
            Secrets of the cookies that the browser sent: those sessions end.

        """
        at = self._clock()
        record = self._new_record(tokens, at, origin, user_agent)
        secret = new_secret()
        claims = tokens.claims
        welcome = self._expect(claims.email if claims.email_verified else "")
        with self._store.write() as tx:
            # First: it locks albums, and who changes their members locks those before people.
            welcome(tx, actor_from(record), origin)
            self._upsert_person(tx, tokens, at)
            self._end_old(tx, replaces, Cause(at=at, origin=origin))
            table.add_session(
                tx,
                secret_hash=digest(secret),
                access_expires_at=tokens.access_expires_at,
                **{name: getattr(record, name) for name in _KEPT},
            )
            audit.signin(
                tx,
                at=at,
                actor=actor_from(record),
                origin=origin,
                user_agent=record.user_agent,
            )
        return secret

    def _new_record(self, tokens: Tokens, at: datetime, origin: Origin, user_agent: str) -> SessionRecord:
        session_id = uuid4().hex
        return SessionRecord(
            id=session_id,
            provider=self._settings.provider,
            subject=tokens.claims.sub,
            username=tokens.claims.preferred_username,
            name=tokens.claims.name,
            language=None,
            keycloak_session=tokens.claims.sid,
            roles=sorted(tokens.claims.roles),
            groups=as_rows(self._belonging.groups(tokens.claims.groups)),
            sealed_tokens=seal_tokens(self._sealer, session_id, tokens),
            created_at=at,
            seen_at=at,
            expires_at=at + timedelta(seconds=self._settings.session_absolute_seconds),
            checked_at=at,
            lease_until=None,
            address=(origin.address or "")[:LONGEST_TEXT],
            user_agent=user_agent[:LONGEST_TEXT],
        )

    def _upsert_person(self, tx: Session, tokens: Tokens, at: datetime) -> None:
        people.upsert(
            tx,
            provider=self._settings.provider,
            subject=tokens.claims.sub,
            username=tokens.claims.preferred_username,
            name=tokens.claims.name,
            email=tokens.claims.email,
            at=at,
            seen=True,
        )

    def _end_old(self, tx: Session, replaces: Iterable[str], cause: Cause) -> None:
        for secret in replaces:
            record = table.by_secret(tx, digest(secret))
            if record is not None:
                ending.end(tx, record, why="replaced", cause=cause)
        for record in table.run_out(tx, at=cause.at, idle_before=cause.at - self._idle):
            why = why_run_out(record, cause.at, self._settings) or "idle"
            ending.end(tx, record, why=why, cause=Cause(at=cause.at))
        table.forget_ended(tx, before=cause.at - KEEP_ENDED)

    # A session is used

    def actor(self, sid: str) -> Actor | None:
        """Return who a cookie's secret stands for, as Keycloak sees him now; ``None``: no live session.

        Raises
        ------
        Unavailable
            If Keycloak has been out of reach for longer than the settings allow.

        """
        with self._store.read() as tx:
            record = table.by_secret(tx, digest(sid))
        return self._live_actor(record)

    def bearer(self, sid: str) -> tuple[str, int, Actor] | None:
        """Return a bearer for the portal, its life in seconds, and whose it is."""
        actor = self.actor(sid)
        if actor is None:
            return None
        lasts = self._settings.bearer_seconds
        over = int(self._clock().timestamp()) + lasts
        return self._sealer.sign({"s": actor.session, "x": over}), lasts, actor

    def actor_of_bearer(self, bearer: str) -> Actor | None:
        """Return who a bearer stands for, if it runs and its session lives; raises as `actor` does."""
        document = self._sealer.signed(bearer)
        if document is None or self._clock().timestamp() >= document["x"]:
            return None
        with self._store.read() as tx:
            record = table.by_id(tx, document["s"])
        return self._live_actor(record)

    def _live_actor(self, record: SessionRecord | None) -> Actor | None:
        if record is None:
            return None
        at = self._clock()
        why = why_run_out(record, at, self._settings)
        if why is not None:
            with self._store.write() as tx:
                ending.end(tx, record, why=why, cause=Cause(at=at))
            return None
        now = self.checker.current(record)
        return actor_from(now) if now is not None else None

    def _over(self, record: SessionRecord) -> None:
        with self._store.write() as tx:
            ending.sign_out(tx, record, why="keycloak", cause=Cause(at=self._clock()))

    # A person looks at his sessions

    def list(self, actor: Actor) -> list[SessionInfo]:
        """Return a person's live sessions, the one used last first."""
        at = self._clock()
        with self._store.read() as tx:
            records = table.of_person(tx, provider=actor.provider, subject=actor.subject)
        return [_info(record, actor) for record in records if why_run_out(record, at, self._settings) is None]

    def info(self, actor: Actor) -> SessionInfo | None:
        """Return the session that the actor came by."""
        with self._store.read() as tx:
            record = table.by_id(tx, actor.session) if actor.session else None
        return _info(record, actor) if record is not None else None

    def language(self, sid: str) -> str | None:
        """Return the language that the person of a cookie chose, also when its session has ended."""
        with self._store.read() as tx:
            return table.language_of(tx, digest(sid))

    # A session ends

    def end(self, actor: Actor, session_id: str, *, origin: Origin) -> None:
        """End one of the actor's own sessions, and Keycloak's behind it if no other stands on that.

        Raises
        ------
        NotFound
            If it is not his, or no longer there.

        """
        at = self._clock()
        with self._store.write() as tx:
            record = table.by_id(tx, session_id)
            if record is None or (record.provider, record.subject) != (actor.provider, actor.subject):
                raise NotFound
            cause = Cause(at=at, origin=origin)
            ending.end(tx, record, why="person", cause=cause, by=actor)
            shared = table.shares_keycloak_session(tx, record.keycloak_session)
        tokens = unseal_tokens(self._sealer, record)
        if tokens is None or shared:
            return
        # Else whoever sits there would be signed in again without being asked for anything.
        try:
            self._provider.logout(tokens.refresh)
        except (Refused, Unavailable) as error:
            log.warning("Keycloak's side of session %s may go on: %s", record.id, type(error).__name__)

    def end_by_logout_token(self, raw: str, *, origin: Origin) -> int:
        """End what Keycloak's back-channel logout names, and return how many sessions that were.

        Raises
        ------
        Untrusted
            If the token does not verify, or was seen before.

        """
        claims = self._provider.logout_token(raw)
        at = self._clock()
        until = datetime.fromtimestamp(claims.expires, tz=at.tzinfo) + timedelta(minutes=1)
        with self._store.write() as tx:
            if not table.use_token(tx, token_hash=digest(f"logout:{claims.jti}"), at=at, expires_at=until):
                raise Untrusted("replayed")
            cause = Cause(at=at, origin=origin)
            return self._end_all_of(tx, claims.sid, claims.sub, cause)

    def end_by_keycloak_session(self, *, sid: str | None, sub: str | None) -> int:
        """End the sessions of one of Keycloak's, or of a person there; return how many that were."""
        with self._store.write() as tx:
            return self._end_all_of(tx, sid, sub, Cause(at=self._clock()))

    def sign_out(self, sid: str | None, *, language: str, origin: Origin) -> str:
        """End a session, Keycloak's behind it, and return where the browser goes on to.

        Ours ends first and whatever comes: a Keycloak that does not answer keeps nobody signed in here.
        Keycloak's is ended from here: a token that says whose it is would otherwise stand in an address. The
        browser then goes there to lose its cookies; where we know of no session, Keycloak asks the person.
        """
        record = self._signed_out(sid, Cause(at=self._clock(), origin=origin))
        tokens = unseal_tokens(self._sealer, record) if record is not None else None
        try:
            if tokens is not None:
                self._provider.logout(tokens.refresh)
            elif not self._provider.alive():
                return SILENT
        except Refused as refusal:
            log.info("Keycloak ended nothing: %s", refusal.why)
        except Unavailable:
            return SILENT
        return self._provider.end_session_url(id_token=None, state=language, language=language)

    def _signed_out(self, sid: str | None, cause: Cause) -> SessionRecord | None:
        if sid is None:
            return None
        with self._store.write() as tx:
            record = table.by_secret(tx, digest(sid))
            if record is not None:
                ending.sign_out(tx, record, why="person", cause=cause)
        return record

    def _end_all_of(self, tx: Session, sid: str | None, sub: str | None, cause: Cause) -> int:
        records = table.of_keycloak(tx, provider=self._settings.provider, sid=sid, sub=sub)
        for record in records:
            ending.sign_out(tx, record, why="keycloak", cause=cause)
        return len(records)


_KEPT = tuple(
    name
    for name in SessionRecord.__dataclass_fields__
    if name not in {"username", "name", "language", "lease_until"}
)


def _info(record: SessionRecord, actor: Actor) -> SessionInfo:
    return SessionInfo(
        id=record.id,
        created=record.created_at,
        last_seen=record.seen_at,
        expires=record.expires_at,
        address=record.address,
        user_agent=record.user_agent,
        current=record.id == actor.session,
    )
