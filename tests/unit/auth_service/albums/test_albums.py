"""Who sees which albums, with which counts."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from auth_service.albums import (
    AlbumPage,
    AlbumQuery,
    create_album,
    find_album,
    find_albums,
    slug_from,
)
from auth_service.albums.holdings import Holding, Picture
from auth_service.albums.members import Rights, add_member, list_members, remove_member
from auth_service.albums.rights import accesses
from auth_service.errors import Forbidden, Invalid, NotFound, Unavailable
from auth_service.policy.model import NOBODY, SYSTEM
from auth_service.store import audit as audit_table
from auth_service.store.albums import grants_of
from auth_service.vocabulary import OWNER_ACTIONS, Action, AlbumRole
from tests.world import CT, MR, PEOPLE, SEG, TestWorld, two_albums


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = two_albums(tmp_path)
    yield world
    world.store.close()


def page(world: TestWorld, name: str, **query: object) -> AlbumPage:
    return find_albums(world, actor=world.actor(name), query=AlbumQuery(**query))  # type: ignore[arg-type]


def seen(world: TestWorld, name: str, **query: object) -> list[str]:
    return [view.album.slug for view in page(world, name, **query).items]


def member(world: TestWorld, slug: str, until: date | None, *actions: Action, **subject: Any) -> int:  # noqa: ANN401
    rights = Rights(role=AlbumRole.MEMBER, actions=frozenset(actions), until=until)
    return add_member(world, actor=SYSTEM, slug=slug, rights=rights, **subject).id


# Who sees what


def test_everybody_sees_exactly_the_albums_he_belongs_to(world: TestWorld) -> None:
    assert {name: seen(world, name) for name in PEOPLE} == {
        "pi-a": ["a"],
        "pi-b": ["b"],
        "member-a": ["a"],
        "member-b": ["b"],
        "group-member": [],
        "stranger": [],
        "admin": [],
    }


def test_a_hidden_album_and_none_at_all_look_the_same(world: TestWorld) -> None:
    for slug in ("b", "none"):
        with pytest.raises(NotFound):
            find_album(world, actor=world.actor("member-a"), slug=slug)
    with world.store.read() as tx:
        denials = [r for r in audit_table.records(tx) if r.event == "denied"]
    assert [(r.actor_name, r.action, r.level, r.target, r.reason, r.label) for r in denials] == [
        ("Test Member-A", "view", "album", "b", "no-grant", None),
        ("Test Member-A", "view", "album", "none", "no-grant", None),
    ]


def test_an_owner_may_everything_and_a_member_what_he_was_given(world: TestWorld) -> None:
    rights = {
        name: [(view.access.role, view.access.actions, view.access.until) for view in page(world, name).items]
        for name in ("pi-a", "member-a", "member-b")
    }
    assert rights == {
        "pi-a": [(AlbumRole.OWNER, OWNER_ACTIONS, None)],
        "member-a": [(AlbumRole.MEMBER, {Action.VIEW}, None)],
        "member-b": [(AlbumRole.MEMBER, {Action.VIEW, Action.DOWNLOAD}, None)],
    }


def test_people_of_a_group_and_of_its_subgroups_see_its_album(world: TestWorld) -> None:
    given = member(world, "a", None, Action.VIEW, group="/radiology")
    member(world, "b", None, Action.VIEW, group="/radiology/head")
    assert seen(world, "group-member") == ["a"]
    assert seen(world, "stranger") == []
    world.keycloak.users["group-member"].groups = set()
    assert seen(world, "group-member") == []
    world.keycloak.users["group-member"].groups = {"/radiology/head"}
    assert seen(world, "group-member", sort="title") == ["a", "b"]
    remove_member(world, actor=SYSTEM, slug="a", member_id=given)
    assert seen(world, "group-member") == ["b"]


def test_rights_of_several_memberships_are_shown_together_and_granted_apart(world: TestWorld) -> None:
    member(world, "a", date(2026, 3, 10), Action.VIEW, Action.COMMENT, user="group-member")
    member(world, "a", date(2026, 3, 5), Action.VIEW, Action.DOWNLOAD, group="/radiology/chest")
    actor = world.actor("group-member")
    [found] = page(world, "group-member").items
    assert found.access.actions == {Action.VIEW, Action.COMMENT, Action.DOWNLOAD}
    assert found.access.until == date(2026, 3, 10)
    with world.store.read() as tx:
        grants = grants_of(tx, actor, zone=world.settings.zone)
    assert {(grant.actions, grant.label, grant.until and grant.until.isoformat()) for grant in grants} == {
        (frozenset({Action.VIEW, Action.COMMENT}), "album-a", "2026-03-11T00:00:00-04:00"),
        (frozenset({Action.VIEW, Action.DOWNLOAD}), "album-a", "2026-03-06T00:00:00-05:00"),
    }
    world.wait(days=4)
    assert page(world, "group-member").items[0].access.actions == {Action.VIEW, Action.COMMENT}


def test_the_last_day_is_a_whole_day_in_the_zone_of_the_site(world: TestWorld) -> None:
    # 2 March 2026, 9 in the morning in Montreal, five hours behind UTC.
    member(world, "a", date(2026, 3, 2), Action.VIEW, user="stranger")
    assert seen(world, "stranger") == ["a"]
    world.wait(hours=14, minutes=59)
    assert world.clock().isoformat() == "2026-03-03T04:59:00+00:00"
    assert seen(world, "stranger") == ["a"]
    world.wait(minutes=1)
    assert seen(world, "stranger") == []
    with pytest.raises(NotFound):
        find_album(world, actor=world.actor("stranger"), slug="a")


def test_given_taken_and_given_again(world: TestWorld) -> None:
    for _ in range(2):
        given = member(world, "a", None, Action.VIEW, user="stranger")
        assert seen(world, "stranger") == ["a"]
        remove_member(world, actor=world.actor("pi-a"), slug="a", member_id=given)
        assert seen(world, "stranger") == []


def test_only_people_have_albums(world: TestWorld) -> None:
    with world.store.read() as tx:
        for actor in (NOBODY, SYSTEM):
            assert accesses(tx, actor, at=world.clock(), zone=world.settings.zone) == []


# Counts


def test_counts_are_those_of_the_albums_series_with_one_question(world: TestWorld) -> None:
    member(world, "b", None, Action.VIEW, user="pi-a")
    world.archive.questions.clear()
    found = page(world, "pi-a", sort="title")
    assert [view.holding for view in found.items] == [
        Holding(
            studies=2,
            series=3,
            instances=9,
            modalities=(CT, MR),
            picture=Picture(study="1.2.1", series="1.2.1.1"),
        ),
        Holding(
            studies=2,
            series=2,
            instances=8,
            modalities=(MR,),
            picture=Picture(study="1.2.3", series="1.2.3.1"),
        ),
    ]
    assert [question["Labels"] for question in world.archive.questions] == [["album-a", "album-b"]]


def test_an_empty_album_counts_zero(world: TestWorld) -> None:
    world.album("empty", "stranger")
    [view] = page(world, "stranger").items
    assert view.holding == Holding(studies=0, series=0, instances=0, modalities=(), picture=None)


def test_who_has_no_albums_makes_no_question_to_orthanc(world: TestWorld) -> None:
    world.archive.questions.clear()
    found = page(world, "stranger")
    assert (found.items, found.total, found.archive_answers) == ((), 0, True)
    assert world.archive.questions == []


def test_without_view_there_are_no_counts(world: TestWorld) -> None:
    member(world, "a", None, Action.UPLOAD, user="member-b")
    world.archive.questions.clear()
    found = page(world, "member-b", sort="title")
    assert [(view.album.slug, view.holding is None) for view in found.items] == [("a", True), ("b", False)]
    assert [question["Labels"] for question in world.archive.questions] == [["album-b"]]
    assert seen(world, "member-b", modality=CT) == []


def test_the_picture_is_of_the_largest_series_of_images(world: TestWorld) -> None:
    for series, modality, instances in ((1, SEG, 9), (2, "SR", 20), (3, CT, 3), (4, MR, 3), (5, CT, 2)):
        world.store_series(6, series, modality=modality, instances=instances)
    world.album("c", "stranger", "1.2.6.2")

    def picture() -> Picture | None:
        [view] = page(world, "stranger").items
        assert view.holding is not None
        return view.holding.picture

    assert picture() is None
    world.put("c", "1.2.6.1")
    assert picture() == Picture(study="1.2.6", series="1.2.6.1")
    world.put("c", "1.2.6.4", "1.2.6.5")
    assert picture() == Picture(study="1.2.6", series="1.2.6.4")
    world.put("c", "1.2.6.3")
    assert picture() == Picture(study="1.2.6", series="1.2.6.3")


def test_without_orthanc_the_albums_are_listed_and_counts_are_unknown(world: TestWorld) -> None:
    world.archive.down = True
    found = page(world, "pi-a")
    assert [(view.album.slug, view.holding) for view in found.items] == [("a", None)]
    assert found.archive_answers is False
    assert find_album(world, actor=world.actor("pi-a"), slug="a").archive_answers is False
    assert page(world, "stranger").archive_answers is False
    assert seen(world, "pi-a", sort="-studies") == ["a"]
    with pytest.raises(Unavailable):
        page(world, "pi-a", modality=CT)


# Search, order, pages


@pytest.fixture
def shelf(world: TestWorld) -> TestWorld:
    """Five albums that the stranger owns or sees, made a day apart."""
    for slug, title, description, series in (
        ("c1", "Étude cérébrale", "IRM 3T", ("1.2.2.2", "1.2.3.1")),
        ("c2", "bone density", "Densité osseuse", ("1.2.1.1",)),
        ("c3", "Brain CT", "", ("1.2.1.1", "1.2.2.1", "1.2.9.1")),
        ("c4", "Empty", "waits for Étude", ()),
    ):
        world.wait(days=1)
        create_album(world, actor=SYSTEM, title=title, description=description, slug=slug, owner="stranger")
        if series:
            world.put(slug, *series)
    member(world, "a", None, Action.VIEW, user="stranger")
    return world


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("", {"a", "c1", "c2", "c3", "c4"}),
        ("etude", {"c1", "c4"}),
        ("ÉTUDE", {"c1", "c4"}),
        ("cerebrale irm", {"c1"}),
        ("densite OSSEUSE", {"c2"}),
        ("test stranger", {"c1", "c2", "c3", "c4"}),
        ("Pi-A", {"a"}),
        ("brain density", set()),
        ("%", set()),
    ],
)
def test_words_are_found_without_case_and_accents(shelf: TestWorld, search: str, expected: set[str]) -> None:
    assert set(seen(shelf, "stranger", search=search)) == expected


def test_filters_by_modality_and_by_owner(shelf: TestWorld) -> None:
    assert set(seen(shelf, "stranger", modality=CT)) == {"a", "c2", "c3"}
    assert set(seen(shelf, "stranger", modality=MR)) == {"a", "c1"}
    assert seen(shelf, "stranger", modality=SEG) == []
    assert set(seen(shelf, "stranger", mine=True)) == {"c1", "c2", "c3", "c4"}
    assert seen(shelf, "stranger", mine=False) == ["a"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("changed", ["a", "c1", "c2", "c3", "c4"]),
        ("-changed", ["c4", "c3", "c2", "c1", "a"]),
        ("title", ["a", "c2", "c3", "c4", "c1"]),
        ("-title", ["c1", "c4", "c3", "c2", "a"]),
        ("studies", ["c4", "c2", "a", "c1", "c3"]),
        ("-studies", ["c3", "a", "c1", "c2", "c4"]),
    ],
)
def test_orders(shelf: TestWorld, sort: str, expected: list[str]) -> None:
    assert seen(shelf, "stranger", sort=sort) == expected


@pytest.mark.parametrize("sort", ["-changed", "studies", "title"])
def test_pages_hold_every_album_once(shelf: TestWorld, sort: str) -> None:
    whole = seen(shelf, "stranger", sort=sort)
    pages = [page(shelf, "stranger", sort=sort, limit=2, offset=offset) for offset in (0, 2, 4, 6)]
    assert [len(each.items) for each in pages] == [2, 2, 1, 0]
    assert {each.total for each in pages} == {5}
    assert [view.album.slug for each in pages for view in each.items] == whole


def test_only_the_albums_of_the_page_are_counted(shelf: TestWorld) -> None:
    shelf.archive.questions.clear()
    page(shelf, "stranger", sort="title", limit=2, offset=1)
    assert [question["Labels"] for question in shelf.archive.questions] == [["album-c2", "album-c3"]]


def test_the_last_change_is_that_of_the_content(world: TestWorld) -> None:
    changed = page(world, "pi-a").items[0].album.changed_at
    world.wait(days=1)
    member(world, "a", None, Action.VIEW, user="stranger")
    assert page(world, "pi-a").items[0].album.changed_at == changed
    world.take("a", "1.2.1.1")
    assert page(world, "pi-a").items[0].album.changed_at == changed + timedelta(days=1)


# Making albums


def test_who_makes_an_album_owns_it(world: TestWorld) -> None:
    actor = world.actor("stranger")
    slug = create_album(world, actor=actor, title="  My\n album ", description=" ours ")
    assert slug == "my-album"
    [view] = page(world, "stranger").items
    assert (view.album.title, view.album.description, view.owners) == ("My album", "ours", ("stranger",))
    assert view.access.role is AlbumRole.OWNER
    [owner] = list_members(world, actor=actor, slug=slug)
    assert (owner.subject, owner.rights) == ("stranger", Rights(role=AlbumRole.OWNER))
    with world.store.read() as tx:
        last = audit_table.records(tx)[-1]
    assert (last.event, last.actor, last.label) == ("album-created", actor.key, "album-my-album")


def test_a_person_cannot_make_an_album_for_another(world: TestWorld) -> None:
    for actor in (world.actor("stranger"), world.actor("admin"), NOBODY):
        with pytest.raises(Forbidden):
            create_album(world, actor=actor, title="Album", owner="pi-a")
    with pytest.raises(Forbidden):
        create_album(world, actor=NOBODY, title="Album")
    with pytest.raises(Forbidden):
        create_album(world, actor=SYSTEM, title="Album")
    assert seen(world, "pi-a") == ["a"]


def test_an_owner_whom_nobody_knows_is_refused(world: TestWorld) -> None:
    with pytest.raises(Invalid) as refused:
        create_album(world, actor=SYSTEM, title="Album", owner="no-one")
    assert refused.value.field == "owner"


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Head CT", "head-ct"),
        ("IRM cérébrale / Brain MR", "irm-cerebrale-brain-mr"),
        ("--- a  b ---", "a-b"),
        ("../../etc/passwd", "etc-passwd"),
        ("日本", "album"),
        ("x" * 60, "x" * 50),
        ("a" * 49 + " b", "a" * 49),
    ],
)
def test_a_slug_is_made_from_the_title(title: str, slug: str) -> None:
    assert slug_from(title) == slug


def test_a_slug_that_was_ever_used_gets_a_suffix(world: TestWorld) -> None:
    made = [create_album(world, actor=world.actor("stranger"), title="Taken", slug="a") for _ in range(3)]
    assert len({*made, "a"}) == 4
    for slug in made:
        assert slug.startswith("a-")
        assert len(slug) == 6
    long = "y" * 50
    first, second = (create_album(world, actor=world.actor("stranger"), title=long) for _ in range(2))
    assert first == long
    assert len(second) == 50
    assert second.startswith("y" * 45 + "-")


@pytest.mark.parametrize("slug", ["", "-a", "A", "a_b", "a b", "a/b", "é", "a" * 51, "a\n"])
def test_a_slug_that_is_none_is_refused(world: TestWorld, slug: str) -> None:
    with pytest.raises(Invalid) as refused:
        create_album(world, actor=world.actor("stranger"), title="Album", slug=slug)
    assert refused.value.field == "slug"


@pytest.mark.parametrize("title", ["", "  ", "x" * 256, "a\x00b", "a\u202eb"])
def test_a_title_that_is_none_is_refused(world: TestWorld, title: str) -> None:
    with pytest.raises(Invalid) as refused:
        create_album(world, actor=world.actor("stranger"), title=title)
    assert refused.value.field == "title"


def test_a_description_that_is_too_long_is_refused(world: TestWorld) -> None:
    with pytest.raises(Invalid) as refused:
        create_album(world, actor=world.actor("stranger"), title="Album", description="x" * 2049)
    assert refused.value.field == "description"
