"""The phantom holds what its truth says."""

import itertools

import numpy as np
import pytest

from deploy.samples import phantom
from deploy.samples.lung_studies import STATES, lung_studies, state, truth
from deploy.samples.phantom import Ellipsoid, Lungs, subject
from deploy.samples.steps import transformed

every_state = pytest.mark.parametrize("lungs", STATES, ids=lambda lungs: lungs.key)


def distance(one: Ellipsoid, other: Ellipsoid) -> float:
    return float(np.linalg.norm(np.subtract(one.centre, other.centre)))


@every_state
def test_voxels_of_the_lungs_add_up_to_the_ellipsoids(lungs: Lungs) -> None:
    known = truth("1", "2", lungs)
    made = subject(lungs)
    for name, volume in (("right-lung", known.right_lung_ml), ("left-lung", known.left_lung_ml)):
        counted = float(made.masks[name].values.sum()) * made.volume.voxel_ml
        assert counted == pytest.approx(volume, rel=known.tolerance_percent / 100)
    assert made.volume.voxel_ml == pytest.approx(known.voxel_ml, abs=1e-6)


@every_state
def test_density_and_emphysema_measured_in_the_lungs_are_the_stated_ones(lungs: Lungs) -> None:
    known = truth("1", "2", lungs)
    made = subject(lungs)
    inside = (made.masks["right-lung"].values + made.masks["left-lung"].values) > 0
    values = made.volume.values[inside]
    aerated = values[values < phantom.NODULE]
    assert aerated.mean() == pytest.approx(known.mean_aerated_hu, abs=1.0)
    assert 100 * (aerated < phantom.LAA_THRESHOLD).mean() == pytest.approx(known.laa950_percent, abs=0.3)


@every_state
def test_noise_moves_no_voxel_of_lung_across_the_threshold(lungs: Lungs) -> None:
    assert 5 * lungs.noise <= phantom.LAA_THRESHOLD - phantom.EMPHYSEMA
    assert 5 * lungs.noise <= lungs.density - phantom.LAA_THRESHOLD


@every_state
def test_inserts_lie_inside_their_lung_and_apart_from_each_other(lungs: Lungs) -> None:
    for lung, inserts in ((lungs.right, lungs.emphysema), (lungs.left, lungs.nodules)):
        for insert in inserts:
            radius = insert.semi_axes[0]
            # Along the worst direction a sphere inside must fit in the ellipsoid shrunk by its radius.
            shrunk = Ellipsoid(lung.centre, tuple(axis - radius for axis in lung.semi_axes))  # type: ignore[arg-type]
            x, y, z = (np.array([[[value]]]) for value in insert.centre)
            assert shrunk.contains(x, y, z).all()
        for one, other in itertools.combinations(inserts, 2):
            assert distance(one, other) > one.semi_axes[0] + other.semi_axes[0]


@every_state
def test_lungs_touch_nothing_else_and_are_whole_in_the_image(lungs: Lungs) -> None:
    made = subject(lungs)
    right, left = (made.masks[name].values > 0 for name in ("right-lung", "left-lung"))
    assert not (right & left).any()
    for mask in (right, left):
        for axis in range(3):
            assert not mask.take([0, -1], axis=axis).any()
    around = made.volume.values.copy()
    around[right | left] = phantom.SOFT_TISSUE
    for mask in (right, left):
        shell = np.zeros_like(mask)
        for axis, step in itertools.product(range(3), (-1, 1)):
            shell |= np.roll(mask, step, axis=axis)
        assert around[shell & ~mask].min() >= phantom.FAT  # no air of the outside or of the airway beside it


def test_the_truth_adds_up() -> None:
    known = truth("1", "2", state("phantom-08"))
    assert known.lungs_ml == pytest.approx(known.right_lung_ml + known.left_lung_ml, abs=0.01)
    assert known.aerated_ml == pytest.approx(known.lungs_ml - known.nodules_ml, abs=0.01)
    assert known.laa950_percent == pytest.approx(100 * known.emphysema_ml / known.aerated_ml, abs=0.001)
    named = {shape.name for shape in known.shapes}
    assert named == {"right lung", "left lung", "heart", "airway", "emphysema", "nodule"}


def test_a_sphere_of_ten_millimetres_holds_four_millilitres() -> None:
    assert phantom.sphere(0, 0, 0, 10).volume_ml == pytest.approx(4.18879, abs=1e-5)


def test_every_state_is_imaged_once_and_noise_is_in_its_series() -> None:
    series = [series for study in lung_studies() for series in study.series]
    assert [state(item.subject) for item in series] == list(STATES)
    for item in series:
        noise = state(item.subject).noise
        clean = subject(state(item.subject)).volume
        difference = transformed(clean, item.steps).values - clean.values
        assert difference.std() == pytest.approx(noise, abs=0.05)
