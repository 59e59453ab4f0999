"""Make members of those who were invited by their address, when they sign in with it.

Only an address that Keycloak says is verified counts. An invitation is used once, and gives what its maker
could still give at that moment: whoever left the album, or may do less in it now, does not go on handing out
what he had. The membership belongs to the account; where its address goes later does not matter.

Of many invitations some are used at each sign-in, which must not take long for what others did.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from auth_service.albums.members.given import (
    Rights,
    folded,
    for_record,
    lifetime,
    rights_of,
    terms_for_record,
    words,
)
from auth_service.albums.members.limits import within
from auth_service.audit import members as audit_members
from auth_service.clock import Clock
from auth_service.directory import Directory
from auth_service.errors import Unavailable
from auth_service.origin import Origin
from auth_service.policy.model import SYSTEM, Actor
from auth_service.settings import Settings
from auth_service.store import albums as table
from auth_service.store import invitations, members
from auth_service.store.database import Store
from auth_service.store.tables import Album, Invitation, Member
from auth_service.vocabulary import ActorKind, SubjectKind

log = logging.getLogger(__name__)

MOST_AT_ONCE = 50
"""Invitations that are used at one sign-in; the rest wait for the next one."""

Welcome = Callable[[Session, Actor, Origin], None]
"""Makes somebody a member where he was invited, in the transaction of his sign-in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """What is asked when somebody signs in."""

    settings: Settings
    store: Store
    directory: Directory
    clock: Clock

    def expect(self, address: str) -> Welcome:
        """Find out who invited an address and what he is now: of Keycloak, before any transaction.

        Parameters
        ----------
        address : str
            The verified address; empty where there is none.

        """
        known = folded(address)
        if known is None:
            return _nobody_waits
        with self.store.read() as tx:
            since = self.clock() - lifetime(self.settings)
            waiting = invitations.to_use(tx, known, since=since, limit=MOST_AT_ONCE)
        if not waiting:
            return _nobody_waits
        inviters = self._inviters(key for _, key, _ in waiting)

        def welcome(tx: Session, actor: Actor, origin: Origin) -> None:
            for number, _, slug in waiting:
                # Whoever changes it, or its maker's rights, has locked the album too, and is done or waits.
                album = table.album(tx, slug, lock=True)
                invitation = invitations.current(tx, number)
                inviter = inviters.get(invitation.created_by) if invitation else None
                if album is not None and invitation is not None and inviter is not None:
                    self._use(tx, invitation, album, inviter=inviter, actor=actor, origin=origin)

        return welcome

    def _inviters(self, keys: Iterable[str]) -> Mapping[str, Actor]:
        """Return who invited, as Keycloak sees them now; of whom it does not say, all stays as it is."""
        found: dict[str, Actor] = {}
        for key in dict.fromkeys(keys):
            try:
                found[key] = self._inviter(key)
            except Unavailable:
                # It would keep silent about the others too, and each silence takes its time.
                log.warning("invitations wait: Keycloak does not say what their makers are now")
                break
        return found

    def _inviter(self, key: str) -> Actor:
        """Return who invited, as Keycloak sees him now: nobody, if he is gone."""
        if key == SYSTEM.key:
            return SYSTEM
        kind, _, rest = key.partition(":")
        provider, _, subject = rest.partition(":")
        nobody = Actor(kind=ActorKind.PERSON, provider=provider, subject="")
        if kind != ActorKind.PERSON or provider != self.settings.provider or not subject:
            return nobody
        standing = self.directory.standing(subject)
        if standing is None:
            return nobody
        return replace(nobody, subject=subject, groups=standing.groups)

    def _use(
        self,
        tx: Session,
        invitation: Invitation,
        album: Album,
        *,
        inviter: Actor,
        actor: Actor,
        origin: Origin,
    ) -> None:
        """Use an invitation up: what is left of it becomes a membership."""
        number, asked, note, by = invitation.id, rights_of(invitation), invitation.note, invitation.created_by
        before, at = for_record(invitation), self.clock()
        if album.archived_at is not None or not invitations.take(tx, number):
            # In an archived album it waits: somebody may bring the album back.
            return
        about: dict[str, Any] = {
            "at": at,
            "actor": actor,
            "slug": album.slug,
            "invitation": number,
            "before": before,
        }
        left, why = self._left(tx, album, asked, inviter=inviter, actor=actor, at=at)
        if left is None:
            audit_members.invitation_lapsed(tx, why=why, origin=origin, **about)
            return
        member = _member(album, actor, left, note=note, at=at, by=by)
        if not table.add_member(tx, member):
            audit_members.invitation_lapsed(tx, why="member", origin=origin, **about)
            return
        audit_members.invitation_used(
            tx,
            member=member.id,
            after=for_record(member),
            lost=_lost(asked, left),
            origin=origin,
            **about,
        )

    def _left(
        self, tx: Session, album: Album, asked: Rights, *, inviter: Actor, actor: Actor, at: datetime
    ) -> tuple[Rights | None, str]:
        """Return what an invitation still gives, or why it gives nothing."""
        zone = self.settings.zone
        subject = actor.subject_id
        if members.of_subject(tx, album_id=album.id, kind=SubjectKind.PERSON, subject=subject):
            return None, "member"
        if asked.until is not None and asked.until < at.astimezone(zone).date():
            return None, "over"
        if inviter.kind is ActorKind.SYSTEM:
            return asked, ""
        if inviter.subject_id == subject:
            return None, "self"
        given = table.grants_of_in(tx, inviter, album, zone=zone)
        own = [grant for grant in given if grant.holds_for(inviter, at)]
        return within(self.settings, own, asked), "inviter"


def _nobody_waits(_tx: Session, _actor: Actor, _origin: Origin) -> None:
    """Do nothing: no invitation is about him."""


def _member(album: Album, actor: Actor, left: Rights, *, note: str, at: datetime, by: str) -> Member:
    return Member(
        album_id=album.id,
        subject_kind=SubjectKind.PERSON,
        subject_id=actor.subject_id,
        subject_name=actor.username,
        role=left.role,
        actions=words(left),
        until=left.until,
        note=note,
        created_at=at,
        created_by=by,
    )


def _lost(asked: Rights, left: Rights) -> Mapping[str, object]:
    """Return the terms that were asked for and fell away, as the audit keeps them."""
    was, now = terms_for_record(asked, ""), terms_for_record(left, "")
    lost = {name: was[name] for name in ("role", "until") if was[name] != now[name]}
    gone = sorted(asked.effective - left.effective)
    return lost | ({"actions": gone} if gone else {})
