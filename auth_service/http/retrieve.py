"""Study-level retrieval, answered from the permitted series of the study: never passed through whole.

A series may arrive at any moment, so Orthanc is asked series by series for those that were decided about
(Retrieve Transaction, PS3.18, section 10.4).
"""

import secrets
from collections.abc import Iterator, Sequence

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from auth_service import multipart
from auth_service.archive import Archive, Streamed
from auth_service.errors import Invalid, NotFound
from auth_service.gate import Gate, Opened
from auth_service.http import reading
from auth_service.http.dependencies import SignedIn, Uid
from auth_service.http.handover import pictures_accepted, streamed_by_nginx
from auth_service.http.streaming import passed_on
from auth_service.policy.model import Actor
from auth_service.targets import ParameterError, resolve
from auth_service.vocabulary import Action

router = APIRouter()

_WITHOUT_PICTURES = frozenset({"AU", "DOC", "ECG", "KO", "PR", "RTPLAN", "RTRECORD", "RTSTRUCT", "SR"})
"""Modalities of series that have nothing to be drawn (PS3.3, section C.7.3.1.1.1), or draw on others."""


@router.get("/dicom-web/studies/{study}")
def whole_study(request: Request, actor: SignedIn, study: Uid) -> Response:
    """Return the instances of the series that the actor may take away, as one multipart answer."""
    if request.url.query:
        raise Invalid("query", "{field}: this address takes no parameters.")
    gate = Gate.of(request)
    opened = _opened(gate, actor, Action.DOWNLOAD, study, request)
    paths = [f"/dicom-web/studies/{study}/series/{uid}" for uid in sorted(one.uid for one in opened.series)]
    accept = request.headers.get("accept", "*/*")
    if len(paths) == 1:
        return streamed_by_nginx(paths[0], accept=accept)
    # The first is asked before the answer begins: what cannot be given is said by a status.
    first = gate.archive.stream("GET", paths[0], accept=accept)
    return _joined(gate.archive, first, paths[1:], accept)


@router.get("/dicom-web/studies/{study}/rendered")
@router.get("/dicom-web/studies/{study}/thumbnail")
def picture_of_study(request: Request, actor: SignedIn, study: Uid) -> Response:
    """Return a picture of the first permitted series."""
    path, query = request.url.path, request.url.query
    try:
        resolve("GET", path, query)
    except ParameterError as error:
        raise Invalid(error.parameter, "{field}: this address does not take it, or not so.") from None
    opened = _opened(Gate.of(request), actor, Action.VIEW, study, request)
    _, first = min((one.modality in _WITHOUT_PICTURES, one.uid) for one in opened.series)
    kind = path.rpartition("/")[2]
    where = f"/dicom-web/studies/{study}/series/{first}/{kind}"
    return streamed_by_nginx(f"{where}?{query}" if query else where, accept=pictures_accepted(request))


def _opened(gate: Gate, actor: Actor, action: Action, study: str, request: Request) -> Opened:
    opened = gate.open_study(actor, action, gate.study_by_uid(actor, study), request.url.path)
    gate.done(actor, action, opened, request.url.path)
    return opened


def _joined(archive: Archive, first: Streamed, paths: Sequence[str], accept: str) -> StreamingResponse:
    boundary = secrets.token_hex(16)
    theirs = multipart.boundary_of(first.headers["content-type"]).decode()

    def answers() -> Iterator[Streamed]:
        yield first
        for path in paths:
            yield archive.stream("GET", path, accept=accept)

    return passed_on(
        first,
        chunks=multipart.joined(answers(), boundary.encode()),
        media_type=first.headers["content-type"].replace(theirs, boundary),
    )


@router.get("/dicom-web/studies/{study}/metadata")
def study_metadata(request: Request, actor: SignedIn, study: Uid) -> StreamingResponse:
    """Return the metadata of the instances of the permitted series, in the order of their identifiers."""
    if request.url.query:
        raise Invalid("query", "{field}: this address takes no parameters.")
    reading.accepts_dicom_json(request)
    gate = Gate.of(request)
    permitted = sorted(gate.permitted_series(actor, Action.VIEW, study))
    # The first is asked before the answer begins: an archive that is down is said by a status.
    first = _inner(gate.archive, study, permitted[0])
    if first is None and len(permitted) == 1:
        raise NotFound
    return StreamingResponse(_array(gate.archive, study, first, permitted[1:]), media_type=reading.DICOM_JSON)


def _array(archive: Archive, study: str, first: bytes | None, rest: Sequence[str]) -> Iterator[bytes]:
    yield b"["
    begun = False
    for inner in _parts(archive, study, first, rest):
        yield (b"," if begun else b"") + inner
        begun = True
    yield b"]"


def _parts(archive: Archive, study: str, first: bytes | None, rest: Sequence[str]) -> Iterator[bytes]:
    if first:
        yield first
    for series in rest:
        if inner := _inner(archive, study, series):
            yield inner


def _inner(archive: Archive, study: str, series: str) -> bytes | None:
    """Return what stands between the brackets of a series' metadata; ``None``: the series is gone."""
    answer = archive.series_metadata(study, series)
    if answer is None:
        return None
    whole = answer.strip()
    if not (whole.startswith(b"[") and whole.endswith(b"]")):
        raise ValueError("Orthanc's metadata is no JSON array")
    return whole[1:-1].strip()
