"""Changes that were interrupted are finished while the service runs."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from auth_service.albums import ledger, resuming
from auth_service.policy.model import SYSTEM
from auth_service.vocabulary import ChangeVerb
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
