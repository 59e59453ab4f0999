"""People leave albums, and hand them over."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from auth_service.albums.ending import archive_album
from auth_service.albums.finding import AlbumQuery, find_albums
from auth_service.albums.leaving import hand_over, leave_album
from auth_service.albums.members import Rights, add_member, list_members
from auth_service.errors import Conflict, Forbidden, Invalid, NotFound, ServiceError, Unavailable
from auth_service.policy.model import SYSTEM
from auth_service.store import audit as audit_table
from auth_service.store.tables import AuditRecord
from auth_service.vocabulary import MEMBER_ACTIONS, Action, AlbumRole
from tests.world import TestWorld, two_albums

OWNER = Rights(role=AlbumRole.OWNER)
VIEW = Rights(role=AlbumRole.MEMBER, actions=frozenset({Action.VIEW}))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = two_albums(tmp_path)
    yield world
    world.store.close()


def seen(world: TestWorld, name: str) -> list[str]:
    return [view.album.slug for view in find_albums(world, actor=world.actor(name), query=AlbumQuery()).items]


def rights(world: TestWorld) -> dict[str, tuple[str, frozenset[Action]]]:
    return {
        each.subject: (each.rights.role, each.rights.actions)
        for each in list_members(world, actor=SYSTEM, slug="a")
    }


def last_record(world: TestWorld) -> AuditRecord:
    with world.store.read() as tx:
        return audit_table.records(tx)[-1]


def leave(world: TestWorld, name: str, slug: str = "a") -> None:
    leave_album(world, actor=world.actor(name), slug=slug)


# Leaving


def test_a_member_leaves_and_sees_it_no_more(world: TestWorld) -> None:
    leave(world, "member-a")
    assert seen(world, "member-a") == []
    assert set(rights(world)) == {"pi-a"}
    record = last_record(world)
    assert (record.event, record.actor, record.label) == (
        "member-left",
        world.actor("member-a").key,
        "album-a",
    )
    assert record.details["before"]["actions"] == ["view"]
    with pytest.raises(NotFound):
        leave(world, "member-a")


def test_the_last_owner_cannot_leave(world: TestWorld) -> None:
    add_member(world, actor=SYSTEM, slug="a", group="/radiology", rights=OWNER)
    ends = Rights(role=AlbumRole.OWNER, until=date(2026, 12, 31))
    add_member(world, actor=SYSTEM, slug="a", user="member-b", rights=ends)
    with pytest.raises(Conflict) as refused:
        leave(world, "pi-a")
    assert refused.value.reason == "last-owner"
    assert seen(world, "pi-a") == ["a"]
    add_member(world, actor=SYSTEM, slug="a", user="stranger", rights=OWNER)
    leave(world, "pi-a")
    assert seen(world, "pi-a") == []


def test_who_is_in_it_through_a_group_is_told_which(world: TestWorld) -> None:
    add_member(world, actor=SYSTEM, slug="a", group="/radiology", rights=VIEW)
    add_member(world, actor=SYSTEM, slug="b", group="/radiology/chest", rights=VIEW)
    with pytest.raises(Conflict) as refused:
        leave(world, "group-member")
    assert (refused.value.reason, refused.value.places) == ("group", {"groups": "/radiology"})
    assert "a" in seen(world, "group-member")


def test_ones_own_right_goes_and_the_groups_stays(world: TestWorld) -> None:
    add_member(world, actor=SYSTEM, slug="a", group="/radiology", rights=VIEW)
    world.give("a", "group-member", Action.VIEW, Action.DOWNLOAD)
    leave(world, "group-member")
    assert seen(world, "group-member") == ["a"]
    with pytest.raises(Conflict):
        leave(world, "group-member")


def test_an_own_right_that_is_over_cannot_be_given_up(world: TestWorld) -> None:
    over = Rights(role=AlbumRole.MEMBER, actions=frozenset({Action.VIEW}), until=date(2026, 3, 2))
    add_member(world, actor=SYSTEM, slug="a", user="group-member", rights=over)
    add_member(world, actor=SYSTEM, slug="a", group="/radiology", rights=VIEW)
    world.wait(days=1)
    with pytest.raises(Conflict) as refused:
        leave(world, "group-member")
    assert refused.value.reason == "group"


def test_nobody_leaves_what_he_does_not_see(world: TestWorld) -> None:
    for name, slug in (("stranger", "a"), ("admin", "a"), ("pi-a", "b"), ("pi-a", "none")):
        with pytest.raises(NotFound):
            leave(world, name, slug)


# Handing over


def hand(world: TestWorld, user: str, *keep: Action, who: str = "pi-a") -> None:
    hand_over(world, actor=world.actor(who), slug="a", user=user, keep=keep or None)


def test_the_old_owner_goes_and_the_new_one_has_all(world: TestWorld) -> None:
    hand(world, "stranger")
    assert rights(world) == {"member-a": ("member", {Action.VIEW}), "stranger": ("owner", frozenset())}
    assert (seen(world, "pi-a"), seen(world, "stranger")) == ([], ["a"])
    record = last_record(world)
    assert (record.event, record.actor) == ("album-handed-over", world.actor("pi-a").key)
    assert [each["subject"]["name"] for each in record.details["before"]] == ["pi-a"]
    assert [(each["subject"]["name"], each["role"]) for each in record.details["after"]] == [
        ("stranger", "owner")
    ]


def test_the_old_owner_keeps_what_he_says_and_a_member_is_raised(world: TestWorld) -> None:
    hand(world, "member-a", Action.VIEW, Action.DOWNLOAD)
    assert rights(world) == {
        "pi-a": ("member", {Action.VIEW, Action.DOWNLOAD}),
        "member-a": ("owner", frozenset()),
    }
    with pytest.raises(Forbidden):
        hand(world, "stranger")
    hand(world, "pi-a", who="member-a")
    assert rights(world) == {"pi-a": ("owner", frozenset())}


def test_an_archived_album_can_be_handed_over(world: TestWorld) -> None:
    archive_album(world, actor=world.actor("pi-a"), slug="a", archived=True)
    hand(world, "stranger")
    assert set(rights(world)) == {"member-a", "stranger"}


@pytest.mark.parametrize(
    ("user", "keep", "field"),
    [
        ("nobody-of-this-name", None, "user"),
        ("pi-a", None, "user"),
        ("gone", None, "user"),
        ("stranger", [], "keep"),
        ("stranger", [Action.MANAGE], "keep"),
        ("stranger", [Action.VIEW, Action.ADMINISTER], "keep"),
    ],
)
def test_a_wrong_field_hands_nothing_over(
    world: TestWorld, user: str, keep: list[Action] | None, field: str
) -> None:
    world.keycloak.add_user("gone")
    world.keycloak.users["gone"].enabled = False
    before = rights(world)
    with pytest.raises(Invalid) as refused:
        hand_over(world, actor=world.actor("pi-a"), slug="a", user=user, keep=keep)
    assert refused.value.field == field
    assert rights(world) == before


def test_only_owners_by_themselves_hand_over(world: TestWorld) -> None:
    world.give("a", "member-b", *MEMBER_ACTIONS)
    add_member(world, actor=SYSTEM, slug="a", group="/radiology", rights=OWNER)
    wrong: tuple[tuple[str, type[ServiceError]], ...] = (
        ("member-b", Forbidden),
        ("group-member", Conflict),
        ("stranger", NotFound),
        ("admin", NotFound),
    )
    before = rights(world)
    for name, error in wrong:
        with pytest.raises(error):
            hand(world, "stranger", who=name)
    assert rights(world) == before


def test_without_keycloak_nothing_is_handed_over(world: TestWorld) -> None:
    world.keycloak.directory_down = True
    with pytest.raises(Unavailable):
        hand(world, "stranger")
    assert "pi-a" in rights(world)


def test_who_owns_an_album_through_a_group_looks_nobody_up_by_handing_it_over(world: TestWorld) -> None:
    add_member(world, actor=SYSTEM, slug="a", group="/radiology/chest", rights=OWNER)
    actor = world.actor("group-member")
    world.keycloak.directory_down = True
    with pytest.raises(Conflict) as refused:
        hand_over(world, actor=actor, slug="a", user="nobody-of-this-name", keep=None)
    assert refused.value.reason == "group"
