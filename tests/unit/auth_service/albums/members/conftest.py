"""Two albums for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import TestWorld, two_albums


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = two_albums(tmp_path)
    yield world
    world.store.close()
