"""What nginx asks before it streams from Orthanc: 204, 401 or 403, and nothing else.

``auth_request`` knows only these three. What a refusal should look like to the client is said in
``X-Gate-Deny``: ``hidden`` (404), ``forbidden`` (403) or ``invalid`` (400). How long nginx may keep an
answer is said in ``Cache-Control`` (RFC 9111, RFC 5861).
"""

from collections.abc import Callable, Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from auth_service.errors import Forbidden, Unauthenticated
from auth_service.gate import Gate
from auth_service.http.coalescing import Coalescing
from auth_service.http.dependencies import actor_of, own_origin
from auth_service.judging import Verdict
from auth_service.targets import ParameterError, Target, UndeclaredError, Way, resolve

router = APIRouter(include_in_schema=False)

KEPT = "max-age=1, stale-while-revalidate=1"
"""A viewer that loads frames does not wait each second: for one more it gets the kept answer while nginx asks
anew. nginx counts whole seconds, so that an answer serves for less than three."""


@router.get("/internal/authorize")
def authorize(request: Request) -> Response:
    """Decide about the request that the gate describes in its headers."""
    headers = request.headers
    path = headers.get("x-gate-path", "")
    try:
        target = resolve(headers.get("x-gate-method", ""), path, headers.get("x-gate-query", ""))
    except UndeclaredError:
        return _deny("hidden")
    except ParameterError:
        return _deny("invalid")
    if target.row.way is not Way.STREAMED:
        return _deny("hidden")
    if not target.row.cached:
        return _ANSWERS[_decide(request, target)]()
    # The very fields under which nginx keeps the decision.
    key = (
        tuple(headers.getlist("cookie")),
        tuple(headers.getlist("authorization")),
        target.cache_key,
        headers.get("x-gate-query", ""),
    )
    decisions: Coalescing[Verdict | None] = request.app.state.decisions
    answer = _ANSWERS[decisions.once(key, lambda: _decide(request, target))]()
    answer.headers["Cache-Control"] = KEPT
    return answer


def _decide(request: Request, target: Target) -> Verdict | None:
    """Decide; ``None`` where signing in would help."""
    try:
        actor = actor_of(request)
    except Unauthenticated:
        return None
    if target.row.method != "GET" and not _comes_from_us(request):
        return Verdict.FORBIDDEN
    return Gate.of(request).judge(actor, target, request.headers.get("x-gate-path", ""))


def _comes_from_us(request: Request) -> bool:
    try:
        own_origin(request)
    except Forbidden:
        return False
    return True


def _deny(how: str) -> Response:
    return Response(status_code=403, headers={"X-Gate-Deny": how})


_ANSWERS: Mapping[Verdict | None, Callable[[], Response]] = {
    Verdict.ALLOWED: lambda: Response(status_code=204),
    Verdict.FORBIDDEN: lambda: _deny("forbidden"),
    Verdict.HIDDEN: lambda: _deny("hidden"),
    # Bearer and never Basic: a browser would open a dialog of its own.
    None: lambda: Response(status_code=401, headers={"WWW-Authenticate": "Bearer"}),
}
