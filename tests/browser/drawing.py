"""What tests do with OHIF to draw and to save: its own buttons, as people press them."""

import re
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.ohif import Viewer
from tests.browser.pixels import NotWhollyOnScreen, Slices

Mask = npt.NDArray[np.bool_]

RED = 15
"""So much `redness` a segment has at the least; images that are grey have none."""

# The canvas is another one when something is laid over it.
_WHERE = """corners => {
  const viewport = window.cornerstone?.getEnabledElements()[0]?.viewport;
  if (!viewport?.canvas.isConnected) return null;
  const { x, y, width, height } = viewport.canvas.getBoundingClientRect();
  return {
    canvas: { x, y, width, height },
    corners: corners.map(corner => Array.from(viewport.worldToCanvas(corner))),
  };
}"""
_MEASURED = "() => window.services.measurementService.getMeasurements().length"
_SEGMENTED = "() => window.services.segmentationService.getSegmentations().length"


@dataclass(frozen=True)
class Pencil:
    """Draws in one viewer, and saves what is drawn."""

    viewer: Viewer

    @property
    def page(self) -> Page:
        """The page with the viewer."""
        return self.viewer.page

    @property
    def told(self) -> Locator:
        """The window in which a person is told or asked something about saving."""
        return self.page.locator("dialog[open]")

    def measure(self) -> float:
        """Draw a length in the middle of the image; return it in millimetres."""
        self._button("MeasurementTools-split-button-primary").click()
        x, y = self._middle()
        self.page.mouse.click(x - 60, y - 20)
        self.page.mouse.move(x, y)
        self.page.mouse.click(x + 60, y + 20)
        self._button("prompt-begin-tracking-yes-btn").click()
        self._button("trackedMeasurements-btn").click()
        return millimetres(self._button("data-row-details-primary").inner_text())

    def save_measurements(self, name: str) -> None:
        """Ask for a structured report under a name."""
        self.page.get_by_text("Create SR", exact=True).click()
        self._name_and_save(name)

    def segment(self) -> None:
        """Draw a stroke with the brush in the middle of the image."""
        self._button("addSegmentation").click()
        expect(self._button("segmentation-select-Labelmap")).to_be_visible()
        self._button("Brush-btn").click()
        x, y = self._middle()
        self.page.mouse.move(x - 40, y)
        self.page.mouse.down()
        self.page.mouse.move(x, y, steps=5)
        self.page.mouse.move(x + 40, y + 20, steps=5)
        self.page.mouse.up()

    def save_segmentation(self, name: str) -> None:
        """Ask for a DICOM SEG under a name."""
        self._button("segmentation-collapsed-more-btn-Labelmap").click()
        self.page.get_by_role("menuitem", name="Export").hover()
        self.page.get_by_role("menuitem", name="DICOM SEG").click()
        self._name_and_save(name)

    def expect_saved_in(self, title: str) -> None:
        """Wait until the person is told where it is."""
        expect(self.page.get_by_text(f"It is in the album “{title}”.")).to_be_visible()

    def listed(self, name: str) -> Locator:
        """Return the series of that name in the viewer's list."""
        return self.viewer.thumbnails.filter(has_text=name)

    def lay_over(self, name: str) -> None:
        """Open a segmentation of the list over the images."""
        self.listed(name).dblclick()
        self._button("yes-hydrate-btn").click()
        self.page.wait_for_function(_SEGMENTED)

    def red(self, slices: Slices) -> Mask:
        """Tell where a slice is red on the screen; everywhere, as long as it is not wholly there."""
        found = self.page.evaluate(_WHERE, slices.corners.tolist())
        if found is not None:
            screen = self.page.screenshot(animations="disabled", clip=found["canvas"])
            with suppress(NotWhollyOnScreen):
                return slices.at_pixels(redness(screen), np.array(found["corners"])) > RED
        return np.ones(slices.images.shape[1:], dtype=np.bool_)

    def measurements(self) -> int:
        """Return how many measurements the viewer has."""
        found: int = self.page.evaluate(_MEASURED)
        return found

    def _name_and_save(self, name: str) -> None:
        self.page.get_by_placeholder("Report name").fill(name)
        self.page.get_by_role("button", name="Save", exact=True).click()

    def _button(self, name: str) -> Locator:
        return self.page.locator(f'[data-cy="{name}"]')

    def _middle(self) -> tuple[float, float]:
        box = self.viewer.canvas.bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def millimetres(text: str) -> float:
    """Read a length as the viewer writes it."""
    found = re.search(r"([0-9.]+)\s*mm", text)
    assert found, text
    return float(found[1])


def redness(screenshot: bytes) -> bytes:
    """Return how much redder than blue each pixel of a screenshot is, in grey: CT itself is not."""
    colours = np.asarray(Image.open(BytesIO(screenshot)).convert("RGB"), dtype=np.int16)
    red = np.clip(colours[..., 0] - colours[..., 2], 0, 255).astype(np.uint8)
    out = BytesIO()
    Image.fromarray(red).save(out, "PNG")
    return out.getvalue()


def lies_on(drawn: Mask, red: Mask) -> bool:
    """Tell whether what is red on the screen lies where it was drawn, and nowhere else.

    Parameters
    ----------
    drawn : ndarray, shape (rows, columns)
        The pixels of the segment.
    red : ndarray, shape (rows, columns)
        Where the screen is red, at the slice's pixels.

    """
    around = drawn.copy()
    for shift in range(1, 4):  # the line around it
        for axis in (0, 1):
            around |= np.roll(drawn, shift, axis) | np.roll(drawn, -shift, axis)
    return bool(red[drawn].mean() > 0.95 and red[~around].mean() < 0.01)
