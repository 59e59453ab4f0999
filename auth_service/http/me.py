"""Who asks and what he may do where, as a document: for ``/api/me`` and for the portal's pages."""

from typing import Any

from auth_service.albums.making import may_make
from auth_service.albums.rights import accesses
from auth_service.days import last_day_of
from auth_service.grants import grants_of
from auth_service.http.documents.account import (
    GroupDocument,
    LabelDocument,
    MeDocument,
    MembershipDocument,
    OwnSessionDocument,
)
from auth_service.incoming.filing import number_waiting
from auth_service.policy.model import Actor, Grant
from auth_service.store import people, sessions
from auth_service.vocabulary import LabelKind, RealmRole, in_order, label_kind
from auth_service.world import World


def me_document(services: World, actor: Actor) -> dict[str, Any]:
    """Return what somebody who signed in is told about himself, ready to be written as JSON."""
    with services.store.read() as tx:
        person = people.get(tx, provider=actor.provider, subject=actor.subject)
        session = sessions.by_id(tx, actor.session) if actor.session else None
        found = accesses(tx, actor, at=services.clock(), zone=services.settings.zone)
        grants = grants_of(tx, services, actor)
    albums = [
        MembershipDocument(
            slug=each.album.slug,
            title=each.album.title,
            role=each.role.value,
            actions=in_order(each.actions),
            until=each.until,
        )
        for each in sorted(found, key=lambda each: (each.album.title.casefold(), each.album.slug))
    ]
    # A program tells where it reaches, and the name of its person; not what else he is.
    document = MeDocument(
        sub=actor.subject,
        username=actor.username,
        name=actor.name or actor.username,
        email=person.email if person and actor.in_person else "",
        language=person.language if person else None,
        roles=sorted(actor.roles) if actor.in_person else [],
        groups=[
            GroupDocument(id=group.id, path=group.path)
            for group in sorted(actor.groups, key=lambda group: group.path)
            if actor.in_person
        ],
        session=OwnSessionDocument(id=session.id, created=session.created_at, expires=session.expires_at)
        if session
        else None,
        makes_albums=may_make(services.settings, actor),
        albums=albums,
        labels=_labels(services, actor, grants),
        waiting=number_waiting(services) if actor.in_person and RealmRole.ADMIN in actor.roles else None,
    )
    return document.model_dump(mode="json")


def _labels(services: World, actor: Actor, grants: list[Grant]) -> list[LabelDocument]:
    """Say what rules give; memberships are told with their albums."""
    at, zone = services.clock(), services.settings.zone
    running = [actor.left_of(grant) for grant in grants if grant.holds_for(actor, at)]
    return [
        LabelDocument(
            label=grant.label,
            actions=in_order(grant.actions),
            modalities=sorted(grant.modalities) if grant.modalities is not None else None,
            until=last_day_of(grant.until, zone),
        )
        for grant in running
        if grant.actions and label_kind(grant.label) is not LabelKind.ALBUM
    ]
