"""What tests do with OHIF: open it, wait for an image, read the screen, scroll."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
from playwright.sync_api import Locator, Page

from tests.browser.pixels import Grey, NotWhollyOnScreen, Slices

NO_TOUR = """
if (location.pathname.startsWith("/ohif/")) localStorage.setItem("shownTours", '["basicViewerTour"]');
"""
"""Script for every page: OHIF shows its guided tour to those who come for the first time."""

_VIEWPORT = """
const viewport = window.cornerstone?.getEnabledElements()[0]?.viewport;
"""

# An image of the viewport's is drawn, or the viewer said that there is nothing.
_SETTLED = f"""() => {{
  {_VIEWPORT}
  if (document.body?.innerText.includes("not available")) return "refused";
  return viewport?.viewportStatus === "rendered" && viewport.getCurrentImageId() ? "shown" : false;
}}"""

_CORNERS = f"""corners => {{
  {_VIEWPORT}
  return corners.map(corner => Array.from(viewport.worldToCanvas(corner)));
}}"""

_CURRENT = f"() => {{ {_VIEWPORT} return viewport.getCurrentImageId(); }}"

_SERIES = (
    """() => window.services.displaySetService.getActiveDisplaySets().map(one => one.SeriesInstanceUID)"""
)


class NothingShown(AssertionError):
    """The viewer says that the study is not available."""


@dataclass(frozen=True)
class Viewer:
    """OHIF in one page."""

    page: Page

    def open(self, url: str, study: str, **parameters: str) -> None:
        """Go to a study, and wait until an image or a refusal is there."""
        self.page.goto(f"{url}{address(study, **parameters)}")
        self.settle()

    def settle(self) -> None:
        """Wait until an image is drawn."""
        if self.page.wait_for_function(_SETTLED).json_value() == "refused":
            raise NothingShown(self.page.inner_text("body"))

    @property
    def canvas(self) -> Locator:
        """What images are drawn on; thumbnails are drawn on a canvas of their own, beside the viewports."""
        return self.page.locator("#viewerLayoutResizableViewportGridPanel canvas.cornerstone-canvas")

    @property
    def thumbnails(self) -> Locator:
        """The series in the list, those without a picture among them."""
        return self.page.locator('[data-cy^="study-browser-thumbnail"]')

    def series(self) -> list[str]:
        """Return the SeriesInstanceUIDs of what the viewer could show."""
        found: list[str] = self.page.evaluate(_SERIES)
        return found

    def current(self) -> str:
        """Return the SOPInstanceUID that the viewer says it shows."""
        address: str = self.page.evaluate(_CURRENT)
        return address.partition("/instances/")[2].partition("/")[0]

    def screen(self, slices: Slices) -> Grey:
        """Return the grey on the screen where the pixels of a slice lie."""
        places: list[list[float]] = self.page.evaluate(_CORNERS, slices.corners.tolist())
        return slices.at_pixels(self.canvas.screenshot(animations="disabled"), np.array(places))

    def likeness(self, slices: Slices, *, until: Callable[[Grey], bool]) -> Grey:
        """Return how alike each slice is to the screen, looking again until it is as expected or too late.

        Drawing comes a few frames after the viewer knows the image, and it is fitted in after that.
        """
        for _ in range(100):
            with suppress(NotWhollyOnScreen):
                found = slices.likeness(self.screen(slices))
                if until(found):
                    return found
            self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
        return slices.likeness(self.screen(slices))

    def last_image(self) -> None:
        """Go to the end of the series."""
        self.canvas.hover()
        self.page.keyboard.press("End")

    def scroll(self, *, notches: int) -> None:
        """Turn the wheel over the image."""
        self.canvas.hover()
        self.page.mouse.wheel(0, 100 * notches)


def address(study: str, **parameters: str) -> str:
    """Return the path and query of a study in the viewer."""
    return f"/ohif/viewer?{urlencode({'StudyInstanceUIDs': study, **parameters})}"
