"""Counts are kept up: after each change, when images arrive, and from time to time."""

import logging
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from sqlalchemy import delete, update

from auth_service.albums import counting, counts, ledger
from auth_service.albums.counting import Counter, follow, one_round
from auth_service.albums.ending import delete_album
from auth_service.albums.holdings import holdings
from auth_service.errors import Unavailable
from auth_service.policy.model import SYSTEM
from auth_service.store import counts as table
from auth_service.store import followers
from auth_service.store.database import Store
from auth_service.store.followers import Follower
from auth_service.store.tables import AlbumCount, ArchiveFollower
from auth_service.vocabulary import ChangeVerb
from tests.counting import Counting
from tests.waiting import eventually
from tests.world import CT, TestWorld, two_albums


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = two_albums(tmp_path)
    yield world
    world.store.close()


def instances(world: TestWorld, slug: str = "a") -> int | None:
    """What is kept, without asking Orthanc."""
    with world.store.read() as tx:
        number = table.ids_of(tx, [slug])[slug]
        found = table.counted(tx, [number]).get(number)
    return found.instances if found else None


def due(world: TestWorld) -> list[str]:
    with world.store.read() as tx:
        return [each.slug for each in table.due(tx, before=world.clock() - counting.AGAIN, limit=99)]


def arrive(world: TestWorld, study: int, series: int, number: int, *, modality: str = CT) -> None:
    uid = f"1.2.{study}.{series}"
    world.archive.add(
        PatientID=f"TEST-{study}",
        StudyInstanceUID=f"1.2.{study}",
        SeriesInstanceUID=uid,
        Modality=modality,
        SOPInstanceUID=f"{uid}.late.{number}",
        SOPClassUID="1.2.840.10008.5.1.4.1.1.2",
    )


def test_a_change_is_counted_when_it_is_done(world: TestWorld) -> None:
    assert (instances(world), instances(world, "b")) == (9, 8)
    world.take("a", "1.2.1.1")
    assert instances(world) == 5
    world.put("a", "1.2.9.1")
    assert (instances(world), due(world)) == (14, [])


def test_an_album_is_empty_from_the_start(world: TestWorld) -> None:
    world.archive.questions.clear()
    world.album("c", "stranger")
    assert (instances(world, "c"), world.archive.questions) == (0, [])


def test_a_large_album_is_counted_by_the_thread(world: TestWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "LARGE", 3)
    world.take("a", "1.2.1.1")
    assert (instances(world), due(world)) == (9, ["a"])
    one_round(world)
    assert (instances(world), due(world)) == (5, [])


def test_what_could_not_be_counted_stays_due(world: TestWorld) -> None:
    change = ledger.begin(world, actor=SYSTEM, album="a", verb=ChangeVerb.REMOVE, series=["1.2.1.1"])
    with mock.patch.object(counts, "holdings", side_effect=Unavailable("orthanc")):
        assert ledger.run(world, change=change).state == "done"
    assert (instances(world), due(world)) == (9, ["a"])
    one_round(world)
    assert (instances(world), due(world)) == (5, [])


def test_a_change_while_orthanc_is_being_asked_is_not_lost(world: TestWorld) -> None:
    def asked_too_early(*given: object) -> object:
        found = holdings(*given)  # type: ignore[arg-type]
        with mock.patch.object(counts, "after_change"):
            world.take("a", "1.2.1.1")
        return found

    for never in (False, True):
        world.put("a", "1.2.1.1")
        with world.store.write() as tx:
            number = table.ids_of(tx, ["a"])["a"]
            if never:
                tx.execute(delete(AlbumCount))
        with mock.patch.object(counts, "holdings", asked_too_early):
            counts.count(world, {number: "a"})
        assert (instances(world), "a" in due(world)) == (9, True)
        one_round(world)
        assert (instances(world), due(world)) == (5, [])


def test_an_answer_that_comes_late_does_not_replace_a_later_one(world: TestWorld) -> None:
    def overtaken(*given: object) -> object:
        found = holdings(*given)  # type: ignore[arg-type]
        with mock.patch.object(counts, "holdings", holdings):
            world.take("a", "1.2.1.1")
        return found

    with world.store.read() as tx:
        number = table.ids_of(tx, ["a"])["a"]
    with mock.patch.object(counts, "holdings", overtaken):
        counts.count(world, {number: "a"})
    assert (instances(world), due(world)) == (5, [])


# Following Orthanc


def test_images_that_arrive_in_a_series_of_an_album_are_counted(world: TestWorld) -> None:
    one_round(world)
    arrive(world, 1, 1, 1)
    arrive(world, 9, 1, 1)
    one_round(world)
    assert instances(world) == 9, "the series may still be arriving"
    world.archive.settle("1.2.1.1")
    world.archive.settle("1.2.9.1")
    world.archive.questions.clear()
    one_round(world)
    assert (instances(world), instances(world, "b")) == (10, 8)
    assert [question["Labels"] for question in world.archive.questions] == [["album-a"]]


def test_a_series_in_two_albums_is_counted_in_both(world: TestWorld) -> None:
    one_round(world)
    arrive(world, 2, 2, 1, modality="MR")
    world.archive.settle("1.2.2.2")
    one_round(world)
    assert (instances(world), instances(world, "b")) == (10, 9)


def test_where_one_has_read_to_is_kept(world: TestWorld) -> None:
    one_round(world)
    world.archive.settle("1.2.1.1")
    one_round(world)
    world.archive.asked_labels_of.clear()
    one_round(world)
    assert world.archive.asked_labels_of == []
    with world.store.read() as tx:
        assert followers.sequence(tx, Follower.COUNTS) == len(world.archive.happened)


def test_many_changes_are_read_page_by_page_over_several_rounds(
    world: TestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "PAGE", 2)
    monkeypatch.setattr(counting, "PAGES", 2)
    follow_until_done(world)
    for number in range(9):
        arrive(world, 1, 1, number)
    world.archive.settle("1.2.1.1")
    follow(world)
    assert due(world) == []
    follow_until_done(world)
    assert due(world) == ["a"]


def follow_until_done(world: TestWorld) -> None:
    """Follow to the end of the list, and count what that made due."""
    with world.store.write() as tx:
        followers.take_turn(tx, Follower.COUNTS, holder="a test", at=world.clock(), until=world.clock())
    for _ in range(99):
        follow(world)
        with world.store.read() as tx:
            done = followers.sequence(tx, Follower.COUNTS) == len(world.archive.happened)
        if done:
            break
    if due(world) == ["a", "b"]:
        one_round(world)


def test_another_archive_than_before_is_counted_anew(world: TestWorld) -> None:
    one_round(world)
    world.archive.happened.clear()
    arrive(world, 1, 1, 1)
    one_round(world)
    assert instances(world) == 10


def test_what_was_deleted_in_orthanc_is_found_when_albums_are_counted_again(world: TestWorld) -> None:
    one_round(world)
    series = world.archive.series("1.2.1.1")
    assert series is not None
    world.archive.delete(series.id)
    one_round(world)
    assert instances(world) == 9
    world.wait(minutes=61)
    one_round(world)
    assert (instances(world), due(world)) == (5, [])


def test_a_round_counts_so_many_albums_and_the_next_one_goes_on(
    world: TestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "ALBUMS", 1)
    with world.store.write() as tx:
        tx.execute(delete(AlbumCount))
    one_round(world)
    assert min(instances(world) or 0, instances(world, "b") or 0) == 0
    one_round(world)
    assert (instances(world), instances(world, "b")) == (9, 8)


def test_albums_that_were_never_counted_come_first_with_either_database(world: TestWorld) -> None:
    one_round(world)
    world.album("new", "pi-a")
    with world.store.write() as tx:
        tx.execute(update(AlbumCount).where(AlbumCount.album_id == 3).values(counted_at=None))
    world.wait(minutes=61)
    with Counting(world.store) as counted:
        assert due(world) == ["new", "a", "b"]
    # Without a word PostgreSQL would put them last.
    assert "NULLS FIRST" in counted.statements[-1]


def test_deleted_albums_are_not_counted(world: TestWorld) -> None:
    delete_album(world, actor=world.actor("pi-a"), slug="a", confirm="a")
    ledger.resume_all(world)
    world.wait(days=1)
    assert due(world) == ["b"]


# Replicas


def test_one_replica_at_a_time_follows(world: TestWorld) -> None:
    first, second = world.store, Store(world.settings.database_url)
    assert one_round(world)
    world.store = second
    assert not one_round(world)
    world.store = first
    assert one_round(world)
    world.wait(seconds=61)
    world.store = second
    assert one_round(world), "who had it is gone"
    world.store = first
    assert not one_round(world)
    with world.store.read() as tx:
        assert tx.get_one(ArchiveFollower, 1).holder == second.writer
    second.close()


def test_who_stops_lets_another_go_on_at_once(world: TestWorld) -> None:
    with Counter(world, every=0.02):
        eventually(lambda: holder(world) == world.store.writer)
    # Leaving waits for the thread as long as a round, and not for a busy machine.
    eventually(lambda: holder(world) is None)


def holder(world: TestWorld) -> str | None:
    with world.store.read() as tx:
        row = tx.get(ArchiveFollower, 1)
        return row.holder if row else None


def test_the_thread_waits_for_orthanc_says_so_once_and_goes_on(
    world: TestWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world.archive.down = True
    with caplog.at_level(logging.WARNING), Counter(world, every=0.02):
        eventually(lambda: len(caplog.records) > 0)
        arrive(world, 1, 1, 1)
        world.archive.down = False
        eventually(lambda: instances(world) == 10)
    assert [record.message for record in caplog.records] == [
        "orthanc does not answer: the counts of albums wait"
    ]


def test_an_unexpected_error_does_not_end_the_thread(
    world: TestWorld, caplog: pytest.LogCaptureFixture
) -> None:
    with Counter(world, every=0.02):
        with mock.patch.object(counting, "follow", side_effect=RuntimeError):
            eventually(lambda: any("could not be kept up" in record.message for record in caplog.records))
        arrive(world, 1, 1, 1)
        world.archive.settle("1.2.1.1")
        eventually(lambda: instances(world) == 10)
