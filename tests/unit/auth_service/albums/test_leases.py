"""Two processes and one album: one works on it at a time, and what a late one wrote does not stay."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from auth_service.albums import batches, labelling, leases, ledger, resuming, turns
from auth_service.albums.leases import LATE, LEASE
from auth_service.archive import Archive
from auth_service.errors import Unavailable
from auth_service.policy.model import SYSTEM
from auth_service.store import ledger as table
from auth_service.store import turns as turns_table
from auth_service.store.database import Store
from auth_service.store.ledger import Stamp
from auth_service.vocabulary import ChangeVerb, Level
from tests.unit.auth_service.albums.crashing import Crash
from tests.unit.auth_service.albums.test_ledger import agree, carrying
from tests.world import TestWorld, two_albums

ADD, REMOVE = ChangeVerb.ADD, ChangeVerb.REMOVE


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = two_albums(tmp_path)
    yield world
    world.store.close()


@pytest.fixture
def other(world: TestWorld) -> Iterator[TestWorld]:
    """Another process of the same service: the same database, archive and time."""
    other = replace(world, store=Store(world.settings.database_url))
    yield other
    other.store.close()


def begin(world: TestWorld, verb: ChangeVerb, *series: str, slug: str = "a") -> str:
    return ledger.begin(world, actor=SYSTEM, album=slug, verb=verb, series=series)


def number(world: TestWorld, slug: str = "a") -> int:
    with world.store.read() as tx:
        found = table.unfinished(tx)
        album = table.change(tx, found[0])
    assert album is not None
    assert album[1].slug == slug
    return album[1].id


def when_written(world: TestWorld, then: Callable[[], None], *, write: str = "set_label") -> None:
    """Have something happen when the next label is about to be sent, after all was looked at."""
    sent = getattr(world.archive, write)

    def meanwhile(level: Level, orthanc_id: str, label: str) -> bool:
        setattr(world.archive, write, sent)
        then()
        done: bool = sent(level, orthanc_id, label)
        return done

    setattr(world.archive, write, meanwhile)


def test_while_one_process_works_on_an_album_another_leaves_it_to_it(
    world: TestWorld, other: TestWorld
) -> None:
    change = begin(world, ADD, "1.2.9.1")
    album = number(world)
    elsewhere = begin(other, ADD, "1.2.1.1", slug="b")
    stepped: list[bool] = []

    def meanwhile() -> None:
        stepped.append(turns.step(other, album))
        assert turns.take_turns(other) == []

    when_written(world, meanwhile)
    assert turns.step(world, album)
    assert stepped == [False]
    assert ledger.report(world, change=elsewhere).state == "done", "other albums go on"
    assert ledger.report(world, change=change).state == "done"
    begin(other, REMOVE, "1.2.9.1")
    assert turns.step(other, album), "what is done is given back at once"
    agree(world, "a")


def test_who_dies_is_replaced_when_his_lease_is_over(world: TestWorld, other: TestWorld) -> None:
    change = begin(world, ADD, "1.2.9.1")
    album = number(world)

    def die() -> None:
        raise Crash

    when_written(world, die)
    with pytest.raises(Crash):
        turns.step(world, album)
    assert not turns.step(other, album)
    assert turns.take_turns(other) == []
    assert ledger.report(other, change=change).state == "running"
    world.wait(seconds=LEASE.total_seconds())
    assert ledger.run(other, change=change).state == "done"
    agree(world, "a")


def test_a_long_batch_keeps_its_lease(world: TestWorld, other: TestWorld) -> None:
    """An archive takes its time for each label: the lease is prolonged as long as they are written."""
    begin(world, ADD, "1.2.9.1", "1.2.1.2", "1.2.3.1")
    album = number(world)
    sent, stepped = world.archive.set_label, []

    def slowly(level: Level, orthanc_id: str, label: str) -> bool:
        world.wait(seconds=LEASE.total_seconds() * 0.9)
        stepped.append(turns.step(other, album))
        return sent(level, orthanc_id, label)

    with mock.patch.object(world.archive, "set_label", slowly):
        assert turns.step(world, album)
    assert len(stepped) >= 3
    assert not any(stepped)
    agree(world, "a")


@pytest.mark.parametrize("pause", [LEASE, LATE * 3])
def test_a_label_that_a_process_writes_after_it_was_replaced_does_not_stay(
    world: TestWorld, other: TestWorld, pause: timedelta
) -> None:
    """It stands still right before it sends a label, and goes on when another has taken the series out."""
    change = begin(world, ADD, "1.2.9.1", "1.2.1.2")
    album = number(world)

    def meanwhile() -> None:
        world.wait(seconds=pause.total_seconds())
        removal = begin(other, REMOVE, "1.2.9.1", "1.2.1.2")
        assert ledger.run(other, change=removal).state == "done"
        resuming.look_again(other)
        agree(world, "a")

    when_written(world, meanwhile)
    assert not turns.step(world, album), "it notices before the next label"
    assert len(carrying(world, "album-a") - ledger.contents(world, album="a")) == 1
    assert ledger.report(world, change=change).done == 2, "by the other"
    resuming.look_again(world)
    assert len(carrying(world, "album-a") - ledger.contents(world, album="a")) == 1, "it is too early"
    world.wait(seconds=LATE.total_seconds())
    resuming.look_again(world)
    agree(world, "a")
    with world.store.read() as tx:
        assert turns_table.to_look_at(tx, at=world.clock() + LATE * 9) == []


def test_who_was_replaced_stamps_nothing(
    world: TestWorld, other: TestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of its labels were written; what it says of them would be the last word, and is not any more."""
    change = begin(world, ADD, "1.2.9.1")
    album = number(world)

    def slowly(archive: Archive, **what: Any) -> list[Stamp]:  # noqa: ANN401 - handed through
        stamps = labelling.apply(archive, **what)
        monkeypatch.undo()
        world.wait(seconds=LEASE.total_seconds())
        ledger.run(other, change=change)
        ledger.run(other, change=begin(other, REMOVE, "1.2.9.1"))
        return stamps

    monkeypatch.setattr(batches, "apply", slowly)
    assert not turns.step(world, album)
    assert "1.2.9.1" not in ledger.contents(world, album="a")
    agree(world, "a")


def test_after_a_silence_in_the_middle_the_labels_are_looked_at_again(world: TestWorld) -> None:
    """Orthanc does what it was asked for after nobody waited for it any more, and the change was stopped."""
    change = begin(world, ADD, "1.2.9.1")

    def silence() -> None:
        world.archive.down = True

    when_written(world, silence)
    with pytest.raises(Unavailable):
        ledger.run(world, change=change)
    world.archive.down = False
    with world.store.write() as tx:
        table.ask_to_cancel(tx, change, world.clock())
    assert ledger.run(world, change=change).state == "cancelled"
    series = world.archive.series("1.2.9.1")
    assert series is not None
    world.archive.set_label(Level.SERIES, series.id, "album-a")
    world.wait(seconds=LATE.total_seconds())
    resuming.look_again(world)
    agree(world, "a")


def test_an_album_is_looked_at_until_nothing_of_it_is_under_way(world: TestWorld, other: TestWorld) -> None:
    """Of what a change is to do nothing can be said; that it is over meanwhile must not end it."""
    change = begin(world, ADD, "1.2.9.1")
    album = number(world)
    with world.store.write() as tx:
        turns_table.take(tx, album, holder="gone", at=world.clock(), until=world.clock(), look_at=None)
        turns_table.doubt(tx, album, look_at=world.clock())
    for _ in range(2):
        resuming.look_again(world)
        world.wait(seconds=LATE.total_seconds())
        with world.store.read() as tx:
            assert [each.slug for each in turns_table.to_look_at(tx, at=world.clock())] == ["a"]
    ledger.run(world, change=change)
    world.wait(seconds=LATE.total_seconds() * 2)
    resuming.look_again(world)
    with world.store.read() as tx:
        assert turns_table.to_look_at(tx, at=world.clock() + LATE) == []


def test_a_lease_is_taken_by_one_of_two_who_come_at_once(world: TestWorld, other: TestWorld) -> None:
    begin(world, ADD, "1.2.9.1")
    album = number(world)
    with leases.held(world, album) as mine, leases.held(other, album) as theirs:
        assert mine is not None
        assert theirs is None
    with leases.held(other, album) as theirs:
        assert theirs is not None
