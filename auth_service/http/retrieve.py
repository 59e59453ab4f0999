"""Study-level retrieval, answered from the permitted series of the study: never passed through whole.

A series may arrive at any moment, so Orthanc is asked series by series for those that were decided about
(Retrieve Transaction, PS3.18, section 10.4). One series' answer is in memory at a time.
"""

from collections.abc import Iterator, Sequence

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from auth_service.archive import Archive
from auth_service.errors import Invalid, NotFound
from auth_service.gate import Gate
from auth_service.http.dependencies import SignedIn, Uid
from auth_service.vocabulary import Action

router = APIRouter()


@router.get("/dicom-web/studies/{study}/metadata")
def study_metadata(request: Request, actor: SignedIn, study: Uid) -> StreamingResponse:
    """Return the metadata of the instances of the permitted series, in the order of their identifiers."""
    if request.url.query:
        raise Invalid("query", "{field}: this address takes no parameters.")
    gate = Gate.of(request)
    permitted = sorted(gate.permitted_series(actor, Action.VIEW, study))
    # The first is asked before the answer begins: an archive that is down is said by a status.
    first = _inner(gate.archive, study, permitted[0])
    if first is None and len(permitted) == 1:
        raise NotFound
    return StreamingResponse(
        _array(gate.archive, study, first, permitted[1:]), media_type="application/dicom+json"
    )


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
