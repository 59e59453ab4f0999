"""Whom somebody finds who may invite: as far as the site's setting goes, and nobody else."""

from pathlib import Path

import pytest

from auth_service.albums.members import add_member
from auth_service.albums.members.finding import Candidates, find_candidates
from auth_service.errors import Forbidden, Invalid, NotFound, Unavailable
from auth_service.policy.model import SYSTEM
from auth_service.vocabulary import Action, Finding
from tests.unit.auth_service.albums.members.having import rights
from tests.world import TestWorld, two_albums


def made(folder: Path, rule: Finding) -> TestWorld:
    world = two_albums(folder, find_people=rule)
    world.keycloak.add_group("/oncology/lung")
    for name, group in (("pi-a", "/radiology"), ("stranger", "/oncology"), ("pi-b", "/radiology/head")):
        world.keycloak.users[name].groups = {group}
    return world


def find(world: TestWorld, search: str, *, who: str = "pi-a", limit: int = 20) -> Candidates:
    return find_candidates(world, actor=world.actor(who), slug="a", search=search, limit=limit)


def names(found: Candidates) -> list[str]:
    return [each.username for each in found.people] + [each.path for each in found.groups]


@pytest.mark.parametrize(
    ("rule", "search", "expected"),
    [
        (Finding.EVERYBODY, "pi-", ["pi-a", "pi-b"]),
        (Finding.EVERYBODY, "STRANGER@", ["stranger"]),
        (Finding.EVERYBODY, "test stran", ["stranger"]),
        (Finding.EVERYBODY, "tranger est", ["stranger"]),
        (Finding.EVERYBODY, "lung", ["/oncology/lung"]),
        (Finding.EVERYBODY, "***", []),
        # /radiology and all below it; not /oncology.
        (Finding.SAME_GROUPS, "pi-", ["pi-a", "pi-b"]),
        (Finding.SAME_GROUPS, "group-m", ["group-member"]),
        (Finding.SAME_GROUPS, "member est", ["group-member"]),
        (Finding.SAME_GROUPS, "stranger", []),
        (Finding.SAME_GROUPS, "stranger@example.org", []),
        (Finding.SAME_GROUPS, "member-b", []),
        (Finding.SAME_GROUPS, "chest", ["/radiology/chest"]),
        (Finding.SAME_GROUPS, "radio", ["/radiology"]),
        (Finding.SAME_GROUPS, "lung", []),
        (Finding.SAME_GROUPS, "oncology", []),
        (Finding.EXACT_ADDRESS, "stranger", ["stranger"]),
        (Finding.EXACT_ADDRESS, "STRANGER@Example.org", ["stranger"]),
        (Finding.EXACT_ADDRESS, "strange", []),
        (Finding.EXACT_ADDRESS, "stranger@example", []),
        (Finding.EXACT_ADDRESS, "example.org", []),
        (Finding.EXACT_ADDRESS, "/oncology/lung", ["/oncology/lung"]),
        (Finding.EXACT_ADDRESS, "lung", []),
        (Finding.EXACT_ADDRESS, "*", []),
        (Finding.EXACT_ADDRESS, " ", []),
    ],
)
def test_one_finds_whom_the_site_lets_one_find(
    tmp_path: Path, rule: Finding, search: str, expected: list[str]
) -> None:
    assert names(find(made(tmp_path, rule), search)) == expected


@pytest.mark.parametrize("rule", [Finding.EVERYBODY, Finding.SAME_GROUPS])
@pytest.mark.parametrize("search", ["pi", "  p  ", "a b"[:2]])
def test_a_list_needs_three_characters(tmp_path: Path, rule: Finding, search: str) -> None:
    with pytest.raises(Invalid) as refused:
        find(made(tmp_path, rule), search)
    assert refused.value.field == "search"


def test_a_list_has_no_more_than_was_asked_for(tmp_path: Path) -> None:
    world = made(tmp_path, Finding.EVERYBODY)
    assert len(find(world, "test", limit=2).people) == 2


def test_an_address_is_told_where_one_is_told_of_the_person_and_else_only_to_who_gave_it(
    tmp_path: Path,
) -> None:
    world = made(tmp_path, Finding.EXACT_ADDRESS)
    assert [each.email for each in find(world, "stranger").people] == [""]
    assert [each.email for each in find(world, "stranger@example.org").people] == ["stranger@example.org"]
    [colleague] = find(made(tmp_path / "b", Finding.SAME_GROUPS), "pi-b").people
    assert colleague.email == "pi-b@example.org"


def test_an_address_that_is_not_verified_finds_nobody(tmp_path: Path) -> None:
    world = made(tmp_path, Finding.EXACT_ADDRESS)
    world.keycloak.users["stranger"].email_verified = False
    assert names(find(world, "stranger@example.org")) == []


def test_who_is_in_no_group_finds_nobody_by_groups(tmp_path: Path) -> None:
    world = made(tmp_path, Finding.SAME_GROUPS)
    world.keycloak.users["pi-a"].groups = set()
    assert names(find(world, "stranger")) == names(find(world, "radiology")) == []


def test_a_group_whose_path_only_begins_alike_is_another(tmp_path: Path) -> None:
    world = made(tmp_path, Finding.SAME_GROUPS)
    world.keycloak.add_group("/radiology-2")
    world.keycloak.users["stranger"].groups = {"/radiology-2"}
    assert names(find(world, "stranger")) == []
    assert names(find(world, "radiology")) == ["/radiology"]


def test_only_who_may_invite_in_the_album_finds_anybody(tmp_path: Path) -> None:
    world = made(tmp_path, Finding.EVERYBODY)
    for name in ("stranger", "pi-b", "member-b", "admin"):
        with pytest.raises(NotFound):
            find(world, "stranger", who=name)
    with pytest.raises(Forbidden):
        find(world, "stranger", who="member-a")
    add_member(world, actor=SYSTEM, slug="a", user="stranger", rights=rights(Action.INVITE))
    assert names(find(world, "pi-a", who="stranger")) == ["pi-a"]


@pytest.mark.parametrize("rule", Finding)
def test_without_keycloak_nobody_is_found_and_it_is_said(tmp_path: Path, rule: Finding) -> None:
    world = made(tmp_path, rule)
    actor = world.actor("pi-a")
    world.keycloak.directory_down = True
    with pytest.raises(Unavailable):
        find_candidates(world, actor=actor, slug="a", search="stranger", limit=20)
