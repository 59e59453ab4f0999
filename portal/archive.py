"""Ask Orthanc for studies and series in the person's name, through nginx.

The gate narrows every question to what the person may see, so that what comes back can be shown as it is.
Only the two searches are used: they answer in one request, page by page, where resource classes would fetch
piece by piece. `Archive` is what the rest of the portal knows; the tests have a second one, in memory.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Protocol, TypeVar

import httpx
from pyorthanc import Orthanc

from portal.dicom import Series, Study, is_uid
from portal.errors import Forbidden, Invalid, NotFound, Part, SignedOut, Unavailable
from portal.search import Found, Search, SearchLevel, anywhere, between

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

STUDY_TAGS = (
    "ModalitiesInStudy",
    "NumberOfStudyRelatedInstances",
    "NumberOfStudyRelatedSeries",
    "PatientAge",
)
"""Asked for beside the main tags of patient and study."""

SERIES_TAGS = ("NumberOfSeriesRelatedInstances", "StudyInstanceUID", "ConvolutionKernel", "SliceThickness")
"""Asked for beside the main tags of a series."""

SERIES_LIMIT = 1000
"""The most that the gate answers at once."""


class TextField(StrEnum):
    """The attributes that a study can be looked up by; their values are DICOM's names."""

    PATIENT_ID = "PatientID"
    PATIENT_NAME = "PatientName"
    DESCRIPTION = "StudyDescription"
    ACCESSION = "AccessionNumber"


class StudyOrder(StrEnum):
    """The orders that a table of studies can be shown in: a DICOM name, a minus for the last first."""

    NEWEST = "-StudyDate"
    OLDEST = "StudyDate"
    PATIENT = "PatientID"
    DESCRIPTION = "StudyDescription"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySearch:
    """Which studies.

    ``text`` is looked for anywhere in ``field``, whatever the case; ``*`` and ``?`` stand for any characters
    and any one. Days are inclusive.
    """

    label: str | None = None
    field: TextField = TextField.PATIENT_ID
    text: str = ""
    modality: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    order: StudyOrder = StudyOrder.NEWEST


SEARCHED_TAGS = (
    "StudyInstanceUID",
    "PatientID",
    "PatientName",
    "PatientSex",
    "PatientAge",
    "PatientBirthDate",
    "StudyDate",
    "StudyDescription",
    "AccessionNumber",
)
"""Asked for beside a series that was searched for: what its study is."""


class Archive(Protocol):
    """Orthanc, asked in one person's name."""

    def studies(self, search: StudySearch, *, limit: int, offset: int) -> list[Study]:
        """Return one page of studies, in order."""

    def count(self, search: StudySearch) -> int:
        """Return how many studies there are in all."""

    def search(self, search: Search, *, limit: int, offset: int) -> list[Found]:
        """Return one page of what is found among all that the person may see, the newest first."""

    def search_count(self, search: Search) -> int:
        """Return how much is found in all."""

    def study(self, uid: str, *, label: str | None) -> Study:
        """Return one study, or raise `NotFound`."""

    def series(self, studies: Sequence[str], *, label: str | None) -> list[Series]:
        """Return the series of some studies, given by their StudyInstanceUIDs."""


def connection() -> httpx.HTTPTransport:
    """Make the connections to nginx that all persons' questions go through; they carry no credential."""
    return httpx.HTTPTransport(retries=1)


class OrthancArchive:
    """Orthanc behind the gate, through pyorthanc.

    Parameters
    ----------
    url : str
        Orthanc's address behind the gate, such as ``https://host/orthanc``.
    bearer : str
        The person's credential for a minute.
    transport : httpx.BaseTransport
        Shared connections.
    timeout : float
        Seconds that one question may take.

    """

    def __init__(self, url: str, bearer: str, *, transport: httpx.BaseTransport, timeout: float) -> None:
        self._orthanc = Orthanc(
            url,
            return_raw_response=True,
            headers={"Authorization": f"Bearer {bearer}"},
            transport=transport,
            timeout=timeout,
            trust_env=False,
        )

    def studies(self, search: StudySearch, *, limit: int, offset: int) -> list[Study]:
        """See `Archive`."""
        question = _question("Study", _query(search), search.label) | {
            "Expand": True,
            "Limit": limit,
            "Since": offset,
            "ResponseContent": ["MainDicomTags"],
            "RequestedTags": list(STUDY_TAGS),
            "OrderBy": _order(search.order),
        }
        return _present(Study.read(one) for one in self._find(question))

    def count(self, search: StudySearch) -> int:
        """See `Archive`."""
        return self._count(_question("Study", _query(search), search.label))

    def search(self, search: Search, *, limit: int, offset: int) -> list[Found]:
        """See `Archive`."""
        of_study = search.level is SearchLevel.STUDY
        question = search.orthanc | {
            "Limit": limit,
            "Since": offset,
            "ResponseContent": ["MainDicomTags", "Labels"],
            "RequestedTags": list(STUDY_TAGS if of_study else (*SERIES_TAGS, *SEARCHED_TAGS)),
            "OrderBy": _order(StudyOrder.NEWEST, *(() if of_study else ("SeriesInstanceUID",))),
        }
        return _present(_found(one, of_study=of_study) for one in self._find(question))

    def search_count(self, search: Search) -> int:
        """See `Archive`."""
        return self._count(search.orthanc)

    def _count(self, question: Mapping[str, Any]) -> int:
        answer = self._post("count", question)
        count = answer.get("Count") if isinstance(answer, Mapping) else None
        if not isinstance(count, int):
            _log.error("the count is not as agreed")
            raise Unavailable(Part.ORTHANC)
        return count

    def study(self, uid: str, *, label: str | None) -> Study:
        """See `Archive`."""
        if not is_uid(uid):
            raise NotFound
        question = _question("Study", {"StudyInstanceUID": uid}, label) | {
            "Expand": True,
            "Limit": 2,
            "ResponseContent": ["MainDicomTags"],
            "RequestedTags": list(STUDY_TAGS),
        }
        found = _present(Study.read(one) for one in self._find(question))
        if len(found) != 1:  # a UID that two patients share is shown to nobody
            raise NotFound
        return found[0]

    def series(self, studies: Sequence[str], *, label: str | None) -> list[Series]:
        """See `Archive`."""
        if not studies:
            return []
        question = _question("Series", {"StudyInstanceUID": "\\".join(studies)}, label) | {
            "Expand": True,
            "Limit": SERIES_LIMIT,
            "ResponseContent": ["MainDicomTags"],
            "RequestedTags": list(SERIES_TAGS),
        }
        return _present(Series.read(one) for one in self._find(question))

    def _find(self, question: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        answer = self._post("find", question)
        if not isinstance(answer, list) or not all(isinstance(one, Mapping) for one in answer):
            _log.error("the answer to a search is not as agreed")
            raise Unavailable(Part.ORTHANC)
        return answer

    def _post(self, name: str, question: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        ask = self._orthanc.post_tools_find if name == "find" else self._orthanc.post_tools_count_resources
        try:
            response: httpx.Response = ask(json=question)
        except httpx.HTTPError as error:
            _log.warning("Orthanc does not answer: %s", type(error).__name__)
            raise Unavailable(Part.ORTHANC) from error
        if response.is_success:
            try:
                return response.json()
            except ValueError as error:
                raise Unavailable(Part.ORTHANC) from error
        _log.info("a search was answered with %s", response.status_code)
        match response.status_code:
            case 401:
                raise SignedOut
            case 403:
                raise Forbidden
            case 404:
                raise NotFound
            case 400 | 422:
                raise Invalid
            case _:
                raise Unavailable(Part.ORTHANC)


def _question(level: str, query: Mapping[str, str], label: str | None) -> dict[str, Any]:
    narrowed = {"Labels": [label], "LabelsConstraint": "Any"} if label else {}
    return {"Level": level, "Query": dict(query), **narrowed}


def _query(search: StudySearch) -> dict[str, str]:
    query: dict[str, str] = {}
    if text := " ".join(search.text.split()):
        query[search.field.value] = anywhere(text)
    if search.modality:
        query["ModalitiesInStudy"] = search.modality
    if search.first_day or search.last_day:
        query["StudyDate"] = between(search.first_day, search.last_day)
    return query


def _order(order: StudyOrder, *also: str) -> list[dict[str, str]]:
    """Write the order for Orthanc; equal studies are told apart so that pages never overlap."""
    first = (order.value.lstrip("-"), "DESC" if order.startswith("-") else "ASC")
    then = [(key, "ASC") for key in ("PatientID", "StudyInstanceUID", *also) if key != first[0]]
    return [{"Type": "DicomTag", "Key": key, "Direction": direction} for key, direction in [first, *then]]


def _found(answer: Mapping[str, Any], *, of_study: bool) -> Found | None:
    study = Study.read(answer)
    series = None if of_study else Series.read(answer)
    if study is None or (series is None and not of_study):
        return None
    labels = answer.get("Labels")
    return Found(
        study=study,
        series=series,
        face=series,
        labels=tuple(one for one in labels if isinstance(one, str)) if isinstance(labels, list) else (),
    )


def _present(items: Iterable[_T | None]) -> list[_T]:
    return [item for item in items if item is not None]
