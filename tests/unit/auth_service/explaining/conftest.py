"""The two-albums world, with an administrator."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import TestWorld, two_albums


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    made = two_albums(tmp_path)
    made.keycloak.users["admin"].roles = {"admin"}
    yield made
    made.store.close()
