"""Store what tools send: by STOW-RS (PS3.18, section 10.5), and by Orthanc's ``POST /instances``.

Both name the album (``?album=``) in which it is to be. What is refused does not keep the rest out.
"""

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from auth_service.archive import orthanc_id
from auth_service.errors import Conflict, Forbidden, Invalid, ServiceError, Unavailable
from auth_service.http import reading
from auth_service.http.bodies import appended, looked_through
from auth_service.http.dependencies import UNSAFE, SignedIn, Uid
from auth_service.http.parts import boundary_of, parts
from auth_service.origin import Origin
from auth_service.policy.model import Actor
from auth_service.uploads import sending, spool, storing
from auth_service.uploads.intake import Intake, Taken
from auth_service.vocabulary import LineFailure

router = APIRouter()

_MB = 1024**2

_REASONS = {
    LineFailure.NOT_DICOM: 0xC000,
    LineFailure.BROKEN: 0xC000,
    LineFailure.NOT_STORABLE: 0x0122,
    LineFailure.WRONG_STUDY: 0xA900,
    LineFailure.WRONG_PATIENT: 0xA900,
    LineFailure.FORBIDDEN: 0x0124,
    LineFailure.TAKEN: 0x0124,
    LineFailure.PRESENT: 0x0111,
    LineFailure.TOO_LARGE: 0xA700,
    LineFailure.TOO_MANY: 0xA700,
}
"""Failure Reason (0008,1197): cannot understand, class not supported, data set does not match, not
authorized, duplicate, out of resources (PS3.7, annex C; PS3.4, section B.2.3)."""

_PROCESSING_FAILURE = 0x0110
_COERCED = 0xB000
"""Warning Reason (0008,1196): coercion of data elements (PS3.4, section B.2.3)."""

Album = Annotated[str, Query(max_length=64, description="The album's short name.")]


@router.post("/dicom-web/studies", dependencies=UNSAFE)
async def store(request: Request, actor: SignedIn, album: Album) -> JSONResponse:
    """Store instances of any studies."""
    return await _stow(request, actor, album, None)


@router.post("/dicom-web/studies/{study}", dependencies=UNSAFE)
async def store_in_study(request: Request, actor: SignedIn, study: Uid, album: Album) -> JSONResponse:
    """Store instances of one study; those of others are refused."""
    return await _stow(request, actor, album, study)


async def _stow(request: Request, actor: Actor, album: str, study: str | None) -> JSONResponse:
    reading.accepts_dicom_json(request)
    boundary_of(request.headers.get("content-type", ""))
    services = request.app.state.services
    intake = await run_in_threadpool(
        storing.begin, services, actor=actor, slug=album, study=study, origin=Origin.of(request.headers)
    )
    taken: list[Taken] = []
    try:
        await _take_parts(request, actor, intake, taken)
    except ServiceError:
        if all(one.why is not None for one in taken):
            raise
        # What came before is stored, and that is said; of the rest nothing is known.
        taken.append(Taken(name="", why=LineFailure.NOT_ACCEPTED))
    finally:
        await run_in_threadpool(_end, intake)
    if not taken:
        raise Invalid("body", "{field} holds no instance.")
    public_url = services.settings.public_url
    return JSONResponse(
        _answer(public_url, taken, study), status_code=_status(taken), media_type=reading.DICOM_JSON
    )


async def _take_parts(request: Request, actor: Actor, intake: Intake, taken: list[Taken]) -> None:
    """Take part after part; raises the last silence of the archive if nothing at all was stored."""
    settings = request.app.state.services.settings
    folder = await run_in_threadpool(spool.of_upload, settings, intake.change)
    bounds = {
        "largest": settings.upload_largest_mb * _MB,
        "total": settings.upload_total_mb * _MB,
        "most": settings.upload_most_files,
    }
    silent: Unavailable | None = None
    async for part in parts(request, folder, **bounds):
        name = f"{len(taken) + 1}"
        try:
            taken += await looked_through(request, actor, partial(_part, intake, part, name))
        except Unavailable as error:
            silent = error
            taken.append(Taken(name=name, why=LineFailure.NOT_ACCEPTED))
    if silent is not None and all(one.why is not None for one in taken):
        raise silent


def _end(intake: Intake) -> None:
    # What cannot be ended now is looked after, and what was stored is told all the same.
    with suppress(Unavailable):
        sending.close(intake.world, intake.change)


def _part(intake: Intake, part: Path | LineFailure, name: str) -> list[Taken]:
    if isinstance(part, LineFailure):
        return [sending.refuse(intake, name, part)]
    return sending.take_all(intake, part, name)


def _status(taken: Iterable[Taken]) -> int:
    """Return 200 where all is stored, 202 where not all is or not as it came, 409 where nothing is.

    PS3.18, section 10.5.3.1.
    """
    stored = {one.why is None for one in taken}
    if stored == {True}:
        return 202 if any(one.changed for one in taken) else 200
    return 202 if True in stored else 409


def _answer(public_url: str, taken: Iterable[Taken], study: str | None) -> dict[str, Any]:
    """Write the Store Instances Response Module (PS3.18, section I.2.2) in DICOM JSON."""
    stored, failed, others = [], [], []
    studies = {study} if study else set()
    for one in taken:
        if one.head is None:
            others.append(_reason(one))
            continue
        item = {"00081150": _value("UI", one.head.sop_class), "00081155": _value("UI", one.head.sop)}
        if one.why is not None:
            failed.append(item | _reason(one))
            continue
        studies.add(one.head.study)
        series = f"{public_url}/dicom-web/studies/{one.head.study}/series/{one.head.series}"
        if one.changed:
            item["00081196"] = {"vr": "US", "Value": [_COERCED]}
        stored.append(item | {"00081190": _value("UR", f"{series}/instances/{one.head.sop}")})
    answer: dict[str, Any] = {}
    if len(studies) == 1:
        answer["00081190"] = _value("UR", f"{public_url}/dicom-web/studies/{studies.pop()}")
    for tag, items in (("00081198", failed), ("00081199", stored), ("0008119A", others)):
        if items:
            answer[tag] = {"vr": "SQ", "Value": items}
    return answer


def _reason(one: Taken) -> dict[str, Any]:
    reason = _REASONS.get(one.why, _PROCESSING_FAILURE) if one.why else _PROCESSING_FAILURE
    return {"00081197": {"vr": "US", "Value": [reason]}}


def _value(vr: str, text: str) -> dict[str, Any]:
    return {"vr": vr, "Value": [text]}


@router.post("/orthanc/instances", dependencies=UNSAFE)
async def store_as_orthanc(request: Request, actor: SignedIn, album: Album) -> JSONResponse:
    """Store a DICOM file, or the files of a zip file, and answer as Orthanc does."""
    services = request.app.state.services
    settings = services.settings
    intake = await run_in_threadpool(
        storing.begin, services, actor=actor, slug=album, study=None, origin=Origin.of(request.headers)
    )
    try:
        file = await run_in_threadpool(spool.of_file, settings, intake.change, 1)
        await appended(request, file, most=settings.upload_total_mb * _MB)
        taken = await looked_through(request, actor, partial(sending.take_all, intake, file, "1"))
    finally:
        await run_in_threadpool(_end, intake)
    if len(taken) == 1 and "/" not in taken[0].name:
        why = taken[0].why
        if why is not None and why is not LineFailure.PRESENT:
            raise _refusal(why)
        return JSONResponse(_as_orthanc(taken[0]))
    return JSONResponse([_as_orthanc(one) for one in taken])


def _as_orthanc(one: Taken) -> dict[str, Any]:
    if one.head is None or one.why not in (None, LineFailure.PRESENT):
        return {"Name": one.name.partition("/")[2], "Status": "Failure", "Reason": one.why}
    path = (one.head.patient, one.head.study, one.head.series, one.head.sop)
    instance = orthanc_id(*path)
    return {
        "ID": instance,
        "ParentPatient": orthanc_id(*path[:1]),
        "ParentSeries": orthanc_id(*path[:3]),
        "ParentStudy": orthanc_id(*path[:2]),
        "Path": f"/instances/{instance}",
        "Status": "Success" if one.why is None else "AlreadyStored",
    }


def _refusal(why: LineFailure) -> ServiceError:
    if why in (LineFailure.TAKEN, LineFailure.WRONG_PATIENT):
        return Conflict(
            "The archive has this study, series or image already: it is not added to.", reason=why
        )
    if why is LineFailure.FORBIDDEN:
        return Forbidden("You may see this album, but not do this in it.", reason=why)
    return Invalid("body", "{field} cannot be stored: {why}.", why=why)
