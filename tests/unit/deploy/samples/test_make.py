"""After `make`: valid DICOM with the source's values on the disk, and a manifest that tells the truth."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from deploy.native.errors import CannotGoOn
from deploy.samples import clinical, manifest, sources
from deploy.samples.make import fingerprint, is_complete
from deploy.samples.manifest import SeriesEntry, StudyEntry
from tests.unit.deploy.samples.conftest import HEAD_SPACING, Brain, Head, Made


def entry(made: Made, key: str) -> StudyEntry:
    study = next(study for study in made.studies if study.key == key)
    return next(item for item in made.manifest.studies if item.study == study.uid)


def files(made: Made, series: SeriesEntry) -> list[FileDataset]:
    return [
        pydicom.dcmread(made.folder / series.folder / f"{n:04}.dcm") for n in range(1, series.instances + 1)
    ]


def series_of(made: Made, key: str, modality: str) -> SeriesEntry:
    return next(item for item in entry(made, key).series if item.modality == modality)


def everything(made: Made) -> Iterator[tuple[str, FileDataset]]:
    for name in made.manifest.files:
        yield name, pydicom.dcmread(made.folder / name)


def hounsfield(image: FileDataset) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return image.pixel_array.astype(float) * float(image.RescaleSlope) + float(image.RescaleIntercept)


def test_the_showcase_has_the_values_and_distances_of_its_source(made: Made, head: Head) -> None:
    images = files(made, series_of(made, "head-ct/01", "CT"))
    assert len(images) == head.matrix.shape[0]
    for number, image in enumerate(images):
        assert (hounsfield(image) == head.matrix[number, ::-1, :]).all()
        assert [float(value) for value in image.PixelSpacing] == pytest.approx(HEAD_SPACING[:2], abs=1e-6)
        assert float(image.SliceThickness) == float(image.SpacingBetweenSlices) == HEAD_SPACING[2]
        assert list(image.ImageType) == ["ORIGINAL", "PRIMARY", "AXIAL"]
        assert "DerivationDescription" not in image


def test_the_first_brain_has_the_values_of_the_template(made: Made, brain: Brain) -> None:
    images = files(made, series_of(made, "brain-mr/01", "MR"))
    for image in images:
        x, y, z = (float(value) for value in image.ImagePositionPatient)
        expected = brain.arrays["t1"][::-1, ::-1, round(z + 72)].T[round(y + 98) :, round(x + 98) :]
        assert (image.pixel_array == expected[:232, :192]).all()


@pytest.mark.parametrize(
    ("key", "modality"), [("head-ct/01", "CT"), ("head-ct/12", "MR"), ("lung-phantom/01", "CT")]
)
def test_slices_of_a_series_are_one_grid_in_order(made: Made, key: str, modality: str) -> None:
    images = files(made, series_of(made, key, modality))
    places = np.array([[float(value) for value in image.ImagePositionPatient] for image in images])
    along, down = np.reshape([float(v) for v in images[0].ImageOrientationPatient], (2, 3))
    steps = np.diff(places, axis=0)
    assert np.allclose(np.linalg.norm(steps, axis=1), float(images[0].SpacingBetweenSlices), atol=1e-4)
    assert np.allclose(
        np.abs(steps @ np.cross(along, down)), float(images[0].SpacingBetweenSlices), atol=1e-4
    )
    assert [image.InstanceNumber for image in images] == list(range(1, len(images) + 1))
    for name in ("FrameOfReferenceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        assert len({image[name].value for image in images}) == 1


def test_derived_images_say_what_was_done(made: Made) -> None:
    image = files(made, series_of(made, "head-ct/02", "CT"))[0]
    assert list(image.ImageType)[:2] == ["DERIVED", "SECONDARY"]
    assert image.DerivationDescription == "mirrored left to right; mean of 4 neighbouring slices"


def test_a_segmentation_lies_in_the_frame_of_its_images_and_holds_the_mask(made: Made, head: Head) -> None:
    images = files(made, series_of(made, "head-ct/01", "CT"))
    seg = files(made, series_of(made, "head-ct/01", "SEG"))[0]
    assert seg.FrameOfReferenceUID == images[0].FrameOfReferenceUID
    assert [item.SegmentLabel for item in seg.SegmentSequence] == ["Bone", "Skin"]
    referenced = seg.ReferencedSeriesSequence[0]
    assert referenced.SeriesInstanceUID == images[0].SeriesInstanceUID
    assert {item.ReferencedSOPInstanceUID for item in referenced.ReferencedInstanceSequence} == {
        image.SOPInstanceUID for image in images
    }
    bone = np.zeros_like(head.bone)
    for frame, pixels in zip(seg.PerFrameFunctionalGroupsSequence, seg.pixel_array, strict=True):
        if frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber == 1:
            place = [float(value) for value in frame.PlanePositionSequence[0].ImagePositionPatient]
            number = next(
                n for n, image in enumerate(images) if np.allclose(image.ImagePositionPatient, place)
            )
            bone[number] = pixels > 0
    assert (bone == head.bone[:, ::-1, :]).all()


def test_a_fractional_segmentation_keeps_the_tissue_map(made: Made) -> None:
    seg = files(made, series_of(made, "brain-mr/02", "SEG"))[0]
    assert (seg.SegmentationType, seg.SegmentationFractionalType) == ("FRACTIONAL", "PROBABILITY")
    assert len(np.unique(seg.pixel_array)) > 2


def test_frames_of_binary_segmentations_fill_whole_bytes(made: Made) -> None:
    for _, dataset in everything(made):
        if dataset.get("SegmentationType") == "BINARY" and int(dataset.get("NumberOfFrames", 1)) > 1:
            assert dataset.Rows * dataset.Columns % 8 == 0


def test_a_report_states_the_volumes_of_the_masks(made: Made) -> None:
    report = files(made, series_of(made, "lung-phantom/01", "SR"))[0]
    known = made.manifest.phantom.series[0]
    numbers = [float(value) for value in _numbers(report)]
    assert numbers == pytest.approx([known.right_lung_ml, known.left_lung_ml], rel=0.01)


def _numbers(item: pydicom.Dataset) -> Iterator[float]:
    if "MeasuredValueSequence" in item:
        yield item.MeasuredValueSequence[0].NumericValue
    for child in item.get("ContentSequence", ()):
        yield from _numbers(child)


def test_every_object_is_valid_part_10_and_marked_as_test_data(made: Made) -> None:
    seen = set()
    for name, dataset in everything(made):
        assert str(dataset.PatientName).startswith("TEST^"), name
        assert dataset.PatientID.startswith("TEST-")
        assert dataset.QualityControlSubject == "YES"
        assert dataset.PatientIdentityRemoved == "YES"
        assert "Test data" in dataset.DeidentificationMethod
        assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"):
            assert UID(dataset[keyword].value).is_valid
        seen.add(dataset.SOPInstanceUID)
        if not name.startswith(clinical.FOLDER):
            assert dataset.Manufacturer == "PARADIM test data"
            assert dataset.SOPInstanceUID.startswith("2.25.")
            assert dataset.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert len(seen) == len(made.manifest.files)


def test_a_study_belongs_to_one_patient(made: Made) -> None:
    owners: dict[str, set[str]] = {}
    for _, dataset in everything(made):
        owners.setdefault(dataset.StudyInstanceUID, set()).add(dataset.PatientID)
    assert all(len(patients) == 1 for patients in owners.values())
    assert set(owners) == {item.study for item in made.manifest.studies}


def test_the_manifest_counts_what_is_in_the_folder(made: Made) -> None:
    on_disk = {path.relative_to(made.folder).as_posix() for path in made.folder.rglob("*.dcm")}
    assert on_disk == set(made.manifest.files)
    assert len(made.manifest.files) == len(on_disk)
    counted: dict[tuple[str, str, str], int] = {}
    for _, dataset in everything(made):
        key = (dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.Modality)
        counted[key] = counted.get(key, 0) + 1
    listed = {
        (study.study, series.series, series.modality): series.instances
        for study in made.manifest.studies
        for series in study.series
    }
    assert counted == listed


def test_albums_hold_exactly_what_is_not_hidden(made: Made) -> None:
    albums = {album.slug: set(album.series) for album in made.manifest.albums}
    assert list(albums) == ["head-ct", "lung-phantom", "brain-mr"]
    for item in made.manifest.studies:
        for series in item.series:
            expected = {slug for slug, held in albums.items() if series.series in held}
            hidden = series.series in made.manifest.special.partial.hidden_series
            assert expected == (set() if hidden else set(item.albums))


def test_albums_have_the_owners_and_members_of_the_demo(made: Made) -> None:
    assert [
        (album.slug, album.owner, [m.model_dump() for m in album.members]) for album in made.manifest.albums
    ] == [
        ("head-ct", "pi-a", [{"user": "member-a", "actions": ("view",)}]),
        ("lung-phantom", "pi-a", []),
        ("brain-mr", "pi-b", [{"user": "member-b", "actions": ("view", "download")}]),
    ]


def test_the_special_cases_are_what_their_names_say(made: Made) -> None:
    special = made.manifest.special
    assert special.showcase.series == entry(made, "head-ct/01").series[0].series
    assert special.two_albums == entry(made, "head-ct/12").study
    assert special.unlabelled == entry(made, "unlabelled/01").study
    modality = {s.series: s.modality for study in made.manifest.studies for s in study.series}
    assert special.partial.study == entry(made, "head-ct/13").study
    assert {modality[uid] for uid in special.partial.visible_series} == {"CT"}
    assert [modality[uid] for uid in special.partial.hidden_series] == ["MR", "SR"]


def test_the_clinical_files_keep_their_pixels_and_uids(made: Made) -> None:
    source = sources.pydicom_files()
    assert len(made.manifest.special.clinical) == len(clinical.KINDS)
    modalities = {item.modality for item in made.manifest.special.clinical}
    assert modalities == {
        "CT",
        "MR",
        "CR",
        "NM",
        "US",
        "OT",
        "SEG",
        "SR",
        "ECG",
        "RTPLAN",
        "RTSTRUCT",
        "RTDOSE",
    }
    for kind, item in zip(clinical.KINDS, made.manifest.special.clinical, strict=True):
        original = pydicom.dcmread(source / kind.file, force=True)
        written = pydicom.dcmread(made.folder / item.file)
        assert written.get("PixelData") == original.get("PixelData")
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "Modality"):
            assert written[keyword].value == original[keyword].value


def test_files_that_can_be_no_sample_are_named_with_the_reason(made: Made) -> None:
    reasons = clinical.unusable(sources.pydicom_files())
    assert reasons["no_meta.dcm"] == "has no header"
    assert "StudyInstanceUID" in reasons["priv_SQ.dcm"]
    assert not {kind.file for kind in clinical.KINDS} & set(reasons)
    readme = (made.folder / "README.md").read_text()
    assert "`no_meta.dcm`: has no header" in readme


def test_the_readme_names_every_licence(made: Made) -> None:
    readme = (made.folder / "README.md").read_text()
    for words in (
        "GNU General Public License, version 2",
        "Permission to use, copy, modify",
        "MIT License",
        "Apache",
    ):
        assert words in readme


def test_the_truth_of_the_phantom_stands_beside_its_images(made: Made) -> None:
    beside = json.loads((made.folder / "lung-phantom" / "phantom.json").read_text())
    assert beside == json.loads(made.manifest.phantom.model_dump_json())
    assert beside["series"][0]["series"] == series_of(made, "lung-phantom/01", "CT").series


def test_two_runs_give_the_same_bytes(made: Made, make_some: Callable[..., Made], tmp_path: Path) -> None:
    again = make_some(tmp_path, tuple(study.key for study in made.studies))
    assert _digests(again.folder) == _digests(made.folder)


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_folder_is_complete_only_with_manifest_key_and_every_file(
    make_some: Callable[..., Made], tmp_path: Path
) -> None:
    assert not is_complete(tmp_path)
    keys = ("head-ct/12", "head-ct/13", "unlabelled/01", "lung-phantom/10")
    made = make_some(tmp_path, keys)
    assert is_complete(tmp_path)
    victim = tmp_path / made.manifest.files[3]
    content = victim.read_bytes()
    victim.unlink()
    assert not is_complete(tmp_path)
    victim.write_bytes(content)
    (tmp_path / "key.txt").write_text("another version")
    assert not is_complete(tmp_path)
    (tmp_path / "key.txt").write_text(fingerprint())
    (tmp_path / manifest.NAME).write_text("{}")
    assert not is_complete(tmp_path)


def test_the_manifest_survives_writing_and_reading(made: Made, tmp_path: Path) -> None:
    manifest.write(made.manifest, tmp_path)
    assert manifest.read(tmp_path) == made.manifest
    assert [path.name for path in tmp_path.iterdir()] == [manifest.NAME]


def test_a_missing_or_foreign_manifest_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CannotGoOn, match=r"no manifest\.json"):
        manifest.read(tmp_path)
    (tmp_path / manifest.NAME).write_text('{"version": 2}')
    with pytest.raises(CannotGoOn, match="version 1"):
        manifest.read(tmp_path)
