"""The browser and who sits before it. The stack is the one of ``tests/stack.py``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from deploy.native.stack import Stack
from tests.browser import chromium
from tests.browser.chromium import Outside
from tests.browser.newcomers import Newcomer, newcomer_of
from tests.browser.pixels import Slices
from tests.browser.uploads import IMAGES, Target, target_of
from tests.browser.visitors import PATIENCE, Visitors
from tests.integration.people import SignedIn
from tests.integration.truth import Truth


# The browser ends with this folder: as long as it runs, Playwright's event loop counts as running in this
# thread, and tests elsewhere could not have one of their own.
@pytest.fixture(scope="package")
def outside() -> Iterator[Outside]:
    """What stands in the place of the rest of the world."""
    with Outside.watched() as watched:
        yield watched


@pytest.fixture(scope="package")
def browser(
    native_stack: Stack, outside: Outside, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """One Chromium for the whole folder."""
    expect.set_options(timeout=PATIENCE)
    folder = tmp_path_factory.mktemp("chromium")
    with chromium.running(native_stack.cache, folder, outside=outside) as started:
        yield started


@pytest.fixture
def visitors(
    browser: Browser, outside: Outside, stack: dict[str, Any], people: dict[str, SignedIn]
) -> Iterator[Visitors]:
    """Everybody who may open a page; whatever a test is about, no request of theirs leaves this machine."""
    coming = Visitors(browser, stack["url"], outside, people)
    yield coming
    coming.leave()
    assert coming.foreign() == []
    assert coming.errors == []


@pytest.fixture
def newcomer(stack: dict[str, Any]) -> Iterator[Newcomer]:
    """Somebody who was never here: no language kept, no album shared."""
    with newcomer_of(stack) as somebody:
        yield somebody


@pytest.fixture(scope="package")
def showcase(truth: Truth) -> dict[str, Any]:
    """The real head CT: its StudyInstanceUID, SeriesInstanceUID and number of slices."""
    return dict(truth.manifest["special"]["showcase"])


@pytest.fixture(scope="package")
def slices(truth: Truth, showcase: dict[str, Any]) -> Slices:
    """Its slices as they should look, from the files that were loaded."""
    found = Slices.read(truth.folder / truth.series_folder(showcase["series"]))
    assert len(found.uids) == showcase["slices"]
    return found


@pytest.fixture
def target(visitors: Visitors, truth: Truth) -> Iterator[Target]:
    """An album of pi-a into which a test may upload."""
    with target_of(visitors.people["pi-a"], truth) as made:
        yield made


@pytest.fixture(scope="package")
def images(truth: Truth, showcase: dict[str, Any]) -> list[Path]:
    """Files of real slices of a head, which are in the archive."""
    return sorted((truth.folder / truth.series_folder(showcase["series"])).iterdir())[:IMAGES]
