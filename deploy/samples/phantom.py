"""A CT of a chest that never existed, made of ellipsoids, so that every volume and density in it is known.

All lengths are in mm, in patient coordinates (x to the left, y to the back, z to the head), all densities
in HU. A voxel belongs to what its centre lies in; there is no partial volume. What is inside something else
replaces it.

* The **body** is an elliptic cylinder of soft tissue (40 HU) with a layer of fat (-100 HU) in air (-1000 HU);
  it is longer than the image.
* Two **lungs** (ellipsoids, `Lungs.density` HU, by default -860), right and left, that touch nothing else.
* In the right lung: spheres of **emphysema** (-985 HU). In the left lung: spherical **nodules** (40 HU).
* A **heart** (ellipsoid, 45 HU), an **airway** (ellipsoid, -1000 HU, outside the lungs) and a **spine**
  (elliptic cylinder, 300 HU).

So, with V an ellipsoid's 4/3 pi a b c: a lung with what is in it has the volume V(lung); its air-holding
part is V(lung) - V(nodules); the fraction below -950 HU is V(emphysema) / (V(lungs) - V(nodules)); the mean
density is the mean of the densities weighted by these volumes. `truth` states all of them. Noise is
Gaussian with a stated deviation, small enough (5 standard deviations) that no voxel of lung falls below
-950 HU by chance.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deploy.samples.sources import Subject
from deploy.samples.volume import Vector, Volume

Axis = NDArray[np.floating]
"""Coordinates along one axis, as an open grid."""

AIR = -1000.0
FAT = -100.0
SOFT_TISSUE = 40.0
HEART = 45.0
SPINE = 300.0
EMPHYSEMA = -985.0
NODULE = 40.0
LAA_THRESHOLD = -950.0
"""Below it a voxel of lung counts as emphysema (LAA-950)."""


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid with axes along x, y and z."""

    centre: Vector
    semi_axes: Vector

    @property
    def volume_ml(self) -> float:
        """4/3 pi a b c."""
        a, b, c = self.semi_axes
        return 4 / 3 * np.pi * a * b * c / 1000.0

    def contains(self, x: Axis, y: Axis, z: Axis) -> NDArray[np.bool_]:
        """Say of each point of an open grid whether it is inside."""
        parts = [
            ((axis - centre) / semi) ** 2
            for axis, centre, semi in zip((x, y, z), self.centre, self.semi_axes, strict=True)
        ]
        inside: NDArray[np.bool_] = parts[0] + parts[1] + parts[2] <= 1.0
        return inside


def sphere(x: float, y: float, z: float, radius: float) -> Ellipsoid:
    """Return a sphere around a point."""
    return Ellipsoid((x, y, z), (radius, radius, radius))


@dataclass(frozen=True, kw_only=True)
class Lungs:
    """One state of the phantom: what varies between its studies.

    Attributes
    ----------
    size : float
        Multiplies the semi-axes of both lungs (1 gives 3.6 l).
    density : float
        HU of healthy lung.
    emphysema, nodules : tuple of Ellipsoid
        Spheres wholly inside the right and the left lung, not touching each other.
    noise : float
        Standard deviation in HU.

    """

    key: str
    size: float = 1.0
    density: float = -860.0
    emphysema: tuple[Ellipsoid, ...] = ()
    nodules: tuple[Ellipsoid, ...] = ()
    noise: float = 0.0
    slices: int = 36
    matrix: int = 160

    @property
    def right(self) -> Ellipsoid:
        """The right lung: on the image's left side."""
        return Ellipsoid((-84.0, 0.0, 0.0), _scaled((52.0, 80.0, 118.0), self.size))

    @property
    def left(self) -> Ellipsoid:
        """The left lung: smaller, as the heart is on that side."""
        return Ellipsoid((88.0, 6.0, 2.0), _scaled((45.0, 74.0, 114.0), self.size))

    @property
    def grid(self) -> tuple[Vector, Vector]:
        """Spacing (slice, row, column) and origin of the image: 360 x 360 x 280 mm around the middle."""
        step, height = 360.0 / self.matrix, 280.0 / self.slices
        origin = (
            -(self.matrix - 1) / 2 * step,
            -(self.matrix - 1) / 2 * step,
            -(self.slices - 1) / 2 * height,
        )
        return (height, step, step), origin


BODY = (172.0, 122.0)
WALL = (160.0, 110.0)
"""Semi-axes of the body in x and y, with its layer of fat and without."""

SPINE_AXES = (17.0, 15.0)
SPINE_CENTRE = (0.0, 82.0)
HEART_SHAPE = Ellipsoid((8.0, -45.0, -35.0), (32.0, 42.0, 52.0))
AIRWAY = Ellipsoid((0.0, 20.0, 95.0), (8.0, 8.0, 38.0))


def subject(lungs: Lungs) -> Subject:
    """Return the phantom in one state, with the masks ``right-lung`` and ``left-lung`` (filled)."""
    spacing, origin = lungs.grid
    height, step, _ = spacing
    x = (origin[0] + step * np.arange(lungs.matrix))[np.newaxis, np.newaxis, :]
    y = (origin[1] + step * np.arange(lungs.matrix))[np.newaxis, :, np.newaxis]
    z = (origin[2] + height * np.arange(lungs.slices))[:, np.newaxis, np.newaxis]
    values = np.full((lungs.slices, lungs.matrix, lungs.matrix), AIR, dtype=np.float32)
    _fill(values, _cylinder(x, y, (0.0, 0.0), BODY), FAT)
    _fill(values, _cylinder(x, y, (0.0, 0.0), WALL), SOFT_TISSUE)
    _fill(values, _cylinder(x, y, SPINE_CENTRE, SPINE_AXES), SPINE)
    _fill(values, HEART_SHAPE.contains(x, y, z), HEART)
    _fill(values, AIRWAY.contains(x, y, z), AIR)
    masks = {"right-lung": lungs.right.contains(x, y, z), "left-lung": lungs.left.contains(x, y, z)}
    for mask in masks.values():
        _fill(values, mask, lungs.density)
    for shapes, density in ((lungs.emphysema, EMPHYSEMA), (lungs.nodules, NODULE)):
        for shape in shapes:
            _fill(values, shape.contains(x, y, z), density)
    volume = Volume(values, spacing, origin)
    return Subject(
        volume, {name: volume.with_values(mask.astype(np.float32)) for name, mask in masks.items()}
    )


def _fill(values: NDArray[np.float32], where: NDArray[np.bool_], density: float) -> None:
    values[np.broadcast_to(where, values.shape)] = density


def _cylinder(
    x: Axis,
    y: Axis,
    centre: tuple[float, float],
    semi_axes: tuple[float, float],
) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = ((x - centre[0]) / semi_axes[0]) ** 2 + (
        (y - centre[1]) / semi_axes[1]
    ) ** 2 <= 1.0
    return inside


def _scaled(axes: Vector, factor: float) -> Vector:
    return axes[0] * factor, axes[1] * factor, axes[2] * factor
