"""Archived albums stand still; deleted ones are gone at once, whatever happens to the process."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from auth_service.albums import ledger
from auth_service.albums.ending import Deletion, archive_album, delete_album, foresee_deletion
from auth_service.albums.finding import AlbumQuery, find_albums
from auth_service.albums.making import create_album
from auth_service.albums.members import Rights, add_member, change_member, list_members, remove_member
from auth_service.albums.rights import check_open
from auth_service.errors import Conflict, Forbidden, Invalid, NotFound
from auth_service.policy.model import SYSTEM
from auth_service.store import albums as albums_table
from auth_service.store import audit as audit_table
from auth_service.store import ledger as ledger_table
from auth_service.store.tables import AuditRecord
from auth_service.vocabulary import MEMBER_ACTIONS, Action, AlbumRole, ChangeVerb
from tests.unit.auth_service.albums.crashing import Crash, CrashingArchive, CrashingStore, Fuse
from tests.world import CT, PEOPLE, TestWorld, two_albums

A, B = "album-a", "album-b"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = two_albums(tmp_path)
    yield world
    world.store.close()


def seen(world: TestWorld, name: str, *, archived: bool = False) -> list[str]:
    query = AlbumQuery(archived=archived)
    return [view.album.slug for view in find_albums(world, actor=world.actor(name), query=query).items]


def events(world: TestWorld) -> list[AuditRecord]:
    with world.store.read() as tx:
        return audit_table.records(tx)


def archive(world: TestWorld, *, back: bool = False, who: str = "pi-a") -> None:
    archive_album(world, actor=world.actor(who), slug="a", archived=not back)


def delete(world: TestWorld, *, who: str = "pi-a", slug: str = "a") -> str | None:
    return delete_album(world, actor=world.actor(who), slug=slug, confirm=slug)


# Archiving


def test_an_archived_album_is_open_to_nothing_new_until_it_is_brought_back(world: TestWorld) -> None:
    owner = world.actor("pi-a")
    view = Rights(role=AlbumRole.MEMBER, actions=frozenset({Action.VIEW}))
    world.give("a", "member-b", Action.VIEW, Action.INVITE)
    archive(world)
    with world.store.read() as tx:
        album = albums_table.album(tx, "a")
        assert album is not None
        with pytest.raises(Conflict) as refused:
            check_open(album)
    assert refused.value.reason == "archived"
    for name in ("pi-a", "member-b"):
        with pytest.raises(Conflict) as refused:
            add_member(world, actor=world.actor(name), slug="a", user="stranger", rights=view)
        assert refused.value.reason == "archived"
    members = {each.subject: each.id for each in list_members(world, actor=owner, slug="a")}
    assert set(members) == {"pi-a", "member-a", "member-b"}
    change_member(
        world, actor=owner, slug="a", member_id=members["member-b"], actions=frozenset({Action.VIEW})
    )
    remove_member(world, actor=owner, slug="a", member_id=members["member-b"])
    archive(world, back=True)
    with world.store.read() as tx:
        album = albums_table.album(tx, "a")
        assert album is not None
        check_open(album)
    add_member(world, actor=owner, slug="a", user="stranger", rights=view)
    assert seen(world, "stranger") == ["a"]


def test_each_turn_is_on_record_once(world: TestWorld) -> None:
    for back in (False, False, True, True, False):
        archive(world, back=back)
    assert [(each.event, each.label) for each in events(world)[-3:]] == [
        ("album-archived", A),
        ("album-brought-back", A),
        ("album-archived", A),
    ]


def test_only_owners_archive(world: TestWorld) -> None:
    world.give("a", "member-b", *MEMBER_ACTIONS)
    for name, error in (("member-b", Forbidden), ("stranger", NotFound), ("admin", NotFound)):
        with pytest.raises(error):
            archive(world, who=name)
    assert seen(world, "member-a") == ["a"]


# Deleting


def test_what_a_deletion_does_is_said_beforehand(world: TestWorld) -> None:
    view = Rights(role=AlbumRole.MEMBER, actions=frozenset({Action.VIEW}), until=date(2026, 3, 2))
    add_member(world, actor=SYSTEM, slug="a", user="stranger", rights=view)
    world.wait(days=1)
    add_member(world, actor=SYSTEM, slug="a", group="/radiology", rights=Rights(role=AlbumRole.OWNER))
    world.put("a", "1.2.9.1")
    world.take("a", "1.2.9.1")

    def foreseen() -> Deletion:
        return foresee_deletion(world, actor=world.actor("pi-a"), slug="a")

    expected = {"slug": "a", "title": "Album a", "people": 2, "groups": 1, "studies": 2, "series": 3}
    # That one of the series is in album b as well is not for him to know.
    assert foreseen() == Deletion(**expected, unseen=3)  # type: ignore[arg-type]
    given = world.give("b", "pi-a", Action.COMMENT)
    assert foreseen().unseen == 3
    change_member(
        world, actor=SYSTEM, slug="b", member_id=given.id, actions=frozenset({Action.COMMENT, Action.VIEW})
    )
    assert foreseen().unseen == 2
    world.take("b", "1.2.2.2")
    assert foreseen().unseen == 3
    assert seen(world, "member-a") == ["a"]


def test_who_may_not_delete_learns_nothing_of_it(world: TestWorld) -> None:
    world.give("a", "member-b", *MEMBER_ACTIONS)
    for name, error in (("member-b", Forbidden), ("stranger", NotFound), ("admin", NotFound)):
        with pytest.raises(error):
            foresee_deletion(world, actor=world.actor(name), slug="a")
        with pytest.raises(error):
            delete(world, who=name)
    assert seen(world, "pi-a") == ["a"]


@pytest.mark.parametrize("confirm", ["", "A", "b", "a "])
def test_it_must_be_meant(world: TestWorld, confirm: str) -> None:
    with pytest.raises(Invalid) as refused:
        delete_album(world, actor=world.actor("pi-a"), slug="a", confirm=confirm)
    assert refused.value.field == "confirm"
    assert seen(world, "pi-a") == ["a"]


def test_a_deleted_album_gives_nothing_from_that_moment_and_keeps_its_record(world: TestWorld) -> None:
    images = dict(world.archive.held["Instance"])
    change = delete(world)
    assert {name: slugs for name in PEOPLE if (slugs := seen(world, name))} == {
        "pi-b": ["b"],
        "member-b": ["b"],
    }
    with world.store.read() as tx:
        for name in PEOPLE:
            grants = albums_table.grants_of(tx, world.actor(name), zone=world.settings.zone)
            assert A not in {grant.label for grant in grants}
    assert world.archive.labels()["1.2.1.1"] == {A}
    for _ in range(2):
        ledger.resume_all(world)
    assert world.archive.labels() == {"1.2.2.2": {B}, "1.2.3.1": {B}}
    assert world.archive.labels("Study") == {"1.2.2": {B}, "1.2.3": {B}}
    assert dict(world.archive.held["Instance"]) == images
    assert change is not None
    report = ledger.report(world, change=change)
    assert (report.verb, report.state, report.done, report.total) == ("remove", "done", 3, 3)
    told = [each for each in events(world) if each.label == A and each.event != "change-begun"]
    assert [each.event for each in told][-2:] == ["album-deleted", "series-removed"]
    assert told[-2].details == {
        "title": "Album a",
        "change": change,
        "people": 2,
        "groups": 0,
        "studies": 2,
        "series": 3,
    }
    assert {each.actor for each in told[-2:]} == {world.actor("pi-a").key}


def test_the_name_is_never_used_again(world: TestWorld) -> None:
    delete(world)
    made = create_album(world, actor=world.actor("pi-a"), title="Again", slug="a")
    assert made.startswith("a-")
    with pytest.raises(NotFound):
        delete(world)
    with pytest.raises(NotFound):
        world.put("a", "1.2.9.1")


def test_an_album_that_never_held_anything_is_deleted_too(world: TestWorld) -> None:
    world.album("empty", "stranger")
    assert delete(world, who="stranger", slug="empty") is None
    assert seen(world, "stranger") == []
    assert ledger.resume_all(world) == []


def test_an_archived_album_can_be_deleted(world: TestWorld) -> None:
    archive(world)
    assert delete(world) is not None
    assert seen(world, "pi-a", archived=True) == []


def test_what_is_still_on_its_way_in_is_taken_out_after_it(world: TestWorld) -> None:
    ledger.begin(world, actor=SYSTEM, album="a", verb=ChangeVerb.ADD, series=["1.2.9.1", "1.2.3.1"])
    delete(world)
    ledger.resume_all(world)
    assert world.archive.labels() == {"1.2.2.2": {B}, "1.2.3.1": {B}}


def test_after_a_crash_at_any_step_the_label_is_gone(tmp_path: Path) -> None:
    burnt = True
    left = 0
    while burnt:
        fuse = Fuse()
        world = two_albums(tmp_path / str(left))
        archive_of = CrashingArchive(fuse)
        archive_of.held = world.archive.held
        world.archive = archive_of
        world.store.close()
        world.store = CrashingStore(world.settings.database_url, fuse)
        actor = world.actor("pi-a")
        fuse.left = left
        try:
            delete_album(world, actor=actor, slug="a", confirm="a")
            ledger.resume_all(world)
        except Crash:
            pass
        fuse.left = None
        burnt = fuse.burnt > 0
        gone = seen(world, "member-a") == []
        if not gone:
            # It died before anything was kept: nothing is half done.
            assert seen(world, "pi-a") == ["a"]
            delete_album(world, actor=actor, slug="a", confirm="a")
        ledger.resume_all(world)
        assert world.archive.labels() == {"1.2.2.2": {B}, "1.2.3.1": {B}}
        assert world.archive.labels("Study") == {"1.2.2": {B}, "1.2.3": {B}}
        with world.store.read() as tx:
            assert ledger_table.unfinished(tx) == []
        world.store.close()
        left += 1
    assert left > 8


def test_a_member_of_both_albums_keeps_what_the_other_gives(world: TestWorld) -> None:
    world.give("b", "member-a", Action.VIEW)
    delete(world)
    ledger.resume_all(world)
    [view] = find_albums(world, actor=world.actor("member-a"), query=AlbumQuery()).items
    assert view.album.slug == "b"
    assert view.holding is not None
    assert (view.holding.series, CT in view.holding.modalities) == (2, False)
