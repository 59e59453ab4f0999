"""What the routes of the API have in common: who asks, and from which page."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request
from pydantic import StringConstraints

from auth_service.administering import require_admin
from auth_service.credentials.identity import identify
from auth_service.errors import Forbidden, Unauthenticated
from auth_service.gate import refuse_system
from auth_service.origin import Origin
from auth_service.policy.model import Actor, Decision, Reason
from auth_service.targets import MAX_UID, ORTHANC_ID, UID
from auth_service.vocabulary import ActorKind


def actor_or_nobody(request: Request) -> Actor:
    """Say who asks; raises `Unauthenticated` for a bad credential."""
    services = request.app.state.services
    return identify(
        cookies=request.headers.getlist("cookie"),
        authorizations=request.headers.getlist("authorization"),
        cookie_name=services.settings.session_cookie,
        sessions=services.sessions,
        tokens=services.tokens,
        bearers=services.bearers,
        origin=Origin.of(request.headers),
    )


def actor_of(request: Request) -> Actor:
    """Say who asks, and refuse nobody; and, while no rules are known, everybody but administrators."""
    actor = actor_or_nobody(request)
    if actor.kind is ActorKind.NOBODY:
        raise Unauthenticated
    request.app.state.services.rules.admit(actor)
    return actor


def person_of(request: Request) -> Actor:
    """Say who asks, and refuse tokens and bearers: what only somebody with a session of ours may do."""
    actor = actor_of(request)
    if not actor.in_person or actor.session is None:
        refuse_system(
            request.app.state.services,
            actor=actor,
            decision=Decision(allowed=False, reason=Reason.IN_PERSON),
            path=request.url.path,
            origin=Origin.of(request.headers),
        )
    return actor


def administrator_of(request: Request) -> Actor:
    """Say who asks, and let only an administrator pass: to others there is no such route."""
    actor = person_of(request)
    require_admin(
        request.app.state.services, actor=actor, path=request.url.path, origin=Origin.of(request.headers)
    )
    return actor


def own_origin(request: Request) -> None:
    """Refuse an unsafe request by cookie that a page of another origin may have sent (RFC 6454).

    A bearer is put into a request by a program, never by a browser on its own: it needs no origin. Basic is
    what a browser may remember, so that a page's request with it is held to its origin.
    """
    authorization = request.headers.get("authorization", "")
    if authorization.lower().startswith("bearer ") or (authorization and "origin" not in request.headers):
        return
    if request.headers.get("origin") != request.app.state.services.settings.public_url:
        raise Forbidden("This request did not come from a page of the portal.", reason="origin")


UNSAFE = [Depends(actor_of), Depends(own_origin)]
"""What a route asks that changes something, or is a POST: somebody, and only then from where."""

UNSAFE_IN_PERSON = [Depends(person_of), Depends(own_origin)]
"""The same, where a token is refused."""

UNSAFE_BY_ADMIN = [Depends(administrator_of), Depends(own_origin)]
"""The same, where everybody but an administrator is refused."""

Uid = Annotated[str, StringConstraints(pattern=f"^{UID}$", max_length=MAX_UID)]
"""A DICOM unique identifier in a path."""

OrthancId = Annotated[str, StringConstraints(pattern=f"^{ORTHANC_ID.pattern}$")]
"""One of Orthanc's own identifiers: the SHA-1 of those of DICOM, in five groups."""

Slug = Annotated[str, Path(description="The album's short name.")]

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
"""The identifier of a row in a path."""

Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=1_000_000_000)]

SignedIn = Annotated[Actor, Depends(actor_of)]
"""Somebody who signed in, or his token."""

InPerson = Annotated[Actor, Depends(person_of)]
"""Somebody who signed in."""

Administrator = Annotated[Actor, Depends(administrator_of)]
"""Somebody who signed in and has the realm role ``admin``."""
