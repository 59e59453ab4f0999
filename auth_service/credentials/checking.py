"""Ask Keycloak, about once a second, what a session in use still means.

One asker per session, in all replicas together: he holds a lease in the session's row while he asks, and no
transaction. Who comes while the last answer is young goes on with it; who finds an old one asks, or waits for
who is asking. A session in steady use, a viewer's, is asked about before that happens (``watching.py``).
Nothing here ever widens a right: an answer that cannot be had leaves what was known, for a while, or less.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from auth_service.clock import Clock
from auth_service.credentials.belonging import Belonging
from auth_service.credentials.ending import groups_of
from auth_service.credentials.provider import Introspection, Provider, Refused, Tokens
from auth_service.credentials.sealing import Sealer, new_secret
from auth_service.credentials.verification import Untrusted
from auth_service.directory import Directory
from auth_service.errors import Unavailable
from auth_service.policy.model import Group
from auth_service.reach import Reach
from auth_service.settings import Settings
from auth_service.store import sessions as table
from auth_service.store.database import Store
from auth_service.store.sessions import SessionRecord

ASK_AFTER = timedelta(seconds=1)
"""An answer about a session in use that is older than this is asked for again."""

REFUSE_AFTER = timedelta(seconds=1.5)
"""An answer as old as this is not good enough, unless Keycloak cannot be reached. Of the five seconds within
which a right is gone, nginx takes up to three (``http/authorize.py``)."""

IN_USE = timedelta(seconds=3)
"""For so long after a request a session is in use: nginx asks about a viewer's every other second."""

NOTE_USE_AFTER = timedelta(seconds=30)
"""Being used is written down this seldom; the idle limit is exact to as much."""

LEASE = timedelta(seconds=5)
REFRESH_LEASE = timedelta(seconds=15)
"""How long a holder may take before others stop waiting: longer than his questions' timeouts together."""

NEVER = datetime.fromtimestamp(0, UTC)
"""When a session was checked of which Keycloak will not tell: longer ago than any grace."""

POLL = 0.02
PATIENCE = 20.0
"""Seconds between two looks at the row of somebody who waits for another's answer, and in all."""

log = logging.getLogger(__name__)


class _Over(Exception):
    """Keycloak says that the session is over."""


class _LeaseLost(Exception):
    """The session ended meanwhile, or this was so slow that somebody else took over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sealed:
    """The tokens of a session, as they lie in its row."""

    access: str
    refresh: str
    id_token: str
    refresh_at: float


def seal_tokens(sealer: Sealer, session_id: str, tokens: Tokens) -> bytes:
    """Encrypt a session's tokens, so that they open for that session alone."""
    return sealer.seal(
        f"session:{session_id}",
        {
            "access": tokens.access,
            "refresh": tokens.refresh,
            "id_token": tokens.id_token,
            "refresh_at": tokens.refresh_at.timestamp(),
        },
    )


def unseal_tokens(sealer: Sealer, record: SessionRecord) -> _Sealed | None:
    """Return a session's tokens, or ``None`` if they were sealed by another key or for another session."""
    document = sealer.unseal(f"session:{record.id}", record.sealed_tokens)
    return _Sealed(**document) if document is not None else None


def as_rows(groups: Iterable[Group]) -> list[dict[str, str]]:
    """Return groups as a session's row has them."""
    return [{"id": group.id, "path": group.path} for group in sorted(groups, key=lambda group: group.path)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """A session in use: what is known of it, and when it was used last."""

    record: SessionRecord
    last: datetime


class Checker:
    """Keeps what sessions mean fresh.

    Parameters
    ----------
    over : callable
        Ends a session of which Keycloak says that it is over.

    """

    def __init__(
        self,
        *,
        settings: Settings,
        store: Store,
        provider: Provider,
        directory: Directory,
        sealer: Sealer,
        clock: Clock,
        over: Callable[[SessionRecord], None],
    ) -> None:
        self._grace = timedelta(seconds=settings.keycloak_grace_seconds)
        self._store = store
        self._provider = provider
        self._belonging = Belonging(directory)
        self._sealer = sealer
        self._clock = clock
        self._over = over
        self._reach = Reach(time.monotonic)
        self._lock = threading.Lock()
        self._in_use: dict[str, _Use] = {}

    def current(self, record: SessionRecord) -> SessionRecord | None:
        """Return the session as Keycloak saw it less than `REFUSE_AFTER` ago, or ``None`` if it has ended.

        Raises
        ------
        Unavailable
            If Keycloak has been out of reach for longer than the settings allow.

        """
        now = self._asked_now(record) if self._age(record) >= REFUSE_AFTER else record
        with self._lock:
            if now is None:
                self._in_use.pop(record.id, None)
            else:
                self._in_use[now.id] = _Use(record=now, last=self._clock())
        return now

    def due(self) -> list[SessionRecord]:
        """Return the sessions in use whose answers are about to age, and forget those that are not in use."""
        now = self._clock()
        with self._lock:
            for use in list(self._in_use.values()):
                if now - use.last >= IN_USE:
                    del self._in_use[use.record.id]
            return [use.record for use in self._in_use.values() if self._age(use.record) >= ASK_AFTER]

    def ask_beside(self, record: SessionRecord) -> None:
        """Ask about a session in use for which nobody waits, unless somebody else does; raises nothing."""
        try:
            if self._reach.may_ask():
                holder = self._take_lease(record)
                told = self._told(record, holder) if holder is not None else self._again(record)
                self._learn(record.id, told)
        except (_LeaseLost, Unavailable):
            # The next request finds what there is, and asks for itself.
            log.debug("no answer about session %s", record.id)
        except Exception:
            log.exception("the question about session %s failed", record.id)

    def _learn(self, session_id: str, told: SessionRecord | None) -> None:
        with self._lock:
            use = self._in_use.get(session_id)
            if use is not None and told is not None:
                self._in_use[session_id] = replace(use, record=told)
            elif use is not None:
                del self._in_use[session_id]

    def _asked_now(self, record: SessionRecord) -> SessionRecord | None:
        """Ask, or wait for the answer to whoever is asking."""
        patience_ends = time.monotonic() + PATIENCE
        while self._age(record) >= REFUSE_AFTER:
            if not self._reach.may_ask():
                return self._with_grace(record)
            holder = self._take_lease(record)
            if holder is not None:
                with suppress(_LeaseLost):
                    return self._told(record, holder)
            if time.monotonic() > patience_ends:
                raise Unavailable("keycloak")
            time.sleep(POLL)
            again = self._again(record)
            if again is None:
                return None
            record = again
        return record

    def _again(self, record: SessionRecord) -> SessionRecord | None:
        with self._store.read() as tx:
            return table.by_id(tx, record.id)

    def _told(self, record: SessionRecord, holder: str) -> SessionRecord | None:
        """Ask as the holder of the lease, and end the session if Keycloak says so."""
        try:
            return self._ask(record, holder)
        except _Over:
            self._over(record)
            return None

    def _age(self, record: SessionRecord) -> timedelta:
        return self._clock() - record.checked_at

    def _with_grace(self, record: SessionRecord) -> SessionRecord:
        if self._age(record) > self._grace:
            raise Unavailable("keycloak")
        now = self._clock()
        if now - record.seen_at >= NOTE_USE_AFTER:
            with self._store.write() as tx:
                table.touch(tx, session_id=record.id, at=now)
        return record

    def _take_lease(self, record: SessionRecord) -> str | None:
        now = self._clock()
        if record.lease_until is not None and record.lease_until > now:
            return None
        holder = new_secret()
        with self._store.write() as tx:
            taken = table.take_lease(
                tx,
                session_id=record.id,
                holder=holder,
                at=now,
                until=now + LEASE,
                checked_at=record.checked_at,
            )
        return holder if taken else None

    def _ask(self, record: SessionRecord, holder: str) -> SessionRecord | None:
        asked_at = self._clock()
        try:
            answer = self._answer(record, holder)
        except Unavailable:
            self._reach.silent()
            self._give_back(record, holder, {})
            now = self._again(record)
            return self._with_grace(now) if now is not None else None
        except Refused as refusal:
            # It answers, and will not tell: our client's secret is wrong, say. Nothing is known, so: no.
            log.warning("Keycloak will not say what a session means: %s", refusal.why)
            self._reach.answered()
            # For every replica: otherwise the next silence would bring back what this answer no longer says.
            self._give_back(record, holder, {"checked_at": NEVER})
            raise Unavailable("keycloak") from None
        self._reach.answered()
        if not answer.active:
            raise _Over
        values: dict[str, Any] = {
            "roles": sorted(answer.roles),
            "groups": as_rows(self._belonging.groups(answer.groups, known=groups_of(record))),
            "checked_at": asked_at,
        }
        if asked_at - record.seen_at >= NOTE_USE_AFTER:
            values["seen_at"] = asked_at
        if not self._give_back(record, holder, values):
            raise _LeaseLost
        # As it is written: a refresh has left other tokens in it, and the old ones count once.
        return self._again(record)

    def _answer(self, record: SessionRecord, holder: str) -> Introspection:
        tokens = unseal_tokens(self._sealer, record)
        if tokens is None:
            log.error("the tokens of session %s do not open: was the encryption key changed?", record.id)
            return Introspection(active=False)
        access = tokens.access
        if self._clock().timestamp() >= tokens.refresh_at:
            fresh = self._refresh(record, holder, tokens.refresh)
            if fresh is None:
                return Introspection(active=False)
            access = fresh.access
        return self._provider.introspect(access)

    def _refresh(self, record: SessionRecord, holder: str, refresh_token: str) -> Tokens | None:
        """Get new tokens and keep them at once; ``None`` when there is no session to get them for."""
        longer = {"lease_until": self._clock() + REFRESH_LEASE}
        if not self._change(record, holder, longer):
            raise _LeaseLost
        try:
            tokens = self._provider.refresh(refresh_token)
        except Refused as refusal:
            if refusal.why == "invalid_grant":
                return None
            raise
        except Untrusted as error:
            log.warning("a refresh of session %s brought untrusted tokens: %s", record.id, error.why)
            return None
        if (tokens.claims.sub, tokens.claims.sid) != (record.subject, record.keycloak_session):
            log.error("a refresh of session %s brought somebody else's tokens", record.id)
            return None
        sealed = seal_tokens(self._sealer, record.id, tokens)
        self._change(record, holder, {"sealed_tokens": sealed, "access_expires_at": tokens.access_expires_at})
        return tokens

    def _change(self, record: SessionRecord, holder: str, values: Mapping[str, Any]) -> bool:
        with self._store.write() as tx:
            return table.change_under_lease(tx, session_id=record.id, holder=holder, values=values)

    def _give_back(self, record: SessionRecord, holder: str, values: Mapping[str, Any]) -> bool:
        with self._store.write() as tx:
            return table.give_lease_back(tx, session_id=record.id, holder=holder, values=values)
