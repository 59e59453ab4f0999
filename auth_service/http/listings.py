"""Orthanc's listings and documents of studies, series and instances, narrowed to what the actor may see.

The children of a study are its permitted series. Instances are listed within one series.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse

from auth_service import search
from auth_service.archive import ArchivedSeries, ArchivedStudy
from auth_service.errors import Invalid, NotFound
from auth_service.gate import Gate, Opened
from auth_service.http import reading
from auth_service.http.dependencies import UNSAFE, OrthancId, SignedIn
from auth_service.policy.model import Actor, Nothing
from auth_service.search import Question, Row, orthanc_json
from auth_service.targets import UID_PATTERN
from auth_service.vocabulary import Action, Level

router = APIRouter()

MOST_INSTANCES = 10_000
"""Instances of a series that one answer holds."""

_LONGEST_LOOKUP = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """How a listing is wished: which part of it, whole documents or identifiers, which attributes."""

    expand: bool
    since: int = 0
    limit: int = search.MAX_LIMIT
    requested: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: Request, *, expand: bool) -> Self:
        """Read Orthanc's parameters; ``expand`` is what holds where none is given."""
        page = {"expand": expand, "since": 0, "limit": search.MAX_LIMIT, "requested": ()}
        for name, value in parse_qsl(request.url.query, keep_blank_values=True):
            if name == "expand":
                page["expand"] = value not in ("false", "0")
            elif name in ("since", "limit"):
                page[name] = reading.number(name, value)
            elif name == "requestedTags":
                tags = value.replace(",", ";").split(";")
                page["requested"] = tuple(reading.keyword(name, tag) for tag in tags if tag)
            else:
                raise Invalid(name[:64], "{field}: this address does not take it.")
        return cls(**page)  # type: ignore[arg-type]

    def question(self, level: Level, **filters: str) -> Question:
        """Return what is searched for this page."""
        return Question(
            level=level,
            filters=filters,
            tags=self.requested,
            # Orthanc takes 0 for "no limit".
            limit=self.limit or search.MAX_LIMIT,
            since=self.since,
            children=self.expand,
        )

    def write(self, rows: Sequence[Row]) -> list[Any]:
        """Return documents, or identifiers."""
        if not (self.expand or self.requested):
            return [row.id for row in rows]
        content = orthanc_json.ALL if self.expand else ()
        return [orthanc_json.write(row, content, self.requested) for row in rows]


@router.get("/orthanc/studies")
def list_studies(request: Request, actor: SignedIn) -> JSONResponse:
    """List the studies that the actor may see some series of."""
    return _listed(request, actor, Level.STUDY)


@router.get("/orthanc/series")
def list_series(request: Request, actor: SignedIn) -> JSONResponse:
    """List the series that the actor may see."""
    return _listed(request, actor, Level.SERIES)


@router.get("/orthanc/studies/{orthanc_id}")
def study(request: Request, actor: SignedIn, orthanc_id: OrthancId) -> JSONResponse:
    """Return the document of a study."""
    gate = Gate.of(request)
    return _study(request, gate, actor, _opened_study(gate, actor, orthanc_id, request))


@router.get("/orthanc/studies/{orthanc_id}/series")
def series_of_study(request: Request, actor: SignedIn, orthanc_id: OrthancId) -> JSONResponse:
    """List the permitted series of a study."""
    gate, page = Gate.of(request), Page.of(request, expand=True)
    opened = _opened_study(gate, actor, orthanc_id, request)
    uids = "\\".join(sorted(one.uid for one in opened.series))
    question = page.question(Level.SERIES, StudyInstanceUID=opened.study_uid, SeriesInstanceUID=uids)
    return JSONResponse(page.write(search.find(gate.archive, question, gate.visible(actor, Action.VIEW))))


@router.get("/orthanc/studies/{orthanc_id}/labels")
def labels_of_study(request: Request, actor: SignedIn, orthanc_id: OrthancId) -> JSONResponse:
    """Return those of a study's labels by which the actor sees something."""
    gate = Gate.of(request)
    opened = _opened_study(gate, actor, orthanc_id, request)
    return JSONResponse(sorted(_row_of_study(gate, actor, opened, Page(expand=True)).labels))


@router.get("/orthanc/series/{orthanc_id}")
def series(request: Request, actor: SignedIn, orthanc_id: OrthancId) -> JSONResponse:
    """Return the document of a series."""
    gate = Gate.of(request)
    found = gate.series_by_id(actor, orthanc_id)
    return _series(request, gate, actor, _opened_series(gate, actor, found, request))


@router.get("/orthanc/series/{orthanc_id}/study")
def study_of_series(request: Request, actor: SignedIn, orthanc_id: OrthancId) -> JSONResponse:
    """Return the document of a series' study."""
    gate = Gate.of(request)
    found = gate.series_by_id(actor, orthanc_id)
    return _study(request, gate, actor, _whole_study(gate, actor, found, request))


@router.get("/orthanc/series/{orthanc_id}/labels")
def labels_of_series(request: Request, actor: SignedIn, orthanc_id: OrthancId) -> JSONResponse:
    """Return those of a series' labels by which the actor sees something."""
    gate = Gate.of(request)
    opened = _opened_series(gate, actor, gate.series_by_id(actor, orthanc_id), request)
    return JSONResponse(sorted(_row_of_series(gate, actor, opened, Page(expand=True)).labels))


@router.get("/orthanc/series/{orthanc_id}/instances")
def instances_of_series(request: Request, actor: SignedIn, orthanc_id: OrthancId) -> JSONResponse:
    """List the instances of a series, all of them where no limit is given."""
    gate, page = Gate.of(request), Page.of(request, expand=True)
    opened = _opened_series(gate, actor, gate.series_by_id(actor, orthanc_id), request)
    wanted = page.limit if "limit=" in request.url.query else MOST_INSTANCES
    rows: list[Row] = []
    while len(rows) < wanted:
        part = Page(
            expand=True,
            since=page.since + len(rows),
            limit=min(search.MAX_LIMIT, wanted - len(rows)),
            requested=page.requested,
        )
        question = part.question(Level.INSTANCE)
        found = search.find_instances(gate.archive, question, series_uid=opened.series[0].uid)
        rows += found
        if len(found) < part.limit:
            break
    return JSONResponse(page.write(rows))


@router.get("/orthanc/instances/{orthanc_id}")
def instance(request: Request, actor: SignedIn, orthanc_id: OrthancId) -> JSONResponse:
    """Return the document of an instance."""
    gate, page = Gate.of(request), Page.of(request, expand=True)
    found = gate.instance_by_id(actor, orthanc_id)
    opened = _opened_series(gate, actor, found.series if found else None, request)
    assert found is not None  # noqa: S101 - what does not exist was not opened
    question = page.question(Level.INSTANCE, SOPInstanceUID=found.uid)
    rows = search.find_instances(gate.archive, question, series_uid=opened.series[0].uid)
    return _document(rows, page)


@router.get("/orthanc/instances/{orthanc_id}/series")
def series_of_instance(request: Request, actor: SignedIn, orthanc_id: OrthancId) -> JSONResponse:
    """Return the document of an instance's series."""
    gate = Gate.of(request)
    found = gate.instance_by_id(actor, orthanc_id)
    return _series(
        request, gate, actor, _opened_series(gate, actor, found.series if found else None, request)
    )


@router.get("/orthanc/instances/{orthanc_id}/study")
def study_of_instance(request: Request, actor: SignedIn, orthanc_id: OrthancId) -> JSONResponse:
    """Return the document of an instance's study."""
    gate = Gate.of(request)
    found = gate.instance_by_id(actor, orthanc_id)
    return _study(request, gate, actor, _whole_study(gate, actor, found.series if found else None, request))


@router.get("/orthanc/tools/labels")
def labels(request: Request, actor: SignedIn) -> JSONResponse:
    """List the labels by which the actor sees something."""
    if request.url.query:
        raise Invalid("query", "{field}: this address takes no parameters.")
    gate = Gate.of(request)
    visibility = gate.visible(actor, Action.VIEW)
    if isinstance(visibility, Nothing):
        return JSONResponse([])
    labels = gate.archive.all_labels()
    if visibility.everything:
        return JSONResponse(sorted(visibility.shown(labels)))
    # Of everything of a modality it is not known which labels it carries: those that are named are told.
    return JSONResponse(sorted(labels & {way.label for way in visibility.labelled}))


async def _raw_body(request: Request) -> bytes:
    return await request.body()


@router.post("/orthanc/tools/lookup", dependencies=UNSAFE)
def lookup(request: Request, actor: SignedIn, body: Annotated[bytes, Depends(_raw_body)]) -> JSONResponse:
    """Find what has a DICOM identifier: exactly this one, and only what the actor may see.

    Patients are not told of: their identifiers are used again, and join what does not belong together.
    """
    wanted = body.decode("utf-8", errors="replace").strip()
    if not 0 < len(wanted) <= _LONGEST_LOOKUP or not wanted.isprintable():
        raise Invalid("body", "{field} must be one DICOM identifier, as plain text.")
    gate = Gate.of(request)
    if any(letter in wanted for letter in "*?\\"):
        return JSONResponse([])
    visibility = gate.visible(actor, Action.VIEW)
    found: dict[str, Row] = {}
    for level, keyword in _LOOKED_UP:
        if keyword == "AccessionNumber" or UID_PATTERN.fullmatch(wanted):
            question = Question(level=level, filters={keyword: wanted})
            found |= {row.id: row for row in search.find(gate.archive, question, visibility)}
    resources = [_told(row.level, row.id) for row in found.values()]
    if UID_PATTERN.fullmatch(wanted) and not found:
        resources += _instance_with(gate, actor, wanted)
    return JSONResponse(resources)


_LOOKED_UP = (
    (Level.STUDY, "StudyInstanceUID"),
    (Level.STUDY, "AccessionNumber"),
    (Level.SERIES, "SeriesInstanceUID"),
)

_FOLDERS: Mapping[Level, tuple[str, str]] = {
    Level.STUDY: ("studies", "Study"),
    Level.SERIES: ("series", "Series"),
    Level.INSTANCE: ("instances", "Instance"),
}


def _told(level: Level, orthanc_id: str) -> dict[str, str]:
    folder, kind = _FOLDERS[level]
    return {"ID": orthanc_id, "Path": f"/{folder}/{orthanc_id}", "Type": kind}


def _instance_with(gate: Gate, actor: Actor, uid: str) -> list[dict[str, str]]:
    found = gate.instance_by_uid(actor, uid)
    if found is None:
        return []
    try:
        gate.open_series(actor, Action.VIEW, found.series, uid)
    except NotFound:
        return []
    return [_told(Level.INSTANCE, found.id)]


def _listed(request: Request, actor: Actor, level: Level) -> JSONResponse:
    gate, page = Gate.of(request), Page.of(request, expand=False)
    question = page.question(level)
    rows = search.find(gate.archive, question, gate.visible(actor, Action.VIEW))
    answer = JSONResponse(page.write(rows))
    if len(rows) == search.MAX_LIMIT:
        answer.headers["Warning"] = '299 orthanc "There may be more: ask for the next page."'
    return answer


def _opened_study(gate: Gate, actor: Actor, orthanc_id: str, request: Request) -> Opened:
    found: ArchivedStudy | None = gate.study_by_id(actor, orthanc_id)
    opened = gate.open_study(actor, Action.VIEW, found, request.url.path)
    gate.seen(actor, opened)
    return opened


def _opened_series(gate: Gate, actor: Actor, found: ArchivedSeries | None, request: Request) -> Opened:
    opened = gate.open_series(actor, Action.VIEW, found, request.url.path)
    gate.seen(actor, opened)
    return opened


def _whole_study(gate: Gate, actor: Actor, found: ArchivedSeries | None, request: Request) -> Opened:
    """Open the study of a series that the actor may see, with his other series of it."""
    opened = _opened_series(gate, actor, found, request)
    return gate.open_study(actor, Action.VIEW, gate.study_by_uid(actor, opened.study_uid), request.url.path)


def _study(request: Request, gate: Gate, actor: Actor, opened: Opened) -> JSONResponse:
    page = Page.of(request, expand=True)
    return _document([_row_of_study(gate, actor, opened, page)], page)


def _series(request: Request, gate: Gate, actor: Actor, opened: Opened) -> JSONResponse:
    page = Page.of(request, expand=True)
    return _document([_row_of_series(gate, actor, opened, page)], page)


def _row_of_study(gate: Gate, actor: Actor, opened: Opened, page: Page) -> Row:
    question = page.question(Level.STUDY, StudyInstanceUID=opened.study_uid)
    return _only(search.find(gate.archive, question, gate.visible(actor, Action.VIEW)))


def _row_of_series(gate: Gate, actor: Actor, opened: Opened, page: Page) -> Row:
    question = page.question(Level.SERIES, SeriesInstanceUID=opened.series[0].uid)
    return _only(search.find(gate.archive, question, gate.visible(actor, Action.VIEW)))


def _only(rows: Sequence[Row]) -> Row:
    """Return the one that was found; what went between the decision and the search is missing."""
    if len(rows) != 1:
        raise NotFound
    return rows[0]


def _document(rows: Sequence[Row], page: Page) -> JSONResponse:
    return JSONResponse(orthanc_json.write(_only(rows), orthanc_json.ALL, page.requested))
