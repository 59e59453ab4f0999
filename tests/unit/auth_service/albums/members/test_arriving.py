"""Who was invited by his address becomes a member when he signs in with it, and gets no more than is left."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from auth_service.albums.members import (
    Edit,
    MemberView,
    Rights,
    add_member,
    change_invitation,
    change_member,
    list_members,
    remove_invitation,
    remove_member,
)
from auth_service.albums.members.given import folded
from auth_service.errors import Conflict, Forbidden, Invalid, NotFound
from auth_service.origin import NOWHERE
from auth_service.policy.model import SYSTEM
from auth_service.store.tables import Album
from auth_service.vocabulary import OWNER_ACTIONS, Action, AlbumRole, MemberState
from tests.unit.auth_service.albums.members.having import (
    ADDRESS,
    OWNER,
    VIEWER,
    arrivals,
    arrive,
    ids,
    invited,
    members,
    records,
    rights,
)
from tests.world import PEOPLE, TestWorld, two_albums


@pytest.fixture
def open_world(tmp_path: Path) -> Iterator[TestWorld]:
    made = two_albums(tmp_path / "open", find_people="everybody")
    yield made
    made.store.close()


def invite(
    world: TestWorld,
    given: Rights = VIEWER,
    *,
    by: str = "pi-a",
    address: str = ADDRESS,
    **more: Any,  # noqa: ANN401
) -> MemberView:
    return add_member(world, actor=world.actor(by), slug="a", email=address, rights=given, **more)


def waiting(world: TestWorld) -> list[str]:
    found = list_members(world, actor=world.actor("pi-a"), slug="a")
    return [one.subject for one in found if one.state is MemberState.PENDING]


def test_an_invited_address_is_among_the_members_and_on_record(world: TestWorld) -> None:
    found = invite(world, rights(Action.VIEW, until=date(2026, 12, 31)), note="Second site")
    assert (found.state, found.subject, found.name, found.note) == (
        MemberState.PENDING,
        ADDRESS,
        ADDRESS,
        "Second site",
    )
    assert list_members(world, actor=world.actor("pi-a"), slug="a")[-1] == found
    [record] = records(world, "invited")
    assert (record.label, record.target) == ("album-a", "a")
    assert record.details["after"] == {
        "subject": {"kind": "address", "id": ADDRESS, "name": ADDRESS},
        "role": "member",
        "actions": ["view"],
        "until": "2026-12-31",
        "note": "Second site",
    }


def test_who_signs_in_with_the_address_becomes_a_member_once(world: TestWorld) -> None:
    made = invite(world, rights(Action.VIEW, until=date(2026, 12, 31)), note="Second site")
    actor = arrive(world)
    assert members(world)["stranger"] == rights(Action.VIEW, until=date(2026, 12, 31))
    assert waiting(world) == []
    [record] = records(world, "invitation-used")
    assert (record.actor, record.label) == (actor.key, "album-a")
    assert (record.details["invitation"], record.details["lost"]) == (made.id, {})
    assert record.details["after"]["note"] == "Second site"
    remove_member(world, actor=world.actor("pi-a"), slug="a", member_id=ids(world)["stranger"])
    arrive(world)
    assert "stranger" not in members(world)


def test_two_who_come_at_once_do_not_both_become_members(world: TestWorld) -> None:
    invite(world)
    first, second = (arrivals(world).expect(ADDRESS) for _ in range(2))
    for welcome, name in ((first, "stranger"), (second, "member-b")):
        with world.store.write() as tx:
            welcome(tx, world.actor(name), NOWHERE)
    assert set(members(world)) == {"pi-a", "member-a", "stranger"}


def test_what_comes_of_a_sign_in_that_fails_is_undone_with_it(world: TestWorld) -> None:
    invite(world)
    welcome = arrivals(world).expect(ADDRESS)

    def fails() -> None:
        with world.store.write() as tx:
            welcome(tx, world.actor("stranger"), NOWHERE)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert waiting(world) == [ADDRESS]
    assert records(world, "invitation-used") == []


@pytest.mark.parametrize(
    "address", ["", "other@example.org", "new.person@example.org.evil.org", "new.person", "*@example.org"]
)
def test_another_address_finds_nothing(world: TestWorld, address: str) -> None:
    invite(world)
    arrive(world, address=address)
    assert waiting(world) == [ADDRESS]


def test_case_and_blanks_make_no_difference(world: TestWorld) -> None:
    invite(world, address=" New.Person@Example.ORG ")
    assert waiting(world) == [ADDRESS]
    with pytest.raises(Conflict):
        invite(world, address=ADDRESS.upper())
    arrive(world, address="NEW.PERSON@example.org")
    assert "stranger" in members(world)


@pytest.mark.parametrize(
    "address",
    [
        *("", "x", "@example.org", "x@", "x@y", "a b@example.org", "a@b@example.org", "x@example..org"),
        *("\u017ftra\u00dfe@example.org", "x@ex\u00e4mple.org", "\u212aelvin@example.org", "x\n@example.org"),
        *("x" * 250 + "@example.org", "<x@example.org>"),
    ],
)
def test_what_is_no_plain_address_is_neither_invited_nor_matched(world: TestWorld, address: str) -> None:
    assert folded(address) is None
    with pytest.raises(Invalid) as refused:
        invite(world, address=address)
    assert refused.value.field == "subject.email"
    arrive(world, address=address)


def test_letters_that_look_alike_are_not_taken_for_each_other(world: TestWorld) -> None:
    invite(world, address="kelvin@example.org")
    arrive(world, address="\u212aelvin@example.org")  # whose small letter is a k
    assert waiting(world) == ["kelvin@example.org"]


# What is left of it


INVITER = rights(Action.INVITE, Action.VIEW, Action.COMMENT, until=date(2026, 6, 30))


@pytest.fixture
def inviter(world: TestWorld) -> int:
    """Make a member who may invite until the end of June, and let him invite somebody."""
    add_member(world, actor=SYSTEM, slug="a", user="member-b", rights=INVITER)
    invite(world, rights(Action.VIEW, Action.COMMENT, until=date(2026, 6, 30)), by="member-b")
    return ids(world)["member-b"]


def lapsed(world: TestWorld) -> list[str | None]:
    return [record.reason for record in records(world, "invitation-lapsed")]


def test_an_inviter_who_was_removed_gives_nothing(world: TestWorld, inviter: int) -> None:
    remove_member(world, actor=world.actor("pi-a"), slug="a", member_id=inviter)
    arrive(world)
    assert "stranger" not in members(world)
    assert (waiting(world), lapsed(world)) == ([], ["invitation:inviter"])


def test_an_inviter_who_may_not_invite_any_more_gives_nothing(world: TestWorld, inviter: int) -> None:
    change_member(
        world,
        actor=world.actor("pi-a"),
        slug="a",
        member_id=inviter,
        actions=frozenset({Action.VIEW, Action.COMMENT}),
    )
    arrive(world)
    assert ("stranger" in members(world), lapsed(world)) == (False, ["invitation:inviter"])


def test_an_inviter_whose_account_is_gone_gives_nothing(world: TestWorld, inviter: int) -> None:
    world.keycloak.users["member-b"].enabled = False
    arrive(world)
    assert ("stranger" in members(world), lapsed(world)) == (False, ["invitation:inviter"])
    del inviter


def test_an_inviter_whose_right_is_over_gives_nothing(world: TestWorld, inviter: int) -> None:
    change_member(
        world,
        actor=world.actor("pi-a"),
        slug="a",
        member_id=inviter,
        until=date(2026, 3, 2),
        keep_until=False,
    )
    world.wait(days=1)
    arrive(world)
    assert ("stranger" in members(world), lapsed(world)) == (False, ["invitation:inviter"])


def test_an_inviter_who_has_less_gives_less_and_it_is_said(world: TestWorld, inviter: int) -> None:
    change_member(
        world,
        actor=world.actor("pi-a"),
        slug="a",
        member_id=inviter,
        actions=frozenset({Action.INVITE, Action.VIEW}),
        until=date(2026, 4, 30),
        keep_until=False,
    )
    arrive(world)
    assert members(world)["stranger"] == rights(Action.VIEW, until=date(2026, 4, 30))
    [record] = records(world, "invitation-used")
    assert record.details["lost"] == {"actions": ["comment"], "until": "2026-06-30"}


def test_an_inviter_who_has_more_now_gives_what_was_said(world: TestWorld, inviter: int) -> None:
    change_member(world, actor=world.actor("pi-a"), slug="a", member_id=inviter, role=AlbumRole.OWNER)
    arrive(world)
    assert members(world)["stranger"] == rights(Action.VIEW, Action.COMMENT, until=date(2026, 6, 30))


def test_an_owner_who_is_one_no_more_makes_no_owner(world: TestWorld) -> None:
    add_member(world, actor=SYSTEM, slug="a", user="pi-b", rights=OWNER)
    invite(world, OWNER, by="pi-b")
    change_member(
        world,
        actor=world.actor("pi-a"),
        slug="a",
        member_id=ids(world)["pi-b"],
        role=AlbumRole.MEMBER,
        actions=frozenset({Action.INVITE, Action.VIEW}),
        until=date(2026, 12, 31),
        keep_until=False,
    )
    arrive(world)
    until = date(2026, 12, 31)
    assert members(world)["stranger"] == rights(Action.INVITE, Action.VIEW, until=until)
    [record] = records(world, "invitation-used")
    kept = {Action.INVITE, Action.VIEW}
    assert record.details["lost"] == {
        "role": "owner",
        "until": None,
        "actions": sorted(str(action) for action in OWNER_ACTIONS - kept),
    }


def test_an_owner_still_makes_an_owner(world: TestWorld) -> None:
    invite(world, OWNER)
    arrive(world)
    assert members(world)["stranger"] == OWNER


def test_rights_by_a_group_that_the_inviter_left_do_not_count(world: TestWorld) -> None:
    group = rights(Action.INVITE, Action.VIEW)
    add_member(world, actor=SYSTEM, slug="a", group="/radiology/chest", rights=group)
    invite(world, by="group-member")
    world.keycloak.users["group-member"].groups = set()
    arrive(world)
    assert ("stranger" in members(world), lapsed(world)) == (False, ["invitation:inviter"])


def test_an_invitation_whose_last_day_has_passed_gives_nothing(world: TestWorld) -> None:
    invite(world, rights(Action.VIEW, until=date(2026, 3, 2)))
    world.wait(days=1)
    arrive(world)
    assert ("stranger" in members(world), lapsed(world)) == (False, ["invitation:over"])


def test_who_is_a_member_already_stays_what_he_is(world: TestWorld) -> None:
    invite(world, OWNER)
    arrive(world, "member-a")
    assert (members(world)["member-a"], lapsed(world)) == (VIEWER, ["invitation:member"])


def test_an_album_that_is_deleted_takes_nobody_in(world: TestWorld) -> None:
    invite(world)
    with world.store.write() as tx:
        tx.execute(update(Album).where(Album.slug == "a").values(deleted_at=world.clock()))
    arrive(world)
    assert invited(world) == {}
    assert records(world, "invitation-used") == records(world, "invitation-lapsed") == []


def test_while_keycloak_does_not_say_what_the_inviter_is_the_invitation_waits(
    world: TestWorld, inviter: int
) -> None:
    invite(world, address="other@example.org")
    actor = world.actor("stranger")
    world.keycloak.directory_down = True
    welcome = arrivals(world).expect(ADDRESS)
    with world.store.write() as tx:
        welcome(tx, actor, NOWHERE)
    world.keycloak.directory_down = False
    assert ADDRESS in waiting(world)
    arrive(world)
    assert "stranger" in members(world)
    del inviter


# Owners decide about it


def test_an_invitation_is_changed_and_taken_back(world: TestWorld) -> None:
    made, owner = invite(world), world.actor("pi-a")
    edit = Edit(actions=frozenset({Action.DOWNLOAD}), note="later")
    found = change_invitation(world, actor=owner, slug="a", invitation_id=made.id, edit=edit)
    assert (found.rights, found.note, found.state) == (rights(Action.DOWNLOAD), "later", MemberState.PENDING)
    [changed] = records(world, "invitation-changed")
    assert (changed.details["before"]["actions"], changed.details["after"]["actions"]) == (
        ["view"],
        ["download"],
    )
    remove_invitation(world, actor=owner, slug="a", invitation_id=made.id)
    assert waiting(world) == []
    assert len(records(world, "invitation-removed")) == 1
    arrive(world)
    assert "stranger" not in members(world)
    with pytest.raises(NotFound):
        remove_invitation(world, actor=owner, slug="a", invitation_id=made.id)


def test_an_owner_who_changes_an_invitation_answers_for_it(world: TestWorld, inviter: int) -> None:
    [invitation_id] = invited(world).values()
    change_invitation(
        world,
        actor=world.actor("pi-a"),
        slug="a",
        invitation_id=invitation_id,
        edit=Edit(add=frozenset({Action.DOWNLOAD})),
    )
    remove_member(world, actor=world.actor("pi-a"), slug="a", member_id=inviter)
    arrive(world)
    assert members(world)["stranger"].actions == {Action.VIEW, Action.COMMENT, Action.DOWNLOAD}


@pytest.mark.parametrize("name", PEOPLE)
def test_only_owners_decide_about_invitations(world: TestWorld, name: str) -> None:
    made = invite(world)
    if name == "pi-a":
        return
    expected = Forbidden if name == "member-a" else NotFound
    with pytest.raises(expected):
        change_invitation(
            world, actor=world.actor(name), slug="a", invitation_id=made.id, edit=Edit(note="x")
        )
    with pytest.raises(expected):
        remove_invitation(world, actor=world.actor(name), slug="a", invitation_id=made.id)
    with pytest.raises(NotFound):
        # The owner of another album, by the number of this one.
        remove_invitation(world, actor=world.actor("pi-b"), slug="b", invitation_id=made.id)
    assert waiting(world) == [ADDRESS]


def test_who_may_invite_invites_an_address_with_at_most_his_own(world: TestWorld, inviter: int) -> None:
    for wrong in (OWNER, rights(Action.DOWNLOAD, until=date(2026, 6, 30)), rights(Action.VIEW)):
        with pytest.raises(Forbidden):
            invite(world, wrong, by="member-b", address="third@example.org")
    assert waiting(world) == [ADDRESS]
    del inviter


# An address that has an account


def test_where_everybody_may_be_found_an_address_with_an_account_is_a_member_at_once(
    open_world: TestWorld,
) -> None:
    found = invite(open_world, address="Stranger@example.org")
    assert (found.state, found.subject) == (MemberState.MEMBER, "stranger")
    with pytest.raises(Conflict):
        invite(open_world, address="stranger@example.org")


def test_an_account_that_did_not_verify_its_address_is_not_taken_for_it(open_world: TestWorld) -> None:
    open_world.keycloak.users["stranger"].email_verified = False
    assert invite(open_world, address="stranger@example.org").state is MemberState.PENDING


def test_two_accounts_of_one_address_are_not_told_apart(open_world: TestWorld) -> None:
    open_world.keycloak.users["member-b"].email = "stranger@example.org"
    assert invite(open_world, address="stranger@example.org").state is MemberState.PENDING


def test_where_people_are_hidden_an_address_is_answered_alike_whether_it_has_an_account_or_not(
    world: TestWorld,
) -> None:
    world.keycloak.calls.clear()
    told = [invite(world, address=f"{name}@example.org") for name in ("stranger", "member-a", "nobody")]
    assert {one.state for one in told} == {MemberState.PENDING}
    assert [one.name for one in told] == [
        f"{name}@example.org" for name in ("stranger", "member-a", "nobody")
    ]
    # Nor is it asked for, which would take its time.
    assert "person_of_address" not in world.keycloak.calls
