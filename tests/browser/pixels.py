"""What slices should look like, from their files, and how alike that is to what is on the screen.

The screen is compared pixel by pixel, not by looks: the viewer's camera says where on the canvas a point of
the patient lies, the files say where in the patient each of their pixels lies, and at exactly those places
the screenshot is read. So a picture that is right but shifted, mirrored, zoomed wrongly or squeezed does not
match either. Which slice is on screen is not asked from the viewer: it is the one, of all, that is most
alike.
"""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom
from PIL import Image
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

Grey = npt.NDArray[np.float64]


class NotWhollyOnScreen(Exception):
    """The slice reaches beyond the canvas: the viewer has not fitted it in yet, or somebody zoomed."""


@dataclass(frozen=True, kw_only=True)
class Slices:
    """The slices of one series, in the order of their position.

    Parameters
    ----------
    uids : tuple of str
        SOPInstanceUIDs.
    images : ndarray, shape (slices, rows, columns)
        Their pixels through rescale and the first window of their headers.
    corners : ndarray, shape (3, 3)
        Patient coordinates in mm of the centres of the pixels at top left, top right and bottom left.
    """

    uids: tuple[str, ...]
    images: Grey
    corners: Grey

    @classmethod
    def read(cls, folder: Path) -> "Slices":
        """Read all files of a folder."""
        files = [pydicom.dcmread(file) for file in folder.glob("*.dcm")]
        files.sort(key=lambda one: float(one.ImagePositionPatient[2]))
        windowed = [
            apply_voi_lut(apply_modality_lut(one.pixel_array, one), one, index=0).astype(np.float64)
            for one in files
        ]
        first = files[0]
        position = np.array(first.ImagePositionPatient, dtype=np.float64)
        right, down = np.array(first.ImageOrientationPatient, dtype=np.float64).reshape(2, 3)
        between_rows, between_columns = (float(one) for one in first.PixelSpacing)
        return cls(
            uids=tuple(one.SOPInstanceUID for one in files),
            images=np.stack(windowed),
            corners=np.stack(
                [
                    position,
                    position + right * between_columns * (first.Columns - 1),
                    position + down * between_rows * (first.Rows - 1),
                ]
            ),
        )

    def likeness(self, seen: Grey) -> Grey:
        """Return how each slice correlates with what is seen at its pixels; 0 where one of both is uniform.

        Parameters
        ----------
        seen : ndarray, shape (rows, columns)
            See `at_pixels`.
        """
        found = np.zeros(len(self.images))
        if seen.std() > 0:
            for number, image in enumerate(self.images):
                if image.std() > 0:
                    found[number] = np.corrcoef(image.ravel(), seen.ravel())[0, 1]
        return found

    def at_pixels(self, screenshot: bytes, corners: Grey) -> Grey:
        """Return the grey of a screenshot where the pixels of a slice lie.

        Parameters
        ----------
        screenshot : bytes
            PNG of the viewer's canvas.
        corners : ndarray, shape (3, 2)
            Where `Slices.corners` are on it, in pixels from its top left.
        """
        screen = np.asarray(Image.open(BytesIO(screenshot)).convert("L"), dtype=np.float64)
        _, rows, columns = self.images.shape
        down, right = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij")
        origin, along, across = corners
        places = (
            origin + right[..., np.newaxis] * (along - origin) + down[..., np.newaxis] * (across - origin)
        )
        x, y = np.floor(places).astype(int).transpose(2, 0, 1)
        height, width = screen.shape
        if min(x.min(), y.min()) < 0 or x.max() >= width or y.max() >= height:
            raise NotWhollyOnScreen
        seen: Grey = screen[y, x]
        return seen
