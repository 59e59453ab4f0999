"""What the tests of sessions do and look at."""

import httpx
from sqlalchemy import select

from auth_service.credentials.sessions import Sessions
from auth_service.policy.model import Actor
from auth_service.store.tables import AuditRecord, SigninSession
from tests.fakes.directory import FakeDirectory
from tests.fakes.provider import FakeProvider
from tests.fakes.signin import SigninWorld


def opened(world: SigninWorld, username: str) -> str:
    browser = world.browser()
    browser.sign_in(username)
    assert browser.sid is not None
    world.keycloak.calls.clear()
    return browser.sid


def sessions_of(world: SigninWorld) -> Sessions:
    return world.services.sessions


def actor_of(world: SigninWorld, sid: str) -> Actor:
    actor = sessions_of(world).actor(sid)
    assert actor is not None
    return actor


def asked(world: SigninWorld) -> int:
    return world.keycloak.calls.count("token/introspect")


def another_replica(world: SigninWorld) -> Sessions:
    """A second process over the same database."""
    provider = FakeProvider(world.settings, world.clock)
    provider.keycloak = world.keycloak
    provider._client = httpx.Client(transport=httpx.MockTransport(world.keycloak.handle))
    return Sessions(
        settings=world.settings,
        store=world.store,
        provider=provider,
        directory=FakeDirectory(world.keycloak),
        clock=world.clock,
    )


def row(world: SigninWorld) -> SigninSession:
    with world.store.read() as tx:
        return tx.execute(select(SigninSession)).scalar_one()


def last_event(world: SigninWorld) -> tuple[str, str | None]:
    with world.store.read() as tx:
        query = select(AuditRecord.event, AuditRecord.reason).order_by(AuditRecord.id.desc()).limit(1)
        event, reason = tx.execute(query).one()
        return event, reason
