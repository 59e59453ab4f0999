"""The audit, over HTTP: one page of what happened, or all of it as a file for a spreadsheet."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from auth_service import spreadsheets
from auth_service.audit.reading import Entry, export_audit, read_audit
from auth_service.days import moment, moment_after
from auth_service.errors import Invalid
from auth_service.http.dependencies import InPerson
from auth_service.http.documents.audit import AuditEntryDocument, AuditList, AuditWanted
from auth_service.http.documents.shared import errors
from auth_service.origin import Origin
from auth_service.store.audit_search import Question
from auth_service.vocabulary import album_label

router = APIRouter(tags=["audit"])

_ONLY_WHOLE = ("session", "address", "request_id")
_COLUMNS = tuple(Entry.__dataclass_fields__)


@router.get("/api/audit", response_model=AuditList, responses=errors(403, 404, 422, 503))
def audit(request: Request, actor: InPerson, wanted: Annotated[AuditWanted, Query()]) -> AuditList | Response:
    """Return what happened, the newest first: all of it to administrators, to owners through their albums."""
    services = request.app.state.services
    question, label = _question(wanted, services.settings.zone), _label(wanted)
    origin = Origin.of(request.headers)
    if wanted.format == "csv" or (wanted.format is None and _prefers_csv(request)):
        whole, entries = export_audit(services, actor=actor, question=question, label=label, origin=origin)
        day = services.clock().astimezone(services.settings.zone).date()
        return _file(whole, entries, day)
    page = read_audit(
        services,
        actor=actor,
        question=question,
        label=label,
        limit=wanted.limit,
        offset=wanted.offset,
        origin=origin,
    )
    return AuditList(items=[AuditEntryDocument(**asdict(entry)) for entry in page.items], total=page.total)


def _question(wanted: AuditWanted, zone: ZoneInfo) -> Question:
    return Question(
        events=tuple(wanted.event),
        actor=wanted.actor.strip(),
        action=wanted.action,
        study_uid=wanted.study,
        reason=wanted.reason,
        target=wanted.target.strip(),
        since=moment("from", wanted.since, zone) if wanted.since else None,
        before=moment_after("to", wanted.until, zone) if wanted.until else None,
        upto=wanted.upto,
    )


def _label(wanted: AuditWanted) -> str | None:
    if wanted.album is not None and wanted.label is not None:
        raise Invalid("label", "Name either an album or a label.")
    return wanted.label if wanted.album is None else album_label(wanted.album)


def _prefers_csv(request: Request) -> bool:
    kinds = [part.partition(";")[0].strip() for part in request.headers.get("accept", "").split(",")]
    return "text/csv" in kinds and "application/json" not in kinds


def _file(whole: bool, entries: Iterator[Entry], day: date) -> StreamingResponse:  # noqa: FBT001 - it names a column set
    columns = [name for name in _COLUMNS if whole or name not in _ONLY_WHOLE]
    rows = ([_cell(getattr(entry, name)) for name in columns] for entry in entries)
    return StreamingResponse(
        spreadsheets.table(columns, rows),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="audit-{day.isoformat()}.csv"',
            "Cache-Control": "no-store",
        },
    )


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False) if value else None
    return value
