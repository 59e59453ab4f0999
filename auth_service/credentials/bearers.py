"""Access tokens of Keycloak's own, brought by programs whose people signed in there themselves.

A token is verified here, at each use, and then Keycloak is asked what it means: whether it still stands, and
which roles and groups its person has today. Whoever brings it is that person, yet not in person: there is no
session of ours, and what a program holds may be copied. So it does at most what an API token may do
(`Narrowing`), and neither makes tokens nor ends sessions nor changes who may see an album.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from auth_service.audit import credentials as audit_credentials
from auth_service.clock import Clock
from auth_service.credentials.belonging import Belonging
from auth_service.credentials.freshness import Answers
from auth_service.credentials.provider import Provider, Refused
from auth_service.credentials.sealing import digest
from auth_service.credentials.verification import AccessClaims, Untrusted
from auth_service.directory import Directory, Standing
from auth_service.errors import Untold
from auth_service.origin import Origin
from auth_service.policy.model import Actor, Narrowing
from auth_service.settings import Settings
from auth_service.store import people
from auth_service.store import sessions as table
from auth_service.store.database import Store
from auth_service.vocabulary import TOKEN_ACTIONS, ActorKind

NOTED_ANEW = timedelta(days=1)
"""A session at Keycloak from which bearers come is on record once in this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What Keycloak said of one token."""

    standing: Standing
    email: str


class Bearers:
    """What Keycloak's access tokens stand for.

    Parameters
    ----------
    timer : callable
        Seconds of a monotonic clock: how old what Keycloak said is.

    """

    def __init__(
        self,
        *,
        settings: Settings,
        store: Store,
        provider: Provider,
        directory: Directory,
        clock: Clock,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._store = store
        self._provider = provider
        self._clock = clock
        self._belonging = Belonging(directory, timer=timer)
        self._answers: Answers[_Told] = Answers(grace=settings.keycloak_grace_seconds, timer=timer)

    def actor(self, raw: str, *, origin: Origin) -> Actor | None:
        """Return whom an access token stands for now; ``None``: nobody, or nobody any more.

        Raises
        ------
        Unavailable
            If Keycloak has been out of reach for longer than the settings allow.

        """
        if not self._settings.clients_of_bearers:
            self._refuse("off", None, origin)
            return None
        try:
            claims = self._provider.access_token(raw)
        except Untrusted as error:
            self._refuse(error.why, None, origin)
            return None
        # By its digest: what is remembered opens nothing.
        told = self._answers.of(digest(raw), lambda last: self._ask(raw, claims, last))
        if told is None:
            self._refuse("not-active", claims, origin)
            return None
        actor = self._actor(claims, told.standing)
        self._note(actor, claims, told, origin)
        return actor

    def _ask(self, raw: str, claims: AccessClaims, last: _Told | None) -> _Told | None:
        try:
            answer = self._provider.introspect(raw)
        except Refused:
            raise Untold("keycloak") from None
        if not answer.active or answer.sub != claims.sub:
            return None
        known = last.standing.groups if last is not None else frozenset()
        standing = Standing(
            username=answer.username or claims.sub,
            name=answer.name or answer.username,
            roles=answer.roles,
            groups=self._belonging.groups(answer.groups, known=known),
        )
        return _Told(standing=standing, email=answer.email)

    def _actor(self, claims: AccessClaims, standing: Standing) -> Actor:
        return Actor(
            kind=ActorKind.PERSON,
            provider=self._settings.provider,
            subject=claims.sub,
            name=standing.name,
            username=standing.username,
            roles=standing.roles,
            groups=standing.groups,
            narrowing=Narrowing(actions=TOKEN_ACTIONS),
        )

    def _note(self, actor: Actor, claims: AccessClaims, told: _Told, origin: Origin) -> None:
        """Put the first bearer from a session at Keycloak on record; its person is then known here."""
        at = self._clock()
        mark = digest(f"bearer:{claims.sub}:{claims.sid}")
        with self._store.read() as tx:
            if table.is_used(tx, token_hash=mark, at=at):
                return
        with self._store.write() as tx:
            if not table.use_token(tx, token_hash=mark, at=at, expires_at=at + NOTED_ANEW):
                return
            people.upsert(
                tx,
                provider=actor.provider,
                subject=actor.subject,
                username=actor.username,
                name=actor.name,
                email=told.email,
                at=at,
                seen=True,
            )
            audit_credentials.bearer_used(
                tx,
                at=at,
                actor=actor,
                client=claims.azp,
                origin=origin,
            )

    def _refuse(self, why: str, claims: AccessClaims | None, origin: Origin) -> None:
        with self._store.write() as tx:
            audit_credentials.bearer_refused(
                tx,
                at=self._clock(),
                person=(self._settings.provider, claims.sub) if claims is not None else None,
                reason=why,
                origin=origin,
            )
