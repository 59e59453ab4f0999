"""Searches that the auth service answers itself, narrowed to what the actor may see.

QIDO-RS at all levels (PS3.18, section 10.6), where instances are searched within one series, and
Orthanc's ``/tools/find`` and ``/tools/count-resources``, whose bodies are read into a schema and asked anew.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Annotated, Literal, Self
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_pascal
from starlette.responses import JSONResponse

from auth_service import search
from auth_service.errors import Invalid, NotFound
from auth_service.gate import Gate
from auth_service.http import reading
from auth_service.http.dependencies import UNSAFE, SignedIn, Uid
from auth_service.http.documents.shared import Given
from auth_service.policy.model import Actor, Nothing, Visibility
from auth_service.search import Order, Question, Row, dicom_json, orthanc_json
from auth_service.search.ranges import Range
from auth_service.vocabulary import Action, Level

router = APIRouter()

_MATCHING = {
    "fuzzymatching": "Only literal matching has been performed.",
    "emptyvaluematching": "Empty Value Matching has not been performed.",
    "multiplevaluematching": "Multiple Value Matching has not been performed.",
}
"""Kinds of matching that are not done, and what is said where they are asked for (PS3.18, section 8.3.4)."""

_LEVELS = {"Study": Level.STUDY, "Series": Level.SERIES, "Instance": Level.INSTANCE}


class _OrthancBody(BaseModel):
    """Orthanc writes the names of its fields in capitals; what we do not know is refused."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_pascal)


class SortKey(_OrthancBody):
    """One key to sort by."""

    type: Literal["DicomTag"]
    key: str
    direction: Literal["ASC", "DESC"]


class RangeBody(Given):
    """Numbers between which an attribute is to be, these included."""

    lowest: Annotated[float, Field(allow_inf_nan=False)] | None = Field(None, alias="From")
    highest: Annotated[float, Field(allow_inf_nan=False)] | None = Field(None, alias="To")

    @model_validator(mode="after")
    def _holds_something(self) -> Self:
        if self.lowest is None and self.highest is None:
            raise ValueError("a range needs From, or To, or both")
        if self.lowest is not None and self.highest is not None and self.lowest > self.highest:
            raise ValueError("From must not be larger than To")
        return self


class CountBody(_OrthancBody):
    """What ``/tools/count-resources`` is asked; ``Ranges`` is ours, and no word of Orthanc's."""

    level: Literal["Study", "Series", "Instance"]
    query: dict[str, Annotated[str, StringConstraints(max_length=65536)]] = Field(max_length=64)
    labels: list[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]] | None = Field(
        None, min_length=1, max_length=200
    )
    labels_constraint: Literal["Any"] = "Any"
    ranges: dict[str, RangeBody] = Field(default={}, max_length=8)


class FindBody(CountBody):
    """What ``/tools/find`` is asked."""

    limit: int = Field(search.MAX_LIMIT, ge=0)
    since: int = Field(0, ge=0, le=2**31)
    expand: bool = False
    response_content: list[Literal["MainDicomTags", "Labels", "Parent", "Children"]] | None = None
    requested_tags: list[str] = Field(default=[], max_length=64)
    order_by: list[SortKey] = Field(default=[], max_length=8)


@router.get("/dicom-web/studies")
def search_studies(request: Request, actor: SignedIn) -> JSONResponse:
    """Search the studies that the actor may see some series of."""
    question, keywords = _qido(request, Level.STUDY)
    gate = Gate.of(request)
    rows = search.find(gate.archive, question, gate.visible(actor, Action.VIEW))
    return _dicom_json(request, rows, keywords, question)


@router.get("/dicom-web/studies/{study}/series")
def search_series(request: Request, actor: SignedIn, study: Uid) -> JSONResponse:
    """Search the permitted series of one study; 404 where none is."""
    question, keywords = _qido(request, Level.SERIES)
    gate = Gate.of(request)
    permitted = gate.permitted_series(actor, Action.VIEW, study)
    asked = question.filters.get("SeriesInstanceUID")
    wanted = permitted.intersection(asked.split("\\")) if asked else permitted
    question = _with_filters(question, StudyInstanceUID=study)
    rows = search.find_decided(gate.archive, question, wanted, gate.visible(actor, Action.VIEW))
    return _dicom_json(request, rows, keywords, question)


@router.get("/dicom-web/series")
def search_all_series(request: Request, actor: SignedIn) -> JSONResponse:
    """Search the series of all studies that the actor may see."""
    question, keywords = _qido(request, Level.SERIES)
    gate = Gate.of(request)
    rows = search.find(gate.archive, question, gate.visible(actor, Action.VIEW))
    return _dicom_json(request, rows, keywords, question)


@router.get("/dicom-web/studies/{study}/instances")
def search_study_instances(request: Request, actor: SignedIn, study: Uid) -> JSONResponse:
    """Search the instances of one permitted series of a study, which the query names."""
    question, keywords = _qido(request, Level.INSTANCE)
    gate = Gate.of(request)
    permitted = gate.permitted_series(actor, Action.VIEW, study)
    series = _named_series(question, "SeriesInstanceUID")
    question = _with_filters(question, StudyInstanceUID=study)
    found = series in permitted
    rows = search.find_instances(gate.archive, question, series_uid=series) if found else []
    return _dicom_json(request, rows, keywords, question)


@router.get("/dicom-web/instances")
def search_all_instances(request: Request, actor: SignedIn) -> JSONResponse:
    """Search the instances of one permitted series, which the query names."""
    question, keywords = _qido(request, Level.INSTANCE)
    gate = Gate.of(request)
    series = _one_series(gate, actor, question, "SeriesInstanceUID")
    rows = search.find_instances(gate.archive, question, series_uid=series) if series else []
    return _dicom_json(request, rows, keywords, question)


@router.get("/dicom-web/studies/{study}/series/{series}/instances")
def search_instances(request: Request, actor: SignedIn, study: Uid, series: Uid) -> JSONResponse:
    """Search the instances of one permitted series; 404 where it is none."""
    question, keywords = _qido(request, Level.INSTANCE)
    gate = Gate.of(request)
    if series not in gate.permitted_series(actor, Action.VIEW, study):
        raise NotFound
    question = _with_filters(question, StudyInstanceUID=study)
    rows = search.find_instances(gate.archive, question, series_uid=series)
    return _dicom_json(request, rows, keywords, question)


@router.post("/orthanc/tools/find", dependencies=UNSAFE)
def tools_find(request: Request, actor: SignedIn, body: FindBody) -> JSONResponse:
    """Answer Orthanc's own search, narrowed."""
    gate = Gate.of(request)
    requested = [reading.keyword("RequestedTags", name) for name in body.requested_tags]
    content: Collection[str] = orthanc_json.ALL if body.expand else ()
    if body.response_content is not None:
        content = body.response_content
    question = replace(
        question_of(body),
        tags=requested,
        limit=body.limit or search.MAX_LIMIT,  # Orthanc takes 0 for "no limit"
        since=body.since,
        order=[
            Order(keyword=reading.keyword("OrderBy", key.key), descending=key.direction == "DESC")
            for key in body.order_by
        ],
        children="Children" in content,
    )
    if question.level is Level.INSTANCE:
        series = _one_series(gate, actor, question, "Query.SeriesInstanceUID")
        rows = search.find_instances(gate.archive, question, series_uid=series) if series else []
    else:
        rows = search.find(gate.archive, question, _narrower(gate.visible(actor, Action.VIEW), body.labels))
    if not (body.expand or body.response_content is not None or requested):
        return JSONResponse([row.id for row in rows])
    return JSONResponse([orthanc_json.write(row, content, requested) for row in rows])


@router.post("/orthanc/tools/count-resources", dependencies=UNSAFE)
def tools_count(request: Request, actor: SignedIn, body: CountBody) -> JSONResponse:
    """Answer how many there are, narrowed."""
    gate = Gate.of(request)
    question = question_of(body)
    if question.level is Level.INSTANCE:
        series = _one_series(gate, actor, question, "Query.SeriesInstanceUID")
        total = search.count_instances(gate.archive, question, series_uid=series) if series else 0
    else:
        total = search.count(gate.archive, question, _narrower(gate.visible(actor, Action.VIEW), body.labels))
    return JSONResponse({"Count": total})


def question_of(body: CountBody, *, field: str = "Query") -> Question:
    """Read what is looked for; ``field`` is where the filters stand, for who wrote something wrong."""
    return Question(
        level=_LEVELS[body.level],
        filters=reading.filters(field, body.query.items()),
        ranges={key: Range(lowest=one.lowest, highest=one.highest) for key, one in body.ranges.items()},
    )


def _narrower(visibility: Visibility, asked: Sequence[str] | None) -> Visibility:
    """Narrow to the labels that were asked for; one that is not visible is as good as none."""
    if asked is None or isinstance(visibility, Nothing):
        return visibility
    return visibility.within(asked)


def _one_series(gate: Gate, actor: Actor, question: Question, field: str) -> str | None:
    """Return the one series that a search of instances names, or ``None`` where it is not permitted."""
    uid = _named_series(question, field)
    return uid if gate.permitted(actor, Action.VIEW, uid) else None


def _named_series(question: Question, field: str) -> str:
    uid = question.filters.get("SeriesInstanceUID", "")
    if not uid or "\\" in uid or "*" in uid or "?" in uid:
        raise Invalid(field, "Instances are searched within one series: name it in {field}.")
    return uid


def _with_filters(question: Question, **filters: str) -> Question:
    return replace(question, filters={**question.filters, **filters})


def _qido(request: Request, level: Level) -> tuple[Question, list[str]]:
    """Read a QIDO-RS query (PS3.18, section 8.3.4); returns the question and the attributes to write."""
    reading.accepts_dicom_json(request)
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    numbers: dict[str, int] = {}
    filters: list[tuple[str, str]] = []
    included: list[str] = []
    for name, value in pairs:
        if name in ("limit", "offset"):
            if name in numbers:
                raise Invalid(name, "{field} stands twice.")
            numbers[name] = reading.number(name, value)
        elif name == "includefield":
            included.extend(part for part in value.split(",") if part and part != "all")
        elif name in _MATCHING:
            reading.boolean(name, value)
        else:
            filters.append((name, _orthanc_list(name, value)))
    known = search.known_tags(Gate.of(request).archive, level)
    extra = [keyword for name in included if (keyword := dicom_json.keyword_of(name)) in known]
    keywords = list(dict.fromkeys([*dicom_json.ATTRIBUTES[level], *(one for one in extra if one)]))
    needed = [keyword for keyword in keywords if keyword in known]
    question = Question(
        level=level,
        filters=reading.filters("query", filters),
        tags=needed,
        limit=numbers.get("limit", search.MAX_LIMIT),
        since=numbers.get("offset", 0),
    )
    return question, needed


def _orthanc_list(name: str, value: str) -> str:
    """Write a list of identifiers as Orthanc does; elsewhere a comma is a comma."""
    keyword = dicom_json.keyword_of(name)
    lists = keyword in ("ModalitiesInStudy", "AccessionNumber") or (keyword or "").endswith("UID")
    return value.replace(",", "\\") if lists else value


def _dicom_json(
    request: Request, rows: Sequence[Row], keywords: Sequence[str], question: Question
) -> JSONResponse:
    root = f"{request.app.state.services.settings.public_url}/dicom-web"
    response = JSONResponse(
        [dicom_json.write(row, keywords, root=root) for row in rows], media_type=reading.DICOM_JSON
    )
    told = [
        f"The {name} parameter is not supported. {instead}"
        for name, instead in _MATCHING.items()
        if request.query_params.get(name) == "true"
    ]
    if len(rows) == search.MAX_LIMIT <= question.limit:
        told.append("There may be more results: ask for the next page.")
    for text in told:
        response.headers.append("Warning", f'299 {root} "{text}"')
    return response
