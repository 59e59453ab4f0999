"""An image volume with its place in the patient: what the sources give and what a series is written from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Vector = tuple[float, float, float]

AXIAL: tuple[Vector, Vector, Vector] = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
"""Directions (slices, rows, columns) of axial slices of a person on the back, stacked from feet to head."""

AXES = 3


@dataclass(frozen=True, eq=False)
class Volume:
    """Values on a regular grid in DICOM's patient coordinates: x to the left, y to the back, z to the head.

    Attributes
    ----------
    values : ndarray of shape (slices, rows, columns)
        Hounsfield units of a CT, signal of an MR, fraction (0 to 1) of a mask or tissue map.
    spacing : (float, float, float)
        Distance in mm between the centres of neighbouring slices, rows, columns.
    origin : (float, float, float)
        Place in mm of the centre of the first value.
    directions : three unit vectors
        Where increasing slice, row and column numbers point to.
    thickness : float
        How much of the patient one slice stands for, in mm.

    """

    values: NDArray[Any]
    spacing: Vector
    origin: Vector
    directions: tuple[Vector, Vector, Vector] = AXIAL
    thickness: float = 0.0

    def __post_init__(self) -> None:
        if self.values.ndim != AXES:
            raise ValueError(f"a volume has three axes, not {self.values.ndim}")
        if self.thickness <= 0:
            object.__setattr__(self, "thickness", self.spacing[0])

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of slices, rows and columns."""
        slices, rows, columns = self.values.shape
        return slices, rows, columns

    @cached_property
    def voxel_ml(self) -> float:
        """Volume of one grid cell in ml."""
        return float(np.prod(self.spacing)) / 1000.0

    def place(self, index: Sequence[float]) -> Vector:
        """Return the patient coordinates (mm) of a (slice, row, column) index, which may be fractional."""
        point = np.asarray(self.origin, dtype=float)
        for number, step, direction in zip(index, self.spacing, self.directions, strict=True):
            point = point + number * step * np.asarray(direction)
        x, y, z = (float(value) for value in point)
        return x, y, z

    def with_values(self, values: NDArray[Any]) -> Self:
        """Return the same grid with other values of the same shape."""
        if values.shape != self.values.shape:
            raise ValueError(f"expected values of shape {self.values.shape}, got {values.shape}")
        return replace(self, values=values)

    def take(self, start: int, stop: int, step: int) -> Self:
        """Return every ``step``-th slice from ``start`` to before ``stop``; a slice keeps its thickness."""
        values = self.values[start:stop:step]
        if not len(values):
            raise ValueError(f"no slice between {start} and {stop}")
        return replace(
            self,
            values=values,
            origin=self.place((start, 0, 0)),
            spacing=(self.spacing[0] * step, *self.spacing[1:]),
        )

    def turned(self, axes: tuple[int, int, int], backwards: tuple[bool, bool, bool]) -> Self:
        """Return the same voxels, each at its place, looked at from another side.

        Parameters
        ----------
        axes : (int, int, int)
            Which of the present axes become slices, rows and columns.
        backwards : (bool, bool, bool)
            Which of the new axes are counted from their other end.

        """
        values = np.transpose(self.values, axes)
        corner = [0, 0, 0]
        directions = []
        for place, (axis, reverse) in enumerate(zip(axes, backwards, strict=True)):
            direction = np.asarray(self.directions[axis], dtype=float)
            if reverse:
                corner[axis] = self.values.shape[axis] - 1
                values = np.flip(values, place)
                direction = -direction
            directions.append((float(direction[0]), float(direction[1]), float(direction[2])))
        spacing = (self.spacing[axes[0]], self.spacing[axes[1]], self.spacing[axes[2]])
        return replace(
            self,
            values=np.ascontiguousarray(values),
            spacing=spacing,
            origin=self.place(corner),
            directions=(directions[0], directions[1], directions[2]),
            thickness=spacing[0],
        )
