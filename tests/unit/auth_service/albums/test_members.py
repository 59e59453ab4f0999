"""Who may give which rights to whom."""

from collections.abc import Iterator
from datetime import UTC, date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_service.albums.members import (
    Rights,
    add_member,
    change_member,
    list_members,
    remove_member,
)
from auth_service.days import end_of, last_day_of
from auth_service.errors import Conflict, Forbidden, Invalid, NotFound, ServiceError, Unavailable
from auth_service.policy.model import NOBODY, SYSTEM, Actor
from auth_service.store import audit as audit_table
from auth_service.store import people
from auth_service.store.tables import AuditRecord
from auth_service.vocabulary import MEMBER_ACTIONS, OWNER_ACTIONS, Action, AlbumRole
from tests.world import PEOPLE, TestWorld, two_albums

OWNER = Rights(role=AlbumRole.OWNER)
VIEWER = Rights(role=AlbumRole.MEMBER, actions=frozenset({Action.VIEW}))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = two_albums(tmp_path)
    yield world
    world.store.close()


def rights(*actions: Action, until: date | None = None) -> Rights:
    return Rights(role=AlbumRole.MEMBER, actions=frozenset(actions), until=until)


def members(world: TestWorld, slug: str = "a") -> dict[str, Rights]:
    return {
        member.subject: member.rights
        for member in list_members(world, actor=world.actor(f"pi-{slug}"), slug=slug)
    }


def ids(world: TestWorld, slug: str = "a") -> dict[str, int]:
    return {m.subject: m.id for m in list_members(world, actor=world.actor(f"pi-{slug}"), slug=slug)}


def records(world: TestWorld, event: str) -> list[AuditRecord]:
    with world.store.read() as tx:
        return [record for record in audit_table.records(tx) if record.event == event]


def test_an_owner_sees_his_members(world: TestWorld) -> None:
    assert members(world) == {"pi-a": OWNER, "member-a": VIEWER}
    assert members(world, "b") == {"pi-b": OWNER, "member-b": rights(Action.VIEW, Action.DOWNLOAD)}
    named = {m.subject: m.name for m in list_members(world, actor=world.actor("pi-a"), slug="a")}
    assert named == {"pi-a": "Test Pi-A", "member-a": "Test Member-A"}


@pytest.mark.parametrize("name", PEOPLE)
def test_only_an_owner_of_the_album_decides_about_members(world: TestWorld, name: str) -> None:
    actor, member = world.actor(name), ids(world)["member-a"]
    expected: type[ServiceError] | None = {"pi-a": None, "member-a": Forbidden}.get(name, NotFound)
    attempts: list[Any] = [
        lambda: list_members(world, actor=actor, slug="a"),
        lambda: add_member(world, actor=actor, slug="a", user="stranger", rights=VIEWER),
        lambda: change_member(
            world, actor=actor, slug="a", member_id=member, actions=frozenset({Action.SEND})
        ),
        lambda: remove_member(world, actor=actor, slug="a", member_id=member),
    ]
    for attempt in attempts:
        if expected is None:
            attempt()
        else:
            with pytest.raises(expected):
                attempt()
    changed = {"pi-a": OWNER, "stranger": VIEWER} if expected is None else {"pi-a": OWNER, "member-a": VIEWER}
    assert members(world) == changed


def test_nobody_is_refused(world: TestWorld) -> None:
    with pytest.raises(NotFound):
        list_members(world, actor=NOBODY, slug="a")


def test_refusals_are_on_record_with_their_reason(world: TestWorld) -> None:
    for name in ("member-a", "stranger"):
        with pytest.raises(ServiceError):
            add_member(world, actor=world.actor(name), slug="a", user="stranger", rights=VIEWER)
    found = [(r.actor_name, r.action, r.target, r.reason, r.rule, r.label) for r in records(world, "denied")]
    membership = f"membership:{ids(world)['member-a']}"
    assert found == [
        ("Test Member-A", "invite", "a", "other-action", membership, "album-a"),
        ("Test Stranger", "invite", "a", "no-grant", None, None),
    ]


def test_changes_are_on_record_with_before_and_after(world: TestWorld) -> None:
    owner = world.actor("pi-a")
    given = add_member(
        world, actor=owner, slug="a", group="/radiology", rights=rights(Action.VIEW, until=date(2027, 1, 31))
    )
    change_member(
        world,
        actor=owner,
        slug="a",
        member_id=given.id,
        actions=frozenset({Action.DOWNLOAD, Action.VIEW}),
        keep_until=False,
    )
    change_member(world, actor=owner, slug="a", member_id=given.id)
    remove_member(world, actor=owner, slug="a", member_id=given.id)
    subject = {"kind": "group", "id": world.group("/radiology").id, "name": "/radiology"}
    before = {"subject": subject, "role": "member", "actions": ["view"], "until": "2027-01-31"}
    after = {"subject": subject, "role": "member", "actions": ["view", "download"], "until": None}
    assert records(world, "member-added")[-1].details == {"member": given.id, "after": before}
    [changed] = records(world, "member-changed")
    assert changed.details == {"member": given.id, "before": before, "after": after}
    [removed] = records(world, "member-removed")
    assert removed.details == {"member": given.id, "before": after}
    for record in (changed, removed):
        assert (record.actor, record.target, record.label) == (owner.key, "a", "album-a")


def test_every_single_right_can_be_given(world: TestWorld) -> None:
    for action in sorted(MEMBER_ACTIONS):
        given = add_member(world, actor=world.actor("pi-a"), slug="a", user="stranger", rights=rights(action))
        assert members(world)["stranger"] == rights(action)
        remove_member(world, actor=world.actor("pi-a"), slug="a", member_id=given.id)


@pytest.mark.parametrize("action", sorted((OWNER_ACTIONS - MEMBER_ACTIONS) | {Action.ADMINISTER}))
def test_what_only_owners_have_cannot_be_given_to_members(world: TestWorld, action: Action) -> None:
    with pytest.raises(Invalid) as refused:
        add_member(
            world, actor=world.actor("pi-a"), slug="a", user="stranger", rights=rights(Action.VIEW, action)
        )
    assert refused.value.field == "actions"
    with pytest.raises(Invalid):
        change_member(
            world,
            actor=world.actor("pi-a"),
            slug="a",
            member_id=ids(world)["member-a"],
            actions=frozenset({action}),
        )
    assert members(world) == {"pi-a": OWNER, "member-a": VIEWER}


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("subject", {"rights": VIEWER}),
        ("subject", {"rights": VIEWER, "user": "stranger", "group": "/radiology"}),
        ("subject.user", {"rights": VIEWER, "user": "no-one"}),
        ("subject.group", {"rights": VIEWER, "group": "/nowhere"}),
        ("subject.group", {"rights": VIEWER, "group": "radiology"}),
        ("actions", {"rights": rights(), "user": "stranger"}),
        ("until", {"rights": rights(Action.VIEW, until=date(2026, 3, 1)), "user": "stranger"}),
    ],
)
def test_a_field_that_is_wrong_is_named(world: TestWorld, field: str, given: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        add_member(world, actor=world.actor("pi-a"), slug="a", **given)
    assert refused.value.field == field
    assert members(world) == {"pi-a": OWNER, "member-a": VIEWER}


def test_today_can_be_the_last_day_in_the_zone_of_the_site(world: TestWorld) -> None:
    world.wait(hours=13)  # 3 March in UTC, still 2 March in Montreal
    until = rights(Action.VIEW, until=date(2026, 3, 2))
    add_member(world, actor=world.actor("pi-a"), slug="a", user="stranger", rights=until)
    assert members(world)["stranger"] == until


def test_somebody_who_never_signed_in_is_known_afterwards(world: TestWorld) -> None:
    subject = world.keycloak.users["stranger"].sub
    add_member(world, actor=world.actor("pi-a"), slug="a", user="STRANGER", rights=VIEWER)
    with world.store.read() as tx:
        person = people.get(tx, provider="keycloak", subject=subject)
    assert person is not None
    assert (person.username, person.name, person.seen_at) == ("stranger", "Test Stranger", None)


def test_one_is_a_member_once(world: TestWorld) -> None:
    subjects: list[dict[str, Any]] = [{"user": "member-a"}, {"user": "pi-a"}]
    for subject in subjects:
        with pytest.raises(Conflict):
            add_member(world, actor=world.actor("pi-a"), slug="a", rights=VIEWER, **subject)
    add_member(world, actor=world.actor("pi-a"), slug="a", group="/radiology", rights=VIEWER)
    with pytest.raises(Conflict):
        add_member(world, actor=world.actor("pi-a"), slug="a", group="/radiology", rights=VIEWER)
    add_member(world, actor=world.actor("pi-a"), slug="a", user="member-b", rights=VIEWER)
    assert members(world) == {"pi-a": OWNER, "member-a": VIEWER, "/radiology": VIEWER, "member-b": VIEWER}


def test_names_are_not_looked_up_for_those_who_may_not_invite(world: TestWorld) -> None:
    world.keycloak.directory_down = True
    for name in ("member-a", "stranger"):
        with pytest.raises((Forbidden, NotFound)):
            add_member(world, actor=named(world, name), slug="a", user="stranger", rights=VIEWER)
    with pytest.raises(Unavailable):
        add_member(world, actor=named(world, "pi-a"), slug="a", user="stranger", rights=VIEWER)


def test_a_member_of_another_album_is_not_found(world: TestWorld) -> None:
    other = ids(world, "b")["member-b"]
    with pytest.raises(NotFound):
        change_member(
            world, actor=world.actor("pi-a"), slug="a", member_id=other, actions=frozenset({Action.SEND})
        )
    with pytest.raises(NotFound):
        remove_member(world, actor=world.actor("pi-a"), slug="a", member_id=other)
    assert members(world, "b")["member-b"] == rights(Action.VIEW, Action.DOWNLOAD)


# Owners


def test_the_last_owner_cannot_be_removed_demoted_or_dated(world: TestWorld) -> None:
    owner, himself = world.actor("pi-a"), ids(world)["pi-a"]
    with pytest.raises(Conflict):
        remove_member(world, actor=owner, slug="a", member_id=himself)
    with pytest.raises(Conflict):
        change_member(
            world,
            actor=owner,
            slug="a",
            member_id=himself,
            role=AlbumRole.MEMBER,
            actions=frozenset({Action.VIEW}),
        )
    with pytest.raises(Conflict):
        change_member(
            world, actor=owner, slug="a", member_id=himself, until=date(2027, 1, 1), keep_until=False
        )
    assert members(world) == {"pi-a": OWNER, "member-a": VIEWER}
    assert records(world, "member-changed") == records(world, "member-removed") == []


def test_a_group_or_an_owner_with_an_end_date_does_not_count_as_the_last_owner(world: TestWorld) -> None:
    owner = world.actor("pi-a")
    add_member(world, actor=owner, slug="a", group="/radiology", rights=OWNER)
    dated = Rights(role=AlbumRole.OWNER, until=date(2026, 4, 1))
    add_member(world, actor=owner, slug="a", user="stranger", rights=dated)
    with pytest.raises(Conflict):
        remove_member(world, actor=owner, slug="a", member_id=ids(world)["pi-a"])


def test_an_owner_makes_an_owner_who_can_remove_him(world: TestWorld) -> None:
    add_member(world, actor=world.actor("pi-a"), slug="a", user="pi-b", rights=OWNER)
    assert members(world)["pi-b"].effective == OWNER_ACTIONS
    remove_member(world, actor=world.actor("pi-b"), slug="a", member_id=ids(world)["pi-a"])
    with pytest.raises(NotFound):
        list_members(world, actor=world.actor("pi-a"), slug="a")
    assert [m.subject for m in list_members(world, actor=world.actor("pi-b"), slug="a")] == [
        "member-a",
        "pi-b",
    ]


def test_promoting_and_demoting(world: TestWorld) -> None:
    owner, member = world.actor("pi-a"), ids(world)["member-a"]
    change_member(world, actor=owner, slug="a", member_id=member, role=AlbumRole.OWNER)
    assert members(world)["member-a"] == OWNER
    with pytest.raises(Invalid) as refused:
        change_member(world, actor=owner, slug="a", member_id=member, role=AlbumRole.MEMBER)
    assert refused.value.field == "actions"
    change_member(
        world,
        actor=owner,
        slug="a",
        member_id=member,
        role=AlbumRole.MEMBER,
        actions=frozenset({Action.COMMENT}),
    )
    assert members(world)["member-a"] == rights(Action.COMMENT)


def test_a_past_end_date_may_stay_while_something_else_changes(world: TestWorld) -> None:
    member, owner = ids(world)["member-a"], world.actor("pi-a")
    change_member(world, actor=owner, slug="a", member_id=member, until=date(2026, 3, 5), keep_until=False)
    world.wait(days=10)
    change_member(
        world, actor=owner, slug="a", member_id=member, actions=frozenset({Action.VIEW, Action.SEND})
    )
    assert members(world)["member-a"] == rights(Action.VIEW, Action.SEND, until=date(2026, 3, 5))
    with pytest.raises(Invalid):
        change_member(
            world, actor=owner, slug="a", member_id=member, until=date(2026, 3, 6), keep_until=False
        )


# Inviting


@pytest.fixture
def inviting(world: TestWorld) -> Actor:
    """Make a member who may invite until 31 March, and view for ever through a group."""
    add_member(
        world,
        actor=world.actor("pi-a"),
        slug="a",
        user="group-member",
        rights=rights(Action.INVITE, Action.VIEW, Action.COMMENT, until=date(2026, 3, 31)),
    )
    add_member(world, actor=world.actor("pi-a"), slug="a", group="/radiology/chest", rights=VIEWER)
    return world.actor("group-member")


@pytest.mark.parametrize(
    "given",
    [
        rights(Action.VIEW),
        rights(Action.VIEW, until=date(2030, 1, 1)),
        rights(Action.COMMENT, until=date(2026, 3, 31)),
        rights(Action.COMMENT, Action.VIEW, until=date(2026, 3, 31)),
        rights(Action.INVITE, Action.VIEW, Action.COMMENT, until=date(2026, 3, 30)),
    ],
)
def test_who_may_invite_gives_what_he_has(world: TestWorld, inviting: Actor, given: Rights) -> None:
    add_member(world, actor=inviting, slug="a", user="stranger", rights=given)
    assert members(world)["stranger"] == given


@pytest.mark.parametrize(
    ("reason", "given"),
    [
        ("role", OWNER),
        ("role", Rights(role=AlbumRole.OWNER, until=date(2026, 3, 3))),
        ("actions", rights(Action.VIEW, Action.DOWNLOAD)),
        ("actions", rights(Action.UPLOAD, until=date(2026, 3, 3))),
        ("until", rights(Action.COMMENT)),
        ("until", rights(Action.COMMENT, until=date(2026, 4, 1))),
        ("until", rights(Action.VIEW, Action.INVITE)),
        ("until", rights(Action.VIEW, Action.COMMENT, until=date(2030, 1, 1))),
    ],
)
def test_who_may_invite_gives_no_more_than_he_has(
    world: TestWorld, inviting: Actor, reason: str, given: Rights
) -> None:
    with pytest.raises(Forbidden) as refused:
        add_member(world, actor=inviting, slug="a", user="stranger", rights=given)
    assert refused.value.reason == reason
    assert "stranger" not in members(world)
    assert [(r.action, r.reason, r.label) for r in records(world, "denied")] == [
        ("invite", "beyond-own-rights", "album-a")
    ]


def test_who_may_invite_changes_and_removes_nobody(world: TestWorld, inviting: Actor) -> None:
    before = members(world)
    for member in ids(world).values():
        with pytest.raises(Forbidden):
            change_member(world, actor=inviting, slug="a", member_id=member, actions=frozenset({Action.VIEW}))
        with pytest.raises(Forbidden):
            remove_member(world, actor=inviting, slug="a", member_id=member)
    with pytest.raises(Forbidden):
        list_members(world, actor=inviting, slug="a")
    assert members(world) == before


def test_rights_of_another_album_do_not_help_to_invite(world: TestWorld, inviting: Actor) -> None:
    add_member(
        world,
        actor=SYSTEM,
        slug="b",
        user="group-member",
        rights=rights(Action.VIEW, Action.DOWNLOAD),
    )
    with pytest.raises(Forbidden):
        add_member(world, actor=inviting, slug="b", user="stranger", rights=VIEWER)
    with pytest.raises(Forbidden):
        add_member(
            world, actor=inviting, slug="a", user="stranger", rights=rights(Action.VIEW, Action.DOWNLOAD)
        )


def test_the_right_to_invite_ends_on_its_day(world: TestWorld, inviting: Actor) -> None:
    world.wait(days=30)
    with pytest.raises(Forbidden):
        add_member(world, actor=inviting, slug="a", user="stranger", rights=VIEWER)


def named(world: TestWorld, name: str) -> Actor:
    """Return somebody without asking the directory."""
    world.keycloak.directory_down = False
    actor = world.actor(name)
    world.keycloak.directory_down = True
    return actor


@given(
    last=st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 1, 1)),
    zone=st.sampled_from(["UTC", "America/Toronto", "Asia/Beirut", "America/Havana"]),
)
def test_the_last_day_of_a_right_is_the_day_that_its_end_was_made_of(last: date, zone: str) -> None:
    # Among them zones in which some days begin at one o'clock.
    site = ZoneInfo(zone)
    end = end_of(last, site)
    assert end is not None
    assert last_day_of(end, site) == last
    assert last_day_of(end.astimezone(UTC), site) == last


def test_a_right_without_an_end_has_no_last_day() -> None:
    assert last_day_of(None, ZoneInfo("UTC")) is None
