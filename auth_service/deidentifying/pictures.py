"""Draw a held picture as its owner must see it: all of it, from its darkest to its brightest value.

No window is applied: what is written in the pixels may lie outside of it.
"""

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array

from auth_service.deidentifying.cleaning import UNREADABLE, text_of

LARGEST_SIDE = 2048
"""Pixels: a larger picture is drawn smaller."""

_MOST_VALUES = 200_000_000
"""Values of one frame that are decoded: what claims more is not drawn."""

_COLOURS = 3

_JP2 = b"\0\0\0\x0cjP  "
"""Begins a JPEG 2000 file; DICOM has none (PS3.5, A.4.4), and pydicom never ends at a box of no length."""


class NotDrawn(Exception):
    """It cannot be drawn: its pixels are packed in a way that is not known here, or are none."""


def drawn(file: bytes, *, frame: int = 1) -> bytes:
    """Return one frame of a file as PNG.

    Parameters
    ----------
    file : bytes
        DICOM.
    frame : int
        Counted from 1.

    Raises
    ------
    NotDrawn
        If there is no such frame, or it cannot be decoded.

    """
    try:
        source = dcmread(BytesIO(file))
        if not 1 <= frame <= frames_of(source) or _values_of(source) > _MOST_VALUES:
            raise NotDrawn
        if _JP2 in source.get("PixelData", b""):
            raise NotDrawn
        return _png(_grey_or_colour(source, frame - 1))
    except (*UNREADABLE, RuntimeError) as error:
        raise NotDrawn from error


def frames_of(source: Dataset) -> int:
    """Return how many frames a data set has; 1 where it does not say."""
    said = text_of(source, "NumberOfFrames")
    return int(said) if said.isascii() and said.isdecimal() and int(said) else 1


def _values_of(source: Dataset) -> int:
    return int(source.Rows) * int(source.Columns) * int(source.get("SamplesPerPixel", 1))


def _grey_or_colour(source: Dataset, index: int) -> "np.ndarray[Any, Any]":
    values = pixel_array(source, index=index)
    kind = text_of(source, "PhotometricInterpretation")
    if kind == "PALETTE COLOR":
        values = apply_color_lut(values, source)
    spread = _spread(values.astype(np.float64))
    return 255 - spread if kind == "MONOCHROME1" else spread


def _spread(values: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Return values from 0 to 255."""
    values = np.nan_to_num(values, posinf=0.0, neginf=0.0)
    lowest, highest = float(values.min()), float(values.max())
    if highest <= lowest:
        return np.zeros(values.shape, dtype=np.uint8)
    return ((values - lowest) * (255.0 / (highest - lowest))).astype(np.uint8)


def _png(values: "np.ndarray[Any, Any]") -> bytes:
    coloured = values.ndim == _COLOURS
    picture = Image.fromarray(values[..., :_COLOURS] if coloured else values)
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    file = BytesIO()
    picture.save(file, format="PNG")
    return file.getvalue()
