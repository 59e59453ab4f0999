"""Sources are found, checked and read the right way round, or their absence is one clear sentence."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from deploy.native import commands
from deploy.native.errors import CannotGoOn
from deploy.samples import library, sources
from tests.unit.deploy.samples.conftest import HEAD_SPACING, Brain, Head


def test_the_head_ct_is_found_wherever_the_package_was_unpacked(tmp_path: Path) -> None:
    for place in ("", "examples", "usr/share/doc/invesalius-examples/examples"):
        folder = tmp_path / (place.replace("/", "_") or "flat")
        (folder / place).mkdir(parents=True)
        (folder / place / sources.CRANIUM).write_bytes(b"")
        assert sources.find_cranium(folder) == folder / place / sources.CRANIUM


def test_a_missing_head_ct_is_named_with_the_way_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(CannotGoOn, match="invesalius-examples") as told:
        sources.find_cranium(tmp_path)
    assert "--invesalius" in told.value.remedy


def test_the_head_ct_is_turned_so_that_rows_run_to_the_back(head: Head) -> None:
    read = sources.read_cranium(head.file, sha256=None)
    assert read.volume.values.dtype == np.int16
    assert (read.volume.values == head.matrix[:, ::-1, :]).all()
    assert read.volume.spacing == (HEAD_SPACING[2], HEAD_SPACING[1], HEAD_SPACING[0])
    middle = [(count - 1) / 2 for count in read.volume.shape]
    assert read.volume.place(middle) == pytest.approx((0, 0, 0))


def test_masks_lose_their_flags_and_lie_on_the_image(head: Head) -> None:
    read = sources.read_cranium(head.file, sha256=None)
    assert (read.masks["bone"].values == head.bone[:, ::-1, :]).all()
    assert (read.masks["skin"].values == (read.volume.values > -142)).all()


def test_another_head_ct_than_the_expected_one_is_refused(head: Head) -> None:
    with pytest.raises(CannotGoOn, match="not the expected one"):
        sources.read_cranium(head.file)


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x1f\x8b\x08\x00broken"])
def test_a_broken_head_ct_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / sources.CRANIUM
    file.write_bytes(content)
    with pytest.raises(CannotGoOn, match="Cranium"):
        sources.read_cranium(file, sha256=None)


def test_the_brain_is_read_in_axial_order(brain: Brain) -> None:
    read = sources.read_brain(brain.wheel)
    right_front_first = brain.arrays["t1"]
    assert read["t1"].shape == (40, 233, 197)
    # The first pixel of a slice is the person's right front: the last index of both axes of the file.
    assert read["t1"].values[5, 40, 40] == right_front_first[197 - 1 - 40, 233 - 1 - 40, 5]
    # The template's origin is its index (98, 134, 72); an index (i, j, k) lies at (98 - i, 134 - j, k - 72).
    assert read["t1"].place((0, 0, 0)) == pytest.approx((98 - 196, 134 - 232, -72))
    assert read["grey"].values.max() == 1.0


def test_simulated_contrasts_are_weighted_by_tissue_and_empty_outside(brain: Brain) -> None:
    volumes = sources.read_brain(brain.wheel)
    for index, (grey, white) in enumerate([(1, 0), (0, 1), (0, 0)]):
        volumes["grey"].values[5, 60, 60 + index] = grey
        volumes["white"].values[5, 60, 60 + index] = white
    head = volumes["t1"].values.copy()
    head[5, 60, 60:63] = 200
    volumes["t1"] = volumes["t1"].with_values(head)
    made = library.brain_contrasts(volumes)
    grey, white, fluid = made["brain-t2"].values[5, 60, 60:63]
    assert white < grey < fluid
    grey, white, fluid = made["brain-flair"].values[5, 60, 60:63]
    assert fluid < white < grey
    assert made["brain-t2"].values[5, 0, 0] == 0


def test_a_wheel_without_the_brain_is_one_sentence(tmp_path: Path) -> None:
    wheel = tmp_path / "nilearn.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("nilearn/__init__.py", "")
    with pytest.raises(CannotGoOn, match="not in"):
        sources.read_brain(wheel)


def test_the_wheel_is_fetched_by_pip_with_its_digest_and_then_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def fake_pip(command: list[str | Path], *, what: str, **_: object) -> str:
        asked.append([str(word) for word in command])
        folder = Path(command[list(command).index("--dest") + 1])
        (folder / f"nilearn-{sources.NILEARN}-py3-none-any.whl").write_bytes(b"wheel")
        return ""

    monkeypatch.setattr(commands, "run", fake_pip)
    monkeypatch.setattr(
        sources, "NILEARN_SHA256", "7d4f1718d66d13cd6ce46e6b5e12d5b9d3ee4bc2a1b5bd14ab6fbc1e1ad1bb9c"
    )
    with pytest.raises(CannotGoOn, match="not the expected one"):
        sources.fetch_nilearn(tmp_path)
    assert "--require-hashes" in asked[0]
    assert "--no-deps" in asked[0]
    wanted = Path(asked[0][-1]).read_text()
    assert wanted == f"nilearn=={sources.NILEARN} --hash=sha256:{sources.NILEARN_SHA256}\n"
    with pytest.raises(CannotGoOn):
        sources.fetch_nilearn(tmp_path)
    assert len(asked) == 1
