"""An invitation that nobody uses does not wait for ever: an address may be somebody else's by then."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from auth_service.albums.members import (
    Edit,
    add_member,
    change_invitation,
    giving,
    list_members,
    remove_invitation,
)
from auth_service.albums.members.expiring import Expirer, sweep
from auth_service.albums.members.importing import import_members
from auth_service.albums.members.owned import members_of_mine
from auth_service.errors import Conflict, NotFound
from auth_service.store import invitations
from auth_service.vocabulary import MemberState
from tests.unit.auth_service.albums.members.having import ADDRESS, VIEWER, arrive, invited, members, records
from tests.waiting import eventually
from tests.world import TestWorld, two_albums


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = two_albums(tmp_path, invitation_days=10)
    yield world
    world.store.close()


def invite(world: TestWorld, address: str = ADDRESS) -> int:
    made = add_member(world, actor=world.actor("pi-a"), slug="a", email=address, rights=VIEWER)
    assert made.expires == world.clock() + timedelta(days=10)
    return made.id


def kept(world: TestWorld) -> int:
    return len(invited(world))


def test_an_invitation_is_good_for_its_days(world: TestWorld) -> None:
    invite(world)
    world.wait(days=10, seconds=-1)
    arrive(world)
    assert members(world)["stranger"] == VIEWER


def test_an_invitation_whose_days_are_over_opens_nothing_swept_or_not(world: TestWorld) -> None:
    number = invite(world)
    world.wait(days=10)
    arrive(world)
    assert "stranger" not in members(world)
    assert ADDRESS not in {each.subject for each in list_members(world, actor=world.actor("pi-a"), slug="a")}
    found = members_of_mine(world, actor=world.actor("pi-a"), limit=9, offset=0)
    assert ADDRESS not in {row.first.subject for row in found.rows}
    with pytest.raises(NotFound):
        change_invitation(
            world, actor=world.actor("pi-a"), slug="a", invitation_id=number, edit=Edit(note="x")
        )
    with pytest.raises(NotFound):
        remove_invitation(world, actor=world.actor("pi-a"), slug="a", invitation_id=number)


def test_to_change_it_does_not_prolong_it(world: TestWorld) -> None:
    number = invite(world)
    world.wait(days=9)
    change_invitation(world, actor=world.actor("pi-a"), slug="a", invitation_id=number, edit=Edit(note="x"))
    world.wait(days=1)
    arrive(world)
    assert "stranger" not in members(world)


def test_what_is_over_is_cleaned_up_and_on_record(world: TestWorld) -> None:
    number = invite(world)
    world.wait(days=5)
    invite(world, "other@example.org")
    assert sweep(world) == 0
    world.wait(days=5)
    assert (sweep(world), sweep(world), kept(world)) == (1, 0, 0)
    [record] = records(world, "invitation-expired")
    assert (record.actor, record.label, record.target) == ("system", "album-a", "a")
    assert record.details["invitation"] == number
    assert record.details["before"]["subject"]["id"] == ADDRESS
    pending = [
        each.subject
        for each in list_members(world, actor=world.actor("pi-a"), slug="a")
        if each.state is MemberState.PENDING
    ]
    assert pending == ["other@example.org"]


def test_one_that_is_over_does_not_stand_in_the_way_of_a_new_one(world: TestWorld) -> None:
    invite(world)
    with pytest.raises(Conflict):
        invite(world)
    world.wait(days=10)
    invite(world)
    assert len(records(world, "invitation-expired")) == 1
    world.wait(days=10)
    report = import_members(
        world, actor=world.actor("pi-a"), slug="a", text=f"email,preset\n{ADDRESS},viewer\n", dry_run=False
    )
    assert [str(each.outcome) for each in report.lines] == ["new"]
    assert len(records(world, "invitation-expired")) == 2


def test_those_that_are_over_are_not_open(world: TestWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(giving, "MOST_OPEN", 1)
    invite(world)
    world.wait(days=10)
    add_member(world, actor=world.actor("pi-b"), slug="b", email=ADDRESS, rights=VIEWER)
    invite(world, "other@example.org")


def test_a_thread_cleans_up_while_the_service_runs(world: TestWorld) -> None:
    invite(world)
    world.wait(days=10)
    with Expirer(world, every=0.01):
        eventually(lambda: kept(world) == 0)


def test_a_database_that_does_not_answer_does_not_end_the_thread(
    world: TestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite(world)
    world.wait(days=10)
    asked: list[None] = []
    took = invitations.take

    def fails_first(tx: object, number: int) -> bool:
        asked.append(None)
        if len(asked) == 1:
            raise RuntimeError
        return took(tx, number)  # type: ignore[arg-type]

    monkeypatch.setattr(invitations, "take", fails_first)
    with Expirer(world, every=0.01):
        eventually(lambda: kept(world) == 0)
