"""Sizes are asked for once, side by side, for so long, and what is not known is said."""

import threading
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import pytest

from auth_service.archive import ArchivedSeries
from auth_service.downloads import Load, Piece, sizes
from auth_service.downloads.sizes import Sizes
from auth_service.errors import Unavailable
from tests.fakes.archive import FakeArchive
from tests.waiting import eventually


def load(*instances: int) -> Load:
    return Load(
        pieces=tuple(
            Piece(
                series=ArchivedSeries(
                    id=f"id-{number}",
                    uid=f"1.{number}",
                    labels=frozenset(),
                    modality="CT",
                    study_id="study",
                    study_uid="1",
                    study_labels=frozenset(),
                ),
                instances=count,
                description="",
            )
            for number, count in enumerate(instances)
        ),
        opened=(),
    )


class Archive(FakeArchive):
    """Each series is 10 bytes."""

    def series_bytes(self, orthanc_id: str) -> int:
        """Answer, and remember that it was asked."""
        self.measured.append(orthanc_id)
        return 10


def test_what_was_asked_once_is_not_asked_again_until_something_is_added() -> None:
    archive = Archive()
    known = Sizes(archive)
    assert known.of(load(1, 2)).bytes == known.of(load(1, 2)).bytes == 20
    assert sorted(archive.measured) == ["id-0", "id-1"]
    known.of(load(1, 3))
    assert archive.measured.count("id-1") == 2


def test_after_so_long_it_says_how_far_it_came_and_goes_on_the_next_time() -> None:
    archive = Archive()
    # Three looks at the clock an answer: the beginning, and before the second and the third eight.
    ticks = iter([0.0, 1.0, 3.0, 100.0, 101.0, 102.5])
    known = Sizes(archive, clock=lambda: next(ticks))
    first = known.of(load(*[1] * 40))
    assert (first.bytes, first.complete, first.series, first.instances) == (160, False, 40, 40)
    second = known.of(load(*[1] * 40))
    assert (second.bytes, second.complete) == (320, False)
    assert len(archive.measured) == 32


def test_no_more_is_kept_than_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "KEPT", 3)
    archive = Archive()
    known = Sizes(archive)
    assert known.of(load(*[1] * 3)).complete
    known.of(load(*[1] * 3))
    assert len(archive.measured) == 3
    assert not known.of(load(*[1] * 5)).complete


def test_nothing_is_nothing_and_all_of_it_is_known() -> None:
    nothing = Sizes(Archive()).of(load())
    assert (nothing.series, nothing.bytes, nothing.complete) == (0, 0, True)


class Slow(Archive):
    """Answers when it is told to, and counts who waits meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.waiting = self.most = 0
        self.lock = threading.Lock()

    def series_bytes(self, orthanc_id: str) -> int:
        """Answer when it is told to."""
        with self.lock:
            self.waiting += 1
            self.most = max(self.most, self.waiting)
        assert self.go_on.wait(10)
        with self.lock:
            self.waiting -= 1
        return super().series_bytes(orthanc_id)


def test_however_many_ask_decisions_keep_connections_and_threads() -> None:
    """Sizes take a quarter of the connections; whoever comes when many wait is told what is known."""
    archive = Slow()
    known = Sizes(archive)
    # Each asks about series of its own.
    loads = [load(*[number + 1] * 16) for number in range(30)]
    with ThreadPoolExecutor(30) as askers:
        answers = [askers.submit(known.of, one) for one in loads]
        eventually(lambda: sum(answer.done() for answer in answers) >= 30 - sizes.ASKERS)
        eventually(lambda: archive.waiting == sizes.SIDE_BY_SIDE)
        assert sum(answer.done() for answer in answers) == 30 - sizes.ASKERS
        archive.go_on.set()
        told = [answer.result() for answer in answers]
    assert archive.most == sizes.SIDE_BY_SIDE == 8
    assert sorted(one.complete for one in told) == [False] * (30 - sizes.ASKERS) + [True] * sizes.ASKERS
    assert known.of(loads[-1]).complete


def test_an_archive_that_does_not_answer_takes_nobodys_turn_for_good() -> None:
    archive = Archive()
    known = Sizes(archive)
    with mock.patch.object(archive, "series_bytes", side_effect=Unavailable("orthanc")):
        for _ in range(sizes.ASKERS + 1):
            with pytest.raises(Unavailable):
                known.of(load(1))
    assert known.of(load(1)).complete
