"""Images of one series that come at the same moment all go in, whichever of them is the first."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from auth_service.albums import ledger, receiving
from auth_service.origin import NOWHERE
from auth_service.uploads import sending, storing, tending
from auth_service.uploads.intake import Intake
from auth_service.vocabulary import LineFailure
from tests.fakes.files import dicom
from tests.world import TestWorld

SERIES = "2.1.1"
PATIENCE = 30


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = TestWorld.make(tmp_path / "world")
    world.album("a", "pi-a")
    yield world
    world.store.close()


@pytest.fixture
def intake(world: TestWorld) -> Intake:
    return storing.begin(world, actor=world.actor("pi-a"), slug="a", study=None, origin=NOWHERE)


def take(intake: Intake, folder: Path, number: int) -> LineFailure | None:
    file = folder / f"{number}.dcm"
    file.write_bytes(dicom("2.1", SERIES, f"{SERIES}.{number}"))
    (taken,) = sending.take_all(intake, file, file.name)
    return taken.why


def images(world: TestWorld) -> set[str]:
    return {one.tags["SOPInstanceUID"] for one in world.archive.held["Instance"].values()}


class Another(threading.Thread):
    """Sends an image of the same series; tells when it has looked the series up."""

    def __init__(self, world: TestWorld, intake: Intake, folder: Path, number: int) -> None:
        super().__init__(daemon=True)
        self.looked = threading.Event()
        self.why: LineFailure | str | None = "nothing came of it"
        self._find, self._work = world.archive.find, (intake, folder, number)

    def run(self) -> None:
        try:
            self.why = take(*self._work)
        finally:
            self.looked.set()

    def find(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        found = self._find(query)
        if threading.current_thread() is self and query["Level"] == "Series":
            self.looked.set()
        return found


def test_the_second_comes_while_the_first_waits_for_its_label(
    world: TestWorld, intake: Intake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = Another(world, intake, tmp_path, 2)
    monkeypatch.setattr(world.archive, "find", another.find)
    arrived = receiving.arrived

    def meanwhile(world: TestWorld, *, change: str, series: str, instance: str) -> bool:
        if threading.current_thread() is not another:
            another.start()
            assert another.looked.wait(PATIENCE)
        return arrived(world, change=change, series=series, instance=instance)

    monkeypatch.setattr(receiving, "arrived", meanwhile)
    assert take(intake, tmp_path, 1) is None
    another.join(PATIENCE)
    assert another.why is None
    sending.close(world, intake.change)
    assert images(world) == {f"{SERIES}.1", f"{SERIES}.2"}
    assert ledger.contents(world, album="a") == {SERIES}


def test_the_first_gets_its_label_from_another_hand_and_the_second_comes_before_it_is_counted(
    world: TestWorld, intake: Intake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = Another(world, intake, tmp_path, 2)
    found, begun = world.archive.instance, threading.Event()

    def meanwhile(identifier: str) -> Any:  # noqa: ANN401 - as the archive's own
        answer = found(identifier)
        if not begun.is_set():
            begun.set()
            # What looks after uploads gives the label, and the next image comes at once.
            tending.look_after(world)
            receiving.label_arrived(world, change=intake.change)
            another.start()
            another.join(PATIENCE)
        return answer

    monkeypatch.setattr(world.archive, "instance", meanwhile)
    assert take(intake, tmp_path, 1) is None
    assert another.why is None
    sending.close(world, intake.change)
    assert images(world) == {f"{SERIES}.1", f"{SERIES}.2"}
    assert ledger.contents(world, album="a") == {SERIES}


def test_of_those_that_come_at_once_into_a_series_that_was_there_before_each_is_counted(
    world: TestWorld, intake: Intake, tmp_path: Path
) -> None:
    first = storing.begin(world, actor=world.actor("pi-a"), slug="a", study=None, origin=NOWHERE)
    assert take(first, tmp_path, 1) is None
    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(lambda number: take(intake, tmp_path, number), range(2, 14))) == {None}
    told = ledger.report(world, change=intake.change)
    assert [(one.series, one.images) for one in told.grown] == [(SERIES, 12)]
    assert ledger.report(world, change=first.change).grown_images == 0


def test_counting_by_series_takes_no_transaction_of_its_own(
    world: TestWorld, intake: Intake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image that comes into a series which is there costs one transaction that writes."""
    first = storing.begin(world, actor=world.actor("pi-a"), slug="a", study=None, origin=NOWHERE)
    take(first, tmp_path, 1)
    write = Mock(side_effect=world.store.write)
    monkeypatch.setattr(world.store, "write", write)
    for number in (2, 3, 4):
        assert take(intake, tmp_path, number) is None
    assert write.call_count == 3
