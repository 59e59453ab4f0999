"""The ledger against the labels: what is found, what is put right, and that nothing else is touched."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auth_service.albums import ledger
from auth_service.albums.reconciling import PIECE, Compared, reconcile
from auth_service.errors import Unavailable
from auth_service.policy.model import SYSTEM
from auth_service.store.audit import records
from auth_service.vocabulary import AuditEvent, ChangeVerb, Level, Mismatch
from tests.world import TestWorld, two_albums

SERIES = ("1.2.1.1", "1.2.1.2", "1.2.2.1", "1.2.2.2", "1.2.3.1", "1.2.9.1")
STUDIES = ("1.2.1", "1.2.2", "1.2.3", "1.2.9")
LABELS = ("album-a", "album-b", "album-gone")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = two_albums(tmp_path)
    yield world
    world.store.close()


def write(world: TestWorld, level: Level, uid: str, label: str, *, carries: bool) -> None:
    """Write a label by hand, as nobody should."""
    find = world.archive.series if level is Level.SERIES else world.archive.study
    found = find(uid)
    assert found is not None
    change = world.archive.set_label if carries else world.archive.remove_label
    assert change(level, found.id, label)


def carried(world: TestWorld) -> dict[str, set[str]]:
    return world.archive.labels("Series") | world.archive.labels("Study")


def told(compared: list[Compared]) -> set[tuple[str, str, str]]:
    return {(each.label, one.what.value, one.uid) for each in compared for one in each.differences}


def left(compared: list[Compared]) -> set[str]:
    return {one.uid for each in compared for one in each.left}


def test_what_agrees_is_not_spoken_of(world: TestWorld) -> None:
    assert list(reconcile(world, repair=True)) == []
    with world.store.read() as tx:
        assert AuditEvent.RECONCILED not in [one.event for one in records(tx)]


def test_a_dry_run_says_what_differs_and_writes_nothing(world: TestWorld) -> None:
    write(world, Level.SERIES, "1.2.2.1", "album-a", carries=False)
    write(world, Level.SERIES, "1.2.9.1", "album-a", carries=True)
    write(world, Level.STUDY, "1.2.1", "album-a", carries=False)
    write(world, Level.SERIES, "1.2.1.2", "album-never", carries=True)
    before = carried(world)
    found = list(reconcile(world, repair=False))
    assert told(found) == {
        ("album-a", "unlabelled", "1.2.2.1"),
        ("album-a", "unknown", "1.2.9.1"),
        ("album-a", "index", "1.2.9"),
        ("album-a", "index", "1.2.1"),
        ("album-never", "no-album", "1.2.1.2"),
        ("album-never", "index", "1.2.1"),
    }
    assert left(found) == {one[2] for one in told(found)}
    assert carried(world) == before
    with world.store.read() as tx:
        assert AuditEvent.RECONCILED not in [one.event for one in records(tx)]


def test_a_repair_brings_back_what_the_ledger_says_and_is_on_record(world: TestWorld) -> None:
    good = carried(world)
    write(world, Level.SERIES, "1.2.2.1", "album-a", carries=False)
    write(world, Level.SERIES, "1.2.9.1", "album-a", carries=True)
    write(world, Level.SERIES, "1.2.1.2", "album-never", carries=True)
    found = list(reconcile(world, repair=True))
    assert left(found) == set()
    assert carried(world) == good
    assert list(reconcile(world, repair=False)) == []
    with world.store.read() as tx:
        told = [(one.target, one.details) for one in records(tx) if one.event == AuditEvent.RECONCILED]
    assert told == [
        ("a", {"repaired": {"unknown": 1, "unlabelled": 1, "index": 1}}),
        ("never", {"repaired": {"no-album": 1, "index": 1}}),
    ]


def test_a_restored_archive_gets_its_labels_back(world: TestWorld) -> None:
    good = carried(world)
    for level, uids in ((Level.SERIES, SERIES), (Level.STUDY, STUDIES)):
        for uid in uids:
            for label in LABELS:
                write(world, level, uid, label, carries=False)
    assert carried(world) == {}
    assert left(list(reconcile(world, repair=True))) == set()
    assert carried(world) == good


def test_what_is_lost_or_there_twice_is_told_and_nothing_guessed(world: TestWorld) -> None:
    lost = world.archive.series("1.2.1.1")
    assert lost is not None
    world.archive.delete(lost.id)
    write(world, Level.SERIES, "1.2.3.1", "album-b", carries=False)
    world.store_series(3, 1, patient="SOMEBODY-ELSE")
    found = list(reconcile(world, repair=True))
    assert told(found) == {
        ("album-a", "missing", "1.2.1.1"),
        ("album-a", "index", "1.2.1"),
        ("album-b", "ambiguous", "1.2.3.1"),
        ("album-b", "index", "1.2.3"),
    }
    assert left(found) == {"1.2.1.1", "1.2.3.1"}
    assert "1.2.3.1" not in world.archive.labels("Series")


def test_one_album_can_be_named(world: TestWorld) -> None:
    write(world, Level.SERIES, "1.2.2.1", "album-a", carries=False)
    write(world, Level.SERIES, "1.2.3.1", "album-b", carries=False)
    write(world, Level.SERIES, "1.2.9.1", "album-never", carries=True)
    assert {one.label for one in reconcile(world, repair=True, slugs=["b"])} == {"album-b"}
    assert "1.2.2.1" not in world.archive.labels("Series")
    assert world.archive.labels("Series")["1.2.9.1"] == {"album-never"}


def test_labels_of_the_site_are_left_alone(world: TestWorld) -> None:
    write(world, Level.SERIES, "1.2.9.1", "teaching", carries=True)
    assert list(reconcile(world, repair=True)) == []
    assert world.archive.labels("Series")["1.2.9.1"] == {"teaching"}


def test_what_a_change_is_doing_at_the_moment_is_left_to_it(
    world: TestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between label and ledger: the series is labelled, and the line is due."""
    change = ledger.begin(world, actor=SYSTEM, album="a", verb=ChangeVerb.ADD, series=["1.2.9.1"])
    write(world, Level.SERIES, "1.2.9.1", "album-a", carries=True)
    write(world, Level.STUDY, "1.2.9", "album-a", carries=True)
    assert list(reconcile(world, repair=True)) == []
    ledger.run(world, change=change)
    assert ledger.contents(world, album="a") >= {"1.2.9.1"}


def test_a_change_that_comes_between_wins(world: TestWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The label was unknown when it was looked at, and is the album's when it is taken off."""
    write(world, Level.SERIES, "1.2.9.1", "album-a", carries=True)
    remove = world.archive.remove_label

    def meanwhile(level: Level, orthanc_id: str, label: str) -> bool:
        monkeypatch.setattr(world.archive, "remove_label", remove)
        world.put("a", "1.2.9.1")
        return remove(level, orthanc_id, label)

    monkeypatch.setattr(world.archive, "remove_label", meanwhile)
    list(reconcile(world, repair=True))
    assert "album-a" in world.archive.labels("Series")["1.2.9.1"]
    assert list(reconcile(world, repair=False)) == []


def test_an_album_that_is_made_meanwhile_keeps_its_label(world: TestWorld) -> None:
    write(world, Level.SERIES, "1.2.2.1", "album-a", carries=False)
    under_way = reconcile(world, repair=True)
    assert next(under_way).label == "album-a"
    world.album("never", "pi-a", "1.2.9.1")
    assert list(under_way) == []
    assert world.archive.labels("Series")["1.2.9.1"] == {"album-never"}
    assert list(reconcile(world, repair=False)) == []


@pytest.mark.parametrize("when", ["find", "remove_label"])
def test_an_album_that_takes_the_name_of_a_stray_label_gets_what_it_holds(
    world: TestWorld, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is made when the label was looked for, or when it is being taken off."""
    write(world, Level.SERIES, "1.2.9.1", "album-never", carries=True)
    write(world, Level.SERIES, "1.2.1.2", "album-never", carries=True)
    asked = getattr(world.archive, when)

    def meanwhile(*what: Any) -> Any:  # noqa: ANN401 - handed through
        if when == "find" and what[0].get("Labels") != ["album-never"]:
            return asked(*what)
        monkeypatch.setattr(world.archive, when, asked)
        answer = asked(*what) if when == "find" else None
        world.album("never", "pi-a", "1.2.9.1")
        return answer or asked(*what)

    monkeypatch.setattr(world.archive, when, meanwhile)
    list(reconcile(world, repair=True))
    assert "album-never" in world.archive.labels("Series")["1.2.9.1"]
    list(reconcile(world, repair=True))
    assert world.archive.labels("Series")["1.2.9.1"] == {"album-never"}
    assert "1.2.1.2" not in world.archive.labels("Series")


def test_it_pauses_between_pieces(world: TestWorld) -> None:
    for number in range(PIECE + 5):
        world.store_series(20, number + 1, instances=1)
    uids = [f"1.2.20.{number + 1}" for number in range(PIECE + 5)]
    world.put("a", *uids)
    for uid in uids:
        write(world, Level.SERIES, uid, "album-a", carries=False)
    slept: list[float] = []
    list(reconcile(world, repair=True, pause=0.5, sleep=slept.append))
    assert slept == [0.5]
    assert list(reconcile(world, repair=False)) == []


def test_an_archive_that_does_not_answer_is_told(world: TestWorld) -> None:
    world.archive.down = True
    with pytest.raises(Unavailable):
        list(reconcile(world, repair=True))


writings = st.lists(
    st.tuples(
        st.one_of(
            st.tuples(st.just(Level.SERIES), st.sampled_from(SERIES)),
            st.tuples(st.just(Level.STUDY), st.sampled_from(STUDIES)),
        ),
        st.sampled_from(LABELS),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(writings)
def test_whatever_was_written_by_hand_is_put_right(
    writings: list[tuple[tuple[Level, str], str, bool]],
) -> None:
    with TemporaryDirectory() as folder:
        world = two_albums(Path(folder))
        try:
            good = carried(world)
            for (level, uid), label, carries in writings:
                write(world, level, uid, label, carries=carries)
            differs = carried(world) != good
            found = list(reconcile(world, repair=True))
            assert bool(found) is differs
            assert left(found) == set()
            assert carried(world) == good
        finally:
            world.store.close()


def test_each_mismatch_says_what_is_done_about_it() -> None:
    assert all(one.sentence for one in Mismatch)
