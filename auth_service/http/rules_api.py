"""The rules file, for administrators: how it stands, and what is to be said of a text before it is live."""

from collections.abc import Callable, Iterable

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from auth_service.errors import Invalid
from auth_service.http.dependencies import UNSAFE_BY_ADMIN, Administrator
from auth_service.http.documents.rules import RemarkDocument, RulesCheck, RulesDocument
from auth_service.http.documents.shared import errors
from auth_service.http.responses import translator
from auth_service.policy.rules import Remark
from auth_service.rules import LARGEST
from auth_service.rules import review as rules_review
from auth_service.rules.review import Review

router = APIRouter(tags=["rules"])


@router.get("/api/rules", responses=errors(403, 404))
def rules(request: Request, _actor: Administrator) -> RulesDocument:
    """Say whether the rules file is in force as it is now, and if not, why."""
    status = request.app.state.services.rules.status()
    t = translator(request)
    return RulesDocument(
        state=status.state.value,
        file=status.file,
        since=status.since,
        rules=status.rules,
        problems=_said(t, status.problems),
        warnings=_said(t, status.warnings),
    )


@router.post(
    "/api/rules/check",
    responses=errors(403, 404, 422),
    dependencies=UNSAFE_BY_ADMIN,
    openapi_extra={
        "requestBody": {
            "description": "The text of a rules file.",
            "required": True,
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    },
)
async def check(request: Request) -> RulesCheck:
    """Say what is wrong with a text, without taking it."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise Invalid("body", "{field} is too large.")
    review = await run_in_threadpool(_review, request, body)
    t = translator(request)
    return RulesCheck(
        problems=_said(t, review.problems), warnings=_said(t, review.warnings), unasked=list(review.unasked)
    )


def _review(request: Request, body: bytes) -> Review:
    services = request.app.state.services
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Invalid("body", "{field} is not written in UTF-8.") from None
    return rules_review.check(services, text, at=services.clock())


def _said(t: Callable[[str], str], remarks: Iterable[Remark]) -> list[RemarkDocument]:
    return [
        RemarkDocument(
            line=one.place.line, column=one.place.column, message=t(one.message).format(**one.places)
        )
        for one in remarks
    ]
