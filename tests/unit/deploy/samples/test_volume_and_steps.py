"""Geometry: what moves a voxel must say where it now is, and masks must follow their image."""

import numpy as np
import pytest

from deploy.samples.steps import (
    Average,
    Coronal,
    Gain,
    Mirror,
    Noise,
    Rotate,
    Sagittal,
    Scale,
    Shading,
    Sharpen,
    Slices,
    Smooth,
    Step,
    Trim,
    described,
    transformed,
    transformed_mask,
)
from deploy.samples.volume import AXIAL, Volume

SHAPE = (6, 8, 10)


def a_volume() -> Volume:
    values = np.random.default_rng(3).integers(-1000, 1000, SHAPE).astype(np.float32)
    return Volume(values, (3.0, 0.5, 0.7), (-20.0, -30.0, 40.0))


def only(volume: Volume, index: tuple[int, int, int]) -> Volume:
    """The same grid with a single voxel of 1."""
    values = np.zeros(volume.shape, dtype=np.float32)
    values[index] = 1.0
    return volume.with_values(values)


def place_of_one(volume: Volume) -> tuple[float, float, float]:
    return volume.place(np.argwhere(volume.values == 1.0)[0].tolist())


def test_axial_rows_run_to_the_back_and_columns_to_the_left() -> None:
    assert a_volume().place((1, 2, 3)) == pytest.approx((-20 + 3 * 0.7, -30 + 2 * 0.5, 40 + 3.0))
    assert a_volume().voxel_ml == pytest.approx(3.0 * 0.5 * 0.7 / 1000)


@pytest.mark.parametrize("step", [Coronal(), Sagittal(), Slices(1, 6, 2), Trim(6, 6)])
def test_a_voxel_stays_at_its_place_when_the_volume_is_cut_or_turned(step: Step) -> None:
    marked = only(a_volume(), (3, 4, 5))
    moved = transformed(marked, (step,))
    assert moved.values.sum() == 1.0
    assert place_of_one(moved) == pytest.approx(place_of_one(marked))


def test_coronal_slices_show_the_head_up_and_the_left_side_on_the_right() -> None:
    turned = Coronal().apply(a_volume())
    assert turned.directions == ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0), (1.0, 0.0, 0.0))
    assert turned.shape == (8, 6, 10)
    assert turned.spacing == (0.5, 3.0, 0.7)


def test_sagittal_slices_show_the_head_up_and_the_face_on_the_left() -> None:
    turned = Sagittal().apply(a_volume())
    assert turned.directions == ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0))
    assert turned.shape == (10, 6, 8)


def test_only_axial_slices_are_reformatted() -> None:
    with pytest.raises(ValueError, match="axial"):
        Coronal().apply(Sagittal().apply(a_volume()))


def test_thick_slices_are_means_in_the_middle_of_their_group() -> None:
    volume = a_volume()
    thick = Average(4).apply(volume)
    assert thick.shape == (1, 8, 10)
    np.testing.assert_allclose(thick.values[0], volume.values[:4].mean(axis=0), rtol=1e-5)
    assert thick.place((0, 0, 0)) == pytest.approx(volume.place((1.5, 0, 0)))
    assert (thick.spacing[0], thick.thickness) == (12.0, 12.0)


def test_left_out_slices_leave_the_thickness() -> None:
    spread = Slices(0, 6, 3).apply(a_volume())
    assert (spread.spacing[0], spread.thickness) == (9.0, 3.0)


def test_no_slices_at_all_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no slice"):
        Slices(6, 6).apply(a_volume())


def test_a_cut_larger_than_the_slice_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="cannot be cut"):
        Trim(9, 6).apply(a_volume())


def test_mirroring_twice_changes_nothing_and_once_exchanges_the_sides() -> None:
    volume = a_volume()
    assert (Mirror().apply(Mirror().apply(volume)).values == volume.values).all()
    assert (Mirror().apply(volume).values[:, :, 0] == volume.values[:, :, -1]).all()


def test_a_rotation_by_nothing_changes_nothing() -> None:
    volume = a_volume()
    np.testing.assert_allclose(Rotate(0.0, -1024).apply(volume).values, volume.values, atol=1e-3)


def test_a_quarter_turn_brings_the_left_side_to_the_front_or_back() -> None:
    values = np.zeros((1, 9, 9), dtype=np.float32)
    values[0, 4, 8] = 1.0  # the patient's left
    turned = Rotate(90.0, 0.0).apply(Volume(values, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))).values
    assert np.argwhere(turned[0] > 0.5).tolist() == [[8, 4]]
    assert turned.sum() == pytest.approx(1.0, abs=1e-4)


def test_what_a_rotation_brings_in_from_outside_is_air_in_a_ct_and_nothing_in_a_mask() -> None:
    image = Volume(np.full((1, 8, 8), -5, np.float32), (1, 1, 1), (0, 0, 0))
    assert Rotate(45.0, -1024).apply(image).values[0, 0, 0] == -1024
    mask = image.with_values(np.ones((1, 8, 8), np.float32))
    assert Rotate(45.0, -1024).apply(mask).values[0, 0, 0] == 0


def test_scaling_changes_distances_and_no_value() -> None:
    volume = a_volume()
    small = Scale(0.5).apply(volume)
    assert small.values is volume.values
    assert small.place((2, 2, 2)) == pytest.approx(tuple(x / 2 for x in volume.place((2, 2, 2))))


def test_noise_has_its_deviation_and_is_the_same_every_time() -> None:
    flat = Volume(np.zeros((4, 100, 100), np.float32), (1, 1, 1), (0, 0, 0))
    noisy = Noise(7.0, "seed").apply(flat).values
    assert noisy.std() == pytest.approx(7.0, rel=0.02)
    assert (noisy == Noise(7.0, "seed").apply(flat).values).all()
    assert (noisy != Noise(7.0, "other").apply(flat).values).any()


def test_noise_can_spare_the_background() -> None:
    half = np.zeros((1, 10, 10), np.float32)
    half[:, :5] = 100
    noisy = Noise(5.0, "seed", 0).apply(Volume(half, (1, 1, 1), (0, 0, 0))).values
    assert (noisy[:, 5:] == 0).all()
    assert (noisy[:, :5] != 100).any()


def test_gain_changes_its_range_only() -> None:
    volume = Volume(np.array([[[10.0, 50.0, 500.0]]]), (1, 1, 1), (0, 0, 0))
    assert Gain(2.0, 20, 100).apply(volume).values.tolist() == [[[10.0, 100.0, 500.0]]]


def test_filters_leave_a_flat_image_flat_and_shading_falls_from_front_to_back() -> None:
    flat = Volume(np.full((1, 11, 11), 100, np.float32), (1, 1, 1), (0, 0, 0))
    for step in (Smooth(), Sharpen(1.2)):
        np.testing.assert_allclose(step.apply(flat).values, 100, rtol=1e-5)
    shaded = Shading(0.2).apply(flat).values
    assert (shaded[0, 0, 0], shaded[0, -1, 0]) == pytest.approx((110, 90))


def test_masks_follow_the_geometry_and_ignore_changes_of_values() -> None:
    volume = a_volume()
    steps: tuple[Step, ...] = (Mirror(), Noise(500, "x"), Gain(9, -2000, 2000), Smooth(), Average(2))
    mask = only(volume, (0, 0, 0))
    moved = transformed_mask(mask, steps)
    image = transformed(volume, steps)
    assert (moved.shape, moved.spacing, moved.origin) == (image.shape, image.spacing, image.origin)
    assert np.argwhere(moved.values).tolist() == [[0, 0, 9]]
    assert moved.values.max() == 0.5


def test_every_step_says_what_it_does() -> None:
    assert described((Mirror(), Rotate(-7, -1024), Average(4))) == (
        "mirrored left to right; rotated by -7 degrees in the slice plane (bilinear); "
        "mean of 4 neighbouring slices"
    )
    assert described(()) == ""


def test_a_volume_has_three_axes_and_keeps_its_shape() -> None:
    with pytest.raises(ValueError, match="three axes"):
        Volume(np.zeros((2, 2)), (1, 1, 1), (0, 0, 0))
    with pytest.raises(ValueError, match="expected values of shape"):
        a_volume().with_values(np.zeros((1, 1, 1)))
    assert a_volume().directions == AXIAL
