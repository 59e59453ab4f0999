"""Nobody gets at what others send by having announced it before them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from auth_service.albums import ledger
from auth_service.archive import Stored
from auth_service.origin import NOWHERE
from auth_service.uploads import sending, storing, tending
from auth_service.uploads.intake import Intake
from auth_service.vocabulary import LineFailure
from tests.fakes.files import dicom
from tests.unit.auth_service.albums.crashing import Crash, CrashingArchive, CrashingStore, Fuse
from tests.world import TestWorld

SERIES = "2.1.1"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = TestWorld.make(tmp_path / "world")
    world.album("a", "pi-a")
    world.album("b", "pi-b")
    yield world
    world.store.close()


def begin(world: TestWorld, who: str, slug: str) -> Intake:
    return storing.begin(world, actor=world.actor(who), slug=slug, study=None, origin=NOWHERE)


def take(intake: Intake, folder: Path, number: int) -> LineFailure | None:
    file = folder / "image.dcm"
    file.write_bytes(dicom("2.1", SERIES, f"{SERIES}.{number}"))
    (taken,) = sending.take_all(intake, file, "image.dcm")
    return taken.why


def victim_sends(world: TestWorld, folder: Path) -> None:
    intake = begin(world, "pi-a", "a")
    assert take(intake, folder, 2) is None
    sending.close(world, intake.change)


def nothing_helps(world: TestWorld, intake: Intake, folder: Path) -> None:
    """Wait, send more, end it: the series stays where it came first."""
    world.wait(minutes=1)
    tending.look_after(world)
    assert world.archive.labels("Series") == {SERIES: {"album-a"}}
    assert take(intake, folder, 3) is LineFailure.TAKEN
    sending.close(world, intake.change)
    ledger.resume_all(world)
    assert world.archive.labels("Series") == {SERIES: {"album-a"}}
    assert world.archive.labels("Study") == {"2.1": {"album-a"}}
    assert ledger.contents(world, album="b") == frozenset()
    assert ledger.contents(world, album="a") == {SERIES}


@pytest.mark.parametrize("same_image", [False, True])
def test_who_had_a_file_refused_gets_nothing_of_the_series_later(
    world: TestWorld, tmp_path: Path, *, same_image: bool
) -> None:
    intake = begin(world, "pi-b", "b")
    world.archive.refuses = True
    assert take(intake, tmp_path, 2 if same_image else 1) is LineFailure.NOT_ACCEPTED
    world.archive.refuses = False
    victim_sends(world, tmp_path)
    nothing_helps(world, intake, tmp_path)


@pytest.mark.parametrize("same_image", [False, True])
def test_who_was_cut_off_before_his_image_came_gets_nothing_either(
    tmp_path: Path, *, same_image: bool
) -> None:
    fuse = Fuse()
    world = TestWorld.make(tmp_path / "world")
    world.store.close()
    world.store = CrashingStore(world.settings.database_url, fuse)
    world.archive = CrashingArchive(fuse)
    world.album("a", "pi-a")
    world.album("b", "pi-b")
    intake = begin(world, "pi-b", "b")
    # The three steps of the intent, and the next one is the archive's.
    fuse.left = 3
    with pytest.raises(Crash):
        take(intake, tmp_path, 2 if same_image else 1)
    assert world.archive.labels("Series") == {}
    assert world.archive.held["Series"] == {}
    victim_sends(world, tmp_path)
    nothing_helps(world, intake, tmp_path)
    world.store.close()


def test_who_was_cut_off_after_it_goes_on(tmp_path: Path) -> None:
    fuse = Fuse()
    world = TestWorld.make(tmp_path / "world")
    world.archive = CrashingArchive(fuse)
    world.album("b", "pi-b")
    intake = begin(world, "pi-b", "b")
    fuse.left = 1
    with pytest.raises(Crash):
        take(intake, tmp_path, 1)
    assert len(world.archive.held["Series"]) == 1
    assert take(intake, tmp_path, 2) is None
    sending.close(world, intake.change)
    assert world.archive.labels("Series") == {SERIES: {"album-b"}}
    world.store.close()


def test_a_series_that_begins_elsewhere_meanwhile_is_not_the_senders(
    world: TestWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = world.archive.store

    def beside_others(file: Path) -> Stored:
        for number in (2, 3):
            other = tmp_path / f"other-{number}"
            other.write_bytes(dicom("2.1", SERIES, f"{SERIES}.{number}"))
            store(other)
        return store(file)

    intake = begin(world, "pi-b", "b")
    monkeypatch.setattr(world.archive, "store", beside_others)
    assert take(intake, tmp_path, 1) is LineFailure.TAKEN
    monkeypatch.undo()
    world.wait(minutes=1)
    tending.look_after(world)
    sending.close(world, intake.change)
    assert world.archive.labels("Series") == {}
    found = {one.tags["SOPInstanceUID"] for one in world.archive.held["Instance"].values()}
    assert found == {f"{SERIES}.2", f"{SERIES}.3"}


def test_what_is_read_otherwise_than_it_was_judged_is_taken_out_again(
    world: TestWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = world.archive.store

    def other_than_judged(_: Path) -> Stored:
        other = tmp_path / "other"
        other.write_bytes(dicom("2.7", "2.7.1", "2.7.1.1"))
        return store(other)

    intake = begin(world, "pi-b", "b")
    monkeypatch.setattr(world.archive, "store", other_than_judged)
    assert take(intake, tmp_path, 1) is LineFailure.NOT_ACCEPTED
    assert world.archive.held["Instance"] == {}


def test_an_upload_that_cannot_be_looked_after_keeps_no_other_waiting(
    world: TestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = begin(world, "pi-a", "a"), begin(world, "pi-b", "b")
    close = sending.close

    def fails(world: TestWorld, upload: str) -> None:
        if upload == first.change:
            raise ValueError("something that nobody thought of")
        close(world, upload)

    monkeypatch.setattr(sending, "close", fails)
    world.wait(days=2)
    tending.look_after(world)
    done = sending.read(world, actor=world.actor("pi-b"), upload=second.change)
    assert done.report.finished is not None
