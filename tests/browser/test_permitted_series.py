"""A study of which one may see some series: those, and not a trace of the others."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import portal
from tests.browser.ohif import Viewer
from tests.browser.visitors import Visitors
from tests.integration.truth import Truth

pytestmark = pytest.mark.browser


@pytest.fixture
def partial(truth: Truth) -> dict[str, Any]:
    return dict(truth.manifest["special"]["partial"])


@pytest.fixture
def member(truth: Truth, partial: dict[str, Any]) -> str:
    """Somebody who sees the visible ones, and no other."""
    visible = set(partial["visible_series"])
    return next(
        name
        for name in ("member-a", "member-b", "pi-a", "pi-b")
        if {one.uid for one in truth.studies(name).get(partial["study"], [])} == visible
    )


def test_the_viewer_lists_exactly_the_permitted_series(
    visitors: Visitors, partial: dict[str, Any], member: str
) -> None:
    viewer = Viewer(visitors.page(member))
    viewer.open(visitors.url, partial["study"])
    expect(viewer.thumbnails).to_have_count(len(partial["visible_series"]))
    assert sorted(viewer.series()) == sorted(partial["visible_series"])
    assert not _asked_for(visitors, partial["hidden_series"])


def test_the_portal_shows_exactly_the_permitted_series(
    visitors: Visitors, partial: dict[str, Any], member: str
) -> None:
    page = visitors.page(member)
    page.goto(f"{visitors.url}/portal/study?study={partial['study']}")
    cards = portal.series_cards(page)
    expect(cards).to_have_count(len(partial["visible_series"]))
    assert portal.series_of(cards) == set(partial["visible_series"])
    expect(page.get_by_text("StudyInstanceUID")).to_be_visible()
    text = page.content()
    assert not [uid for uid in partial["hidden_series"] if uid in text]


def test_segmentations_are_listed_beside_their_images(visitors: Visitors, showcase: dict[str, Any]) -> None:
    viewer = Viewer(visitors.page("pi-a"))
    viewer.open(visitors.url, showcase["study"])
    expect(viewer.thumbnails).to_have_count(2)
    expect(viewer.thumbnails.filter(has_text="SEG")).to_contain_text("bone, skin")


def _asked_for(visitors: Visitors, series: list[str]) -> list[str]:
    return [url for url in visitors.requests for uid in series if uid in url]
