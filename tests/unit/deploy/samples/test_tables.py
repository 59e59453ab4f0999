"""The tables of studies: enough of them, valid DICOM words, nobody's name, and the special cases."""

import re
from collections import Counter, defaultdict

from deploy.samples.brain_studies import brain_studies
from deploy.samples.head_studies import head_studies, unlabelled_study
from deploy.samples.lung_studies import lung_studies
from deploy.samples.make import all_studies
from deploy.samples.model import Ct, Study


def modalities(study: Study) -> set[str]:
    found: set[str] = {series.modality for series in study.series}
    found |= {"SEG" for series in study.series if series.segments}
    return found | ({"SR"} if study.report else set())


def test_every_album_has_thirteen_studies() -> None:
    held = Counter(slug for study in all_studies() for slug in study.albums)
    assert held == {"head-ct": 13, "lung-phantom": 13, "brain-mr": 13}


def test_studies_of_a_table_belong_to_its_album() -> None:
    for slug, studies in (
        ("head-ct", head_studies()),
        ("lung-phantom", lung_studies()),
        ("brain-mr", brain_studies()),
    ):
        assert all(slug in study.albums and study.key.startswith(slug) for study in studies)


def test_the_showcase_is_first_and_untouched() -> None:
    first = all_studies()[0]
    assert first.key == "head-ct/01"
    assert first.series[0].steps == ()
    assert modalities(first) == {"CT", "SEG"}


def test_one_study_is_in_two_albums_with_both_modalities() -> None:
    shared = [study for study in all_studies() if len(study.albums) > 1]
    assert [set(study.albums) for study in shared] == [{"head-ct", "brain-mr"}]
    assert modalities(shared[0]) == {"CT", "MR"}


def test_one_study_is_in_no_album() -> None:
    assert [study for study in all_studies() if not study.albums] == [unlabelled_study()]


def test_one_study_hides_modalities_that_nothing_visible_has() -> None:
    partial = [study for study in all_studies() if study.hidden]
    assert len(partial) == 1
    assert modalities(partial[0]) - set(partial[0].hidden) == {"CT"}
    assert set(partial[0].hidden) == {"MR", "SR"}


def test_no_name_can_be_mistaken_for_a_person_and_a_patient_is_one_patient() -> None:
    by_id: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for study in all_studies():
        assert study.patient.name.startswith("TEST^")
        assert study.patient.id.startswith("TEST-")
        by_id[study.patient.id].add((study.patient.name, study.patient.sex))
    assert all(len(patients) == 1 for patients in by_id.values())


def test_keys_accessions_and_uids_are_used_once() -> None:
    studies = all_studies()
    for values in ([s.key for s in studies], [s.uid for s in studies], [s.accession for s in studies]):
        assert len(set(values)) == len(values)
    assert all(re.fullmatch(r"2\.25\.[1-9][0-9]{1,38}", study.uid) for study in studies)


def test_words_fit_their_dicom_fields() -> None:
    for study in all_studies():
        assert re.fullmatch(r"\d{3}Y", study.age)
        assert re.fullmatch(r"20(1[89]|2[0-4])\d{4}", study.date)
        assert re.fullmatch(r"\d{6}", study.time)
        assert len(study.accession) <= 16
        assert len(study.description) <= 64
        assert len({series.description for series in study.series}) == len(study.series)
        for series in study.series:
            assert 0 < len(series.description) <= 64
            assert len(series.settings.kernel if isinstance(series.settings, Ct) else "") <= 16


def test_filters_have_something_to_find() -> None:
    studies = all_studies()
    series = [series for study in studies for series in study.series]
    settings = [item.settings for item in series]
    assert {study.patient.sex for study in studies} == {"F", "M", "O"}
    assert len({study.date[:4] for study in studies}) >= 6
    assert {item.body_part for item in settings} == {"HEAD", "FACE", "CHEST", "BRAIN"}
    assert len({item.kernel for item in settings if isinstance(item, Ct)}) >= 5
    assert len({item.model for item in settings}) >= 4
    assert {bool(item.contrast_agent) for item in settings} == {True, False}
    assert any("É" in study.description for study in studies)
    ages = [int(study.age[:3]) for study in studies]
    assert min(ages) < 13
    assert max(ages) > 80
