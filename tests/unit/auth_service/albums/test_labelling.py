"""Lines that know where their series are: nothing is looked for again, unless something is not as it was."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from auth_service.albums import labelling, ledger
from auth_service.albums.changing import change_contents
from auth_service.albums.naming import Named
from auth_service.archive import existing_twice, questions
from auth_service.vocabulary import ChangeVerb, Level
from tests.fakes.held import orthanc_id
from tests.world import TestWorld, two_albums

ADD, REMOVE = ChangeVerb.ADD, ChangeVerb.REMOVE
NAMED = ["1.2.1.1", "1.2.2.1", "1.2.2.2"]
MINE = "album-mine"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = two_albums(tmp_path)
    world.album("mine", "pi-a")
    yield world
    world.store.close()


@pytest.fixture(params=["put in", "taken out"])
def asked(request: pytest.FixtureRequest, world: TestWorld) -> str:
    """Three series that somebody asked for by a change that is not done yet."""
    if request.param == "taken out":
        ledger.run(world, change=_ask(world, ADD))
        return _ask(world, REMOVE)
    return _ask(world, ADD)


def _ask(world: TestWorld, verb: ChangeVerb) -> str:
    named = Named(series=NAMED)
    return change_contents(world, actor=world.actor("pi-a"), slug="mine", verb=verb, named=named).change


def _outcome(world: TestWorld, change: str) -> tuple[int, dict[str, str], set[str]]:
    """Do it, and return how much was done, what was not and why, and what carries the label then."""
    report = ledger.run(world, change=change)
    carry = {uid for uid, labels in world.archive.labels("Series").items() if MINE in labels}
    assert world.archive.labels("Study").keys() >= {uid.rpartition(".")[0] for uid in carry}
    indexed = {uid for uid, labels in world.archive.labels("Study").items() if MINE in labels}
    assert indexed == {uid.rpartition(".")[0] for uid in carry}, "the index on studies is not right"
    return report.done, {one.uid: one.reason for one in report.failed}, carry


def _series(world: TestWorld, uid: str) -> str:
    found = world.archive.series(uid)
    assert found is not None
    return found.id


def test_what_is_where_it_was_is_looked_for_by_nobody(world: TestWorld, asked: str) -> None:
    verb = _verb(world, asked)
    world.archive.questions.clear()
    carry = set(NAMED) if verb == ADD else set()
    assert _outcome(world, asked) == (3, {}, carry)
    named = [one for one in world.archive.questions if "SeriesInstanceUID" in one["Query"]]
    assert [one.get("RequestedTags") for one in named] == [None], "one count, and no find"


def test_one_that_is_gone_is_told_and_the_rest_is_done(world: TestWorld, asked: str) -> None:
    verb = _verb(world, asked)
    world.archive.delete(_series(world, "1.2.1.1"))
    if verb == ADD:
        assert _outcome(world, asked) == (2, {"1.2.1.1": "missing"}, {"1.2.2.1", "1.2.2.2"})
    else:
        assert _outcome(world, asked) == (3, {}, set()), "it is forgotten"


def test_one_that_came_again_elsewhere_is_found_there(world: TestWorld, asked: str) -> None:
    verb = _verb(world, asked)
    world.archive.delete(orthanc_id("TEST-1", "1.2.1"))
    world.store_series(1, 1, patient="TEST-OTHER")
    assert _outcome(world, asked) == (3, {}, set(NAMED) if verb == ADD else set())


def test_one_that_exists_twice_by_now_is_left_as_it_is(world: TestWorld, asked: str) -> None:
    verb = _verb(world, asked)
    world.store_series(1, 1, patient="TEST-OTHER")
    left = set(NAMED) - {"1.2.1.1"} if verb == ADD else {"1.2.1.1"}
    assert _outcome(world, asked) == (2, {"1.2.1.1": "ambiguous"}, left)


def test_a_study_that_exists_twice_by_now_is_no_place(world: TestWorld, asked: str) -> None:
    verb = _verb(world, asked)
    world.store_series(1, 7, patient="TEST-OTHER")
    left = set(NAMED) - {"1.2.1.1"} if verb == ADD else {"1.2.1.1"}
    assert _outcome(world, asked) == (2, {"1.2.1.1": "ambiguous"}, left)


def test_as_many_as_there_were_are_not_taken_for_the_same(world: TestWorld) -> None:
    """One exists twice and another is gone, so that a count alone does not show either."""
    change = change_contents(
        world, actor=world.actor("pi-a"), slug="mine", verb=ADD, named=Named(series=["1.2.1.1", "1.2.2.1"])
    ).change
    world.store_series(1, 1, patient="TEST-OTHER")
    world.archive.delete(orthanc_id("TEST-2", "1.2.2"))
    failed = {"1.2.1.1": "ambiguous", "1.2.2.1": "missing"}
    assert _outcome(world, change) == (0, failed, set())


def test_a_study_that_goes_meanwhile_hides_none_that_exists_twice(world: TestWorld) -> None:
    """A count says as many as there were: so where series are is not told by one."""
    world.store_series(1, 1, patient="TEST-OTHER")
    other = orthanc_id("TEST-2", "1.2.2")
    find = world.archive.find

    def meanwhile(question: Mapping[str, Any]) -> list[dict[str, Any]]:
        rows = find(question)
        if other in world.archive.held["Study"] and "SeriesInstanceUID" in question["Query"]:
            world.archive.delete(other)
        return rows

    with mock.patch.object(world.archive, "find", meanwhile):
        found = labelling.locate(world.archive, ["1.2.1.1", "1.2.2.1"])
    assert found["1.2.1.1"] == "ambiguous"


def test_a_crash_after_some_labels_leaves_nothing_that_is_not_done_again(
    world: TestWorld, asked: str
) -> None:
    verb = _verb(world, asked)
    write = world.archive.set_label if verb == ADD else world.archive.remove_label
    write(Level.SERIES, _series(world, "1.2.1.1"), MINE)
    write(Level.STUDY, orthanc_id("TEST-1", "1.2.1"), MINE)
    assert _outcome(world, asked) == (3, {}, set(NAMED) if verb == ADD else set())


def test_an_album_whose_index_is_not_right_is_read_all_the_same(world: TestWorld) -> None:
    world.archive.remove_label(Level.STUDY, orthanc_id("TEST-2", "1.2.2"), "album-a")
    change = change_contents(
        world, actor=world.actor("pi-a"), slug="mine", verb=ADD, named=Named(album="a")
    ).change
    assert _outcome(world, change) == (3, {}, set(NAMED))


@pytest.mark.parametrize("size", [1, 2, 100])
def test_what_exists_twice_is_found_in_pieces_of_any_size(
    world: TestWorld, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "COUNTED", size)
    monkeypatch.setattr(questions, "AT_ONCE", size)
    studies = ["1.2.1", "1.2.2", "1.2.3"]
    assert existing_twice(world.archive, Level.STUDY, studies) == frozenset()
    world.store_series(1, 1, patient="TEST-OTHER")
    world.store_series(3, 5, patient="TEST-OTHER")
    assert existing_twice(world.archive, Level.STUDY, [*studies, "1.2.1"]) == {"1.2.1", "1.2.3"}
    assert existing_twice(world.archive, Level.SERIES, ["1.2.1.1", "1.2.3.1"]) == {"1.2.1.1"}
    assert existing_twice(world.archive, Level.SERIES, []) == frozenset()


def _verb(world: TestWorld, change: str) -> str:
    return ledger.report(world, change=change).verb
