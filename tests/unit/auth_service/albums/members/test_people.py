"""Who can see an album and why; who is in one's albums; how much somebody may see."""

import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from auth_service.albums.members import add_member
from auth_service.albums.members import people as people_module
from auth_service.albums.members.owned import members_of_mine
from auth_service.albums.members.people import PeoplePage, people_of_album
from auth_service.albums.members.seeing import Sees, count_access
from auth_service.errors import Forbidden, NotFound, Unavailable
from auth_service.policy.model import SYSTEM
from auth_service.vocabulary import OWNER_ACTIONS, Action, Level
from tests.unit.auth_service.albums.members.having import OWNER, VIEWER, records, rights
from tests.world import PEOPLE, TestWorld, two_albums

RULES = """{
  "roles": {
    "auditor": { "authorized-labels": ["*"], "permissions": ["view"] },
    "researcher": { "authorized-labels": ["teaching"], "permissions": ["view", "download"] },
    "pi": { "authorized-labels": ["elsewhere"], "permissions": ["view"] }
  },
  "paradim-grants": [
    { "to": { "person": "stranger" }, "labels": ["trauma"], "actions": ["view"], "modalities": ["CT"] },
    { "to": { "group": "/radiology" }, "labels": ["*"], "actions": ["export"], "until": "2026-03-01" }
  ]
}
"""

Made = Callable[..., TestWorld]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    """Let everybody find everybody, so that all names are told."""
    world = two_albums(tmp_path / "open", find_people="everybody")
    yield world
    world.store.close()


@pytest.fixture
def with_rules(tmp_path: Path) -> Iterator[Made]:
    made: list[TestWorld] = []

    def make(text: str, find_people: str = "everybody") -> TestWorld:
        file = tmp_path / "permissions.jsonc"
        file.write_text(text, encoding="utf-8")
        os.utime(file, (0, 0))  # so that nobody can be writing to it now
        world = two_albums(tmp_path / "world", rules_file=str(file), find_people=find_people)
        for user in world.keycloak.users.values():
            user.roles = set()
        world.keycloak.users["admin"].roles = {"auditor"}
        world.keycloak.users["member-b"].roles = {"researcher"}
        world.keycloak.users["pi-b"].roles = {"pi"}
        world.rules.admit(world.actor("pi-a"))
        made.append(world)
        return world

    yield make
    for world in made:
        world.store.close()


def label(world: TestWorld, level: Level, uid: str, name: str) -> None:
    found = world.archive.study(uid) if level is Level.STUDY else world.archive.series(uid)
    assert found is not None
    world.archive.set_label(level, found.id, name)


def look(world: TestWorld, *, who: str = "pi-a", limit: int = 100, offset: int = 0) -> PeoplePage:
    return people_of_album(world, actor=world.actor(who), slug="a", limit=limit, offset=offset)


def reasons(page: PeoplePage) -> dict[str, list[tuple[str, str | None, set[str], bool]]]:
    return {
        each.username: [
            (str(one.kind), one.group or one.rule or None, {str(action) for action in one.actions}, one.ended)
            for one in each.sources
        ]
        for each in page.items
    }


def test_groups_are_expanded_to_their_people_with_each_reason(world: TestWorld) -> None:
    add_member(world, actor=SYSTEM, slug="a", group="/radiology", rights=rights(Action.VIEW, Action.COMMENT))
    until = rights(Action.DOWNLOAD, until=date(2026, 3, 2))
    add_member(world, actor=SYSTEM, slug="a", user="group-member", rights=until)
    world.wait(days=1)
    page = look(world)
    everything = {str(action) for action in OWNER_ACTIONS}
    assert reasons(page) == {
        "group-member": [
            ("group", "/radiology", {"view", "comment"}, False),
            ("membership", None, {"download"}, True),
        ],
        "member-a": [("membership", None, {"view"}, False)],
        "pi-a": [("membership", None, everything, False)],
    }
    found = {each.username: each for each in page.items}
    assert found["group-member"].actions == {Action.VIEW, Action.COMMENT}
    assert [one.until for one in found["group-member"].sources] == [None, date(2026, 3, 2)]
    assert (page.total, page.complete) == (3, True)


def test_who_could_and_may_no_more_is_marked(world: TestWorld) -> None:
    add_member(
        world, actor=SYSTEM, slug="a", user="stranger", rights=rights(Action.VIEW, until=date(2026, 3, 2))
    )
    assert {each.username: each.ended for each in look(world).items}["stranger"] is False
    world.wait(days=1)
    found = {each.username: each for each in look(world).items}
    assert (found["stranger"].ended, found["stranger"].actions) == (True, frozenset())
    assert not found["pi-a"].ended


def test_rules_about_everything_and_about_labels_of_the_album_are_expanded(with_rules: Made) -> None:
    world = with_rules(RULES)
    # One series of the album, the study of another, and something that is in no album of pi-a's.
    label(world, Level.SERIES, "1.2.1.1", "trauma")
    label(world, Level.STUDY, "1.2.2", "teaching")
    label(world, Level.SERIES, "1.2.9.1", "elsewhere")
    found = reasons(look(world))
    assert found["admin"] == [("rule", "permissions.jsonc:3", {"view"}, False)]
    assert found["member-b"] == [("rule", "permissions.jsonc:4", {"view", "download"}, False)]
    assert found["stranger"] == [("rule", "permissions.jsonc:8", {"view"}, False)]
    assert found["group-member"] == [("rule", "permissions.jsonc:9", {"export"}, True)]
    assert set(found) == {"pi-a", "member-a", "admin", "member-b", "stranger", "group-member"}
    told = {each.username: each.sources[0] for each in look(world).items}
    assert (told["admin"].everything, told["admin"].role) == (True, "auditor")
    assert (told["stranger"].everything, told["stranger"].modalities) == (False, ("CT",))


def test_a_label_of_another_series_of_the_study_is_none_of_the_albums(with_rules: Made) -> None:
    world = with_rules(RULES)
    label(world, Level.SERIES, "1.2.9.1", "trauma")
    label(world, Level.STUDY, "1.2.9", "teaching")
    assert set(reasons(look(world))) == {"pi-a", "member-a", "admin", "group-member"}


def test_people_come_page_by_page(world: TestWorld) -> None:
    add_member(world, actor=SYSTEM, slug="a", user="stranger", rights=VIEWER)
    names = [each.username for each in look(world).items]
    assert names == ["member-a", "pi-a", "stranger"]
    page = look(world, limit=1, offset=1)
    assert ([each.username for each in page.items], page.total) == (["pi-a"], 3)


def test_more_people_than_are_looked_up_are_said_to_be_more(
    world: TestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_module, "MOST_PEOPLE", 2)
    for name in ("member-b", "pi-b", "stranger"):
        world.keycloak.users[name].groups = {"/radiology/head"}
    add_member(world, actor=SYSTEM, slug="a", group="/radiology/head", rights=VIEWER)
    add_member(world, actor=SYSTEM, slug="a", group="/radiology/chest", rights=VIEWER)
    page = look(world)
    # Members are not looked up, and no group is asked about once so many are found.
    assert (page.total, page.complete) == (4, False)
    assert [(one.source.group, one.people, one.more) for one in page.unnamed] == [
        ("/radiology/head", 0, True),
        ("/radiology/chest", 0, True),
    ]


def test_of_many_groups_and_roles_only_some_are_asked_about(
    world: TestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_module, "MOST_ASKED", 1)
    add_member(world, actor=SYSTEM, slug="a", group="/radiology/chest", rights=VIEWER)
    add_member(world, actor=SYSTEM, slug="a", group="/radiology", rights=VIEWER)
    page = look(world)
    assert [(one.source.group, one.people, one.more) for one in page.unnamed] == [("/radiology", 0, True)]
    assert not page.complete


# Whose names are told


def unnamed(page: PeoplePage) -> list[tuple[str | None, str | None, int, bool]]:
    return [
        (one.source.group or one.source.role, one.source.rule, one.people, one.more) for one in page.unnamed
    ]


@pytest.mark.parametrize("rule", ["same-groups", "exact-address"])
def test_who_cannot_be_found_is_counted_and_not_named(with_rules: Made, rule: str) -> None:
    world = with_rules(RULES, rule)
    world.album("empty", "pi-a")
    page = people_of_album(world, actor=world.actor("pi-a"), slug="empty", limit=100, offset=0)
    assert [each.username for each in page.items] == ["pi-a"]
    assert unnamed(page) == [
        ("auditor", "permissions.jsonc:3", 1, False),
        (None, "permissions.jsonc:9", 1, False),
    ]
    assert page.total == 1


def test_a_person_whom_a_rule_names_is_counted_where_he_cannot_be_found(with_rules: Made) -> None:
    world = with_rules(RULES, "same-groups")
    label(world, Level.SERIES, "1.2.1.1", "trauma")
    world.keycloak.calls.clear()
    page = look(world)
    assert "stranger" not in reasons(page)
    assert (None, "permissions.jsonc:8", 1, False) in unnamed(page)
    assert "standing" not in world.keycloak.calls


def test_of_a_group_those_are_named_with_whom_one_shares_one(with_rules: Made) -> None:
    world = with_rules(RULES, "same-groups")
    users = world.keycloak.users
    users["pi-a"].groups = {"/radiology/head"}
    users["stranger"].groups = {"/radiology/chest"}
    world.keycloak.add_group("/physics")
    users["member-b"].groups, users["pi-b"].groups = {"/physics"}, {"/physics", "/radiology"}
    for group in ("/radiology/chest", "/physics"):
        add_member(world, actor=SYSTEM, slug="a", group=group, rights=VIEWER)
    page = look(world)
    assert set(reasons(page)) == {"pi-a", "member-a", "stranger", "group-member", "pi-b"}
    assert ("/physics", None, 1, False) in unnamed(page)
    # He is no member of the group of which the rule speaks, nor is he told who else has the role.
    assert ("auditor", "permissions.jsonc:3", 1, False) in unnamed(page)


def test_with_exact_addresses_not_even_colleagues_are_named(with_rules: Made) -> None:
    world = with_rules(RULES, "exact-address")
    world.keycloak.users["pi-a"].groups = {"/radiology/chest"}
    add_member(world, actor=SYSTEM, slug="a", group="/radiology/chest", rights=VIEWER)
    page = look(world)
    # Himself he knows; members were named here before.
    assert set(reasons(page)) == {"pi-a", "member-a"}
    assert ("/radiology/chest", None, 1, False) in unnamed(page)
    assert [each.kind for each in page.items[-1].sources] == ["membership", "group", "rule"]


def test_that_an_owner_looked_is_on_record_and_pages_are_a_count(world: TestWorld) -> None:
    look(world, limit=1)
    look(world, limit=1, offset=1)
    [record] = records(world, "people-read")
    assert (record.actor, record.target, record.label) == (world.actor("pi-a").key, "a", "album-a")
    assert record.count == 2


@pytest.mark.parametrize("name", PEOPLE)
def test_only_owners_are_told_who_can_see_an_album(world: TestWorld, name: str) -> None:
    if name == "pi-a":
        return
    with pytest.raises(Forbidden if name == "member-a" else NotFound):
        look(world, who=name)


def test_without_keycloak_it_cannot_be_told(world: TestWorld) -> None:
    add_member(world, actor=SYSTEM, slug="a", group="/radiology", rights=VIEWER)
    actor = world.actor("pi-a")
    world.keycloak.directory_down = True
    with pytest.raises(Unavailable):
        people_of_album(world, actor=actor, slug="a", limit=10, offset=0)


# Everybody in one's albums


def test_an_owner_sees_everybody_in_all_of_his_albums_and_in_no_other(world: TestWorld) -> None:
    world.album("c", "pi-a")
    add_member(world, actor=SYSTEM, slug="c", user="member-a", rights=OWNER)
    add_member(world, actor=SYSTEM, slug="c", email="new@example.org", rights=VIEWER)
    found = members_of_mine(world, actor=world.actor("pi-a"), limit=100, offset=0)
    assert found.albums == (("a", "Album a"), ("c", "Album c"))
    assert {
        row.first.subject: {slug: view.rights for slug, view in row.by_album.items()} for row in found.rows
    } == {
        "pi-a": {"a": OWNER, "c": OWNER},
        "member-a": {"a": VIEWER, "c": OWNER},
        "new@example.org": {"c": VIEWER},
    }
    page = members_of_mine(world, actor=world.actor("pi-a"), limit=1, offset=2)
    assert ([row.first.subject for row in page.rows], page.total) == (["new@example.org"], 3)


@pytest.mark.parametrize("name", ["member-a", "stranger", "admin"])
def test_who_owns_no_album_sees_nobody(world: TestWorld, name: str) -> None:
    found = members_of_mine(world, actor=world.actor(name), limit=100, offset=0)
    assert (found.albums, list(found.rows), found.total) == ((), [], 0)


# How much somebody may see


def count(world: TestWorld, name: str) -> Sees:
    return count_access(world, asker=world.actor("admin"), subject=world.keycloak.users[name].sub)


def test_what_somebody_may_see_is_counted_by_what_and_in_all(with_rules: Made) -> None:
    world = with_rules(RULES)
    label(world, Level.STUDY, "1.2.2", "teaching")
    add_member(world, actor=SYSTEM, slug="a", user="member-b", rights=VIEWER)
    found = count(world, "member-b")
    assert (found.username, found.albums, found.studies, found.series) == ("member-b", 2, 3, 4)
    assert [(str(one.kind), one.album, one.rule, one.studies, one.series) for one in found.by] == [
        ("membership", "b", None, 2, 2),
        ("membership", "a", None, 2, 3),
        ("rule", None, "permissions.jsonc:4", 1, 2),
    ]
    whole = count(world, "admin")
    assert (whole.albums, whole.studies, whole.series) == (0, 4, 6)


def test_a_right_without_view_and_one_that_is_over_show_nothing(world: TestWorld) -> None:
    add_member(world, actor=SYSTEM, slug="a", user="stranger", rights=rights(Action.DOWNLOAD))
    add_member(
        world, actor=SYSTEM, slug="b", user="stranger", rights=rights(Action.VIEW, until=date(2026, 3, 2))
    )
    world.wait(days=1)
    found = count(world, "stranger")
    assert (found.albums, found.studies, found.series, found.by) == (0, 0, 0, ())


def test_that_an_administrator_was_told_is_on_record(world: TestWorld) -> None:
    count(world, "member-a")
    [record] = records(world, "access-counted")
    assert record.target == world.actor("member-a").key
    assert record.actor == world.actor("admin").key


def test_an_account_that_is_gone_is_not_counted_for(world: TestWorld) -> None:
    with pytest.raises(NotFound):
        count_access(world, asker=world.actor("admin"), subject="nobody-of-this-number")
    world.keycloak.users["stranger"].enabled = False
    with pytest.raises(NotFound):
        count(world, "stranger")


def test_what_an_album_holds_of_a_group_is_told_by_the_group(world: TestWorld) -> None:
    add_member(world, actor=SYSTEM, slug="b", group="/radiology", rights=VIEWER)
    [by] = count(world, "group-member").by
    assert (str(by.kind), by.album, by.group, by.studies) == ("group", "b", "/radiology", 2)
