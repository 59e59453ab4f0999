"""Tokens: whose they are, what they leave of his rights, and that they end with either."""

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from auth_service.albums.members import Rights, add_member, list_members
from auth_service.albums.rights import Access, accesses
from auth_service.credentials.api_tokens import MOST_OF_ONE, PREFIX, ApiTokens
from auth_service.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable, Untold
from auth_service.origin import NOWHERE
from auth_service.policy.model import Actor
from auth_service.store.tables import ApiToken, AuditRecord
from auth_service.vocabulary import Action, ActorKind, AlbumRole
from tests.world import TestWorld, two_albums

READ = ("view", "download")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    made = two_albums(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def tokens(world: TestWorld) -> ApiTokens:
    return ApiTokens(
        settings=world.settings,
        store=world.store,
        directory=world.directory,
        clock=world.clock,
        timer=lambda: world.clock().timestamp(),
    )


def made(tokens: ApiTokens, world: TestWorld, *, who: str = "pi-a", **values: Any) -> str:  # noqa: ANN401 - the fields
    fields: dict[str, Any] = {"name": "notebook", "actions": READ, **values}
    return tokens.create(world.actor(who), origin=NOWHERE, **fields)[1]


def used(tokens: ApiTokens, secret: str) -> Actor:
    actor = tokens.actor(secret, origin=NOWHERE)
    assert actor is not None
    return actor


def events(world: TestWorld) -> list[tuple[str, str, str | None, int]]:
    wanted = ("token-created", "token-revoked", "credential-refused")
    query = select(AuditRecord.event, AuditRecord.actor, AuditRecord.reason, AuditRecord.count)
    with world.store.read() as tx:
        rows = tx.execute(query.where(AuditRecord.event.in_(wanted)).order_by(AuditRecord.id))
        return [(event, actor, reason, count) for event, actor, reason, count in rows]


# Whose


def test_it_stands_for_its_maker_narrowed(tokens: ApiTokens, world: TestWorld) -> None:
    maker = world.actor("pi-a")
    actor = used(tokens, made(tokens, world, albums=["a"]))
    assert (actor.kind, actor.provider, actor.subject) == (ActorKind.TOKEN, maker.provider, maker.subject)
    assert actor.narrowing is not None
    assert actor.narrowing.actions == {Action.VIEW, Action.DOWNLOAD}
    assert actor.narrowing.labels == frozenset({"album-a"})
    assert actor.session is None


def test_only_the_digest_is_kept(tokens: ApiTokens, world: TestWorld) -> None:
    secret = made(tokens, world)
    assert secret.startswith(PREFIX)
    with world.store.read() as tx:
        row = tx.scalars(select(ApiToken)).one()
        kept = repr({column.name: getattr(row, column.name) for column in ApiToken.__table__.columns})
        audited = repr([record.details for record in tx.scalars(select(AuditRecord))])
    assert secret.removeprefix(PREFIX) not in kept
    assert secret.removeprefix(PREFIX) not in audited


@pytest.mark.parametrize("wrong", ["", PREFIX, PREFIX + "A" * 43, "A" * 43])
def test_what_is_no_token_stands_for_nobody(tokens: ApiTokens, world: TestWorld, wrong: str) -> None:
    made(tokens, world)
    assert tokens.actor(wrong, origin=NOWHERE) is None


# What it leaves


def test_it_shows_only_its_albums_and_what_it_may_do_there(tokens: ApiTokens, world: TestWorld) -> None:
    world.give("b", "pi-a", Action.VIEW)

    def seen(tx: Session, **narrowing: Any) -> list[Access]:  # noqa: ANN401 - the fields
        actor = used(tokens, made(tokens, world, **narrowing))
        return accesses(tx, actor, at=world.clock(), zone=world.settings.zone)

    with world.store.read() as tx:
        narrow = seen(tx, albums=["a"])
        wide = seen(tx)
        other = seen(tx, actions=["launch"])
    assert [(each.album.slug, each.role, each.actions) for each in narrow] == [
        ("a", AlbumRole.MEMBER, frozenset({Action.VIEW, Action.DOWNLOAD}))
    ]
    assert {each.album.slug: each.actions for each in wide} == {
        "a": {Action.VIEW, Action.DOWNLOAD},
        "b": {Action.VIEW},
    }
    assert {each.album.slug for each in other} == {"a"}


@pytest.mark.parametrize("word", ["invite", "manage", "edit", "delete", "audit", "administer"])
def test_it_changes_nobodys_rights_whatever_its_row_says(
    tokens: ApiTokens, world: TestWorld, word: str
) -> None:
    secret = made(tokens, world)
    with world.store.write() as tx:
        tx.execute(update(ApiToken).values(actions=["view", word]))
    actor = used(tokens, secret)
    view = Rights(role=AlbumRole.MEMBER, actions=frozenset({Action.VIEW}))
    for rights in (view, Rights(role=AlbumRole.OWNER)):
        with pytest.raises(Forbidden):
            add_member(world, actor=actor, slug="a", user="stranger", rights=rights)
    with pytest.raises(Forbidden):
        list_members(world, actor=actor, slug="a")


def test_an_album_beyond_its_own_is_hidden(tokens: ApiTokens, world: TestWorld) -> None:
    world.give("b", "pi-a", Action.VIEW)
    narrow = used(tokens, made(tokens, world, albums=["b"]))
    with pytest.raises(NotFound):
        list_members(world, actor=narrow, slug="a")


def test_it_follows_what_its_maker_may_do_now(tokens: ApiTokens, world: TestWorld) -> None:
    world.keycloak.users["group-member"].groups = set()
    world.give("a", "group-member", Action.VIEW)
    secret = made(tokens, world, who="group-member")
    assert used(tokens, secret).groups == frozenset()
    world.keycloak.users["group-member"].groups = {"/radiology/chest"}
    world.keycloak.users["group-member"].roles = {"pi"}
    world.wait(seconds=2)
    actor = used(tokens, secret)
    assert {group.path for group in actor.groups} == {"/radiology", "/radiology/chest"}
    assert actor.roles == {"pi"}


# How it ends


def test_it_ends_after_its_last_day(tokens: ApiTokens, world: TestWorld) -> None:
    secret = made(tokens, world, until=date(2026, 3, 3))
    world.clock.now = world.clock.now.replace(day=4, hour=4, minute=59)
    used(tokens, secret)
    world.wait(minutes=1)
    assert tokens.actor(secret, origin=NOWHERE) is None
    assert events(world)[-1][0::2] == ("credential-refused", "over")


def test_it_ends_when_it_is_revoked(tokens: ApiTokens, world: TestWorld) -> None:
    maker = world.actor("pi-a")
    secret = made(tokens, world)
    token = tokens.of_person(maker)[0]
    used(tokens, secret)
    tokens.revoke(maker, token.id, origin=NOWHERE)
    for _ in range(3):
        assert tokens.actor(secret, origin=NOWHERE) is None
    assert tokens.of_person(maker) == []
    assert events(world) == [
        ("token-created", maker.key, None, 1),
        ("token-revoked", maker.key, None, 1),
        ("credential-refused", f"token:{token.id}", "revoked", 3),
    ]
    with pytest.raises(NotFound):
        tokens.revoke(maker, token.id, origin=NOWHERE)


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_it_ends_with_its_makers_account(tokens: ApiTokens, world: TestWorld, how: str) -> None:
    secret = made(tokens, world)
    used(tokens, secret)
    if how == "disabled":
        world.keycloak.users["pi-a"].enabled = False
    else:
        del world.keycloak.users["pi-a"]
    world.wait(seconds=1.5)
    assert tokens.actor(secret, origin=NOWHERE) is None
    assert events(world)[-1][0::2] == ("credential-refused", "no-account")


def test_keycloak_is_asked_about_a_maker_once_in_a_while(tokens: ApiTokens, world: TestWorld) -> None:
    secrets = [made(tokens, world), made(tokens, world)]
    for _ in range(3):
        for secret in secrets:
            used(tokens, secret)
    assert world.keycloak.calls.count("standing") == 1


def test_without_keycloak_it_goes_on_for_the_grace_and_no_longer(tokens: ApiTokens, world: TestWorld) -> None:
    secret = made(tokens, world)
    used(tokens, secret)
    world.keycloak.down = True
    world.wait(seconds=299)
    used(tokens, secret)
    world.wait(seconds=2)
    with pytest.raises(Unavailable):
        tokens.actor(secret, origin=NOWHERE)


def test_of_many_while_keycloak_is_silent_one_waits(tokens: ApiTokens, world: TestWorld) -> None:
    secret = made(tokens, world)
    used(tokens, secret)
    world.wait(seconds=2)
    world.keycloak.down = True
    used(tokens, secret)
    world.wait(seconds=1)
    probing, go_on = threading.Event(), threading.Event()
    asked: list[str] = []

    def hang(subject: str) -> None:
        asked.append(subject)
        probing.set()
        go_on.wait(10)
        raise Unavailable("keycloak")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.directory, "standing", hang)
        prober = threading.Thread(target=used, args=(tokens, secret))
        prober.start()
        assert probing.wait(10)
        for _ in range(8):
            used(tokens, secret)
        assert prober.is_alive()
        go_on.set()
        prober.join(10)
    assert len(asked) == 1


def test_keycloak_that_will_not_tell_gets_no_grace(tokens: ApiTokens, world: TestWorld) -> None:
    secret = made(tokens, world)
    used(tokens, secret)
    world.wait(seconds=2)

    def refuse(_subject: str) -> None:
        raise Untold("keycloak")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.directory, "standing", refuse)
        with pytest.raises(Unavailable):
            tokens.actor(secret, origin=NOWHERE)
    used(tokens, secret)


def test_those_that_are_over_come_last(tokens: ApiTokens, world: TestWorld) -> None:
    made(tokens, world, name="long")
    world.wait(seconds=1)
    made(tokens, world, name="short", until=date(2026, 3, 2))
    world.wait(days=1)
    assert [(token.name, token.over) for token in tokens.of_person(world.actor("pi-a"))] == [
        ("long", False),
        ("short", True),
    ]


def test_a_token_of_which_nothing_is_known_waits_for_keycloak(tokens: ApiTokens, world: TestWorld) -> None:
    secret = made(tokens, world)
    world.keycloak.down = True
    with pytest.raises(Unavailable):
        tokens.actor(secret, origin=NOWHERE)


# How it is made


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "x" * 101}),
        ("name", {"name": "a\x00b"}),
        ("actions", {"actions": ()}),
        ("actions", {"actions": ("view", "administer")}),
        ("actions", {"actions": ("see",)}),
        ("actions", {"actions": ("view", "invite")}),
        ("albums", {"albums": ()}),
        ("albums", {"albums": ("b",)}),
        ("albums", {"albums": ("a", "none")}),
        ("until", {"until": date(2026, 3, 1)}),
        ("until", {"until": date(2027, 3, 3)}),
    ],
)
def test_bad_input_names_its_field(
    tokens: ApiTokens, world: TestWorld, field: str, values: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refused:
        made(tokens, world, **values)
    assert refused.value.field == field
    assert tokens.of_person(world.actor("pi-a")) == []


def test_it_lasts_as_long_as_the_site_allows_when_nothing_is_said(
    tokens: ApiTokens, world: TestWorld
) -> None:
    made(tokens, world)
    assert tokens.of_person(world.actor("pi-a"))[0].until == date(2027, 3, 2)


def test_a_person_has_so_many_and_no_more(tokens: ApiTokens, world: TestWorld) -> None:
    for _ in range(MOST_OF_ONE):
        made(tokens, world, until=date(2026, 3, 2))
    with pytest.raises(Conflict):
        made(tokens, world)
    world.wait(days=1)
    made(tokens, world)


def test_a_token_neither_makes_nor_lists_nor_revokes_tokens(tokens: ApiTokens, world: TestWorld) -> None:
    actor = used(tokens, made(tokens, world))
    token = tokens.of_person(world.actor("pi-a"))[0]
    with pytest.raises(Forbidden):
        tokens.create(actor, name="more", actions=READ, origin=NOWHERE)
    with pytest.raises(Forbidden):
        tokens.of_person(actor)
    with pytest.raises(Forbidden):
        tokens.revoke(actor, token.id, origin=NOWHERE)


def test_somebody_elses_token_looks_like_none(tokens: ApiTokens, world: TestWorld) -> None:
    made(tokens, world)
    token = tokens.of_person(world.actor("pi-a"))[0]
    with pytest.raises(NotFound):
        tokens.revoke(world.actor("pi-b"), token.id, origin=NOWHERE)
    assert tokens.of_person(world.actor("pi-b")) == []


def test_its_use_is_noted_at_most_once_a_minute(tokens: ApiTokens, world: TestWorld) -> None:
    secret = made(tokens, world)
    first = world.clock()
    used(tokens, secret)
    world.wait(seconds=59)
    used(tokens, secret)
    assert tokens.of_person(world.actor("pi-a"))[0].used == first
    world.wait(seconds=1)
    used(tokens, secret)
    assert tokens.of_person(world.actor("pi-a"))[0].used == world.clock()


def test_what_ended_long_ago_is_forgotten_when_the_next_is_made(tokens: ApiTokens, world: TestWorld) -> None:
    maker = world.actor("pi-a")
    made(tokens, world, name="over", until=date(2026, 3, 2))
    made(tokens, world, name="revoked")
    made(tokens, world, name="lasting")
    revoked = next(token for token in tokens.of_person(maker) if token.name == "revoked")
    tokens.revoke(maker, revoked.id, origin=NOWHERE)
    world.wait(days=89)
    made(tokens, world, name="next")
    assert rows(world) == {"over", "revoked", "lasting", "next"}
    world.wait(days=3)
    made(tokens, world, name="last")
    assert rows(world) == {"lasting", "next", "last"}


def rows(world: TestWorld) -> set[str]:
    with world.store.read() as tx:
        return set(tx.scalars(select(ApiToken.name)))
