"""Find whom an explanation is about, and whether he would be heard: the first step of every decision."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from auth_service.credentials.api_tokens import ApiTokens, Examined
from auth_service.credentials.sessions import why_run_out
from auth_service.errors import Invalid
from auth_service.explaining.model import Credential
from auth_service.explaining.scope import Scope
from auth_service.policy.model import NOBODY, Actor, Narrowing
from auth_service.store import people
from auth_service.store import sessions as sessions_table
from auth_service.store.tables import AuditRecord
from auth_service.vocabulary import TOKEN_ACTIONS, ActorKind, Why, album_label
from auth_service.world import World

TOKEN = f"{ActorKind.TOKEN}:"
PERSON = f"{ActorKind.PERSON}:"

_SUBJECT = re.compile(r"[A-Za-z0-9-]{1,64}")
"""What may be a subject: it becomes part of an address at Keycloak."""

LONGEST = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Somebody, as the policy sees him now, and his credential."""

    actor: Actor
    credential: Credential
    key: str
    """His name in the audit table."""


def find(world: World, text: str, *, scope: Scope, came: AuditRecord | None = None) -> Known:
    """Find somebody by subject, user name, ``token:ID``, ``nobody``, or his name in the audit table.

    Parameters
    ----------
    came : AuditRecord, optional
        His request that is asked about: it tells his session, or that he came by a token of Keycloak.

    Raises
    ------
    Invalid
        If there is nobody of this name. An owner cannot tell that from somebody whom he may not ask about:
        the caller looks whether any grant in his albums is this person's.

    """
    text = text.strip()
    if not text or len(text) > LONGEST:
        raise unknown()
    if text == ActorKind.NOBODY:
        refused = Credential(kind=ActorKind.NOBODY, id="", name="", username="", refused=Why.NOBODY)
        return Known(actor=NOBODY, credential=refused, key=NOBODY.key)
    if text.startswith(TOKEN):
        return _token(world, text.removeprefix(TOKEN), scope)
    return _person(world, _subject(world, text), scope, came)


def unknown() -> Invalid:
    """Return the error about somebody who is not there, or whom one may not ask about."""
    return Invalid("actor", "{field}: there is nobody of this name whom you may ask about.")


def _token(world: World, token_id: str, scope: Scope) -> Known:
    tokens = ApiTokens(
        settings=world.settings, store=world.store, directory=world.directory, clock=world.clock
    )
    found = tokens.examine(token_id) if _SUBJECT.fullmatch(token_id) else None
    if found is None:
        raise unknown()
    gone = Actor(
        kind=ActorKind.TOKEN,
        provider=found.provider,
        subject=found.maker,
        name=found.token.name,
        token=token_id,
    )
    actor = found.actor or gone
    return Known(actor=actor, credential=_of_token(found, actor, scope), key=actor.key)


def _of_token(found: Examined, actor: Actor, scope: Scope) -> Credential:
    token, albums = found.token, found.token.albums
    if albums is not None and scope.labels is not None:
        albums = tuple(slug for slug in albums if album_label(slug) in scope.labels)
    return Credential(
        kind=ActorKind.TOKEN,
        id=token.id,
        # What it is called is between its maker and the administrators.
        name=actor.name if scope.whole else "",
        username=actor.username,
        refused=Why(found.why) if found.why else None,
        actions=token.actions,
        albums=albums,
        until=token.until,
    )


def _subject(world: World, text: str) -> str:
    provider = world.settings.provider
    if text.startswith(PERSON):
        text = text.removeprefix(f"{PERSON}{provider}:")
    with world.store.read() as tx:
        known = people.get(tx, provider=provider, subject=text)
    if known is not None:
        return known.subject
    account = world.directory.person(text)
    if account is not None:
        return account.subject
    with world.store.read() as tx:
        named = people.by_username(tx, provider=provider, username=text)
    if named is not None:
        return named.subject
    if _SUBJECT.fullmatch(text) and world.directory.standing(text) is not None:
        return text
    raise unknown()


def _person(world: World, subject: str, scope: Scope, came: AuditRecord | None) -> Known:
    """Return a person with the roles and groups that Keycloak gives him now."""
    provider, at = world.settings.provider, world.clock()
    standing = world.directory.standing(subject)
    by_bearer = came is not None and came.session is None
    with world.store.read() as tx:
        row = people.get(tx, provider=provider, subject=subject)
    actor = Actor(
        kind=ActorKind.PERSON,
        provider=provider,
        subject=subject,
        name=standing.name if standing else row.name if row else "",
        username=standing.username if standing else row.username if row else "",
        roles=standing.roles if standing and scope.whole else frozenset(),
        groups=standing.groups if standing else frozenset(),
        narrowing=Narrowing(actions=TOKEN_ACTIONS) if by_bearer else None,
    )
    credential = Credential(
        kind=ActorKind.PERSON,
        id=subject,
        name=actor.name or actor.username,
        username=actor.username,
        refused=None if standing else Why.NO_ACCOUNT,
        by_bearer=by_bearer,
    )
    if scope.whole:
        credential = _with_sessions(world, actor, credential, came.session if came else None, at)
    return Known(actor=actor, credential=credential, key=actor.key)


def _with_sessions(
    world: World, actor: Actor, credential: Credential, session: str | None, at: datetime
) -> Credential:
    with world.store.read() as tx:
        records = sessions_table.of_person(tx, provider=actor.provider, subject=actor.subject)
        ended = sessions_table.why_ended(tx, session) if session else None
    live = [record for record in records if why_run_out(record, at, world.settings) is None]
    if session and ended is None and session not in {record.id for record in live}:
        ended = "over"
    return replace(
        credential,
        roles=tuple(sorted(actor.roles)),
        groups=tuple(sorted(group.path for group in actor.groups)),
        sessions=len(live),
        session=session,
        session_ended=ended,
    )
