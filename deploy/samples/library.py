"""The subjects that series are made from, by name: read or computed once, when the first series asks."""

from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from deploy.samples import lung_studies, phantom, sources
from deploy.samples.sources import Subject
from deploy.samples.volume import Volume

_T2 = {"grey": 520.0, "white": 330.0, "fluid": 1150.0}
_FLAIR = {"grey": 470.0, "white": 360.0, "fluid": 60.0}
"""Signal of pure tissue in the simulated contrasts; a mixture gives the weighted mean."""


class Library:
    """All subjects by name.

    Parameters
    ----------
    cranium : Path
        InVesalius's head CT.
    wheel : Path
        The nilearn wheel with the brain template.
    cranium_sha256 : str, optional
        Digest of the head CT's matrix; ``None`` takes any (tests make a small one).

    """

    def __init__(
        self, cranium: Path, wheel: Path, cranium_sha256: str | None = sources.CRANIUM_SHA256
    ) -> None:
        self._cranium = cranium
        self._wheel = wheel
        self._sha256 = cranium_sha256

    def subject(self, name: str) -> Subject:
        """Return a subject: ``head``, ``brain-t1``, ``brain-t2``, ``brain-flair`` or ``phantom-<state>``."""
        if name == "head":
            return self._head
        if name.startswith(lung_studies.SUBJECT_PREFIX):
            return _phantom(name)
        return self._brain[name]

    @cached_property
    def _head(self) -> Subject:
        return sources.read_cranium(self._cranium, self._sha256)

    @cached_property
    def _brain(self) -> Mapping[str, Subject]:
        volumes = sources.read_brain(self._wheel)
        masks = {"grey": volumes["grey"], "white": volumes["white"]}
        images = {"brain-t1": volumes["t1"], **brain_contrasts(volumes)}
        return {name: Subject(volume, masks) for name, volume in images.items()}


def brain_contrasts(volumes: Mapping[str, Volume]) -> dict[str, Volume]:
    """Simulate T2 and FLAIR images from the tissue maps.

    Where the T1 image has signal, what is neither grey nor white matter counts as fluid. A voxel's signal
    is the sum of its fractions times the signal of pure tissue.
    """
    grey, white = volumes["grey"].values, volumes["white"].values
    fluid = np.where(volumes["t1"].values > 0, np.clip(1.0 - grey - white, 0.0, 1.0), np.float32(0))
    images = {}
    for name, signal in (("brain-t2", _T2), ("brain-flair", _FLAIR)):
        values = grey * signal["grey"] + white * signal["white"] + fluid * signal["fluid"]
        images[name] = volumes["t1"].with_values(values.astype(np.float32))
    return images


@lru_cache(maxsize=1)
def _phantom(name: str) -> Subject:
    return phantom.subject(lung_studies.state(name))
