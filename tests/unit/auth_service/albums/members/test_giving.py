"""Who may give which rights to whom."""

from datetime import UTC, date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_service.albums.ending import archive_album
from auth_service.albums.members import Rights, add_member, change_member, list_members, remove_member
from auth_service.days import end_of, last_day_of
from auth_service.errors import Conflict, Forbidden, Invalid, NotFound, ServiceError, Unavailable
from auth_service.policy.model import SYSTEM, Actor
from auth_service.store import people
from auth_service.vocabulary import MEMBER_ACTIONS, OWNER_ACTIONS, PRESETS, Action, AlbumRole, Preset
from tests.unit.auth_service.albums.members.having import OWNER, VIEWER, ids, members, records, rights
from tests.world import TestWorld


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


@pytest.mark.parametrize("subject", [{"user": "x"}, {"group": "/x"}, {"email": "x@example.org"}])
def test_in_an_archived_album_nobody_is_looked_up(world: TestWorld, subject: dict[str, Any]) -> None:
    archive_album(world, actor=world.actor("pi-a"), slug="a", archived=True)
    with pytest.raises(Conflict) as refused:
        add_member(world, actor=named(world, "pi-a"), slug="a", rights=VIEWER, **subject)
    assert refused.value.reason == "archived"


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


# Presets


@pytest.mark.parametrize("preset", Preset)
def test_a_preset_gives_what_it_says_and_is_told_again(world: TestWorld, preset: Preset) -> None:
    given = add_member(
        world, actor=world.actor("pi-a"), slug="a", user="stranger", rights=Rights.of_preset(preset)
    )
    assert given.rights.effective == PRESETS[preset]
    assert given.rights.preset is preset
    assert given.rights.role is (AlbumRole.OWNER if preset is Preset.CO_OWNER else AlbumRole.MEMBER)


def test_the_presets_are_these() -> None:
    assert {str(preset): {str(action) for action in given} for preset, given in PRESETS.items()} == {
        "viewer": {"view", "comment"},
        "reader": {"view", "comment", "download"},
        "contributor": {"view", "comment", "download", "upload", "annotate"},
        "analyst": {"view", "comment", "download", "launch", "export", "annotate"},
        "co-owner": {str(action) for action in OWNER_ACTIONS},
    }
    assert rights(Action.VIEW).preset is None
    assert rights(*MEMBER_ACTIONS).preset is None
