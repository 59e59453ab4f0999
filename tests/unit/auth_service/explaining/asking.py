"""Ask why in the two-albums world, as an administrator or as the owner of album ``a``."""

from functools import partial

from auth_service.credentials.api_tokens import ApiTokens
from auth_service.explaining.explain import explain
from auth_service.explaining.model import Explanation
from auth_service.gate import Gate
from auth_service.origin import Origin
from auth_service.store import people
from tests.world import TestWorld

HERE = Origin(address="192.0.2.7", request_id="1" * 32)
FRAME = "/dicom-web/studies/1.2.{0}/series/1.2.{0}.{1}/instances/1.2.{0}.{1}.1/frames/1"
FILE = "/dicom-web/studies/1.2.{0}/series/1.2.{0}.{1}/instances/1.2.{0}.{1}.1"


def told(
    world: TestWorld, resource: str, actor: str | None = "member-a", action: str | None = None
) -> Explanation:
    return explain(world, asker=world.actor("admin"), actor=actor, resource=resource, action=action)


def token_of(world: TestWorld, who: str, *actions: str, albums: list[str] | None = None) -> tuple[str, str]:
    tokens = tokens_of(world)
    person = world.keycloak.users[who]
    with world.store.write() as tx:
        people.upsert(
            tx,
            provider=world.settings.provider,
            subject=person.sub,
            username=who,
            name=person.name,
            email="",
            at=world.clock.now,
            seen=True,
        )
    made, secret = tokens.create(
        world.actor(who), name="notebook", actions=actions, albums=albums, origin=HERE
    )
    return f"token:{made.id}", secret


def tokens_of(world: TestWorld) -> ApiTokens:
    return ApiTokens(
        settings=world.settings,
        store=world.store,
        directory=world.directory,
        clock=world.clock,
        timer=partial(_seconds, world),
    )


def _seconds(world: TestWorld) -> float:
    return world.clock.now.timestamp()


def gate_of(world: TestWorld, origin: Origin = HERE) -> Gate:
    return Gate(
        settings=world.settings,
        store=world.store,
        archive=world.archive,
        rules=world.rules,
        clock=world.clock,
        origin=origin,
    )


def as_owner(
    world: TestWorld, resource: str, actor: str | None = "member-a", action: str | None = None
) -> Explanation:
    return explain(world, asker=world.actor("pi-a"), actor=actor, resource=resource, action=action)
