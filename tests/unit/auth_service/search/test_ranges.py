"""Numbers between two others, and studies by what their permitted series are: exact, or refused."""

from collections.abc import Iterable, Mapping

import pytest

from auth_service import search
from auth_service.errors import Invalid
from auth_service.policy.model import Everything, Labelled, Nothing, Openings
from auth_service.search import Question, narrowing
from auth_service.search.ranges import Range, age, thickness
from auth_service.vocabulary import Level
from tests.fakes.archive import FakeArchive

A = Openings(frozenset({Labelled(label="album-a")}))
ALL = Openings(frozenset({Everything()}))
SITE = Openings(frozenset({Labelled(label="site"), Labelled(label="album-a")}))
CT_OF_SITE = Openings(frozenset({Labelled(label="site", modalities=frozenset({"CT"}))}))
CT_OF_ALL = Openings(frozenset({Everything(modalities=frozenset({"CT"}))}))

# study, series, modality, slice thickness, body part, age, labels of the series, labels of the study
ROWS: tuple[tuple[str, str, str, str | None, str, str | None, set[str], set[str]], ...] = (
    ("1.1", "1.1.1", "CT", "0.625", "CHEST", "053Y", {"album-a"}, {"album-a", "site"}),
    ("1.1", "1.1.2", "CT", "5", "HEAD", "053Y", set(), {"album-a", "site"}),
    ("1.2", "1.2.1", "CT", "10", "HEAD", "011M", {"album-a"}, {"album-a"}),
    ("1.3", "1.3.1", "MR", "1.0", "HEAD", None, {"album-a"}, {"album-a"}),
    ("1.4", "1.4.1", "CT", "2", "HEAD", "040Y", set(), {"site"}),
    ("1.5", "1.5.1", "CT", None, "CHEST", "040Y", {"album-a"}, {"album-a"}),
    ("1.6", "1.6.1", "CT", "1.5", "HEAD", "060Y", set(), set()),
)


@pytest.fixture
def archive() -> FakeArchive:
    made = FakeArchive()
    for study, series, modality, thick, part, years, of_series, of_study in ROWS:
        optional = {"SliceThickness": thick, "PatientAge": years}
        image = made.add(
            PatientID=f"P{study}",
            PatientName="TEST",
            PatientBirthDate="19500630",
            StudyInstanceUID=study,
            StudyDate="20200629",
            SeriesInstanceUID=series,
            Modality=modality,
            BodyPartExamined=part,
            SOPInstanceUID=f"{series}.1",
            SOPClassUID="1.2.840.10008.5.1.4.1.1.2",
            **{name: value for name, value in optional.items() if value is not None},
        )
        made.held["Series"][image.series.id].labels |= of_series
        made.held["Study"][image.series.study_id].labels |= of_study
    return made


def found(
    archive: FakeArchive,
    openings: Openings,
    level: Level = Level.STUDY,
    ranges: Mapping[str, Range] | None = None,
    **filters: str,
) -> set[str]:
    question = Question(level=level, filters=filters, ranges=ranges or {})
    rows = {row.uid for row in search.find(archive, question, openings)}
    assert search.count(archive, question, openings) == len(rows)
    return rows


def between(lowest: float | None, highest: float | None, keyword: str = "SliceThickness") -> dict[str, Range]:
    return {keyword: Range(lowest=lowest, highest=highest)}


@pytest.mark.parametrize(
    ("openings", "expected"),
    [
        (A, {"1.2", "1.3"}),
        (SITE, {"1.1", "1.2", "1.3", "1.4"}),
        (CT_OF_SITE, {"1.1", "1.4"}),
        (CT_OF_ALL, {"1.1", "1.2", "1.4", "1.6"}),
        (ALL, {"1.1", "1.2", "1.3", "1.4", "1.6"}),
    ],
    ids=["album", "album and site", "CT of the site", "all CT", "everything"],
)
def test_a_study_is_found_by_a_permitted_series_and_by_no_hidden_one(
    archive: FakeArchive, openings: Openings, expected: set[str]
) -> None:
    assert found(archive, openings, BodyPartExamined="HEAD") == expected


@pytest.mark.parametrize(
    ("openings", "expected"),
    [
        (A, {"1.1", "1.3"}),
        (SITE, {"1.1", "1.3", "1.4"}),
        (CT_OF_SITE, {"1.1", "1.4"}),
        (CT_OF_ALL, {"1.1", "1.4", "1.6"}),
        (ALL, {"1.1", "1.3", "1.4", "1.6"}),
    ],
    ids=["album", "album and site", "CT of the site", "all CT", "everything"],
)
def test_a_range_is_of_permitted_series_and_of_numbers_not_of_text(
    archive: FakeArchive, openings: Openings, expected: set[str]
) -> None:
    assert found(archive, openings, ranges=between(0.5, 2)) == expected


def test_one_series_must_match_it_all(archive: FakeArchive) -> None:
    assert found(archive, SITE, ranges=between(None, 1), BodyPartExamined="HEAD") == {"1.3"}
    assert found(archive, SITE, BodyPartExamined="HEAD", ModalitiesInStudy="CT") == {"1.1", "1.2", "1.4"}
    assert found(archive, A, BodyPartExamined="HE*", ModalitiesInStudy="CT") == {"1.2"}


def test_bounds_are_included_and_either_may_be_missing(archive: FakeArchive) -> None:
    assert found(archive, A, ranges=between(0.625, 1)) == {"1.1", "1.3"}
    assert found(archive, A, ranges=between(10, None)) == {"1.2"}
    assert found(archive, A, ranges=between(11, None)) == set()


def test_series_are_found_by_ranges_of_their_own_and_of_their_study(archive: FakeArchive) -> None:
    assert found(archive, A, Level.SERIES, between(None, 5)) == {"1.1.1", "1.3.1"}
    assert found(archive, A, Level.SERIES, between(40, 69, "PatientAge")) == {"1.1.1", "1.3.1", "1.5.1"}
    both = between(None, 0.7) | between(50, None, "PatientAge")
    assert found(archive, SITE, Level.SERIES, both) == {"1.1.1"}
    assert found(archive, SITE, Level.STUDY, both) == {"1.1"}


def test_an_age_is_as_recorded_or_counted_from_the_birth_date(archive: FakeArchive) -> None:
    assert found(archive, A, ranges=between(69, 69, "PatientAge")) == {"1.3"}
    assert found(archive, A, ranges=between(0, 0, "PatientAge")) == {"1.2"}
    assert found(archive, A, ranges=between(40, 53, "PatientAge"), PatientID="P1.5") == {"1.5"}


def test_pages_are_of_what_suits(archive: FakeArchive) -> None:
    pages = [
        search.find(archive, Question(level=Level.STUDY, ranges=between(0, 99), limit=2, since=since), SITE)
        for since in (0, 2, 4)
    ]
    assert [len(page) for page in pages] == [2, 2, 0]
    assert {row.uid for page in pages for row in page} == {"1.1", "1.2", "1.3", "1.4"}


def test_more_than_can_be_looked_at_is_refused(archive: FakeArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(narrowing, "MOST_RESOLVED", 3)
    with pytest.raises(Invalid):
        found(archive, A, ranges=between(0, 99))
    assert found(archive, A, ranges=between(0, 99), PatientID="P1.1") == {"1.1"}


def test_what_is_no_range_is_refused_and_nothing_visible_asks_nothing(archive: FakeArchive) -> None:
    with pytest.raises(Invalid):
        search.find(archive, Question(level=Level.STUDY, ranges=between(1, 2, "Rows")), A)
    with pytest.raises(Invalid):
        search.find_instances(
            archive, Question(level=Level.INSTANCE, ranges=between(1, 2)), series_uid="1.1.1"
        )
    with pytest.raises(Invalid):
        search.find(archive, Question(level=Level.STUDY, filters={"Modality": "CT"}), A)
    archive.questions.clear()
    assert search.find(archive, Question(level=Level.STUDY, ranges=between(1, 2)), Nothing()) == []
    assert archive.questions == []


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"PatientAge": "053Y"}, 53),
        ({"PatientAge": "018M"}, 1),
        ({"PatientAge": "011M"}, 0),
        ({"PatientAge": "053W"}, 1),
        ({"PatientAge": "900D"}, 2),
        ({"PatientAge": " 7y"}, 7),
        ({"PatientAge": "old"}, None),
        ({"PatientBirthDate": "20000229", "StudyDate": "20200228"}, 19),
        ({"PatientBirthDate": "2000.02.28", "StudyDate": "20200228"}, 20),
        ({"PatientBirthDate": "20200228", "StudyDate": "20000229"}, None),
        ({"PatientBirthDate": "20001399", "StudyDate": "20200228"}, None),
        ({}, None),
    ],
)
def test_ages_are_read_in_completed_years(tags: dict[str, str], expected: float | None) -> None:
    assert age(tags) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("0.625", 0.625), (" 1e-1 ", 0.1), ("", None), ("thin", None), ("1\\2", None)]
)
def test_a_thickness_is_a_number_or_none(value: str, expected: float | None) -> None:
    assert thickness({"SliceThickness": value}) == expected


def test_a_thickness_that_is_no_number_is_in_no_range() -> None:
    held: Iterable[str] = ("nan", "inf", "-inf")
    every = Range(lowest=None, highest=None)
    assert [every.holds(thickness({"SliceThickness": value})) for value in held] == [False] * 3
