"""The stated transformations by which one real examination becomes the examinations of several "patients".

A series lists its steps; their sentences are written into its DerivationDescription, so that nobody has to
guess what was done to the real pixels. Masks go through the same geometry and through no change of values.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from deploy.samples.volume import AXIAL, Volume

Float = NDArray[np.float32]


class Step(Protocol):
    """One transformation of a volume."""

    @property
    def words(self) -> str:
        """What it does, for DerivationDescription."""

    def apply(self, volume: Volume) -> Volume:
        """Return the transformed volume."""

    @property
    def of_values(self) -> bool:
        """Whether it changes values only (and so is no business of a mask)."""


def transformed(volume: Volume, steps: tuple[Step, ...]) -> Volume:
    """Return a volume after all steps of its series."""
    for step in steps:
        volume = step.apply(volume)
    return volume


def transformed_mask(mask: Volume, steps: tuple[Step, ...]) -> Volume:
    """Return a mask or tissue map (fractions from 0 to 1) after the geometric steps of its image."""
    for step in steps:
        if not step.of_values:
            mask = step.apply(mask)
    return mask


def described(steps: tuple[Step, ...]) -> str:
    """Return the sentence for DerivationDescription; empty if nothing was done."""
    return "; ".join(step.words for step in steps)


@dataclass(frozen=True)
class Geometric:
    """A step that moves values; masks follow it."""

    of_values = False


@dataclass(frozen=True)
class OfValues:
    """A step that changes values where they are; masks pass it by."""

    of_values = True


@dataclass(frozen=True)
class Slices(Geometric):
    """Keep some slices as they are."""

    start: int
    stop: int
    step: int = 1

    @property
    def words(self) -> str:
        """What it does."""
        return f"slices {self.start + 1} to {self.stop} of the source, every {self.step}"

    def apply(self, volume: Volume) -> Volume:
        """Return the kept slices."""
        return volume.take(self.start, min(self.stop, volume.shape[0]), self.step)


@dataclass(frozen=True)
class Trim(Geometric):
    """Cut empty borders off: keep the middle rows and columns."""

    rows: int
    columns: int

    @property
    def words(self) -> str:
        """What it does."""
        return f"borders cut to {self.rows} rows and {self.columns} columns"

    def apply(self, volume: Volume) -> Volume:
        """Return the middle of each slice."""
        _, rows, columns = volume.shape
        top, left = (rows - self.rows) // 2, (columns - self.columns) // 2
        if top < 0 or left < 0:
            raise ValueError(f"slices of {rows} x {columns} cannot be cut to {self.rows} x {self.columns}")
        return replace(
            volume,
            values=volume.values[:, top : top + self.rows, left : left + self.columns],
            origin=volume.place((0, top, left)),
        )


@dataclass(frozen=True)
class Average(Geometric):
    """Make thick slices: the mean of each group of neighbours; an incomplete last group is left out."""

    count: int

    @property
    def words(self) -> str:
        """What it does."""
        return f"mean of {self.count} neighbouring slices"

    def apply(self, volume: Volume) -> Volume:
        """Return thick slices, each in the middle of its group."""
        slices, rows, columns = volume.shape
        groups = slices // self.count
        grouped = volume.values[: groups * self.count].reshape(groups, self.count, rows, columns)
        spacing = volume.spacing[0] * self.count
        return replace(
            volume,
            values=grouped.mean(axis=1, dtype=np.float32),
            spacing=(spacing, *volume.spacing[1:]),
            origin=volume.place(((self.count - 1) / 2, 0, 0)),
            thickness=spacing,
        )


@dataclass(frozen=True)
class Mirror(Geometric):
    """Exchange left and right of the person; the grid stays."""

    words = "mirrored left to right"

    def apply(self, volume: Volume) -> Volume:
        """Return the mirror image."""
        return volume.with_values(volume.values[:, :, ::-1])


@dataclass(frozen=True)
class Rotate(Geometric):
    """Turn the person in the plane of the slices (bilinear); what comes from outside is ``outside``."""

    degrees: float
    outside: float

    @property
    def words(self) -> str:
        """What it does."""
        return f"rotated by {self.degrees:g} degrees in the slice plane (bilinear)"

    def apply(self, volume: Volume) -> Volume:
        """Return the turned image on the same grid."""
        # A mask knows nothing of Hounsfield units: outside of it is nothing.
        outside = self.outside if volume.values.min() < 0 else 0.0
        return volume.with_values(_rotated(volume, np.deg2rad(self.degrees), outside))


@dataclass(frozen=True)
class Scale(Geometric):
    """Make the person larger or smaller: the distances change, the values stay."""

    factor: float

    @property
    def words(self) -> str:
        """What it does."""
        return f"distances multiplied by {self.factor:g}"

    def apply(self, volume: Volume) -> Volume:
        """Return the same values at other distances."""
        factor = self.factor
        return replace(
            volume,
            spacing=(volume.spacing[0] * factor, volume.spacing[1] * factor, volume.spacing[2] * factor),
            origin=(volume.origin[0] * factor, volume.origin[1] * factor, volume.origin[2] * factor),
            thickness=volume.thickness * factor,
        )


@dataclass(frozen=True)
class Coronal(Geometric):
    """Reformat axial slices into coronal ones, from front to back, seen from the front with the head up."""

    words = "reformatted in the coronal plane"

    def apply(self, volume: Volume) -> Volume:
        """Return coronal slices."""
        _must_be_axial(volume)
        return volume.turned((1, 0, 2), (False, True, False))


@dataclass(frozen=True)
class Sagittal(Geometric):
    """Reformat axial slices into sagittal ones, from right to left, seen from the left with the head up."""

    words = "reformatted in the sagittal plane"

    def apply(self, volume: Volume) -> Volume:
        """Return sagittal slices."""
        _must_be_axial(volume)
        return volume.turned((2, 0, 1), (False, True, False))


@dataclass(frozen=True)
class Gain(OfValues):
    """Multiply the values of one range, e.g. soft tissue as after a contrast agent."""

    factor: float
    low: float
    high: float

    @property
    def words(self) -> str:
        """What it does."""
        return f"values from {self.low:g} to {self.high:g} multiplied by {self.factor:g}"

    def apply(self, volume: Volume) -> Volume:
        """Return the stronger signal."""
        values = volume.values.astype(np.float32)
        chosen = (values >= self.low) & (values <= self.high)
        return volume.with_values(np.where(chosen, values * self.factor, values))


@dataclass(frozen=True)
class Noise(OfValues):
    """Add Gaussian noise from a named seed."""

    deviation: float
    seed: str
    only_above: float | None = None

    @property
    def words(self) -> str:
        """What it does."""
        return f"Gaussian noise of standard deviation {self.deviation:g} added"

    def apply(self, volume: Volume) -> Volume:
        """Return the noisy image."""
        number = int.from_bytes(hashlib.sha256(self.seed.encode()).digest()[:8], "big")
        noise = np.random.default_rng(number).standard_normal(volume.shape, dtype=np.float32)
        values = volume.values.astype(np.float32)
        noisy = values + np.float32(self.deviation) * noise
        if self.only_above is not None:
            noisy = np.where(values > self.only_above, noisy, values)
        return volume.with_values(noisy)


@dataclass(frozen=True)
class Sharpen(OfValues):
    """Emphasise edges as a bone kernel does: add what a 3 x 3 mean takes away."""

    amount: float

    @property
    def words(self) -> str:
        """What it does."""
        return f"unsharp mask of 3 x 3 pixels, amount {self.amount:g}"

    def apply(self, volume: Volume) -> Volume:
        """Return the sharper image."""
        values = volume.values.astype(np.float32)
        return volume.with_values(values + np.float32(self.amount) * (values - _mean3(values)))


@dataclass(frozen=True)
class Smooth(OfValues):
    """Soften as a soft-tissue kernel does: the mean of 3 x 3 pixels."""

    words = "mean of 3 x 3 pixels"

    def apply(self, volume: Volume) -> Volume:
        """Return the softer image."""
        return volume.with_values(_mean3(volume.values.astype(np.float32)))


@dataclass(frozen=True)
class Shading(OfValues):
    """Let the signal of an MR fall from one side to the other, as the field of a surface coil does."""

    amount: float

    @property
    def words(self) -> str:
        """What it does."""
        return f"signal shaded from front to back by {self.amount:.0%}"

    def apply(self, volume: Volume) -> Volume:
        """Return the shaded image."""
        rows = volume.shape[1]
        factor = np.linspace(1 + self.amount / 2, 1 - self.amount / 2, rows, dtype=np.float32)
        return volume.with_values(volume.values.astype(np.float32) * factor[np.newaxis, :, np.newaxis])


def _must_be_axial(volume: Volume) -> None:
    if volume.directions != AXIAL:
        raise ValueError("only axial slices can be reformatted")


def _mean3(values: Float) -> Float:
    padded = np.pad(values, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    mean: Float = (rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]) / np.float32(9)
    return mean


def _rotated(volume: Volume, angle: float, outside: float) -> NDArray[Any]:
    """Rotate all slices alike: find for each target pixel the four source pixels around it, once."""
    _, rows, columns = volume.shape
    _, row_mm, column_mm = volume.spacing
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float64)
    y, x = (y - (rows - 1) / 2) * row_mm, (x - (columns - 1) / 2) * column_mm
    from_row = (np.cos(angle) * y - np.sin(angle) * x) / row_mm + (rows - 1) / 2
    from_column = (np.sin(angle) * y + np.cos(angle) * x) / column_mm + (columns - 1) / 2
    top, left = np.floor(from_row).astype(int), np.floor(from_column).astype(int)
    down, right = (from_row - top).astype(np.float32), (from_column - left).astype(np.float32)
    # One pixel of the outside value all around: the border blends into it without a special case.
    padded = np.pad(
        volume.values.astype(np.float32), ((0, 0), (1, 1), (1, 1)), mode="constant", constant_values=outside
    )
    inside = (from_row > -1) & (from_row < rows) & (from_column > -1) & (from_column < columns)
    top, left = np.clip(top + 1, 0, rows), np.clip(left + 1, 0, columns)
    upper = padded[:, top, left] * (1 - right) + padded[:, top, left + 1] * right
    lower = padded[:, top + 1, left] * (1 - right) + padded[:, top + 1, left + 1] * right
    return np.where(inside, upper * (1 - down) + lower * down, np.float32(outside))
