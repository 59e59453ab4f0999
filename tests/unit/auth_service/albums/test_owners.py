"""Albums whose owners are gone are found by administrators, who give them a new one."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from auth_service.albums.ending import delete_album
from auth_service.albums.finding import AlbumQuery, find_albums
from auth_service.albums.members import Rights, add_member
from auth_service.albums.owners import Ownerless, find_ownerless, name_owner
from auth_service.errors import Conflict, Invalid, NotFound, Unavailable
from auth_service.policy.model import SYSTEM
from auth_service.store import audit as audit_table
from auth_service.vocabulary import AlbumRole
from tests.world import TestWorld, two_albums


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = two_albums(tmp_path)
    yield world
    world.store.close()


def ownerless(world: TestWorld) -> list[str]:
    return [each.slug for each in find_ownerless(world, limit=50, offset=0).items]


def gone(world: TestWorld, name: str) -> None:
    world.keycloak.users[name].enabled = False


def name(world: TestWorld, user: str, *, slug: str = "a", reason: str = "left the hospital") -> None:
    name_owner(world, actor=world.actor("admin"), slug=slug, user=user, reason=reason)


def test_an_album_is_ownerless_when_no_owner_can_sign_in(world: TestWorld) -> None:
    assert ownerless(world) == []
    add_member(world, actor=SYSTEM, slug="a", user="stranger", rights=Rights(role=AlbumRole.OWNER))
    gone(world, "pi-a")
    assert ownerless(world) == []
    gone(world, "stranger")
    page = find_ownerless(world, limit=50, offset=0)
    assert page.items == (
        Ownerless(slug="a", title="Album a", last_owners=("Test Pi-A", "Test Stranger"), members=3),
    )
    assert (page.looked_at, page.total) == (2, 2)
    del world.keycloak.users["pi-b"]
    assert ownerless(world) == ["a", "b"]
    world.keycloak.users["pi-a"].enabled = True
    assert ownerless(world) == ["b"]


def test_groups_and_owners_with_an_end_do_not_count(world: TestWorld) -> None:
    add_member(world, actor=SYSTEM, slug="a", group="/radiology", rights=Rights(role=AlbumRole.OWNER))
    ends = Rights(role=AlbumRole.OWNER, until=date(2026, 12, 31))
    add_member(world, actor=SYSTEM, slug="a", user="stranger", rights=ends)
    gone(world, "pi-a")
    assert ownerless(world) == ["a"]


def test_keycloak_is_asked_once_for_each_owner_of_the_albums_looked_at(world: TestWorld) -> None:
    for number in range(4):
        world.album(f"more-{number}", "pi-a")
    world.keycloak.calls.clear()
    page = find_ownerless(world, limit=50, offset=0)
    assert (page.looked_at, world.keycloak.calls.count("standing")) == (6, 2)
    world.keycloak.calls.clear()
    page = find_ownerless(world, limit=2, offset=2)
    assert (page.looked_at, page.total, world.keycloak.calls.count("standing")) == (2, 6, 1)


def test_deleted_albums_need_no_owner(world: TestWorld) -> None:
    delete_album(world, actor=world.actor("pi-a"), slug="a", confirm="a")
    gone(world, "pi-a")
    assert ownerless(world) == []
    with pytest.raises(NotFound):
        name(world, "stranger")


def test_when_keycloak_does_not_answer_nobody_is_taken_to_be_gone(world: TestWorld) -> None:
    gone(world, "pi-a")
    world.keycloak.directory_down = True
    with pytest.raises(Unavailable):
        ownerless(world)
    with pytest.raises(Unavailable):
        name(world, "stranger")


def test_an_ownerless_album_gets_a_new_owner_on_record(world: TestWorld) -> None:
    gone(world, "pi-a")
    name(world, "member-a", reason="  the lead has\n left ")
    assert ownerless(world) == []
    [view] = find_albums(world, actor=world.actor("member-a"), query=AlbumQuery()).items
    assert view.access.role is AlbumRole.OWNER
    with world.store.read() as tx:
        record = audit_table.records(tx)[-1]
    assert (record.event, record.actor, record.label) == (
        "owner-named",
        world.actor("admin").key,
        "album-a",
    )
    assert record.details["why"] == "the lead has left"
    assert (record.details["before"]["role"], record.details["after"]["role"]) == ("member", "owner")
    assert find_albums(world, actor=world.actor("admin"), query=AlbumQuery()).items == ()


def test_an_album_with_an_owner_gets_none_from_above(world: TestWorld) -> None:
    for user in ("stranger", "admin"):
        with pytest.raises(Conflict) as refused:
            name(world, user)
        assert refused.value.reason == "owner"
    assert find_albums(world, actor=world.actor("stranger"), query=AlbumQuery()).items == ()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"user": "nobody-of-this-name"}, "user"),
        ({"user": "pi-a"}, "user"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "a\u202eb"}, "reason"),
    ],
)
def test_a_wrong_field_names_nobody(world: TestWorld, given: dict[str, str], field: str) -> None:
    gone(world, "pi-a")
    with pytest.raises(Invalid) as refused:
        name(world, **({"user": "stranger"} | given))
    assert refused.value.field == field
    assert ownerless(world) == ["a"]
