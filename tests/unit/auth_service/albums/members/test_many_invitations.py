"""Many invitations of one address, and many of one inviter: nobody's sign-in is held up by them."""

import pytest

from auth_service.albums.ending import archive_album
from auth_service.albums.members import Rights, add_member, giving
from auth_service.albums.members import arriving as arriving_module
from auth_service.errors import Conflict, Unavailable
from auth_service.policy.model import SYSTEM
from auth_service.vocabulary import Action, AlbumRole
from tests.counting import Counting
from tests.unit.auth_service.albums.members.having import ADDRESS, OWNER, VIEWER, arrive, invited, rights
from tests.world import TestWorld


def albums(world: TestWorld, number: int, *, owner: str = "pi-b") -> list[str]:
    """Make albums of one owner, into each of which he invites the address."""
    made = [world.album(f"{owner}-{place:03}", owner) for place in range(number)]
    for slug in made:
        add_member(world, actor=world.actor(owner), slug=slug, email=ADDRESS, rights=VIEWER)
    return made


def waiting(world: TestWorld) -> set[str]:
    return set(invited(world))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arriving_module, "MOST_AT_ONCE", 3)


@pytest.mark.usefixtures("few")
def test_of_many_invitations_some_are_used_and_the_rest_at_the_next_sign_in(world: TestWorld) -> None:
    made = albums(world, 7)
    left = []
    for _ in range(3):
        arrive(world)
        left.append(len(waiting(world)))
    assert left == [4, 1, 0]
    assert len(made) == 7


@pytest.mark.usefixtures("few")
def test_who_piles_invitations_up_does_not_hold_up_those_of_others(world: TestWorld) -> None:
    albums(world, 7)
    add_member(world, actor=world.actor("pi-a"), slug="a", email=ADDRESS, rights=VIEWER)
    arrive(world)
    assert "a" not in waiting(world)


@pytest.mark.usefixtures("few")
def test_archived_albums_do_not_hold_up_the_others(world: TestWorld) -> None:
    albums(world, 4)
    for slug in sorted(waiting(world)):
        archive_album(world, actor=world.actor("pi-b"), slug=slug, archived=True)
    albums(world, 1, owner="pi-a")
    arrive(world)
    assert "pi-a-000" not in waiting(world)
    assert len(waiting(world)) == 4


def test_after_one_silence_of_keycloak_nobody_else_is_asked_for(
    world: TestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    for owner in ("pi-a", "pi-b", "member-a"):
        albums(world, 1, owner=owner)
    asked: list[str] = []

    def silent(subject: str) -> None:
        asked.append(subject)
        raise Unavailable("keycloak")

    monkeypatch.setattr(world.directory, "standing", silent)
    arrive(world)
    assert (len(asked), len(waiting(world))) == (1, 3)


def test_of_an_inviter_only_what_he_has_in_the_album_is_read(world: TestWorld) -> None:
    given = rights(Action.INVITE, Action.VIEW)
    add_member(world, actor=SYSTEM, slug="a", user="member-b", rights=given)
    add_member(world, actor=world.actor("member-b"), slug="a", email=ADDRESS, rights=VIEWER)
    with Counting(world.store) as few_albums:
        arrive(world)
    for place in range(20):
        slug = world.album(f"more-{place}", "pi-b")
        add_member(world, actor=SYSTEM, slug=slug, user="member-b", rights=given)
    world.revoke("a", "stranger")
    add_member(world, actor=world.actor("member-b"), slug="a", email=ADDRESS, rights=VIEWER)
    with Counting(world.store) as many_albums:
        arrive(world)
    assert many_albums.rows == few_albums.rows > 0


def test_one_inviter_has_so_many_invitations_open_and_no_more(
    world: TestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving, "MOST_OPEN", 2)
    inviter = Rights(role=AlbumRole.MEMBER, actions=frozenset({Action.INVITE, Action.VIEW}))
    add_member(world, actor=SYSTEM, slug="a", user="member-b", rights=inviter)

    def invite(name: str, who: str = "member-b", slug: str = "a") -> None:
        address = f"{name}@elsewhere.example"
        add_member(world, actor=world.actor(who), slug=slug, email=address, rights=VIEWER)

    add_member(world, actor=world.actor("pi-b"), slug="b", user="pi-a", rights=OWNER)
    invite("one")
    invite("two")
    with pytest.raises(Conflict) as refused:
        invite("three")
    assert refused.value.reason == "open-invitations"
    # His own, and in all albums together; those who have accounts are no invitations.
    add_member(world, actor=world.actor("member-b"), slug="a", user="stranger", rights=VIEWER)
    invite("three", who="pi-a")
    invite("four", who="pi-a", slug="b")
    with pytest.raises(Conflict):
        invite("five", who="pi-a", slug="b")
