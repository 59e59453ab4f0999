"""API tokens: secrets with which programs act for a person, narrowed to less than he may do.

What a token opens is decided anew at each use: from what its maker may do *now*, of which the token leaves
only its own actions and albums. It cannot make or revoke tokens,
end sessions, change who may see an album, or administer anything. The
secret is shown once; the database has its digest.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from auth_service import audit
from auth_service.albums.rights import accesses
from auth_service.clock import Clock
from auth_service.credentials.sealing import digest, new_secret
from auth_service.credentials.standing import Standings
from auth_service.days import end_of
from auth_service.directory import Directory
from auth_service.errors import Conflict, Invalid, NotFound, NotInPerson
from auth_service.origin import Origin
from auth_service.policy.model import Actor, Narrowing
from auth_service.settings import Settings
from auth_service.store import api_tokens as table
from auth_service.store import people
from auth_service.store.albums import ACTIONS
from auth_service.store.database import Store
from auth_service.store.tables import ApiToken
from auth_service.vocabulary import TOKEN_ACTIONS, Action, ActorKind, album_label

PREFIX = "paradim_"
"""Begins every secret: people, and programs that look for leaked secrets, know one when they see it."""

LONGEST_NAME = 100
MOST_OF_ONE = 50
"""Live tokens of one person."""

KEEP_ENDED = timedelta(days=90)
"""How long a token stays in its maker's list after its end."""

NOTE_USE_AFTER = timedelta(minutes=1)
"""Being used is written down this seldom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenView:
    """A token, as its maker sees it."""

    id: str
    name: str
    actions: tuple[Action, ...]
    albums: tuple[str, ...] | None
    """Slugs; ``None``: every album of its maker."""
    created: datetime
    until: date
    """The last day, in the site's time zone."""
    over: bool
    used: datetime | None
    used_from: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A token, and what it stands for now."""

    token: TokenView
    provider: str
    maker: str
    """The subject of whoever made it."""
    actor: Actor | None
    """``None``: nobody any more."""
    why: str | None
    """Why it is refused: ``revoked``, ``over``, ``no-account``."""


class ApiTokens:
    """The API tokens of all people.

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
        directory: Directory,
        clock: Clock,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._standings = Standings(settings=settings, directory=directory, timer=timer)

    def create(
        self,
        actor: Actor,
        *,
        name: str,
        actions: Collection[str],
        albums: Collection[str] | None = None,
        until: date | None = None,
        origin: Origin,
    ) -> tuple[TokenView, str]:
        """Make a token, and return it with its secret, which nobody will ever see again.

        Parameters
        ----------
        actor : Actor
            A person who signed in.
        name : str
            For its maker: what it is for.
        actions : collection of str
            Words of `Action`: what it is narrowed to.
        albums : collection of str, optional
            Slugs of albums that he sees; by default every album that he sees when it is used.
        until : date, optional
            Its last day; by default the last one that the site allows.
        origin : Origin

        Raises
        ------
        NotInPerson
            If a token asks.
        Invalid
            If a field is not what was expected.
        Conflict
            If he has too many.

        """
        _only_in_person(actor)
        at = self._clock()
        token = ApiToken(
            id=uuid4().hex,
            provider=actor.provider,
            subject=actor.subject,
            name=_name(name),
            actions=_actions(actions),
            albums=sorted(set(albums)) if albums is not None else None,
            created_at=at,
            until=self._until(until),
            used_at=None,
            used_from=None,
            revoked_at=None,
        )
        secret = PREFIX + new_secret()
        token.secret_hash = digest(secret)
        with self._store.write() as tx:
            # Of two that are made at once the second counts the first (SQLite has one writer anyway).
            people.lock(tx, provider=actor.provider, subject=actor.subject)
            table.forget_ended(tx, before=at - KEEP_ENDED)
            self._check_albums(tx, actor, albums, at)
            if len(self._live(tx, actor, at)) >= MOST_OF_ONE:
                raise Conflict("You have too many tokens; revoke one first.", reason="tokens")
            table.add(tx, token)
            audit.token_created(
                tx,
                at=at,
                actor=actor,
                token=token.id,
                details={
                    "name": token.name,
                    "actions": token.actions,
                    "albums": token.albums,
                    "until": token.until.isoformat(),
                },
                origin=origin,
            )
        return self._view(token, at), secret

    def of_person(self, actor: Actor) -> list[TokenView]:
        """Return a person's tokens that were not revoked: the newest first, and last those that are over."""
        _only_in_person(actor)
        at = self._clock()
        with self._store.read() as tx:
            found = table.of_person(tx, provider=actor.provider, subject=actor.subject)
            return sorted((self._view(token, at) for token in found), key=lambda token: token.over)

    def revoke(self, actor: Actor, token_id: str, *, origin: Origin) -> None:
        """Take one of the actor's own tokens back.

        Raises
        ------
        NotInPerson
            If a token asks.
        NotFound
            If it is not his, or no longer there.

        """
        _only_in_person(actor)
        at = self._clock()
        with self._store.write() as tx:
            own = table.of_person(tx, provider=actor.provider, subject=actor.subject)
            if token_id not in {token.id for token in own} or not table.revoke(tx, token_id=token_id, at=at):
                raise NotFound
            audit.token_revoked(
                tx,
                at=at,
                actor=actor,
                token=token_id,
                origin=origin,
            )

    def actor(self, secret: str, *, origin: Origin) -> Actor | None:
        """Return whom a secret stands for now; ``None``: nobody, or nobody any more.

        Raises
        ------
        Unavailable
            If Keycloak has been out of reach for longer than the settings allow.

        """
        at = self._clock()
        with self._store.read() as tx:
            token = table.by_secret(tx, digest(secret))
        if token is None:
            return None
        actor, why = self._stands_for(token, at)
        if actor is None:
            self._refuse(token, why, at, origin)
            return None
        if token.used_at is None or at - token.used_at >= NOTE_USE_AFTER:
            with self._store.write() as tx:
                table.note_use(tx, token_id=token.id, at=at, address=(origin.address or "")[:64])
        return actor

    def examine(self, token_id: str) -> Examined | None:
        """Say what a token stands for now, by its public identifier; nothing is put on record.

        Raises
        ------
        Unavailable
            As `actor` does.

        """
        at = self._clock()
        with self._store.read() as tx:
            token = table.by_id(tx, token_id)
        if token is None:
            return None
        actor, why = self._stands_for(token, at)
        return Examined(
            token=self._view(token, at),
            provider=token.provider,
            maker=token.subject,
            actor=actor,
            why=why if actor is None else None,
        )

    def _stands_for(self, token: ApiToken, at: datetime) -> tuple[Actor | None, str]:
        """Return whom a token stands for, or nobody and why."""
        why = self._why_over(token, at)
        standing = self._standings.of(token.subject) if why is None else None
        if standing is None:
            return None, why or "no-account"
        actor = Actor(
            kind=ActorKind.TOKEN,
            provider=token.provider,
            subject=token.subject,
            name=f"{standing.name} ({token.name})",
            username=standing.username,
            roles=standing.roles,
            groups=standing.groups,
            token=token.id,
            narrowing=_narrowing(token),
        )
        return actor, ""

    def _why_over(self, token: ApiToken, at: datetime) -> str | None:
        if token.revoked_at is not None:
            return "revoked"
        if token.provider != self._settings.provider:
            return "no-account"
        return "over" if self._is_over(token, at) else None

    def _refuse(self, token: ApiToken, why: str, at: datetime, origin: Origin) -> None:
        with self._store.write() as tx:
            audit.credential_refused(
                tx,
                at=at,
                token=token.id,
                name=token.name,
                provider=token.provider,
                subject=token.subject,
                reason=why,
                origin=origin,
            )

    def bounds(self) -> tuple[date, date]:
        """Return the first and the last of the days that a token made now may have as its last."""
        today = self._clock().astimezone(self._settings.zone).date()
        return today, today + timedelta(days=self._settings.token_longest_days)

    def _until(self, until: date | None) -> date:
        first, last = self.bounds()
        if until is None:
            return last
        if not first <= until <= last:
            raise Invalid(
                "until",
                "{field} must be between {first} and {last}.",
                first=first.isoformat(),
                last=last.isoformat(),
            )
        return until

    def _check_albums(self, tx: Session, actor: Actor, albums: Collection[str] | None, at: datetime) -> None:
        if albums is None:
            return
        if not albums:
            raise Invalid("albums", "{field} must name an album, or be left out for all of yours.")
        seen = {access.album.slug for access in accesses(tx, actor, at=at, zone=self._settings.zone)}
        if not set(albums) <= seen:
            raise Invalid("albums", "{field} names an album that does not exist, or that you may not see.")

    def _live(self, tx: Session, actor: Actor, at: datetime) -> list[ApiToken]:
        found = table.of_person(tx, provider=actor.provider, subject=actor.subject)
        return [token for token in found if not self._is_over(token, at)]

    def _is_over(self, token: ApiToken, at: datetime) -> bool:
        end = end_of(token.until, self._settings.zone)
        return end is not None and at >= end

    def _view(self, token: ApiToken, at: datetime) -> TokenView:
        return TokenView(
            id=token.id,
            name=token.name,
            actions=_known(token.actions),
            albums=tuple(token.albums) if token.albums is not None else None,
            created=token.created_at,
            until=token.until,
            over=self._is_over(token, at),
            used=token.used_at,
            used_from=token.used_from,
        )


def _only_in_person(actor: Actor) -> None:
    if not actor.in_person:
        raise NotInPerson


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid("name", "{field} must have between 1 and {most} characters.", most=str(LONGEST_NAME))
    return name


def _actions(words: Collection[str]) -> list[str]:
    if not words:
        raise Invalid("actions", "{field} must name something that the token may do.")
    if not set(words) <= {str(action) for action in TOKEN_ACTIONS}:
        raise Invalid(
            "actions", "{field} must be among {expected}.", expected=", ".join(sorted(TOKEN_ACTIONS))
        )
    return [str(action) for action in Action if action in words]


def _known(words: Collection[str]) -> tuple[Action, ...]:
    """Read the column; words that are not known (any more) allow nothing."""
    return tuple(ACTIONS[word] for word in words if word in ACTIONS)


def _narrowing(token: ApiToken) -> Narrowing:
    labels = None if token.albums is None else frozenset(album_label(slug) for slug in token.albums)
    return Narrowing(actions=frozenset(_known(token.actions)), labels=labels)
