"""Series into albums and out of them: labels, ledger, and what a crash leaves."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from auth_service.albums import labelling, ledger
from auth_service.albums.finding import find_album
from auth_service.albums.leases import LEASE
from auth_service.errors import Forbidden, Invalid, NotFound, Unavailable
from auth_service.policy.model import NOBODY, SYSTEM
from auth_service.store import audit as audit_table
from auth_service.store import ledger as table
from auth_service.store.tables import AuditRecord
from auth_service.vocabulary import ChangeVerb, Level
from tests.fakes.archive import FakeArchive
from tests.unit.auth_service.albums.crashing import Crash, CrashingArchive, CrashingStore, Fuse
from tests.world import TestWorld, two_albums

A, B = "album-a", "album-b"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = two_albums(tmp_path)
    yield world
    world.store.close()


def test_labels_and_ledger_say_what_was_put_in(world: TestWorld) -> None:
    assert world.archive.labels("Series") == {
        "1.2.1.1": {A},
        "1.2.2.1": {A},
        "1.2.2.2": {A, B},
        "1.2.3.1": {B},
    }
    assert world.archive.labels("Study") == {"1.2.1": {A}, "1.2.2": {A, B}, "1.2.3": {B}}
    assert world.archive.labels("Patient") == {}
    assert world.archive.labels("Instance") == {}
    assert ledger.contents(world, album="a") == {"1.2.1.1", "1.2.2.1", "1.2.2.2"}
    assert ledger.contents(world, album="b") == {"1.2.2.2", "1.2.3.1"}


def test_the_study_keeps_the_label_while_another_series_of_it_is_in(world: TestWorld) -> None:
    report = world.take("a", "1.2.2.1")
    assert (report.state, report.done, report.total, report.failed) == ("done", 1, 1, ())
    assert world.archive.labels("Study") == {"1.2.1": {A}, "1.2.2": {A, B}, "1.2.3": {B}}
    world.take("a", "1.2.2.2")
    assert world.archive.labels("Study") == {"1.2.1": {A}, "1.2.2": {B}, "1.2.3": {B}}
    assert world.archive.labels("Series") == {"1.2.1.1": {A}, "1.2.2.2": {B}, "1.2.3.1": {B}}
    assert ledger.contents(world, album="a") == {"1.2.1.1"}
    assert ledger.contents(world, album="b") == {"1.2.2.2", "1.2.3.1"}


def test_in_out_and_in_again(world: TestWorld) -> None:
    for _ in range(2):
        world.take("b", "1.2.3.1")
        assert ledger.contents(world, album="b") == {"1.2.2.2"}
        assert "1.2.3.1" not in world.archive.labels()
        world.put("b", "1.2.3.1")
        assert ledger.contents(world, album="b") == {"1.2.2.2", "1.2.3.1"}
        assert world.archive.labels()["1.2.3.1"] == {B}


def test_repeating_is_harmless(world: TestWorld) -> None:
    before = (world.archive.labels("Series"), world.archive.labels("Study"))
    report = world.put("a", "1.2.1.1", "1.2.1.1", "1.2.2.1")
    assert (report.state, report.done, report.total) == ("done", 2, 2)
    assert ledger.run(world, change=report.change) == report
    assert ledger.resume_all(world) == []
    assert (world.archive.labels("Series"), world.archive.labels("Study")) == before
    assert ledger.contents(world, album="a") == {"1.2.1.1", "1.2.2.1", "1.2.2.2"}


def test_what_was_in_the_album_at_a_time(world: TestWorld) -> None:
    moments: list[tuple[datetime, frozenset[str]]] = []

    def note() -> None:
        moments.append((world.clock(), ledger.contents(world, album="a")))
        world.wait(days=1)

    note()
    world.take("a", "1.2.1.1", "1.2.2.2")
    note()
    world.put("a", "1.2.3.1")
    note()
    world.put("a", "1.2.1.1")
    note()
    assert [contents for _, contents in moments] == [
        {"1.2.1.1", "1.2.2.1", "1.2.2.2"},
        {"1.2.2.1"},
        {"1.2.2.1", "1.2.3.1"},
        {"1.2.1.1", "1.2.2.1", "1.2.3.1"},
    ]
    for at, contents in moments:
        assert ledger.contents(world, album="a", at=at) == contents
        assert ledger.contents(world, album="a", at=at + timedelta(hours=23)) == contents
    assert ledger.contents(world, album="a", at=moments[0][0] - timedelta(seconds=1)) == set()


def test_a_series_that_does_not_exist_is_a_line_and_the_rest_goes_on(world: TestWorld) -> None:
    report = world.put("a", "1.2.9.1", "1.9.9", "1.2.3.1")
    assert (report.state, report.done, report.total) == ("done", 2, 3)
    assert report.failed == (ledger.Failure(uid="1.9.9", reason="missing"),)
    assert ledger.contents(world, album="a") == {"1.2.1.1", "1.2.2.1", "1.2.2.2", "1.2.9.1", "1.2.3.1"}


def test_a_change_of_which_nothing_could_be_done_has_failed(world: TestWorld) -> None:
    changed = album_changed(world)
    world.wait(days=1)
    report = world.put("a", "1.9.9")
    assert (report.state, report.done, report.total) == ("failed", 0, 1)
    assert album_changed(world) == changed


@pytest.mark.parametrize("uid", ["1.2.5.1", "1.2.5.2"])
def test_what_exists_under_two_patients_is_refused_and_on_record(world: TestWorld, uid: str) -> None:
    world.store_series(5, 1, patient="TEST-5")
    world.store_series(5, 1, patient="TEST-6")
    world.store_series(5, 2, patient="TEST-5")  # one series, in a study that exists twice
    report = world.put("a", "1.2.9.1", uid)
    assert report.failed == (ledger.Failure(uid=uid, reason="ambiguous"),)
    assert uid not in world.archive.labels()
    assert "1.2.5" not in world.archive.labels("Study")
    assert ledger.contents(world, album="a") == {"1.2.1.1", "1.2.2.1", "1.2.2.2", "1.2.9.1"}
    with world.store.read() as tx:
        found = [(r.event, r.level, r.target) for r in audit_table.records(tx) if r.event == "ambiguous"]
    assert found == [("ambiguous", "series", uid)]


def test_a_series_that_the_archive_lost_can_be_taken_out(world: TestWorld) -> None:
    series = world.archive.series("1.2.2.1")
    assert series is not None
    world.archive.delete(series.id)
    world.take("a", "1.2.2.2")
    assert world.archive.labels("Study")["1.2.2"] == {B}
    assert ledger.contents(world, album="a") == {"1.2.1.1", "1.2.2.1"}
    report = world.take("a", "1.2.2.1", "1.9.9")
    assert report.failed == (ledger.Failure(uid="1.9.9", reason="missing"),)
    assert ledger.contents(world, album="a") == {"1.2.1.1"}


@pytest.mark.parametrize("uid", ["", "*", "1.2.*", "1.2\\1.3", "1.2.", "abc", "1." * 32 + "1", "1.2 "])
def test_what_is_no_identifier_is_refused_and_nothing_is_done(world: TestWorld, uid: str) -> None:
    before = world.archive.labels()
    with pytest.raises(Invalid) as refused:
        world.put("a", "1.2.9.1", uid)
    assert refused.value.field == "series"
    assert world.archive.labels() == before
    assert ledger.resume_all(world) == []


def test_a_change_of_nothing_is_refused(world: TestWorld) -> None:
    with pytest.raises(Invalid):
        world.put("a")


def test_people_cannot_fill_albums_yet(world: TestWorld) -> None:
    for actor in (world.actor("pi-a"), world.actor("admin"), world.actor("stranger"), NOBODY):
        for verb in ChangeVerb:
            with pytest.raises(Forbidden):
                ledger.begin(world, actor=actor, album="a", verb=verb, series=["1.2.9.1"])
    assert ledger.resume_all(world) == []


def test_an_album_or_change_that_does_not_exist_is_not_found(world: TestWorld) -> None:
    with pytest.raises(NotFound):
        world.put("c", "1.2.9.1")
    with pytest.raises(NotFound):
        ledger.contents(world, album="c")
    with pytest.raises(NotFound):
        ledger.run(world, change="none")
    with pytest.raises(NotFound):
        ledger.report(world, change="none")


def test_a_change_is_on_record_with_its_counts(world: TestWorld) -> None:
    report = world.put("a", "1.2.9.1", "1.9.9")
    with world.store.read() as tx:
        last = audit_table.records(tx)[-1]
    assert (last.event, last.actor, last.target, last.label) == ("series-added", "system", "a", A)
    assert last.details == {"change": report.change, "done": 1, "failed": 1}


def test_when_orthanc_is_down_the_change_waits_and_is_finished_later(world: TestWorld) -> None:
    change = ledger.begin(world, actor=SYSTEM, album="a", verb=ChangeVerb.ADD, series=["1.2.9.1"])
    world.archive.down = True
    with pytest.raises(Unavailable):
        ledger.run(world, change=change)
    with pytest.raises(Unavailable):
        ledger.resume_all(world)
    assert ledger.report(world, change=change).state == "running"
    assert "1.2.9.1" not in ledger.contents(world, album="a")
    world.archive.down = False
    assert [report.state for report in ledger.resume_all(world)] == ["done"]
    assert "1.2.9.1" in ledger.contents(world, album="a")


def test_what_was_asked_first_is_done_first(world: TestWorld) -> None:
    first = ledger.begin(world, actor=SYSTEM, album="a", verb=ChangeVerb.ADD, series=["1.2.9.1"])
    second = ledger.begin(world, actor=SYSTEM, album="a", verb=ChangeVerb.REMOVE, series=["1.2.9.1"])
    ledger.run(world, change=second)
    assert ledger.report(world, change=first).state == "done"
    assert "1.2.9.1" not in ledger.contents(world, album="a")
    assert "1.2.9.1" not in world.archive.labels()


def test_every_crash_between_two_steps_is_finished(tmp_path: Path) -> None:
    """Die at each step of adding, and of removing, then start again: the end is always the same."""
    for verb in ChangeVerb:
        step, finished = 0, False
        while not finished:
            fuse = Fuse()
            world = crashing_world(tmp_path / f"{verb}-{step}", fuse)
            series = ["1.2.1.1", "1.2.2.1", "1.2.2.2"]
            if verb is ChangeVerb.REMOVE:
                world.put("a", *series)
            change = ledger.begin(world, actor=SYSTEM, album="a", verb=verb, series=series)
            fuse.left = step
            try:
                ledger.run(world, change=change)
            except Crash:
                restart(world, fuse)
                ledger.resume_all(world)
            finished, fuse.left = fuse.burnt == 0, None
            expected = {uid: {A} for uid in series} if verb is ChangeVerb.ADD else {}
            assert world.archive.labels("Series") == expected, step
            assert world.archive.labels("Study") == ({"1.2.1": {A}, "1.2.2": {A}} if expected else {}), step
            assert ledger.contents(world, album="a") == set(expected), step
            done = "series-added" if verb is ChangeVerb.ADD else "series-removed"
            told = [r.event for r in records(world) if r.details.get("change") == change]
            assert told == ["change-begun", done], step
            world.store.close()
            step += 1
        assert step > 15, "too few steps were tried"


def test_a_change_that_was_stopped_after_a_crash_at_any_step_leaves_no_label_that_the_ledger_knows_not_of(
    tmp_path: Path,
) -> None:
    """Die at each step, and have the change stopped before it is resumed: what is not done is undone."""
    for verb in ChangeVerb:
        step, finished, halfway = 0, False, 0
        while not finished:
            fuse = Fuse()
            world = crashing_world(tmp_path / f"{verb}-{step}", fuse)
            series = ["1.2.1.1", "1.2.2.1", "1.2.2.2"]
            if verb is ChangeVerb.REMOVE:
                world.put("a", *series)
            change = ledger.begin(world, actor=SYSTEM, album="a", verb=verb, series=series)
            fuse.left = step
            with suppress(Crash):
                ledger.run(world, change=change)
            finished, fuse.left = fuse.burnt == 0, None
            restart(world, fuse)
            before, labelled = ledger.contents(world, album="a"), carrying(world, A)
            halfway += before != labelled
            stop(world, change)
            ledger.resume_all(world)
            assert ledger.contents(world, album="a") == before, step
            agree(world, "a")
            world.store.close()
            step += 1
        assert halfway > 3, "too few crashes left a label without its line"


@pytest.mark.parametrize("verb", list(ChangeVerb))
def test_a_change_that_was_stopped_when_the_archive_fell_silent_is_undone_when_it_answers(
    world: TestWorld, verb: ChangeVerb, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = ["1.2.1.2", "1.2.9.1"] if verb is ChangeVerb.ADD else ["1.2.2.1", "1.2.2.2"]
    before = ledger.contents(world, album="a")
    change = ledger.begin(world, actor=SYSTEM, album="a", verb=verb, series=series)
    write = "set_label" if verb is ChangeVerb.ADD else "remove_label"
    written = getattr(world.archive, write)

    def last_word(level: Level, orthanc_id: str, label: str) -> bool:
        done: bool = written(level, orthanc_id, label)
        world.archive.down = True
        return done

    monkeypatch.setattr(world.archive, write, last_word)
    with pytest.raises(Unavailable):
        ledger.run(world, change=change)
    stop(world, change)
    with pytest.raises(Unavailable):
        ledger.run(world, change=change)
    assert ledger.report(world, change=change).state == "running"
    monkeypatch.undo()
    world.archive.down = False
    assert carrying(world, A) != before
    assert ledger.run(world, change=change).state == "cancelled"
    assert ledger.contents(world, album="a") == before
    agree(world, "a")


def test_what_exists_twice_by_the_time_it_is_repeated_keeps_no_label(world: TestWorld) -> None:
    """Killed after the label was written; before it is repeated, another patient's study comes."""
    change = ledger.begin(world, actor=SYSTEM, album="a", verb=ChangeVerb.ADD, series=["1.2.9.1"])
    found = world.archive.series("1.2.9.1")
    assert found is not None
    world.archive.set_label(Level.SERIES, found.id, A)
    world.store_series(9, 1, patient="SOMEBODY-ELSE")
    report = ledger.run(world, change=change)
    assert report.failed == (ledger.Failure(uid="1.2.9.1", reason="ambiguous"),)
    agree(world, "a")


def test_two_who_write_at_once_leave_the_index_right(world: TestWorld) -> None:
    """The last series of a study leaves an album while another one of the study enters it."""

    class Busy(FakeArchive):
        meanwhile = False

        def count(self, question: Mapping[str, object]) -> int:
            found = super().count(question)
            if self.meanwhile and "Labels" in question:
                self.meanwhile = False
                world.put("a", "1.2.1.2")
            return found

    busy = Busy()
    busy.held = world.archive.held
    busy.meanwhile = True
    series = world.archive.series("1.2.1.1")
    assert series is not None
    busy.remove_label(Level.SERIES, series.id, A)
    labelling.settle(busy, A, {series.study_id: "1.2.1"})
    assert world.archive.labels("Series")["1.2.1.2"] == {A}
    assert A in world.archive.labels("Study")["1.2.1"]


def test_changes_of_one_album_from_several_threads_end_where_the_ledger_says(world: TestWorld) -> None:
    def work(number: int) -> None:
        for turn in range(4):
            uids = ["1.2.1.1", "1.2.1.2", "1.2.2.1", "1.2.9.1"][number % 2 :: 2]
            (world.put if (turn + number) % 2 else world.take)("a", *uids)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    agree(world, "a")
    with world.store.read() as tx:
        assert table.unfinished(tx) == []


def stop(world: TestWorld, change: str) -> None:
    """Have a change stopped, if it is not over."""
    with world.store.write() as tx:
        table.ask_to_cancel(tx, change, world.clock())


def carrying(world: TestWorld, label: str) -> set[str]:
    """Return the series that carry a label."""
    return {uid for uid, labels in world.archive.labels("Series").items() if label in labels}


def agree(world: TestWorld, slug: str) -> None:
    """Fail unless series and studies carry an album's label exactly as the ledger says."""
    label, inside = f"album-{slug}", ledger.contents(world, album=slug)
    assert carrying(world, label) == inside
    studies = {uid for uid, labels in world.archive.labels("Study").items() if label in labels}
    assert studies == {uid.rpartition(".")[0] for uid in inside}


def crashing_world(folder: Path, fuse: Fuse) -> TestWorld:
    world = TestWorld.make(folder)
    world.store.close()
    world.store = CrashingStore(world.settings.database_url, fuse)
    world.archive = CrashingArchive(fuse)
    for study, series in ((1, 1), (1, 2), (2, 1), (2, 2), (3, 1)):
        world.store_series(study, series, instances=1)
    world.album("a", "pi-a")
    world.album("b", "pi-b")
    return world


def restart(world: TestWorld, fuse: Fuse) -> None:
    """Start the service again, when the lease of the one that died is over."""
    world.wait(seconds=LEASE.total_seconds())
    world.store.close()
    world.store = CrashingStore(world.settings.database_url, fuse)


def records(world: TestWorld) -> list[AuditRecord]:
    with world.store.read() as tx:
        return audit_table.records(tx)


def album_changed(world: TestWorld) -> datetime:
    return find_album(world, actor=world.actor("pi-a"), slug="a").items[0].album.changed_at
