"""What is in albums, and changes of it, over HTTP."""

from collections.abc import Iterable
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from auth_service.albums import changing, following, resuming, undoing
from auth_service.albums.changing import Prospect
from auth_service.albums.ledger import MOST_TOLD, Report
from auth_service.albums.naming import Named, series_by_study
from auth_service.errors import Invalid
from auth_service.http.dependencies import UNSAFE, Limit, Offset, SignedIn, Slug
from auth_service.http.documents.changes import (
    ChangeDocument,
    ChangeList,
    ChangeWanted,
    NotTakenDocument,
    PlacedDocument,
    PlacedList,
    PlacedWanted,
    ProspectDocument,
    ReportWanted,
    StudyPlacedDocument,
    StudyPlacedList,
    WhatDocument,
)
from auth_service.http.documents.shared import errors
from auth_service.http.scoped import CountBody, question_of
from auth_service.origin import Origin
from auth_service.search import Question
from auth_service.vocabulary import ChangeVerb

router = APIRouter()

ChangeId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@router.post(
    "/api/albums/{slug}/changes",
    tags=["contents"],
    status_code=202,
    responses=errors(403, 404, 409, 422, 503),
    dependencies=UNSAFE,
)
def change(
    request: Request, response: Response, actor: SignedIn, slug: Slug, wanted: ChangeWanted
) -> ChangeDocument:
    """Put series into an album or take them out, in the background: ask ``/api/changes/{id}`` how far it is.

    To put something in takes ``upload`` in the album, and on the series ``send`` and every right that the
    album's members get on it by this. What you may not see looks as if it did not exist.
    """
    verb, named = _wanted(wanted)
    report = changing.change_contents(
        request.app.state.services,
        actor=actor,
        slug=slug,
        verb=verb,
        named=named,
        origin=Origin.of(request.headers),
    )
    return _begun(report, response)


@router.post(
    "/api/albums/{slug}/changes/preview",
    tags=["contents"],
    responses=errors(403, 404, 409, 422, 503),
    dependencies=UNSAFE,
)
def preview(request: Request, actor: SignedIn, slug: Slug, wanted: ChangeWanted) -> ProspectDocument:
    """Say what a change would do, and do nothing."""
    verb, named = _wanted(wanted)
    prospect = changing.preview(
        request.app.state.services,
        actor=actor,
        slug=slug,
        verb=verb,
        named=named,
        origin=Origin.of(request.headers),
    )
    return _prospect(prospect)


@router.get("/api/albums/{slug}/changes", tags=["contents"], responses=errors(404, 422))
def changes(
    request: Request, actor: SignedIn, slug: Slug, limit: Limit = 50, offset: Offset = 0
) -> ChangeList:
    """Return an album's changes, the newest first: to its owners all, to others their own."""
    found = following.list_changes(
        request.app.state.services,
        actor=actor,
        slug=slug,
        limit=limit,
        offset=offset,
        origin=Origin.of(request.headers),
    )
    return ChangeList(items=[change_document(each) for each in found.items], total=found.total)


@router.get("/api/changes/{change_id}", tags=["contents"], responses=errors(404, 422))
def read(
    request: Request, actor: SignedIn, change_id: ChangeId, wanted: Annotated[ReportWanted, Query()]
) -> ChangeDocument:
    """Say how far a change has come, with a page of what was not done, and one of the series that grew."""
    services = request.app.state.services
    return change_document(
        following.read(services, actor=actor, change=change_id, limit=wanted.limit, offset=wanted.offset)
    )


@router.post(
    "/api/changes/{change_id}/undo",
    tags=["contents"],
    status_code=202,
    responses=errors(403, 404, 409, 422, 503),
    dependencies=UNSAFE,
)
def undo(request: Request, response: Response, actor: SignedIn, change_id: ChangeId) -> ChangeDocument:
    """Take back what a change did, as far as nobody has touched it since: by a change of its own.

    What was taken out is put in again as far as you may give it to the album's members. Images that came into
    series which were in the album before stay in them: ``staying`` says how many.
    """
    report = undoing.undo(
        request.app.state.services, actor=actor, change=change_id, origin=Origin.of(request.headers)
    )
    return _begun(report, response)


@router.post(
    "/api/changes/{change_id}/cancel",
    tags=["contents"],
    responses=errors(403, 404, 409, 422),
    dependencies=UNSAFE,
)
def cancel(request: Request, actor: SignedIn, change_id: ChangeId) -> ChangeDocument:
    """Stop a change: what is done by then stays, and can be taken back."""
    report = following.cancel(
        request.app.state.services, actor=actor, change=change_id, origin=Origin.of(request.headers)
    )
    resuming.wake()
    return change_document(report)


@router.get("/api/albums/{slug}/series", tags=["contents"], responses=errors(403, 404, 422))
def series(
    request: Request, actor: SignedIn, slug: Slug, wanted: Annotated[PlacedWanted, Query()]
) -> PlacedList:
    """Return the series in an album, in the order in which they came; or those that were at a moment."""
    placed = list(
        following.contents(
            request.app.state.services,
            actor=actor,
            slug=slug,
            at=wanted.at,
            origin=Origin.of(request.headers),
        ).items()
    )
    page = placed[wanted.offset : wanted.offset + wanted.limit]
    return PlacedList(
        items=[PlacedDocument(study=study, series=uid) for uid, study in page], total=len(placed)
    )


@router.get("/api/albums/{slug}/studies", tags=["contents"], responses=errors(403, 404, 422))
def studies(
    request: Request, actor: SignedIn, slug: Slug, wanted: Annotated[PlacedWanted, Query()]
) -> StudyPlacedList:
    """Return the studies of which something is in an album, or was at a moment, with their series in it."""
    placed = following.contents(
        request.app.state.services, actor=actor, slug=slug, at=wanted.at, origin=Origin.of(request.headers)
    )
    by_study = series_by_study(placed)
    page = list(by_study.items())[wanted.offset : wanted.offset + wanted.limit]
    return StudyPlacedList(
        items=[StudyPlacedDocument(study=study, series=uids) for study, uids in page], total=len(by_study)
    )


def _wanted(wanted: ChangeWanted) -> tuple[ChangeVerb, Named]:
    if wanted.add is not None:
        return ChangeVerb.ADD, _named(wanted.add, "add")
    assert wanted.remove is not None  # noqa: S101 - the document holds exactly one
    return ChangeVerb.REMOVE, _named(wanted.remove, "remove")


def _named(what: WhatDocument, field: str) -> Named:
    return Named(
        studies=what.studies,
        series=what.series,
        names=what.names,
        album=what.album,
        query=_question(what.query, f"{field}.query") if what.query is not None else None,
    )


def _question(body: CountBody, field: str) -> Question:
    if body.level == "Instance":
        raise Invalid(field, "{field} must be about studies or series.")
    if body.labels is not None:
        raise Invalid(field, "{field} cannot name labels: name an album beside it.")
    return question_of(body, field=field)


def _begun(report: Report, response: Response) -> ChangeDocument:
    resuming.wake()
    response.headers["Location"] = f"/api/changes/{report.change}"
    return change_document(report)


def _prospect(prospect: Prospect) -> ProspectDocument:
    return ProspectDocument(
        series=prospect.series,
        studies=prospect.studies,
        present=prospect.present,
        failed=_told((one.name, one.why, one.lacking) for one in prospect.not_taken),
        failed_total=len(prospect.not_taken),
    )


def _told(found: Iterable[tuple[str, str, Iterable[str]]]) -> list[NotTakenDocument]:
    return [
        NotTakenDocument(uid=name, reason=why, lacking=list(lacking))
        for name, why, lacking in islice(found, MOST_TOLD)
    ]


def change_document(report: Report) -> ChangeDocument:
    """Write down how far a change has come."""
    return ChangeDocument.model_validate(
        {
            "id": report.change,
            "album": report.album,
            "verb": report.verb,
            "state": report.state,
            "by": report.actor_name,
            "created": report.created,
            "finished": report.finished,
            "stopping": report.cancelled is not None and report.finished is None,
            "undoes": report.undoes,
            "done": report.done,
            "total": report.total,
            "due": report.due,
            "failed": _told((one.uid, one.reason, one.lacking) for one in report.failed),
            "failed_total": report.failed_total,
            "grown": [{"series": one.series, "images": one.images} for one in report.grown],
            "grown_total": report.grown_total,
            "grown_images": report.grown_images,
            "staying": report.staying,
        }
    )
