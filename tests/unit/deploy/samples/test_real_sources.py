"""The real images, where a set-up has put them into the cache; elsewhere the small ones have to do."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from deploy.native import environment
from deploy.samples import manifest, sources
from deploy.samples.make import fingerprint
from deploy.samples.sources import Subject

CACHE = environment.cache_folder()
SAMPLES = CACHE / "samples" / fingerprint()


def cranium() -> Path | None:
    place = f"usr/share/doc/invesalius-examples/examples/{sources.CRANIUM}"
    return next(iter(sorted((CACHE / "debian").glob(f"*/{place}"))), None)


@pytest.fixture(scope="module")
def head() -> Subject:
    file = cranium()
    if file is None:
        pytest.skip("the head CT is not in the cache: set a stack up first")
    return sources.read_cranium(file)


def test_the_head_ct_is_the_expected_one(head: Subject) -> None:
    assert head.volume.shape == (108, 256, 256)
    assert head.volume.spacing == (1.5, 0.9570312, 0.9570312)
    assert (head.volume.values.min(), head.volume.values.max()) == (-1024, 2986)


def test_the_masks_are_the_thresholds_that_their_segments_name(head: Subject) -> None:
    values = head.volume.values
    assert (head.masks["bone"].values > 0).sum() == 475_759
    assert ((head.masks["bone"].values > 0) == ((values >= 226) & (values <= 3071))).all()
    assert ((head.masks["skin"].values > 0) == ((values >= -142) & (values <= 2986))).all()


def test_the_face_is_in_front_and_the_vertex_above(head: Subject) -> None:
    inside = head.volume.values > -142
    rows = np.arange(256)
    nose = inside[40].any(axis=1)  # a slice through the nose: the narrow part is in front, in the first rows
    widths = inside[40].sum(axis=1)
    front, back = rows[nose].min(), 128
    assert widths[front : front + 15].mean() < widths[back - 15 : back].mean() / 2
    assert inside[107].sum() < inside[60].sum() / 2


def test_the_brain_is_the_expected_one() -> None:
    wheel = CACHE / "wheels" / f"nilearn-{sources.NILEARN}-py3-none-any.whl"
    if not wheel.is_file():
        pytest.skip("the brain MR is not in the cache: set a stack up first")
    brain = sources.read_brain(wheel)
    assert brain["t1"].shape == (189, 233, 197)
    assert brain["t1"].spacing == (1.0, 1.0, 1.0)
    assert brain["t1"].origin == (-98.0, -98.0, -72.0)
    litres = {name: float(brain[name].values.sum()) / 1e6 for name in ("grey", "white")}
    assert 0.7 < litres["grey"] < 1.2
    assert 0.4 < litres["white"] < 0.8


def test_the_samples_of_the_demo_have_what_the_design_promises() -> None:
    if not (SAMPLES / manifest.NAME).is_file():
        pytest.skip("the sample data of this version are not in the cache: set a stack up first")
    made = manifest.read(SAMPLES)
    assert made.special.showcase.slices == 108
    held = Counter(slug for study in made.studies for slug in study.albums)
    assert held == {"head-ct": 13, "lung-phantom": 13, "brain-mr": 13}
    megabytes = sum((SAMPLES / file).stat().st_size for file in made.files) / 1e6
    assert megabytes <= 150
