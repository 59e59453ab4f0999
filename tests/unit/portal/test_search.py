"""The question of the page Search: in an address, to Orthanc, and what came of it."""

from datetime import date

import httpx
import pytest

from portal.answers import Size
from portal.search import Found, Search, SearchLevel, ticked, titles
from portal.text import Text
from portal.viewers import Addresses
from portal.words import load, size
from tests.unit.portal.test_archive import UID, Orthanc, _archive

ASKED = Search(
    level=SearchLevel.SERIES,
    PatientName="doe jane",
    Modality="CT",
    SeriesDescription="axial",
    PatientSex="F",
    first_day=date(2024, 3, 1),
    thickness_from=0.5,
    thickness_to=1.25,
    age_from=40.0,
)


def test_a_question_survives_its_address() -> None:
    assert Search.of(ASKED.query) == ASKED
    assert ASKED.query["thickness_to"] == "1.25"
    assert ASKED.query["age_from"] == "40"
    assert Search().query == {}


def test_what_an_address_says_wrongly_is_left_out() -> None:
    query = {
        "level": "patient", "PatientSex": "X", "first_day": "tomorrow", "age_from": "-1", "age_to": "nan",
        "thickness_to": "thin", "PatientID": "  a   b ", "unknown": "1", "Manufacturer": "x" * 999,
    }  # fmt: skip
    assert Search.of(query) == Search(PatientID="a b", Manufacturer="x" * 200)
    assert Search.of({"thickness_from": "0,5"}).thickness_from == 0.5


def test_studies_are_asked_for_in_one_question_with_ranges() -> None:
    orthanc = Orthanc([{"MainDicomTags": {"StudyInstanceUID": UID}, "Labels": ["album-a", 1]}, {}])
    asked = Search(
        Modality="MR", BodyPartExamined="a\\b", last_day=date(2024, 3, 2), age_to=5.0, age_from=9.0
    )
    found = _archive(orthanc).search(asked, limit=25, offset=50)
    assert [(one.uid, one.labels, one.series) for one in found] == [(UID, ("album-a",), None)]
    ((_, question),) = orthanc.questions
    assert question["Level"] == "Study"
    assert question["Query"] == {
        "ModalitiesInStudy": "MR", "BodyPartExamined": "*a?b*", "StudyDate": "-20240302",
    }  # fmt: skip
    assert question["Ranges"] == {"PatientAge": {"From": 5.0, "To": 9.0}}
    assert (question["Limit"], question["Since"]) == (25, 50)
    assert "Labels" not in question
    assert [one["Key"] for one in question["OrderBy"]] == ["StudyDate", "PatientID", "StudyInstanceUID"]


def test_series_are_asked_for_with_what_their_study_is() -> None:
    row = {
        "MainDicomTags": {"SeriesInstanceUID": f"{UID}.1", "Modality": "CT"},
        "RequestedTags": {"StudyInstanceUID": UID, "PatientID": "P1", "StudyDate": "20240301"},
        "Labels": [],
    }
    orthanc = Orthanc([row, {"MainDicomTags": {"SeriesInstanceUID": "x"}}])
    (found,) = _archive(orthanc).search(ASKED, limit=1, offset=0)
    assert found.uid == f"{UID}.1"
    assert found.series is not None
    assert (found.study.PatientID, found.study.StudyDate) == ("P1", date(2024, 3, 1))
    question = orthanc.questions[0][1]
    assert question["Query"]["Modality"] == "CT"
    assert question["Query"]["PatientName"] == "*doe jane*"
    assert question["Ranges"]["SliceThickness"] == {"From": 0.5, "To": 1.25}
    assert [one["Key"] for one in question["OrderBy"]][-1] == "SeriesInstanceUID"


def test_all_is_counted_by_the_same_question() -> None:
    orthanc = Orthanc({"Count": 7})
    assert _archive(orthanc).search_count(ASKED) == 7
    assert orthanc.questions == [("http://portal.test/orthanc/tools/count-resources", ASKED.orthanc)]


def test_albums_are_named_as_far_as_they_are_known() -> None:
    assert titles(["album-b", "album-a", "album-x", "site"], {"album-a": "A", "album-b": "B"}) == ["A", "B"]


def test_ticks_are_told_from_what_was_ticked_before() -> None:
    assert ticked(["a", "b", "c"], [0, 1], [1, 2]) == (["c"], ["a"])
    assert ticked(["a"], [], []) == ([], [])


def test_found_things_are_named_by_their_own_identifiers() -> None:
    row = {"MainDicomTags": {"StudyInstanceUID": UID}}
    found = _archive(Orthanc([row])).search(Search(), limit=1, offset=0)
    assert found == [Found(study=found[0].study)]


@pytest.mark.parametrize(
    ("count", "english", "french"),
    [
        (999_949, "1,000 kB", "1\u00a0000\u00a0ko"),
        (1_234_567, "1.2 MB", "1,2\u00a0Mo"),
        (98_765_432_100, "99 GB", "99\u00a0Go"),
        (0, "0 kB", "0\u00a0ko"),
    ],
)
def test_sizes_are_written_as_people_speak_of_them(count: int, english: str, french: str) -> None:
    assert size(Text("en"), count) == english
    assert size(Text("fr"), count) == french


def test_a_load_is_series_and_size() -> None:
    known = Size(studies=1, series=3, instances=9, bytes=1_200_000_000, complete=True)
    assert load(Text("en"), known) == "3 series, 1.2 GB"
    assert load(Text("en"), known.model_copy(update={"complete": False})) == "3 series, more than 1.2 GB"


def test_files_are_addresses_behind_the_gate() -> None:
    addresses = Addresses("http://portal.test")
    assert addresses.album_file("a", form="csv") == "http://portal.test/api/albums/a/manifest?format=csv"
    assert httpx.URL(addresses.album_file("a/b", study=UID)).params["study"] == UID
    assert "a%2Fb" in addresses.album_file("a/b")
    assert addresses.study_file(UID, form="dicomdir").endswith(f"/api/archives?study={UID}&format=dicomdir")
    assert addresses.selection_file() == "http://portal.test/api/selection/archive?format=zip"
    for address in (addresses.study_file, lambda uid: addresses.album_file("a", study=uid)):
        with pytest.raises(ValueError, match="UID"):
            address("1.2&series=1.3")
