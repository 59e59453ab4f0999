"""Members of an album as a table: out as a file for a spreadsheet, and in, with a report line by line."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from auth_service import spreadsheets
from auth_service.albums.members.given import MemberView
from auth_service.albums.members.importing import (
    COLUMNS,
    LARGEST,
    PASSED_OVER,
    ImportReport,
    LineReport,
    import_members,
)
from auth_service.errors import Invalid
from auth_service.http.dependencies import UNSAFE, SignedIn, Slug
from auth_service.http.documents.members import ImportDocument, LineDocument
from auth_service.http.documents.shared import errors
from auth_service.http.harvesting import slow_down, slow_down_table
from auth_service.http.responses import translator
from auth_service.origin import Origin
from auth_service.vocabulary import LineOutcome, MemberState, SubjectKind, in_order

router = APIRouter(tags=["members"])


@router.post(
    "/api/albums/{slug}/members/import",
    responses=errors(403, 404, 409, 422, 503),
    dependencies=UNSAFE,
    openapi_extra={
        "requestBody": {
            "description": f"A table with a line of names of columns: {', '.join(COLUMNS)}.",
            "required": True,
            "content": {"text/csv": {"schema": {"type": "string"}}},
        }
    },
)
async def import_table(
    request: Request,
    actor: SignedIn,
    slug: Slug,
    dry_run: Annotated[bool, Query(description="Say what would be done, and do nothing.")] = True,  # noqa: FBT002 - a query parameter
) -> ImportDocument:
    """Give and change rights by a table, as an owner: all of its lines, or none; nobody is removed by it."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise Invalid("body", "{field} is too large.")
    slow_down(request, actor)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Invalid("body", "{field} is not written in UTF-8.") from None
    report = await run_in_threadpool(
        import_members,
        request.app.state.services,
        actor=actor,
        slug=slug,
        text=text,
        dry_run=dry_run,
        counting=partial(slow_down_table, request, actor),
        origin=Origin.of(request.headers),
    )
    return _document(request, report)


def file(slug: str, found: Iterable[MemberView], day: date) -> StreamingResponse:
    """Return members as a file; it can be edited and given back."""
    return StreamingResponse(
        spreadsheets.table([*COLUMNS, *PASSED_OVER], map(_row, found)),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="members-{slug}-{day.isoformat()}.csv"',
            "Cache-Control": "no-store",
        },
    )


def _row(view: MemberView) -> list[object]:
    pending = view.state is MemberState.PENDING
    group = view.kind is SubjectKind.GROUP
    preset = view.rights.preset
    return [
        view.subject if not pending and not group else None,
        view.subject if group else None,
        view.subject if pending else None,
        preset,
        None if preset else " ".join(in_order(view.rights.actions)),
        view.rights.until,
        view.note,
        view.name,
        view.state,
        view.created.isoformat(timespec="seconds"),
        view.last_use.isoformat(timespec="minutes") if view.last_use else None,
    ]


def _document(request: Request, report: ImportReport) -> ImportDocument:
    t = translator(request)
    counts = Counter(each.outcome for each in report.lines)

    def line(each: LineReport) -> LineDocument:
        said = t(each.message).format(**each.places) if each.message else None
        return LineDocument(
            line=each.line, subject=each.subject, outcome=each.outcome, field=each.column, message=said
        )

    return ImportDocument(
        done=report.done,
        new=counts[LineOutcome.NEW],
        changed=counts[LineOutcome.CHANGED],
        same=counts[LineOutcome.SAME],
        wrong=counts[LineOutcome.WRONG],
        lines=[line(each) for each in report.lines],
    )
