"""Narrowed searches find exactly what a naive model allows, and tell nothing of the rest."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth_service import search
from auth_service.errors import Invalid
from auth_service.policy.model import Labelled, Nothing, Visibility
from auth_service.search import Order, Question
from auth_service.vocabulary import Level
from tests.fakes.archive import FakeArchive

A = Labelled(frozenset({"album-a"}))
BOTH = Labelled(frozenset({"album-a", "album-b"}))


def archive_of(*series: tuple[str, str, str, set[str], int]) -> FakeArchive:
    """Fill an archive; a row is study, series, modality, labels (studies carry them too), instances."""
    archive = FakeArchive()
    for study, uid, modality, labels, instances in series:
        for number in range(1, instances + 1):
            added = archive.add(
                PatientID=f"P{study}",
                PatientName=f"TEST^{study}",
                StudyInstanceUID=study,
                StudyDate=f"2024010{study[-1]}",
                StudyDescription=f"Study {study}",
                SeriesInstanceUID=uid,
                Modality=modality,
                SOPInstanceUID=f"{uid}.{number}",
                SOPClassUID="1.2.840.10008.5.1.4.1.1.2",
                InstanceNumber=number,
            )
        for label in labels:
            archive.set_label(Level.SERIES, added.series.id, label)
            archive.set_label(Level.STUDY, added.series.study_id, label)
    return archive


WORLD = (
    ("1.1", "1.1.1", "CT", {"album-a"}, 3),
    ("1.1", "1.1.2", "MR", {"album-b"}, 2),
    ("1.1", "1.1.3", "SR", set[str](), 1),
    ("1.2", "1.2.1", "MR", {"album-a", "album-b"}, 1),
    ("1.3", "1.3.1", "CT", {"album-b"}, 4),
    ("1.4", "1.4.1", "CT", set[str](), 5),
)

COMPUTED = ("ModalitiesInStudy", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances")


def studies(
    archive: FakeArchive, visibility: Visibility, **filters: str
) -> list[tuple[str, str | None, str | None, str | None]]:
    rows = search.find(archive, Question(level=Level.STUDY, filters=filters, tags=COMPUTED), visibility)
    return sorted((row.uid, *(row.tags[keyword] for keyword in COMPUTED)) for row in rows)  # type: ignore[misc]


def test_a_study_tells_of_its_permitted_series_only() -> None:
    assert studies(archive_of(*WORLD), A) == [("1.1", "CT", "1", "3"), ("1.2", "MR", "1", "1")]


def test_two_albums_add_up() -> None:
    assert studies(archive_of(*WORLD), BOTH) == [
        ("1.1", "CT\\MR", "2", "5"),
        ("1.2", "MR", "1", "1"),
        ("1.3", "CT", "1", "4"),
    ]


def test_a_filter_on_a_modality_does_not_match_a_hidden_series() -> None:
    archive = archive_of(*WORLD)
    assert studies(archive, A, ModalitiesInStudy="MR") == [("1.2", "MR", "1", "1")]
    assert studies(archive, A, ModalitiesInStudy="SR") == []
    assert studies(archive, A, ModalitiesInStudy="MR\\CT") == [
        ("1.1", "CT", "1", "3"),
        ("1.2", "MR", "1", "1"),
    ]


def test_nothing_visible_asks_orthanc_nothing() -> None:
    archive = archive_of(*WORLD)
    question = Question(level=Level.STUDY, filters={"PatientName": "*"})
    assert search.find(archive, question, Nothing()) == []
    assert search.count(archive, question, Nothing()) == 0
    assert archive.questions == []


def test_every_find_for_a_page_carries_labels_that_are_not_empty_or_names_what_was_found() -> None:
    archive = archive_of(*WORLD)
    studies(archive, A, ModalitiesInStudy="CT")
    for asked in archive.questions:
        by_label = asked.get("Labels") == ["album-a"] and asked.get("LabelsConstraint") == "Any"
        by_name = set(asked["Query"]) == {"StudyInstanceUID"} and asked["Query"]["StudyInstanceUID"]
        assert by_label or by_name


def test_rows_name_no_label_and_no_series_that_is_hidden() -> None:
    archive = archive_of(*WORLD)
    row = next(row for row in search.find(archive, Question(level=Level.STUDY), A) if row.uid == "1.1")
    only = archive.series("1.1.1")
    assert only is not None
    assert set(row.labels) == {"album-a"}
    assert row.series == (only.id,)


def test_series_of_all_studies_are_found_by_label() -> None:
    rows = search.find(archive_of(*WORLD), Question(level=Level.SERIES), A)
    assert sorted(row.uid for row in rows) == ["1.1.1", "1.2.1"]


def test_an_identifier_under_two_patients_is_nobodys() -> None:
    archive = archive_of(*WORLD)
    archive.add(
        PatientID="SOMEBODY-ELSE",
        StudyInstanceUID="1.2",
        SeriesInstanceUID="9.9",
        Modality="CT",
        SOPInstanceUID="9.9.1",
        SOPClassUID="1.2.840.10008.5.1.4.1.1.2",
    )
    assert studies(archive, A) == [("1.1", "CT", "1", "3")]
    rows = search.find(archive, Question(level=Level.SERIES), A)
    assert [row.uid for row in rows] == ["1.1.1"]


@pytest.mark.parametrize(
    "question",
    [
        Question(level=Level.STUDY, filters={"Modality": "CT"}),
        Question(level=Level.STUDY, filters={"SeriesInstanceUID": "1.1.2"}),
        Question(level=Level.STUDY, filters={"NumberOfStudyRelatedSeries": "3"}),
        Question(level=Level.STUDY, tags=["SeriesDescription"]),
        Question(level=Level.STUDY, order=[Order(keyword="ModalitiesInStudy")]),
        Question(level=Level.STUDY, order=[Order(keyword="NumberOfStudyRelatedInstances")]),
        Question(level=Level.SERIES, filters={"ModalitiesInStudy": "CT"}),
        Question(level=Level.SERIES, tags=["NumberOfStudyRelatedSeries"]),
        Question(level=Level.SERIES, filters={"SOPInstanceUID": "1"}),
        Question(level=Level.SERIES, filters={"NumberOfPatientRelatedStudies": "1"}),
        Question(level=Level.INSTANCE),
    ],
)
def test_what_cannot_be_narrowed_exactly_is_refused(question: Question) -> None:
    with pytest.raises(Invalid):
        search.find(archive_of(*WORLD), question, A)


def test_instances_of_one_series_are_those_of_no_other() -> None:
    archive = archive_of(*WORLD)
    rows = search.find_instances(archive, Question(level=Level.INSTANCE), series_uid="1.1.1")
    assert sorted(row.uid for row in rows) == ["1.1.1.1", "1.1.1.2", "1.1.1.3"]
    assert search.count_instances(archive, Question(level=Level.INSTANCE), series_uid="1.1.1") == 3


def test_a_filter_cannot_lead_to_another_series() -> None:
    question = Question(level=Level.INSTANCE, filters={"SeriesInstanceUID": "1.1.2"})
    rows = search.find_instances(archive_of(*WORLD), question, series_uid="1.1.1")
    assert {row.uid for row in rows} == {"1.1.1.1", "1.1.1.2", "1.1.1.3"}


def test_pages_have_no_repeats_and_no_gaps_where_keys_are_equal() -> None:
    archive = archive_of(*((f"2.{n}", f"2.{n}.1", "CT", {"album-a"}, 1) for n in range(7)))
    found = [
        row.uid
        for since in range(0, 8, 2)
        for row in search.find(
            archive,
            Question(
                level=Level.STUDY, limit=2, since=since, order=[Order(keyword="StudyTime", descending=True)]
            ),
            A,
        )
    ]
    assert sorted(found) == sorted(f"2.{n}" for n in range(7))


LABELS = ("album-a", "album-b", "album-c")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["1.1", "1.2", "1.3"]),
            st.sampled_from(["CT", "MR", "SEG"]),
            st.sets(st.sampled_from(LABELS)),
            st.integers(1, 3),
        ),
        max_size=8,
    ),
    st.sets(st.sampled_from(LABELS), min_size=1),
    st.sampled_from(["", "CT", "MR\\SEG"]),
)
def test_a_search_equals_the_set_that_a_naive_model_expects(
    drawn: list[tuple[str, str, set[str], int]], visible: set[str], modality: str
) -> None:
    series = [
        (study, f"{study}.{number}", kind, labels, count)
        for number, (study, kind, labels, count) in enumerate(drawn)
    ]
    expected: dict[str, list[Any]] = {}
    for study, _, kind, labels, count in series:
        if labels & visible:
            of_study = expected.setdefault(study, [set(), 0, 0])
            of_study[0].add(kind)
            of_study[1] += 1
            of_study[2] += count
    wanted = set(modality.split("\\")) if modality else None
    model = sorted(
        (study, "\\".join(sorted(kinds)), str(number), str(instances))
        for study, (kinds, number, instances) in expected.items()
        if wanted is None or kinds & wanted
    )
    archive = archive_of(*series)
    filters = {"ModalitiesInStudy": modality} if modality else {}
    narrowed = Labelled(frozenset(visible))
    assert studies(archive, narrowed, **filters) == model
    assert search.count(archive, Question(level=Level.STUDY, filters=filters), narrowed) == len(model)
