"""A person's own API tokens, over HTTP: make one, see what there is, take one back."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from auth_service.credentials.api_tokens import TokenView
from auth_service.http.dependencies import UNSAFE_IN_PERSON, InPerson
from auth_service.http.documents.shared import errors
from auth_service.http.documents.tokens import NewToken, TokenDocument, TokenList, TokenWanted
from auth_service.origin import Origin

router = APIRouter(tags=["tokens"])


@router.get("/api/tokens", responses=errors(403, 422))
def list_tokens(
    request: Request,
    actor: InPerson,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> TokenList:
    """Return the actor's tokens that were not revoked, the newest first."""
    tokens = request.app.state.services.tokens
    found = tokens.of_person(actor)
    page = [TokenDocument(**_fields(token)) for token in found[offset : offset + limit]]
    first, last = tokens.bounds()
    return TokenList(items=page, total=len(found), first=first, last=last)


@router.post("/api/tokens", status_code=201, responses=errors(403, 409, 422), dependencies=UNSAFE_IN_PERSON)
def create_token(request: Request, actor: InPerson, wanted: TokenWanted, response: Response) -> NewToken:
    """Make a token; its secret is in this answer and in no other."""
    token, secret = request.app.state.services.tokens.create(
        actor,
        name=wanted.name,
        actions=wanted.actions,
        albums=wanted.albums,
        until=wanted.until,
        origin=Origin.of(request.headers),
    )
    response.headers["Cache-Control"] = "no-store"
    return NewToken(**_fields(token), token=secret)


@router.delete(
    "/api/tokens/{token_id}",
    status_code=204,
    responses=errors(403, 404),
    dependencies=UNSAFE_IN_PERSON,
)
def revoke_token(request: Request, actor: InPerson, token_id: str) -> Response:
    """Take one of the actor's tokens back; somebody else's looks like one that is not there."""
    request.app.state.services.tokens.revoke(actor, token_id, origin=Origin.of(request.headers))
    return Response(status_code=204)


def _fields(token: TokenView) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "actions": [str(action) for action in token.actions],
        "albums": list(token.albums) if token.albums is not None else None,
        "created": token.created,
        "until": token.until,
        "over": token.over,
        "used": token.used,
        "used_from": token.used_from,
    }
