"""Members of albums, over HTTP: parse, one use case, and its answer as a document."""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from auth_service.albums.members import (
    Edit,
    MemberView,
    Rights,
    add_member,
    change_invitation,
    change_member,
    change_members,
    list_members,
    remove_invitation,
    remove_member,
    remove_members,
)
from auth_service.albums.members.finding import find_candidates
from auth_service.errors import Invalid
from auth_service.http import members_tables, reading
from auth_service.http.dependencies import UNSAFE, Number, SignedIn, Slug
from auth_service.http.documents.members import (
    CandidateGroup,
    CandidateList,
    CandidatePerson,
    MemberChange,
    MemberDocument,
    MemberGiven,
    MemberList,
    MembersChange,
    MembersNamed,
    MembersWanted,
    RightsGiven,
    SubjectDocument,
)
from auth_service.http.documents.shared import errors
from auth_service.http.harvesting import slow_down
from auth_service.origin import Origin
from auth_service.vocabulary import Action, AlbumRole, MemberState, SubjectKind, in_order

router = APIRouter(tags=["members"])


@router.get("/api/albums/{slug}/members", response_model=MemberList, responses=errors(403, 404, 422))
def members(
    request: Request, actor: SignedIn, slug: Slug, wanted: Annotated[MembersWanted, Query()]
) -> MemberList | Response:
    """Return who may do what in an album, to its owners; invited addresses come last."""
    services = request.app.state.services
    found = list_members(services, actor=actor, slug=slug, origin=Origin.of(request.headers))
    if wanted.format == "csv":
        day = services.clock().astimezone(services.settings.zone).date()
        return members_tables.file(slug, found, day)
    page = found[wanted.offset : wanted.offset + wanted.limit]
    return MemberList(items=[member_document(each) for each in page], total=len(found))


@router.get("/api/albums/{slug}/candidates", responses=errors(403, 404, 422, 503))
def candidates(
    request: Request,
    actor: SignedIn,
    slug: Slug,
    search: Annotated[str, Query(min_length=1, max_length=320, description="A part of a name or address.")],
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
) -> CandidateList:
    """Return people and groups by a part of their names, to who may invite them into the album.

    A setting of the site says whom one finds: everybody, those with whom one shares a group, or nobody but
    who is named by his exact user name or address. Who is not found can be invited by his user name or
    address all the same.
    """
    slow_down(request, actor)
    found = find_candidates(
        request.app.state.services,
        actor=actor,
        slug=slug,
        search=search,
        limit=limit,
        origin=Origin.of(request.headers),
    )
    return CandidateList(
        people=[
            CandidatePerson(user=each.username, name=each.name, email=each.email) for each in found.people
        ],
        groups=[CandidateGroup(group=each.path) for each in found.groups],
    )


@router.post(
    "/api/albums/{slug}/members",
    status_code=201,
    responses=errors(403, 404, 409, 422, 503),
    dependencies=UNSAFE,
)
def invite(request: Request, actor: SignedIn, slug: Slug, wanted: MemberGiven) -> MemberDocument:
    """Give a person, a group, or whoever has an address rights in an album.

    Owners may give every right; who may ``invite`` gives at most his own rights and end date. An address
    without an account is ``pending`` until somebody signs in with it, verified; so is every address where
    the site does not let its people find everybody.
    """
    slow_down(request, actor)
    role, actions = read_rights(wanted)
    rights = Rights(role=role or AlbumRole.MEMBER, actions=actions or frozenset(), until=wanted.until)
    member = add_member(
        request.app.state.services,
        actor=actor,
        slug=slug,
        user=wanted.subject.user,
        group=wanted.subject.group,
        email=wanted.subject.email,
        rights=rights,
        note=wanted.note,
        origin=Origin.of(request.headers),
    )
    return member_document(member)


@router.patch("/api/albums/{slug}/members", responses=errors(403, 404, 409, 422), dependencies=UNSAFE)
def change_several(request: Request, actor: SignedIn, slug: Slug, wanted: MembersChange) -> MemberList:
    """Change several members and invited addresses in the same way, all of them or none, as an owner."""
    found = change_members(
        request.app.state.services,
        actor=actor,
        slug=slug,
        edit=_edit(wanted, add=wanted.add, take=wanted.take),
        members=wanted.members,
        invitations=wanted.invitations,
        origin=Origin.of(request.headers),
    )
    return MemberList(items=[member_document(each) for each in found], total=len(found))


@router.post(
    "/api/albums/{slug}/members/remove",
    status_code=204,
    response_class=Response,
    responses=errors(403, 404, 409, 422),
    dependencies=UNSAFE,
)
def take_several_back(request: Request, actor: SignedIn, slug: Slug, wanted: MembersNamed) -> Response:
    """Take the rights of several members, and invitations, back: all of them or none, as an owner."""
    remove_members(
        request.app.state.services,
        actor=actor,
        slug=slug,
        members=wanted.members,
        invitations=wanted.invitations,
        origin=Origin.of(request.headers),
    )
    return Response(status_code=204)


@router.patch(
    "/api/albums/{slug}/members/{member_id}", responses=errors(403, 404, 409, 422), dependencies=UNSAFE
)
def change(
    request: Request, actor: SignedIn, slug: Slug, member_id: Number, wanted: MemberChange
) -> MemberDocument:
    """Change somebody's rights in an album, as one of its owners."""
    edit = _edit(wanted)
    member = change_member(
        request.app.state.services,
        actor=actor,
        slug=slug,
        member_id=member_id,
        role=edit.role,
        actions=edit.actions,
        until=edit.until,
        keep_until=edit.keep_until,
        note=edit.note,
        origin=Origin.of(request.headers),
    )
    return member_document(member)


@router.delete(
    "/api/albums/{slug}/members/{member_id}",
    status_code=204,
    response_class=Response,
    responses=errors(403, 404, 409, 422),
    dependencies=UNSAFE,
)
def take_back(request: Request, actor: SignedIn, slug: Slug, member_id: Number) -> Response:
    """Take somebody's rights in an album back, as one of its owners."""
    remove_member(
        request.app.state.services,
        actor=actor,
        slug=slug,
        member_id=member_id,
        origin=Origin.of(request.headers),
    )
    return Response(status_code=204)


@router.patch(
    "/api/albums/{slug}/invitations/{invitation_id}",
    responses=errors(403, 404, 409, 422),
    dependencies=UNSAFE,
)
def change_invited(
    request: Request, actor: SignedIn, slug: Slug, invitation_id: Number, wanted: MemberChange
) -> MemberDocument:
    """Change what an invited address will get, as one of the album's owners, who answers for it then."""
    found = change_invitation(
        request.app.state.services,
        actor=actor,
        slug=slug,
        invitation_id=invitation_id,
        edit=_edit(wanted),
        origin=Origin.of(request.headers),
    )
    return member_document(found)


@router.delete(
    "/api/albums/{slug}/invitations/{invitation_id}",
    status_code=204,
    response_class=Response,
    responses=errors(403, 404, 409, 422),
    dependencies=UNSAFE,
)
def take_invitation_back(request: Request, actor: SignedIn, slug: Slug, invitation_id: Number) -> Response:
    """Take an invitation back, as one of the album's owners."""
    remove_invitation(
        request.app.state.services,
        actor=actor,
        slug=slug,
        invitation_id=invitation_id,
        origin=Origin.of(request.headers),
    )
    return Response(status_code=204)


def read_rights(wanted: RightsGiven) -> tuple[AlbumRole | None, frozenset[Action] | None]:
    """Read a role and rights, or a preset in their place."""
    if wanted.preset is not None:
        if wanted.role is not None or wanted.actions is not None:
            raise Invalid("preset", "Give either a preset or rights, one of the two.")
        given = Rights.of_preset(wanted.preset)
        return given.role, given.actions
    role = AlbumRole(wanted.role) if wanted.role is not None else None
    actions = reading.actions("actions", wanted.actions) if wanted.actions is not None else None
    # An owner has them all, so that what is named for him says nothing more.
    return role, frozenset() if role is AlbumRole.OWNER and actions is not None else actions


def subject_document(view: MemberView) -> SubjectDocument:
    """Name a member, or an invited address."""
    if view.state is MemberState.PENDING:
        return SubjectDocument(email=view.subject, name=view.name)
    named = {"user": view.subject} if view.kind is SubjectKind.PERSON else {"group": view.subject}
    return SubjectDocument(**named, name=view.name)


def member_document(view: MemberView) -> MemberDocument:
    """Write a member, or an invited address."""
    return MemberDocument(
        id=view.id,
        state=view.state,
        subject=subject_document(view),
        note=view.note,
        created=view.created,
        last_use=view.last_use,
        expires=view.expires,
        **rights_fields(view.rights),
    )


def rights_fields(rights: Rights) -> dict[str, Any]:
    """Write rights under the names that every document has for them."""
    return {
        "role": rights.role.value,
        "actions": in_order(rights.effective),
        "preset": rights.preset,
        "until": rights.until,
    }


def _edit(wanted: MemberChange, *, add: Iterable[str] = (), take: Iterable[str] = ()) -> Edit:
    role, actions = read_rights(wanted)
    return Edit(
        role=role,
        actions=actions,
        add=reading.actions("actions", add),
        take=reading.actions("take", take),
        until=wanted.until,
        keep_until="until" not in wanted.model_fields_set,
        note=wanted.note,
    )
