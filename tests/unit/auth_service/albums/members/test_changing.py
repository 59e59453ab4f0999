"""Who may change rights and take them back; an album keeps an owner."""

from datetime import date
from typing import Any

import pytest

from auth_service.albums.members import (
    Edit,
    Rights,
    add_member,
    change_member,
    change_members,
    list_members,
    remove_member,
    remove_members,
)
from auth_service.albums.members.changing import MOST_AT_ONCE
from auth_service.errors import Conflict, Forbidden, Invalid, NotFound, ServiceError
from auth_service.policy.model import NOBODY, SYSTEM
from auth_service.store.members import used
from auth_service.vocabulary import OWNER_ACTIONS, Action, AlbumRole
from tests.unit.auth_service.albums.members.having import OWNER, VIEWER, ids, members, records, rights
from tests.world import PEOPLE, START, TestWorld


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


def test_a_member_of_another_album_is_not_found(world: TestWorld) -> None:
    other = ids(world, "b")["member-b"]
    with pytest.raises(NotFound):
        change_member(
            world, actor=world.actor("pi-a"), slug="a", member_id=other, actions=frozenset({Action.SEND})
        )
    with pytest.raises(NotFound):
        remove_member(world, actor=world.actor("pi-a"), slug="a", member_id=other)
    assert members(world, "b")["member-b"] == rights(Action.VIEW, Action.DOWNLOAD)


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


# Several at once


def edited(world: TestWorld, edit: Edit, *, members: list[int]) -> list[Rights]:
    found = change_members(world, actor=world.actor("pi-a"), slug="a", edit=edit, members=members)
    return [one.rights for one in found]


def test_several_are_changed_in_the_same_way_and_keep_their_other_rights(world: TestWorld) -> None:
    add_member(world, actor=SYSTEM, slug="a", user="stranger", rights=rights(Action.COMMENT))
    known = ids(world)
    edit = Edit(add=frozenset({Action.SEND}), until=date(2026, 12, 31), keep_until=False, note="Second site")
    found = edited(world, edit, members=[known["member-a"], known["stranger"]])
    until = date(2026, 12, 31)
    assert found == [
        rights(Action.VIEW, Action.SEND, until=until),
        rights(Action.COMMENT, Action.SEND, until=until),
    ]
    assert [r.details["after"]["note"] for r in records(world, "member-changed")] == ["Second site"] * 2
    taken = Edit(take=frozenset({Action.SEND}))
    assert edited(world, taken, members=[known["stranger"]]) == [rights(Action.COMMENT, until=until)]


@pytest.mark.parametrize(
    ("error", "edit", "names"),
    [
        # The second of two would be left with nothing, or is an owner, or not there at all.
        (Invalid, Edit(take=frozenset({Action.VIEW})), ["stranger", "member-a"]),
        (Invalid, Edit(take=frozenset({Action.VIEW})), ["stranger", "pi-a"]),
        (Invalid, Edit(note="x"), ["member-a", "member-b"]),
        (Invalid, Edit(actions=frozenset({Action.MANAGE})), ["member-a"]),
        (Invalid, Edit(note="x" * 256), ["member-a"]),
        (Invalid, Edit(until=date(2026, 3, 1), keep_until=False), ["member-a"]),
        (Conflict, Edit(role=AlbumRole.MEMBER, actions=frozenset({Action.VIEW})), ["member-a", "pi-a"]),
        (Conflict, Edit(until=date(2026, 12, 31), keep_until=False), ["member-a", "pi-a"]),
        (Invalid, Edit(note="x"), []),
    ],
)
def test_all_of_them_are_changed_or_none(
    world: TestWorld, error: type[ServiceError], edit: Edit, names: list[str]
) -> None:
    add_member(world, actor=SYSTEM, slug="a", user="stranger", rights=rights(Action.VIEW, Action.COMMENT))
    before, known = members(world), {**ids(world, "b"), **ids(world)}
    with pytest.raises(error):
        edited(world, edit, members=[known[name] for name in names])
    assert members(world) == before
    assert records(world, "member-changed") == []


def test_several_are_removed_or_none(world: TestWorld) -> None:
    add_member(world, actor=SYSTEM, slug="a", user="stranger", rights=VIEWER)
    known, owner = ids(world), world.actor("pi-a")
    with pytest.raises(Conflict):
        remove_members(world, actor=owner, slug="a", members=list(known.values()))
    with pytest.raises(Invalid):
        remove_members(world, actor=owner, slug="a", members=[known["stranger"], ids(world, "b")["member-b"]])
    assert set(members(world)) == {"pi-a", "member-a", "stranger"}
    remove_members(world, actor=owner, slug="a", members=[known["stranger"], known["member-a"]])
    assert set(members(world)) == {"pi-a"}
    assert len(records(world, "member-removed")) == 2


@pytest.mark.parametrize("name", PEOPLE)
def test_only_an_owner_changes_and_removes_several(world: TestWorld, name: str) -> None:
    if name == "pi-a":
        return
    known, actor = ids(world), world.actor(name)
    expected = Forbidden if name == "member-a" else NotFound
    with pytest.raises(expected):
        change_members(world, actor=actor, slug="a", edit=Edit(note="x"), members=list(known.values()))
    with pytest.raises(expected):
        remove_members(world, actor=actor, slug="a", members=[known["member-a"]])
    assert set(members(world)) == {"pi-a", "member-a"}


def test_at_most_so_many_are_changed_at_once(world: TestWorld) -> None:
    with pytest.raises(Invalid) as refused:
        edited(world, Edit(note="x"), members=list(range(1, MOST_AT_ONCE + 2)))
    assert refused.value.field == "members"


# Notes and last use


def test_a_note_is_one_line_and_can_be_taken_away(world: TestWorld) -> None:
    member, owner = ids(world)["member-a"], world.actor("pi-a")
    given = change_member(world, actor=owner, slug="a", member_id=member, note="  Protocol\n2026-114 ")
    assert given.note == "Protocol 2026-114"
    assert change_member(world, actor=owner, slug="a", member_id=member).note == "Protocol 2026-114"
    assert change_member(world, actor=owner, slug="a", member_id=member, note="").note == ""
    for wrong in ("x" * 256, "a\u202eb", "a\x00b"):
        with pytest.raises(Invalid) as refused:
            change_member(world, actor=owner, slug="a", member_id=member, note=wrong)
        assert refused.value.field == "note"


def test_a_use_is_written_down_once_an_hour_and_only_of_memberships(world: TestWorld) -> None:
    member = ids(world)["member-a"]
    seen = []
    for minutes in (0, 30, 31):
        world.wait(minutes=minutes)
        for rule in (f"membership:{member}", "rules:permissions.jsonc:1", None, "membership:", str(member)):
            with world.store.write() as tx:
                used(tx, rule, at=world.clock())
        found = {m.id: m.last_use for m in list_members(world, actor=world.actor("pi-a"), slug="a")}
        seen.append(found)
    first, last = seen[0][member], seen[2][member]
    assert seen[1][member] == first == START
    assert last == world.clock()
    assert {use for number, use in found.items() if number != member} == {None}
