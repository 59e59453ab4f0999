"""Albums and their members, over HTTP: parse, one use case, and its answer as a document."""

from collections.abc import Container
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from auth_service.albums.finding import AlbumPage, AlbumQuery, AlbumView, Days, find_album, find_albums
from auth_service.albums.members import (
    MemberView,
    Rights,
    add_member,
    change_member,
    list_members,
    remove_member,
)
from auth_service.errors import Invalid
from auth_service.http.dependencies import UNSAFE, SignedIn
from auth_service.http.documents.albums import (
    AlbumDocument,
    AlbumList,
    AlbumsWanted,
    OneAlbum,
    PictureDocument,
)
from auth_service.http.documents.members import (
    MemberChange,
    MemberDocument,
    MemberGiven,
    MemberList,
    SubjectDocument,
)
from auth_service.http.documents.shared import errors
from auth_service.origin import Origin
from auth_service.vocabulary import OWNER_ACTIONS, Action, AlbumRole, SubjectKind, album_label

router = APIRouter()

Slug = Annotated[str, Path(description="The album's short name.")]
MemberId = Annotated[int, Path(ge=1, le=2**31 - 1)]

_ROLES = {"owner": AlbumRole.OWNER, "member": AlbumRole.MEMBER}
_ACTIONS = {str(action): action for action in Action}


@router.get("/api/albums", tags=["albums"], responses=errors(422, 503))
def albums(request: Request, actor: SignedIn, wanted: Annotated[AlbumsWanted, Query()]) -> AlbumList:
    """Return the albums in which somebody has any right.

    Counts are those that are kept, with when they were counted: Orthanc is asked only about albums that were
    never counted before.
    """
    page = find_albums(
        request.app.state.services,
        actor=actor,
        query=AlbumQuery(
            search=wanted.search,
            modality=wanted.modality,
            mine=wanted.mine,
            favourite=wanted.favourite,
            archived=wanted.archived,
            can=action_of("can", wanted.can, among=OWNER_ACTIONS) if wanted.can is not None else None,
            created=Days(first=wanted.created_from, last=wanted.created_to),
            changed=Days(first=wanted.changed_from, last=wanted.changed_to),
            sort=wanted.sort,
            limit=wanted.limit,
            offset=wanted.offset,
        ),
    )
    return AlbumList(
        items=[AlbumDocument(**album_fields(view)) for view in page.items],
        total=page.total,
        archive="up" if page.complete else "down",
    )


@router.get("/api/albums/{slug}", tags=["albums"], responses=errors(404))
def album(request: Request, actor: SignedIn, slug: Slug) -> OneAlbum:
    """Return one album; one that is hidden looks like one that is not there."""
    page = find_album(request.app.state.services, actor=actor, slug=slug, origin=Origin.of(request.headers))
    return one_album(page)


@router.get("/api/albums/{slug}/members", tags=["members"], responses=errors(403, 404, 422))
def members(
    request: Request,
    actor: SignedIn,
    slug: Slug,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
) -> MemberList:
    """Return who may do what in an album, to its owners."""
    found = list_members(
        request.app.state.services, actor=actor, slug=slug, origin=Origin.of(request.headers)
    )
    return MemberList(items=[_member(each) for each in found[offset : offset + limit]], total=len(found))


@router.post(
    "/api/albums/{slug}/members",
    tags=["members"],
    status_code=201,
    responses=errors(403, 404, 409, 422, 503),
    dependencies=UNSAFE,
)
def invite(request: Request, actor: SignedIn, slug: Slug, wanted: MemberGiven) -> MemberDocument:
    """Give a person or a group rights in an album.

    Owners may give every right; who may ``invite`` gives at most his own rights and end date.
    """
    member = add_member(
        request.app.state.services,
        actor=actor,
        slug=slug,
        user=wanted.subject.user,
        group=wanted.subject.group,
        rights=Rights(
            role=_ROLES[wanted.role], actions=_actions(wanted.actions, wanted.role), until=wanted.until
        ),
        origin=Origin.of(request.headers),
    )
    return _member(member)


@router.patch(
    "/api/albums/{slug}/members/{member_id}",
    tags=["members"],
    responses=errors(403, 404, 409, 422),
    dependencies=UNSAFE,
)
def change(
    request: Request, actor: SignedIn, slug: Slug, member_id: MemberId, wanted: MemberChange
) -> MemberDocument:
    """Change somebody's rights in an album, as one of its owners."""
    member = change_member(
        request.app.state.services,
        actor=actor,
        slug=slug,
        member_id=member_id,
        role=_ROLES[wanted.role] if wanted.role is not None else None,
        actions=_actions(wanted.actions, wanted.role) if wanted.actions is not None else None,
        until=wanted.until,
        keep_until="until" not in wanted.model_fields_set,
        origin=Origin.of(request.headers),
    )
    return _member(member)


@router.delete(
    "/api/albums/{slug}/members/{member_id}",
    tags=["members"],
    status_code=204,
    response_class=Response,
    responses=errors(403, 404, 409, 422),
    dependencies=UNSAFE,
)
def take_back(request: Request, actor: SignedIn, slug: Slug, member_id: MemberId) -> Response:
    """Take somebody's rights in an album back, as one of its owners."""
    remove_member(
        request.app.state.services,
        actor=actor,
        slug=slug,
        member_id=member_id,
        origin=Origin.of(request.headers),
    )
    return Response(status_code=204)


def action_of(field: str, word: str, *, among: Container[str] = _ACTIONS) -> Action:
    """Read the name of an action."""
    if word not in among:
        raise Invalid(field, "There is no right called {right}.", right=word)
    return _ACTIONS[word]


def _actions(words: list[str], role: str | None) -> frozenset[Action]:
    """Read actions; an owner has them all, so what is named for him says nothing more."""
    actions = frozenset(action_of("actions", word) for word in words)
    return frozenset() if role == AlbumRole.OWNER else actions


def _in_order(actions: frozenset[Action]) -> list[str]:
    return [str(action) for action in Action if action in actions]


def one_album(page: AlbumPage) -> OneAlbum:
    """Write one album as its document."""
    return OneAlbum(**album_fields(page.items[0]), archive="up" if page.complete else "down")


def album_fields(view: AlbumView) -> dict[str, Any]:
    """Return what every document of an album holds."""
    album, access, holding = view.album, view.access, view.holding
    picture = holding.picture if holding else None
    return {
        "slug": album.slug,
        "label": album_label(album.slug),
        "title": album.title,
        "description": album.description,
        "role": access.role.value,
        "actions": _in_order(access.actions),
        "until": access.until,
        "studies": holding.studies if holding else None,
        "series": holding.series if holding else None,
        "instances": holding.instances if holding else None,
        "modalities": list(holding.modalities) if holding else None,
        "counted": view.kept.at if view.kept else None,
        "members": view.members,
        "favourite": view.favourite,
        "archived": album.archived_at,
        "created": album.created_at,
        "changed": album.changed_at,
        "owners": list(view.owners),
        "picture": PictureDocument(study=picture.study, series=picture.series) if picture else None,
    }


def _member(view: MemberView) -> MemberDocument:
    named = {"user": view.subject} if view.kind is SubjectKind.PERSON else {"group": view.subject}
    return MemberDocument(
        id=view.id,
        subject=SubjectDocument(**named, name=view.name),
        role=view.rights.role.value,
        actions=_in_order(view.rights.effective),
        until=view.rights.until,
        created=view.created,
    )
