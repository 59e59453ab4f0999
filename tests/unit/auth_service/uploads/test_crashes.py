"""Whatever step of an upload is the last one before a crash: no series is left without its label."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from auth_service.albums import ledger, turns
from auth_service.errors import Conflict
from auth_service.uploads import sending, spool, tending
from tests.fakes.files import dicom, zipped
from tests.unit.auth_service.albums.crashing import Crash, CrashingArchive, CrashingStore, Fuse
from tests.world import TestWorld

OLD = "1.2.5.1"
"""A series that is in the album before."""

FILES = [
    dicom("2.1", "2.1.1", "2.1.1.1"),
    dicom("2.1", "2.1.1", "2.1.1.2"),
    zipped({"a": dicom("2.1", "2.1.2", "2.1.2.1"), "b": b"text", "c": dicom("2.2", "2.2.1", "2.2.1.1")}),
    dicom("1.2.5", OLD, f"{OLD}.91", PatientID="TEST-5"),
    zipped(
        {"a": dicom("1.2.5", OLD, f"{OLD}.92", PatientID="TEST-5"), "b": dicom("2.2", "2.2.1", "2.2.1.2")}
    ),
]
SERIES = {"2.1.1", "2.1.2", "2.2.1", OLD}


def crashing_world(folder: Path, fuse: Fuse) -> TestWorld:
    world = TestWorld.make(folder)
    world.store.close()
    world.store = CrashingStore(world.settings.database_url, fuse)
    world.archive = CrashingArchive(fuse)
    world.album("a", "pi-a", world.store_series(5, 1))
    return world


def send(world: TestWorld, upload: str, number: int, content: bytes) -> None:
    """Send one file as the page does: from where the last piece ended."""
    pi = world.actor("pi-a")
    where = spool.of_file(world.settings, upload, number)
    there = where.stat().st_size if where.exists() else 0
    state, file = sending.expect(
        world, actor=pi, upload=upload, number=number, name=f"{number}", size=len(content), offset=there
    )
    if state.done:
        return
    with file.open("ab") as out:
        out.write(content[there:])
    sending.received(world, actor=pi, upload=upload, number=number)


def send_all(world: TestWorld, upload: str) -> None:
    for number, content in enumerate(FILES, 1):
        send(world, upload, number, content)
    sending.finish(world, actor=world.actor("pi-a"), upload=upload)


def gone_on_with(world: TestWorld, upload: str) -> None:
    # It may have been ended already, by what crashed.
    with suppress(Conflict):
        send_all(world, upload)
    sending.finish(world, actor=world.actor("pi-a"), upload=upload)
    assert ledger.contents(world, album="a") == SERIES
    state = sending.read(world, actor=world.actor("pi-a"), upload=upload)
    assert (state.stored + state.present, state.refused) == (7, 1)
    # What was stored and not counted is there already when it comes again: one image at most.
    assert state.present <= 1
    assert state.report.grown_images in (2, 2 - state.present)


def left_alone(world: TestWorld, upload: str) -> None:
    world.wait(days=2)
    tending.look_after(world)
    ledger.resume_all(world)
    assert sending.read(world, actor=world.actor("pi-a"), upload=upload).report.finished is not None
    assert not spool.kept(world.settings)


@pytest.mark.parametrize("afterwards", [gone_on_with, left_alone])
def test_after_every_crash_what_the_archive_has_is_in_the_album(
    tmp_path: Path, afterwards: Callable[[TestWorld, str], None]
) -> None:
    step, finished = 0, False
    while not finished:
        fuse = Fuse()
        world = crashing_world(tmp_path / str(step), fuse)
        upload = sending.begin(world, actor=world.actor("pi-a"), slug="a").report.change
        fuse.left = step
        try:
            send_all(world, upload)
        except Crash:
            sending._at_work.clear()  # a new process knows nothing of what the old one was at
            turns._locks.clear()
        finished, fuse.left = fuse.burnt == 0, None
        afterwards(world, upload)
        report = sending.read(world, actor=world.actor("pi-a"), upload=upload).report
        came = [
            one for one in world.archive.held["Instance"].values() if f"{OLD}.9" in one.tags["SOPInstanceUID"]
        ]
        # Never more than came, and no series that the upload began, whenever its line was stamped.
        assert report.grown_images == sum(one.images for one in report.grown) <= len(came), step
        assert {one.series for one in report.grown} <= {OLD}, step
        held = {one.tags["SeriesInstanceUID"] for one in world.archive.held["Series"].values()}
        assert {uid for uid, of in world.archive.labels("Series").items() if of == {"album-a"}} == held, step
        assert ledger.contents(world, album="a") == held, step
        world.store.close()
        step += 1
    assert step > 40, "too few steps were tried"
