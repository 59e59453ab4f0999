"""Changes that were interrupted are finished while the service runs."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from auth_service.albums import batches, labelling, ledger, resuming, turns
from auth_service.archive import Archive
from auth_service.errors import Unavailable
from auth_service.policy.model import SYSTEM
from auth_service.store.ledger import Stamp
from auth_service.vocabulary import ChangeVerb
from tests.unit.auth_service.albums.batching import in_batches_of
from tests.waiting import eventually
from tests.world import TestWorld, two_albums


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = two_albums(tmp_path)
    yield world
    world.store.close()


def test_what_was_interrupted_is_finished_at_the_start(world: TestWorld) -> None:
    ledger.begin(world, actor=SYSTEM, album="a", verb=ChangeVerb.ADD, series=["1.2.9.1"])
    with resuming.Resumer(world, every=0.05):
        eventually(lambda: "1.2.9.1" in ledger.contents(world, album="a"))


def test_it_waits_for_orthanc_and_says_so_once(world: TestWorld, caplog: pytest.LogCaptureFixture) -> None:
    world.archive.down = True
    ledger.begin(world, actor=SYSTEM, album="a", verb=ChangeVerb.ADD, series=["1.2.9.1"])
    with caplog.at_level(logging.WARNING), resuming.Resumer(world, every=0.02):
        eventually(lambda: len(caplog.records) > 0)
        time.sleep(0.2)
        world.archive.down = False
        eventually(lambda: "1.2.9.1" in ledger.contents(world, album="a"))
    assert [record.message for record in caplog.records] == [
        "orthanc does not answer: interrupted changes wait"
    ]


def test_an_unexpected_error_does_not_end_it(world: TestWorld, caplog: pytest.LogCaptureFixture) -> None:
    ledger.begin(world, actor=SYSTEM, album="a", verb=ChangeVerb.ADD, series=["1.2.9.1"])
    with (
        mock.patch.object(world.archive, "find", side_effect=RuntimeError),
        resuming.Resumer(world, every=0.02),
    ):
        eventually(lambda: any("could not be finished" in record.message for record in caplog.records))
    with resuming.Resumer(world, every=0.02):
        eventually(lambda: "1.2.9.1" in ledger.contents(world, album="a"))


def begin(world: TestWorld, slug: str, verb: ChangeVerb, *series: str) -> str:
    world.wait(seconds=1)
    return ledger.begin(world, actor=SYSTEM, album=slug, verb=verb, series=series)


def test_what_cannot_be_done_in_one_album_keeps_no_other_one_from_it(
    world: TestWorld, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something nobody thought of, or a label that Orthanc will not take, in the album that comes first."""
    apply = labelling.apply

    def not_in_a(archive: Archive, *, label: str, **what: Any) -> list[Stamp]:  # noqa: ANN401 - handed through
        if label == "album-a":
            raise error
        return apply(archive, label=label, **what)

    monkeypatch.setattr(batches, "apply", not_in_a)
    error: Exception
    for error, uid in (
        (RuntimeError("nobody thought of it"), "1.2.9.1"),
        (Unavailable("orthanc"), "1.2.1.2"),
    ):
        begin(world, "a", ChangeVerb.REMOVE, "1.2.1.1")
        change = begin(world, "b", ChangeVerb.ADD, uid)
        with pytest.raises(type(error)):
            ledger.resume_all(world)
        assert ledger.report(world, change=change).state == "done"
    assert [record.exc_info is not None for record in caplog.records] == [True]
    monkeypatch.undo()
    ledger.resume_all(world)
    assert "1.2.1.1" not in ledger.contents(world, album="a")


@in_batches_of(1)
def test_a_removal_waits_for_one_batch_of_others_additions(
    world: TestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for while a long list is put into another album, and a longer one waits before it."""
    world.album("c", "pi-b")
    everything = ("1.2.1.1", "1.2.1.2", "1.2.2.1", "1.2.9.1")
    begin(world, "b", ChangeVerb.ADD, *everything)
    begin(world, "c", ChangeVerb.ADD, *everything)
    order: list[str] = []
    apply = labelling.apply

    def meanwhile(archive: Archive, *, label: str, **what: Any) -> list[Stamp]:  # noqa: ANN401 - handed through
        if not order:
            begin(world, "a", ChangeVerb.REMOVE, "1.2.1.1", "1.2.2.1")
        order.append(label)
        return apply(archive, label=label, **what)

    monkeypatch.setattr(batches, "apply", meanwhile)
    assert {one.state for one in ledger.resume_all(world)} == {"done"}
    assert order[:3] == ["album-b", "album-a", "album-a"]
    assert order[3:] == ["album-c", "album-b"] * 3 + ["album-c"]
    assert ledger.contents(world, album="a") == {"1.2.2.2"}


@in_batches_of(1)
def test_it_stops_between_two_batches(world: TestWorld) -> None:
    change = begin(world, "b", ChangeVerb.ADD, "1.2.1.1", "1.2.1.2", "1.2.2.1")
    begun: list[bool] = []

    def stopped() -> bool:
        begun.append(True)
        return len(begun) > 2

    assert turns.take_turns(world, stopped=stopped) == []
    assert ledger.report(world, change=change).done == 2


def test_a_batch_is_what_is_done_in_about_a_second() -> None:
    pace = turns.Pace()
    first = pace.lines
    pace.took(first - 1, 60.0)
    assert pace.lines == first, "one that was not full says nothing"
    pace.took(first, 2.5)
    assert pace.lines == pytest.approx(first / 2.5)
    pace.took(pace.lines, 60.0)
    assert pace.lines == turns.Pace.LEAST
    seen = [pace.lines]
    while pace.lines < turns.Pace.MOST:
        pace.took(pace.lines, 0.0)
        seen.append(pace.lines)
    assert seen == [100, 400, 1600, 2000]
    pace.took(pace.lines, 1.0)
    assert pace.lines == turns.Pace.MOST
