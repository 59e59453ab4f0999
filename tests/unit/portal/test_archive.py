"""What Orthanc is asked in a person's name, word for word, and what is made of its answers."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import pytest

from portal.archive import OrthancArchive, StudyOrder, StudySearch, TextField
from portal.errors import Forbidden, Invalid, NotFound, PortalError, SignedOut, Unavailable

UID = "1.2.826.0.1.3680043.8.498.1"


class Orthanc:
    """A transport that remembers the questions and answers with what it is given."""

    def __init__(self, answer: Any = None, status: int = 200) -> None:  # noqa: ANN401
        self.questions: list[tuple[str, dict[str, Any]]] = []
        self.headers: list[httpx.Headers] = []
        self._answer = answer
        self._status = status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.method == "POST"
        self.questions.append((str(request.url), json.loads(request.content)))
        self.headers.append(request.headers)
        return httpx.Response(self._status, json=self._answer)


def _archive(answer: Callable[[httpx.Request], httpx.Response]) -> OrthancArchive:
    return OrthancArchive(
        "http://portal.test/orthanc", "b" * 40, transport=httpx.MockTransport(answer), timeout=5
    )


def test_a_page_of_studies_is_one_find_within_the_albums_label() -> None:
    orthanc = Orthanc([{"MainDicomTags": {"StudyInstanceUID": UID}}, {"MainDicomTags": {}}])
    search = StudySearch(label="album-a", modality="CT", order=StudyOrder.NEWEST)
    found = _archive(orthanc).studies(search, limit=25, offset=50)
    assert [study.StudyInstanceUID for study in found] == [UID]
    assert orthanc.questions == [
        (
            "http://portal.test/orthanc/tools/find",
            {
                "Level": "Study",
                "Query": {"ModalitiesInStudy": "CT"},
                "Labels": ["album-a"],
                "LabelsConstraint": "Any",
                "Expand": True,
                "Limit": 25,
                "Since": 50,
                "ResponseContent": ["MainDicomTags"],
                "RequestedTags": [
                    "ModalitiesInStudy",
                    "NumberOfStudyRelatedInstances",
                    "NumberOfStudyRelatedSeries",
                    "PatientAge",
                ],
                "OrderBy": [
                    {"Type": "DicomTag", "Key": "StudyDate", "Direction": "DESC"},
                    {"Type": "DicomTag", "Key": "PatientID", "Direction": "ASC"},
                    {"Type": "DicomTag", "Key": "StudyInstanceUID", "Direction": "ASC"},
                ],
            },
        )
    ]
    assert orthanc.headers[0]["Authorization"] == f"Bearer {'b' * 40}"
    assert "Cookie" not in orthanc.headers[0]


@pytest.mark.parametrize(
    ("search", "query"),
    [
        (StudySearch(), {}),
        (StudySearch(text="  "), {}),
        (StudySearch(text=" a  b "), {"PatientID": "*a b*"}),
        (StudySearch(text="a\\b", field=TextField.DESCRIPTION), {"StudyDescription": "*a?b*"}),
        (StudySearch(text="a*b?", field=TextField.ACCESSION), {"AccessionNumber": "*a*b?*"}),
        (StudySearch(first_day=date(2024, 3, 1)), {"StudyDate": "20240301-"}),
        (StudySearch(last_day=date(2024, 3, 1)), {"StudyDate": "-20240301"}),
        (
            StudySearch(first_day=date(2024, 3, 1), last_day=date(2024, 3, 2)),
            {"StudyDate": "20240301-20240302"},
        ),
    ],
)
def test_filters_are_written_in_dicoms_words(search: StudySearch, query: dict[str, str]) -> None:
    orthanc = Orthanc({"Count": 7})
    assert _archive(orthanc).count(search) == 7
    assert orthanc.questions == [
        ("http://portal.test/orthanc/tools/count-resources", {"Level": "Study", "Query": query})
    ]


def test_the_series_of_a_page_are_one_find() -> None:
    orthanc = Orthanc([])
    assert _archive(orthanc).series([UID, f"{UID}.2"], label="album-a") == []
    assert orthanc.questions[0][1]["Query"] == {"StudyInstanceUID": f"{UID}\\{UID}.2"}
    assert orthanc.questions[0][1]["Level"] == "Series"
    assert orthanc.questions[0][1]["Labels"] == ["album-a"]


def test_the_series_of_no_study_are_not_asked_for() -> None:
    orthanc = Orthanc([])
    assert _archive(orthanc).series([], label=None) == []
    assert orthanc.questions == []


def test_one_study_is_found_or_missing() -> None:
    one = {"MainDicomTags": {"StudyInstanceUID": UID}}
    assert _archive(Orthanc([one])).study(UID, label=None).StudyInstanceUID == UID
    for answer in ([], [one, one]):
        with pytest.raises(NotFound):
            _archive(Orthanc(answer)).study(UID, label=None)


@pytest.mark.parametrize("uid", ["*", "", "1.2\\1.3", "1.2/../3"])
def test_what_is_no_uid_is_missing_without_a_question(uid: str) -> None:
    orthanc = Orthanc([])
    with pytest.raises(NotFound):
        _archive(orthanc).study(uid, label=None)
    assert orthanc.questions == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, SignedOut),
        (403, Forbidden),
        (404, NotFound),
        (400, Invalid),
        (422, Invalid),
        (500, Unavailable),
        (503, Unavailable),
        (302, Unavailable),
    ],
)
def test_every_refusal_is_an_error_of_ours(status: int, expected: type[PortalError]) -> None:
    with pytest.raises(expected):
        _archive(Orthanc({}, status)).count(StudySearch())


@pytest.mark.parametrize("answer", [{}, {"Count": "7"}, [], "x", None])
def test_a_count_that_is_none_is_no_answer(answer: object) -> None:
    with pytest.raises(Unavailable):
        _archive(Orthanc(answer)).count(StudySearch())


@pytest.mark.parametrize("answer", [{}, ["id"], "x", None])
def test_a_search_result_that_is_none_is_no_answer(answer: object) -> None:
    with pytest.raises(Unavailable):
        _archive(Orthanc(answer)).studies(StudySearch(), limit=1, offset=0)


def test_silence_and_nonsense_are_errors_of_ours() -> None:
    def silent(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("x")

    with pytest.raises(Unavailable):
        _archive(silent).count(StudySearch())
    with pytest.raises(Unavailable):
        _archive(lambda _: httpx.Response(200, text="<html>")).count(StudySearch())
