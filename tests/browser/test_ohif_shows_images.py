"""OHIF in a real browser: the pixels on the screen are the pixels of the file, for those who may see them."""

from typing import Any

import pytest

from tests.browser.ohif import NothingShown, Viewer
from tests.browser.pixels import Grey, Slices
from tests.browser.visitors import Visitors

pytestmark = pytest.mark.browser

ALIKE = 0.9


def one_is_alike(likeness: Grey) -> bool:
    return bool(likeness.max() > ALIKE)


def test_the_slice_on_screen_is_the_one_of_the_file_and_scrolling_shows_the_next(
    visitors: Visitors, showcase: dict[str, Any], slices: Slices
) -> None:
    viewer = Viewer(visitors.page("member-a"))
    viewer.open(visitors.url, showcase["study"])
    viewer.last_image()

    # It opens on the slice in the middle, which is still there for a moment after the key.
    ends = (0, len(slices.uids) - 1)
    first = viewer.likeness(slices, until=lambda found: one_is_alike(found) and found.argmax() in ends)
    shown = int(first.argmax())
    assert first[shown] > ALIKE
    assert slices.uids[shown] == viewer.current()

    viewer.scroll(notches=-1)
    second = viewer.likeness(slices, until=lambda found: one_is_alike(found) and found.argmax() != shown)
    following = int(second.argmax())
    assert abs(following - shown) == 1
    assert second[following] > ALIKE
    assert second[following] > second[shown]
    assert slices.uids[following] == viewer.current()
    assert first[shown] > first[following]


def test_a_stranger_gets_no_pixel_of_it(visitors: Visitors, showcase: dict[str, Any], slices: Slices) -> None:
    page = visitors.page("stranger")
    viewer = Viewer(page)
    with pytest.raises(NothingShown, match="not available"):
        viewer.open(visitors.url, showcase["study"])
    assert viewer.canvas.count() == 0
    assert viewer.thumbnails.count() == 0

    series = f"/dicom-web/studies/{showcase['study']}/series/{showcase['series']}"
    for path in ("/metadata", "/rendered", f"/instances/{slices.uids[0]}/frames/1"):
        answer: int = page.evaluate("path => fetch(path).then(answer => answer.status)", series + path)
        assert answer == 404


def test_a_study_opens_on_a_slice_with_something_in_it(
    visitors: Visitors, showcase: dict[str, Any], slices: Slices
) -> None:
    viewer = Viewer(visitors.page("pi-a"))
    viewer.open(visitors.url, showcase["study"])
    likeness = viewer.likeness(slices, until=one_is_alike)
    assert likeness.max() > ALIKE
    assert abs(int(likeness.argmax()) - len(slices.uids) // 2) <= 1
