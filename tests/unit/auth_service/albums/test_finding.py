"""Who sees which albums, with which counts."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from auth_service.albums.ending import archive_album
from auth_service.albums.finding import AlbumPage, AlbumQuery, Days, find_album, find_albums
from auth_service.albums.holdings import Holding, Picture
from auth_service.albums.leaving import mark_favourite
from auth_service.albums.making import create_album
from auth_service.albums.members import Rights, add_member, remove_member
from auth_service.albums.rights import accesses
from auth_service.errors import Invalid, NotFound, Unavailable
from auth_service.policy.model import NOBODY, SYSTEM
from auth_service.store import audit as audit_table
from auth_service.store.albums import grants_of
from auth_service.store.tables import AlbumCount
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


def never_counted(world: TestWorld) -> None:
    """Let the albums be as before counts were kept."""
    with world.store.write() as tx:
        tx.execute(delete(AlbumCount))
    world.archive.questions.clear()


def test_counts_are_those_of_the_albums_series_without_a_question(world: TestWorld) -> None:
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
    assert world.archive.questions == []


def test_what_was_never_counted_is_counted_with_one_question_and_kept(world: TestWorld) -> None:
    member(world, "b", None, Action.VIEW, user="pi-a")
    kept = [view.holding for view in page(world, "pi-a", sort="title").items]
    never_counted(world)
    for _ in range(2):
        assert [view.holding for view in page(world, "pi-a", sort="title").items] == kept
    assert [question["Labels"] for question in world.archive.questions] == [["album-a", "album-b"]]


def test_an_empty_album_counts_zero(world: TestWorld) -> None:
    world.album("empty", "stranger")
    [view] = page(world, "stranger").items
    assert view.holding == Holding(studies=0, series=0, instances=0, modalities=(), picture=None)


def test_who_has_no_albums_makes_no_question_to_orthanc(world: TestWorld) -> None:
    world.archive.questions.clear()
    found = page(world, "stranger")
    assert (found.items, found.total, found.complete) == ((), 0, True)
    assert world.archive.questions == []


def test_without_view_there_are_no_counts(world: TestWorld) -> None:
    member(world, "a", None, Action.UPLOAD, user="member-b")
    never_counted(world)
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


def test_without_orthanc_the_kept_counts_are_shown_with_when_they_were_counted(world: TestWorld) -> None:
    counted_at = world.clock()
    world.wait(hours=5)
    world.archive.down = True
    for found in (
        page(world, "pi-a"),
        page(world, "pi-a", modality=CT),
        page(world, "pi-a", sort="-studies"),
        find_album(world, actor=world.actor("pi-a"), slug="a"),
    ):
        [view] = found.items
        assert found.complete
        assert view.kept is not None
        assert (view.kept.holding.series, view.kept.at) == (3, counted_at)


def test_without_orthanc_what_was_never_counted_is_unknown_and_the_album_listed(world: TestWorld) -> None:
    never_counted(world)
    world.archive.down = True
    found = page(world, "pi-a")
    assert [(view.album.slug, view.holding) for view in found.items] == [("a", None)]
    assert found.complete is False
    assert find_album(world, actor=world.actor("pi-a"), slug="a").complete is False
    assert page(world, "stranger").complete is True
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
        ("*", {"a", "c1", "c2", "c3", "c4"}),
        ("br*n", {"c3"}),
        ("*rain*", {"c3"}),
        ("brain*empty", set()),
        ("n*br", set()),
        ("wait*etude", {"c4"}),
        ("empty*waits", set()),
        ("b*y d*e", {"c2"}),
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


def test_filters_by_day_in_the_zone_of_the_site(shelf: TestWorld) -> None:
    # Made on 3, 4, 5 and 6 March at 9 in the morning there; album a on the 2nd.
    def made(first: date | None, last: date | None) -> set[str]:
        return set(seen(shelf, "stranger", created=Days(first=first, last=last)))

    assert made(date(2026, 3, 4), None) == {"c2", "c3", "c4"}
    assert made(None, date(2026, 3, 3)) == {"a", "c1"}
    assert made(date(2026, 3, 4), date(2026, 3, 4)) == {"c2"}
    assert made(date(2026, 3, 5), date(2026, 3, 4)) == set()
    shelf.wait(hours=14, minutes=59)  # one minute before midnight there, and the 7th in UTC
    shelf.take("c1", "1.2.3.1")
    assert seen(shelf, "stranger", changed=Days(first=date(2026, 3, 7))) == []
    assert seen(shelf, "stranger", changed=Days(last=date(2026, 3, 6)), search="étude") == ["c1", "c4"]
    with pytest.raises(Invalid) as refused:
        seen(shelf, "stranger", changed=Days(last=date.max))
    assert refused.value.field == "changed_to"


def test_filters_by_right(shelf: TestWorld) -> None:
    assert set(seen(shelf, "stranger", can=Action.VIEW)) == {"a", "c1", "c2", "c3", "c4"}
    assert set(seen(shelf, "stranger", can=Action.UPLOAD)) == {"c1", "c2", "c3", "c4"}
    member(shelf, "b", None, Action.UPLOAD, user="stranger")
    assert "b" in seen(shelf, "stranger", can=Action.UPLOAD)
    assert "b" not in seen(shelf, "stranger", can=Action.VIEW)


def test_archived_albums_are_listed_where_they_are_asked_for(shelf: TestWorld) -> None:
    archive_album(shelf, actor=shelf.actor("stranger"), slug="c1", archived=True)
    assert set(seen(shelf, "stranger")) == {"a", "c2", "c3", "c4"}
    assert seen(shelf, "stranger", archived=True) == ["c1"]
    assert find_album(shelf, actor=shelf.actor("stranger"), slug="c1").items[0].holding is not None


def test_favourites_are_each_persons_own(shelf: TestWorld) -> None:
    actor = shelf.actor("stranger")
    for _ in range(2):
        mark_favourite(shelf, actor=actor, slug="a", favourite=True)
    assert seen(shelf, "stranger", favourite=True) == ["a"]
    assert set(seen(shelf, "stranger", favourite=False)) == {"c1", "c2", "c3", "c4"}
    assert seen(shelf, "pi-a", favourite=True) == []
    assert [view.favourite for view in page(shelf, "pi-a").items] == [False]
    for _ in range(2):
        mark_favourite(shelf, actor=actor, slug="a", favourite=False)
    assert seen(shelf, "stranger", favourite=True) == []
    with pytest.raises(NotFound):
        mark_favourite(shelf, actor=actor, slug="b", favourite=True)


def test_members_are_counted_while_their_right_runs(world: TestWorld) -> None:
    member(world, "a", date(2026, 3, 2), Action.VIEW, user="stranger")
    member(world, "a", None, Action.VIEW, group="/radiology")
    assert [view.members for view in page(world, "member-a").items] == [4]
    world.wait(days=1)
    assert [view.members for view in page(world, "member-a").items] == [3]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("changed", ["a", "c1", "c2", "c3", "c4"]),
        ("-changed", ["c4", "c3", "c2", "c1", "a"]),
        ("title", ["a", "c2", "c3", "c4", "c1"]),
        ("-title", ["c1", "c4", "c3", "c2", "a"]),
        ("created", ["a", "c1", "c2", "c3", "c4"]),
        ("-created", ["c4", "c3", "c2", "c1", "a"]),
        ("members", ["c2", "c3", "c4", "c1", "a"]),
        ("-members", ["a", "c2", "c3", "c4", "c1"]),
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
    never_counted(shelf)
    page(shelf, "stranger", sort="title", limit=2, offset=1)
    assert [question["Labels"] for question in shelf.archive.questions] == [["album-c2", "album-c3"]]


def test_the_last_change_is_that_of_the_content(world: TestWorld) -> None:
    changed = page(world, "pi-a").items[0].album.changed_at
    world.wait(days=1)
    member(world, "a", None, Action.VIEW, user="stranger")
    assert page(world, "pi-a").items[0].album.changed_at == changed
    world.take("a", "1.2.1.1")
    assert page(world, "pi-a").items[0].album.changed_at == changed + timedelta(days=1)
