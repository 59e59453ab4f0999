"""Narrowed searches find exactly what a naive model allows, and tell nothing of the rest."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth_service import search
from auth_service.archive import find_all, questions
from auth_service.errors import Invalid
from auth_service.policy.model import Everything, Labelled, Nothing, Opening, Openings, Visibility
from auth_service.search import Order, Question, narrowing
from auth_service.vocabulary import Level
from tests.fakes.archive import FakeArchive


def openings(*ways: str | Opening) -> Openings:
    return Openings(frozenset(Labelled(label=way) if isinstance(way, str) else way for way in ways))


A = openings("album-a")
BOTH = openings("album-a", "album-b")


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


IMAGE = {
    "PatientID": "P",
    "PatientName": "TEST^P",
    "Modality": "CT",
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
}


class Busy(FakeArchive):
    """An archive in which something arrives, or goes, after the first question about it."""

    arrives: Mapping[str, str] | None = None
    goes: str | None = None

    def find(self, question: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Answer, and only then take in what arrives and give up what goes."""
        answer = super().find(question)
        if self.goes is not None:
            self.delete(self.goes)
            self.goes = None
        if self.arrives is not None:
            self.add(**self.arrives)
            self.arrives = None
        return answer


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
    rows = {row.uid: row for row in search.find(archive, Question(level=Level.STUDY, children=True), A)}
    for study, series in (("1.1", "1.1.1"), ("1.2", "1.2.1")):
        only = archive.series(series)
        assert only is not None
        assert set(rows[study].labels) == {"album-a"}
        assert rows[study].series == (only.id,)


def test_series_are_looked_at_one_by_one_only_where_one_is_hidden() -> None:
    archive = archive_of(*WORLD)
    assert studies(archive, A) == [("1.1", "CT", "1", "3"), ("1.2", "MR", "1", "1")]
    looked_at = [asked for asked in archive.questions if "Modality" in asked.get("RequestedTags", ())]
    assert [asked["Query"] for asked in looked_at] == [{"StudyInstanceUID": "1.1"}]


def test_series_that_arrives_while_a_page_is_answered_is_not_counted() -> None:
    archive = Busy()
    archive.add(**IMAGE, StudyInstanceUID="1.1", SeriesInstanceUID="1.1.1", SOPInstanceUID="1.1.1.1")
    added = archive.series("1.1.1")
    assert added is not None
    archive.set_label(Level.SERIES, added.id, "album-a")
    archive.set_label(Level.STUDY, added.study_id, "album-a")
    archive.arrives = {
        **IMAGE,
        "Modality": "SR",
        "StudyInstanceUID": "1.1",
        "SeriesInstanceUID": "1.1.2",
        "SOPInstanceUID": "1.1.2.1",
    }
    assert studies(archive, A) == [("1.1", "CT", "1", "1")]
    assert archive.series("1.1.2") is not None


def test_a_study_that_goes_while_a_page_is_answered_takes_no_other_with_it() -> None:
    archive = Busy()
    for uid, level in (("1.1", Level.SERIES), ("1.2", Level.STUDY)):
        of = {"StudyInstanceUID": uid, "SeriesInstanceUID": f"{uid}.1", "SOPInstanceUID": f"{uid}.1.1"}
        series = archive.add(**IMAGE, **of).series
        archive.set_label(level, series.id if level is Level.SERIES else series.study_id, "teaching")
        if uid == "1.1":
            archive.goes = series.study_id
    rows = search.find(archive, Question(level=Level.STUDY), openings("teaching"))
    assert archive.goes is None
    assert [row.uid for row in rows] == ["1.2"]


def test_attributes_that_the_index_was_not_made_to_hold_come_from_the_files() -> None:
    archive = FakeArchive()
    for study, age in (("1.1", "040Y"), ("1.2", "050Y"), ("1.3", None)):
        added = archive.add(
            **IMAGE,
            StudyInstanceUID=study,
            SeriesInstanceUID=f"{study}.1",
            SOPInstanceUID=f"{study}.1.1",
            **({"PatientAge": age} if age else {}),
        )
        archive.set_label(Level.SERIES, added.series.id, "album-a")
        archive.set_label(Level.STUDY, added.series.study_id, "album-a")
    first = archive.study("1.1")
    assert first is not None
    archive.held["Study"][first.id].unindexed = frozenset({"PatientAge"})
    asked = Question(level=Level.STUDY, tags=["PatientAge", "PatientName", "StudyDescription"])

    rows = {row.uid: row.tags for row in search.find(archive, asked, A)}

    assert {uid: tags["PatientAge"] for uid, tags in rows.items()} == {
        "1.1": "040Y",
        "1.2": "050Y",
        "1.3": None,
    }
    assert all(tags["StudyDescription"] is None for tags in rows.values())
    # Nobody's files are read for what the index would hold.
    by_name = [one for one in archive.questions if "PatientAge" in one.get("RequestedTags", ())]
    assert [one["Query"]["StudyInstanceUID"] for one in by_name] == ["1.1"]


def test_where_a_label_of_the_site_covers_the_study_no_series_is_looked_at() -> None:
    archive = archive_of(*WORLD)
    first = archive.study("1.1")
    assert first is not None
    archive.set_label(Level.STUDY, first.id, "site")
    assert studies(archive, openings("site")) == [("1.1", "CT\\MR\\SR", "3", "6")]
    assert studies(archive, openings(Everything()))[0] == ("1.1", "CT\\MR\\SR", "3", "6")
    assert not [asked for asked in archive.questions if "Modality" in asked.get("RequestedTags", ())[:1]]


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
    narrowed = openings(*visible)
    assert studies(archive, narrowed, **filters) == model
    assert search.count(archive, Question(level=Level.STUDY, filters=filters), narrowed) == len(model)


# Rules: labels of the site on studies and on series, everything, conditions.

MODALITIES = ("CT", "MR", "SEG")
SITE = ("trauma", "stroke")


@dataclass(frozen=True)
class Drawn:
    """A series of a random archive; its study's labels stand in a table of their own."""

    study: str
    uid: str
    modality: str
    labels: frozenset[str]
    instances: int


Archived = tuple[list[Drawn], dict[str, frozenset[str]]]


@st.composite
def archives(draw: st.DrawFn) -> Archived:
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["1.1", "1.2", "1.3", "1.4"]),
                st.sampled_from(MODALITIES),
                st.frozensets(st.sampled_from(["album-a", "album-b", *SITE]), max_size=2),
                st.integers(1, 2),
            ),
            max_size=9,
        )
    )
    series = [
        Drawn(study, f"{study}.{number}", kind, labels, count)
        for number, (study, kind, labels, count) in enumerate(rows)
    ]
    of_site = {one.study: draw(st.frozensets(st.sampled_from(SITE), max_size=1)) for one in series}
    # The index that the ledger keeps: an album's label is on every study that it has some series of.
    index = {
        study: {
            label for one in series if one.study == study for label in one.labels if label[:6] == "album-"
        }
        for study in of_site
    }
    return series, {study: labels | index[study] for study, labels in of_site.items()}


conditions = st.one_of(st.none(), st.frozensets(st.sampled_from(MODALITIES), min_size=1, max_size=2))
ways = st.one_of(
    st.builds(
        Labelled, label=st.sampled_from(["album-a", "album-b", *SITE, "unused"]), modalities=conditions
    ),
    st.builds(Everything, modalities=conditions),
)
visibilities = st.frozensets(ways, min_size=1, max_size=3).map(Openings)


def filled(archived: Archived) -> FakeArchive:
    series, study_labels = archived
    archive = archive_of(*((one.study, one.uid, one.modality, set(), one.instances) for one in series))
    for one in series:
        held = archive.series(one.uid)
        assert held is not None
        for label in one.labels:
            archive.set_label(Level.SERIES, held.id, label)
        for label in study_labels[one.study]:
            archive.set_label(Level.STUDY, held.study_id, label)
    return archive


def naively_visible(archived: Archived, visibility: Openings) -> list[Drawn]:
    """Say which series are visible, from the words of the design and not from the policy's code."""
    series, study_labels = archived
    found = []
    for one in series:
        carried = one.labels | {label for label in study_labels[one.study] if not label.startswith("album-")}
        for way in visibility.ways:
            label = way.label if isinstance(way, Labelled) else None
            if (label is None or label in carried) and (not way.modalities or one.modality in way.modalities):
                found.append(one)
                break
    return found


def in_pages(archive: FakeArchive, question: Question, visibility: Visibility) -> list[str]:
    """Turn page after page of two, in an order that makes them exact."""
    found: list[str] = []
    for since in range(0, 12, 2):
        page = replace(question, since=since, limit=2, order=[Order(keyword="StudyDate", descending=True)])
        found += [row.uid for row in search.find(archive, page, visibility)]
    return found


@settings(max_examples=400, deadline=None)
@given(archives(), visibilities, st.sampled_from(["", "CT", "MR\\SEG", "C*"]), st.sampled_from(["", "1.2"]))
def test_studies_of_any_visibility_are_those_of_the_naive_model(
    archived: Archived, visibility: Openings, modality: str, study: str
) -> None:
    archive = filled(archived)
    of_study: dict[str, list[Drawn]] = defaultdict(list)
    for one in naively_visible(archived, visibility):
        of_study[one.study].append(one)
    wanted = {"C*": {"CT"}}.get(modality, set(modality.split("\\")))  # "C*" is every CT of this archive
    model = sorted(
        (
            uid,
            "\\".join(sorted({one.modality for one in series})),
            str(len(series)),
            str(sum(one.instances for one in series)),
        )
        for uid, series in of_study.items()
        if (not modality or wanted & {one.modality for one in series}) and study in ("", uid)
    )
    filters = {"ModalitiesInStudy": modality, "StudyInstanceUID": study}
    filters = {keyword: value for keyword, value in filters.items() if value}
    question = Question(level=Level.STUDY, filters=filters)
    assert studies(archive, visibility, **filters) == model
    assert search.count(archive, question, visibility) == len(model)
    assert sorted(in_pages(archive, question, visibility)) == [uid for uid, *_ in model]


@settings(max_examples=400, deadline=None)
@given(archives(), visibilities, st.sampled_from(["", "CT", "MR\\SEG", "C*"]), st.sampled_from(["", "1.2"]))
def test_series_of_any_visibility_are_those_of_the_naive_model(
    archived: Archived, visibility: Openings, modality: str, study: str
) -> None:
    archive = filled(archived)
    wanted = {"": set(MODALITIES), "C*": {"CT"}}.get(modality, set(modality.split("\\")))
    model = {
        one.uid: one.labels | {"?"}
        for one in naively_visible(archived, visibility)
        if one.modality in wanted and study in ("", one.study)
    }
    filters = {"Modality": modality, "StudyInstanceUID": study}
    filters = {keyword: value for keyword, value in filters.items() if value}
    question = Question(level=Level.SERIES, filters=filters)
    rows = search.find(archive, question, visibility)
    assert sorted(row.uid for row in rows) == sorted(model)
    named = {way.label for way in visibility.labelled}
    assert all(label in named or not label.startswith("album-") for row in rows for label in row.labels)
    assert all(row.labels <= model[row.uid] for row in rows)
    assert search.count(archive, question, visibility) == len(model)
    assert sorted(in_pages(archive, question, visibility)) == sorted(model)


@settings(max_examples=300, deadline=None)
@given(archives(), visibilities)
def test_orthanc_is_asked_about_the_whole_archive_only_where_everything_is_visible(
    archived: Archived, visibility: Openings
) -> None:
    archive = filled(archived)
    for level in (Level.STUDY, Level.SERIES):
        search.find(archive, Question(level=level), visibility)
        search.count(archive, Question(level=level), visibility)
    everything = [way for way in visibility.ways if isinstance(way, Everything)]
    for asked in archive.questions:
        by_label = bool(asked.get("Labels")) and asked.get("LabelsConstraint") == "Any"
        by_name = any(asked["Query"].get(keyword) for keyword in ("StudyInstanceUID", "SeriesInstanceUID"))
        kinds = asked["Query"].get("Modality") or asked["Query"].get("ModalitiesInStudy")
        by_kind = bool(kinds) and {kind for way in everything for kind in way.modalities or ()} >= set(
            kinds.split("\\")
        )
        assert by_label or by_name or by_kind or Everything() in everything


def test_albums_alone_cost_three_finds_and_one_more_where_something_of_a_study_is_hidden() -> None:
    whole = archive_of(("1.1", "1.1.1", "CT", {"album-a"}, 1))
    studies(whole, A)
    assert len(whole.questions) == 3
    in_part = archive_of(*WORLD)
    studies(in_part, A)
    assert len(in_part.questions) == 4
    in_part.questions.clear()
    studies(in_part, A, ModalitiesInStudy="CT")
    assert len(in_part.questions) == 5


def test_what_would_have_to_be_looked_at_one_by_one_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = archive_of(*WORLD)
    for uid in ("1.1", "1.3"):
        study = archive.study(uid)
        assert study is not None
        archive.set_label(Level.STUDY, study.id, "trauma")
    monkeypatch.setattr(narrowing, "MOST_RESOLVED", 3)
    trauma = openings("trauma")
    assert search.count(archive, Question(level=Level.STUDY), trauma) == 2
    with pytest.raises(Invalid, match="one by one"):
        search.find(archive, Question(level=Level.SERIES), trauma)
    narrower = Question(level=Level.SERIES, filters={"StudyDate": "20240101"})
    assert search.count(archive, narrower, trauma) == 3


@pytest.mark.parametrize("modality", ["CT", "*"])
@pytest.mark.parametrize("way", [A, BOTH, openings("trauma"), openings(Everything())])
def test_a_whole_list_names_few_at_once(
    way: Openings, modality: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orthanc compares each that it finds with each that is named; a page is as long as it is."""
    several = [(f"1.{n}", f"1.{n}.{k}", "CT", {"album-a", "trauma"}, 1) for n in range(1, 10) for k in (1, 2)]
    archive = archive_of(*several)
    question = Question(level=Level.STUDY, filters={"ModalitiesInStudy": modality})
    whole = search.find_uids(archive, question, way)
    assert sorted(whole) == [f"1.{n}" for n in range(1, 10)]
    monkeypatch.setattr(questions, "AT_ONCE", 4)
    archive.questions.clear()
    assert sorted(search.find_uids(archive, question, way)) == sorted(whole)
    listed = [value.split("\\") for one in archive.questions for value in one["Query"].values()]
    assert max(map(len, listed)) <= 4


@pytest.mark.parametrize("last", ["", "1.1"])
def test_a_piece_asks_for_nothing_that_the_list_does_not(last: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself an empty value means everything."""
    archive = archive_of(*((f"1.{n}", f"1.{n}.1", "CT", {"album-a"}, 1) for n in range(1, 10)))
    question = {"Level": "Study", "Query": {"StudyInstanceUID": f"1.1\\1.2\\{last}"}}
    whole = {row["ID"] for row in find_all(archive, question, limit=100)}
    monkeypatch.setattr(questions, "AT_ONCE", 2)
    found = find_all(archive, question, limit=100)
    assert {row["ID"] for row in found} == whole
    assert len(found) == len(whole)


def test_a_whole_list_in_pieces_is_as_long_as_it_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = archive_of(*WORLD, *((f"1.{n}", f"1.{n}.1", "CT", {"album-a"}, 1) for n in (5, 6, 7)))
    monkeypatch.setattr(questions, "AT_ONCE", 2)
    for most in (1, 2, 3):
        monkeypatch.setattr(search, "MOST_NAMED", most)
        with pytest.raises(Invalid, match="More than"):
            search.find_uids(archive, Question(level=Level.STUDY, filters={"ModalitiesInStudy": "CT"}), A)


def test_a_condition_is_met_as_orthanc_matches_whatever_the_case() -> None:
    archive = archive_of(("1.1", "1.1.1", "ct", {"trauma"}, 1), ("1.1", "1.1.2", "MR", {"trauma"}, 1))
    for way in (
        Labelled(label="trauma", modalities=frozenset({"CT"})),
        Everything(modalities=frozenset({"CT"})),
    ):
        rows = search.find(archive, Question(level=Level.SERIES), openings(way))
        assert [row.uid for row in rows] == ["1.1.1"]


def test_decided_series_are_found_without_a_label_and_nothing_else_is() -> None:
    archive = archive_of(*WORLD)
    question = Question(level=Level.SERIES, filters={"StudyInstanceUID": "1.1"})
    rows = search.find_decided(archive, question, ["1.1.1", "1.1.3"], A)
    assert {row.uid: set(row.labels) for row in rows} == {"1.1.1": {"album-a"}, "1.1.3": set()}
    assert search.find_decided(archive, question, [], A) == []


def test_what_no_permitted_series_matches_is_found_nowhere() -> None:
    archive = archive_of(*WORLD)
    for visibility in (
        A,
        openings("trauma"),
        openings(Everything()),
        openings(Everything(modalities=frozenset({"US"}))),
    ):
        for filters in ({"ModalitiesInStudy": "PT"}, {"ModalitiesInStudy": "P*"}):
            question = Question(level=Level.STUDY, filters=filters)
            assert search.find(archive, question, visibility) == []
            assert search.count(archive, question, visibility) == 0
