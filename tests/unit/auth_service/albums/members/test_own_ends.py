"""An owner whose right ends gives nothing that outlives it, and nobody gives himself anything."""

from datetime import date

import pytest

from auth_service.albums.leaving import hand_over
from auth_service.albums.members import (
    Edit,
    Rights,
    add_member,
    change_invitation,
    change_member,
    change_members,
    list_members,
)
from auth_service.albums.members.importing import import_members
from auth_service.errors import Conflict, Forbidden
from auth_service.policy.model import SYSTEM, Actor
from auth_service.vocabulary import Action, AlbumRole
from tests.unit.auth_service.albums.members.having import (
    ADDRESS,
    OWNER,
    VIEWER,
    arrive,
    ids,
    members,
    records,
    rights,
)
from tests.world import TestWorld

END, SOONER, LATER = date(2026, 6, 30), date(2026, 5, 31), date(2026, 7, 1)
OWNER_UNTIL = Rights(role=AlbumRole.OWNER, until=END)
OWNER_LATER = Rights(role=AlbumRole.OWNER, until=LATER)


@pytest.fixture
def ending(world: TestWorld) -> Actor:
    """Make an owner whose right ends, beside the one without an end."""
    add_member(world, actor=SYSTEM, slug="a", user="pi-b", rights=OWNER_UNTIL)
    return world.actor("pi-b")


def until(last: date | None, *actions: Action) -> Rights:
    return rights(*(actions or (Action.VIEW,)), until=last)


@pytest.mark.parametrize(
    "given",
    [
        until(None),
        until(LATER),
        OWNER,
        Rights(role=AlbumRole.OWNER, until=LATER),
        until(LATER, Action.INVITE),
    ],
)
def test_an_owner_whose_right_ends_gives_none_that_outlives_it(
    world: TestWorld, ending: Actor, given: Rights
) -> None:
    for subject in ({"user": "stranger"}, {"group": "/radiology"}, {"email": ADDRESS}):
        with pytest.raises(Forbidden) as refused:
            add_member(world, actor=ending, slug="a", rights=given, **subject)  # type: ignore[arg-type] # one each
        assert refused.value.reason == "until"
    assert set(members(world)) == {"pi-a", "member-a", "pi-b"}
    assert {record.reason for record in records(world, "denied")} == {"beyond-own-rights"}


@pytest.mark.parametrize("given", [until(END), until(SOONER), OWNER_UNTIL])
def test_an_owner_whose_right_ends_gives_what_ends_with_it(
    world: TestWorld, ending: Actor, given: Rights
) -> None:
    add_member(world, actor=ending, slug="a", user="stranger", rights=given)
    assert members(world)["stranger"] == given


@pytest.mark.parametrize(
    ("old", "edit"),
    [
        (until(None), Edit(add=frozenset({Action.DOWNLOAD}))),
        (until(None), Edit(role=AlbumRole.OWNER)),
        (until(SOONER), Edit(until=None, keep_until=False)),
        (until(SOONER), Edit(until=LATER, keep_until=False)),
        (until(LATER), Edit(until=None, keep_until=False)),
        (until(LATER), Edit(actions=frozenset({Action.UPLOAD}))),
    ],
)
def test_an_owner_whose_right_ends_prolongs_nothing_beyond_it(
    world: TestWorld, ending: Actor, old: Rights, edit: Edit
) -> None:
    add_member(world, actor=SYSTEM, slug="a", user="stranger", rights=old)
    with pytest.raises(Forbidden) as refused:
        change_members(world, actor=ending, slug="a", edit=edit, members=[ids(world)["stranger"]])
    assert refused.value.reason == "until"
    assert members(world)["stranger"] == old
    assert [record.reason for record in records(world, "denied")] == ["beyond-own-rights"]


@pytest.mark.parametrize(
    ("old", "edit"),
    [
        (until(None, Action.VIEW, Action.SEND), Edit(take=frozenset({Action.SEND}))),
        (until(None), Edit(note="x")),
        (until(None), Edit(until=LATER, keep_until=False)),
        (until(None), Edit(until=SOONER, keep_until=False, add=frozenset({Action.SEND}))),
        (until(SOONER), Edit(until=END, keep_until=False, role=AlbumRole.OWNER)),
    ],
)
def test_an_owner_whose_right_ends_takes_back_and_gives_within_it(
    world: TestWorld, ending: Actor, old: Rights, edit: Edit
) -> None:
    add_member(world, actor=SYSTEM, slug="a", user="stranger", rights=old)
    change_members(world, actor=ending, slug="a", edit=edit, members=[ids(world)["stranger"]])
    assert members(world)["stranger"] == edit.of(old)


def test_an_owner_whose_right_ends_does_not_prolong_it_by_a_table(world: TestWorld, ending: Actor) -> None:
    add_member(world, actor=SYSTEM, slug="a", user="member-b", rights=until(SOONER))
    text = "user,preset,until\nstranger,viewer,\nmember-b,viewer,2026-07-01\ngroup-member,viewer,2026-06-30\n"
    report = import_members(world, actor=ending, slug="a", text=text, dry_run=False)
    assert [(str(each.outcome), each.column) for each in report.lines] == [
        ("error", "until"),
        ("error", "until"),
        ("new", None),
    ]
    assert not report.done


def test_an_owner_whose_right_ends_hands_nothing_over(world: TestWorld, ending: Actor) -> None:
    # Neither for good to another, nor to himself by way of another.
    world.keycloak.directory_down = True
    for keep in (None, frozenset({Action.VIEW})):
        with pytest.raises(Conflict) as refused:
            hand_over(world, actor=ending, slug="a", user="stranger", keep=keep)
        assert refused.value.reason == "until"


def test_who_owns_an_album_for_good_and_hands_it_over_keeps_for_good(world: TestWorld) -> None:
    hand_over(world, actor=world.actor("pi-a"), slug="a", user="stranger", keep={Action.VIEW})
    found = {each.subject: each.rights for each in list_members(world, actor=SYSTEM, slug="a")}
    assert (found["stranger"], found["pi-a"]) == (OWNER, VIEWER)


def test_an_owner_by_a_group_for_good_and_by_himself_for_a_time_gives_for_good(world: TestWorld) -> None:
    add_member(world, actor=SYSTEM, slug="a", user="group-member", rights=OWNER_UNTIL)
    add_member(world, actor=SYSTEM, slug="a", group="/radiology/chest", rights=OWNER)
    add_member(world, actor=world.actor("group-member"), slug="a", user="stranger", rights=VIEWER)
    assert members(world)["stranger"] == VIEWER


@pytest.mark.parametrize(
    ("asked", "left"),
    [(OWNER, OWNER_UNTIL), (VIEWER, until(END)), (until(SOONER), until(SOONER))],
)
def test_an_invitation_gives_nothing_that_outlives_the_right_of_its_owner(
    world: TestWorld, asked: Rights, left: Rights
) -> None:
    add_member(world, actor=SYSTEM, slug="a", user="pi-b", rights=OWNER)
    add_member(world, actor=world.actor("pi-b"), slug="a", email=ADDRESS, rights=asked)
    change_member(
        world,
        actor=world.actor("pi-a"),
        slug="a",
        member_id=ids(world)["pi-b"],
        until=END,
        keep_until=False,
    )
    arrive(world, "stranger")
    assert members(world)["stranger"] == left


# Himself


def by_group(world: TestWorld, given: Rights) -> Actor:
    add_member(world, actor=SYSTEM, slug="a", group="/radiology/chest", rights=given)
    return world.actor("group-member")


@pytest.mark.parametrize("given", [OWNER, rights(Action.INVITE, Action.VIEW)])
def test_who_has_a_right_through_a_group_does_not_make_himself_a_member(
    world: TestWorld, given: Rights
) -> None:
    actor = by_group(world, given)
    with pytest.raises(Forbidden) as refused:
        add_member(world, actor=actor, slug="a", user="Group-Member", rights=VIEWER)
    assert refused.value.reason == "self"
    assert [record.reason for record in records(world, "denied")] == ["beyond-own-rights"]
    # Others he may invite, and his group is not he.
    add_member(world, actor=actor, slug="a", user="stranger", rights=VIEWER)
    add_member(world, actor=actor, slug="a", group="/radiology", rights=VIEWER)


def test_nobody_becomes_a_member_by_an_invitation_of_his_own(world: TestWorld) -> None:
    actor = by_group(world, rights(Action.INVITE, Action.VIEW))
    add_member(world, actor=actor, slug="a", email="group-member@example.org", rights=VIEWER)
    arrive(world, "group-member", "group-member@example.org")
    assert "group-member" not in members(world)
    assert [record.reason for record in records(world, "invitation-lapsed")] == ["invitation:self"]


def test_an_owner_does_not_answer_for_an_invitation_of_his_own(world: TestWorld) -> None:
    actor = by_group(world, OWNER)
    made = add_member(
        world, actor=world.actor("pi-a"), slug="a", email="group-member@example.org", rights=VIEWER
    )
    change_invitation(world, actor=actor, slug="a", invitation_id=made.id, edit=Edit(role=AlbumRole.OWNER))
    arrive(world, "group-member", "group-member@example.org")
    assert "group-member" not in members(world)


@pytest.mark.parametrize(
    "edit",
    [Edit(role=AlbumRole.OWNER), Edit(until=None, keep_until=False), Edit(add=frozenset({Action.SEND}))],
)
def test_an_owner_through_a_group_does_not_raise_what_he_has_himself(world: TestWorld, edit: Edit) -> None:
    actor = by_group(world, OWNER)
    add_member(world, actor=SYSTEM, slug="a", user="group-member", rights=until(SOONER))
    number = ids(world)["group-member"]
    with pytest.raises(Forbidden) as refused:
        change_members(world, actor=actor, slug="a", edit=edit, members=[number])
    assert refused.value.reason == "self"
    change_members(world, actor=actor, slug="a", edit=Edit(note="x"), members=[number])
    assert members(world)["group-member"] == until(SOONER)


@pytest.mark.parametrize("column", ["user", "email"])
def test_an_owner_through_a_group_does_not_make_himself_a_member_by_a_table(
    world: TestWorld, column: str
) -> None:
    actor = by_group(world, OWNER)
    name = "group-member" if column == "user" else "group-member@example.org"
    report = import_members(
        world, actor=actor, slug="a", text=f"{column},preset\n{name},viewer\n", dry_run=False
    )
    arrive(world, "group-member", "group-member@example.org")
    assert report.done is (column == "email")
    assert "group-member" not in members(world)


def test_an_owner_lowers_what_he_has_himself(world: TestWorld, ending: Actor) -> None:
    edit = Edit(role=AlbumRole.MEMBER, actions=frozenset({Action.VIEW}))
    change_members(world, actor=ending, slug="a", edit=edit, members=[ids(world)["pi-b"]])
    assert members(world)["pi-b"] == until(END)
