"""What somebody may give in an album: no more than he has, for no longer, and nothing to himself.

That holds for owners as for who may invite. An owner whose right ends gives none that outlives it, or he
would prolong his own through another. Who has his through a group does not make himself a member, or he would
keep it when he leaves the group. An owner without an end date, whom each album has, can do both for them.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

from sqlalchemy.orm import Session

from auth_service.albums.members.given import Held, Rights, rights_of
from auth_service.albums.rights import Refused, check, may, running_grants
from auth_service.days import end_of, last_day_of
from auth_service.errors import Forbidden
from auth_service.policy.handing_on import lasts, later
from auth_service.policy.model import Actor, Decision, Grant
from auth_service.settings import Settings
from auth_service.store.tables import Album, Member
from auth_service.vocabulary import (
    MEMBER_ACTIONS,
    OWNER_ACTIONS,
    Action,
    ActorKind,
    AlbumRole,
    SubjectKind,
)
from auth_service.world import World

BEYOND_OWN = "beyond-own-rights"
"""Why somebody who may give rights was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Giver:
    """Somebody who gives rights in an album, and what he has in it himself at the moment."""

    settings: Settings
    actor: Actor
    album: Album
    own: Sequence[Grant]

    def check(self, wanted: Rights) -> None:
        """Check that he may give rights.

        Raises
        ------
        Forbidden
            If he has not all of them himself, or not for as long.

        """
        if wanted.role is AlbumRole.OWNER and not self._has(Action.MANAGE):
            raise Forbidden("Only owners make owners.", reason="role")
        self._check(wanted, wanted.effective)

    def check_change(self, held: Held, new: Rights) -> None:
        """Check that he may make something of what somebody has: what is not more is not given.

        Raises
        ------
        Forbidden
            If he has not all himself that is more than before, or not for as long, or if it is his own.

        """
        old = rights_of(held)
        longer = not lasts(end_of(old.until, self.settings.zone), end_of(new.until, self.settings.zone))
        gained = new.effective if longer else new.effective - old.effective
        if gained and isinstance(held, Member):
            self.check_other(held.subject_kind, held.subject_id)
        self._check(new, gained)

    def check_other(self, kind: str, subject: str) -> None:
        """Check that he gives nothing to himself; a group of his is not he.

        Raises
        ------
        Forbidden
            If he does.

        """
        is_person = self.actor.kind is not ActorKind.SYSTEM and kind == SubjectKind.PERSON
        if is_person and subject == self.actor.subject_id:
            raise Forbidden("Nobody gives rights to himself: another owner can.", reason="self")

    @contextmanager
    def on_record(self) -> Iterator[None]:
        """Have a refusal put on record, with the grant that does not go so far."""
        try:
            yield
        except Forbidden as error:
            nearest = min(self.own, key=lambda grant: grant.source)
            decision = Decision(allowed=False, reason=BEYOND_OWN, rule=nearest.source, label=nearest.label)
            raise Refused(Action.INVITE, self.album.slug, decision, error) from None

    def _check(self, wanted: Rights, actions: Collection[Action]) -> None:
        if self.actor.kind is ActorKind.SYSTEM:
            return
        lacking = [action for action in actions if not self._has(action)]
        if lacking:
            raise Forbidden(
                "You cannot give a right that you do not have: {right}.", reason="actions", right=min(lacking)
            )
        end = end_of(wanted.until, self.settings.zone)
        if not all(self._lasts(action, end) for action in actions):
            raise Forbidden("You cannot give a right for longer than you have it.", reason="until")

    def _has(self, action: Action) -> bool:
        return self.actor.kind is ActorKind.SYSTEM or any(action in grant.actions for grant in self.own)

    def _lasts(self, action: Action, end: datetime | None) -> bool:
        """Tell whether one of his grants holds this action until a moment, or without an end."""
        return any(action in grant.actions and lasts(grant.until, end) for grant in self.own)


def giver_in(tx: Session, world: World, *, actor: Actor, slug: str, owner: bool = False) -> Giver:
    """Return somebody who may give rights in an album: its owner, or who may invite.

    Parameters
    ----------
    owner : bool
        Whether he must be an owner.

    Raises
    ------
    Refused
        If he may not, or must not even learn that there is such an album.

    """
    manages = owner or may(tx, world, actor=actor, action=Action.MANAGE, slug=slug)
    album = check(tx, world, actor=actor, action=Action.MANAGE if manages else Action.INVITE, slug=slug)
    is_system = actor.kind is ActorKind.SYSTEM
    own = [] if is_system else running_grants(tx, world, actor=actor, slug=slug)
    return Giver(settings=world.settings, actor=actor, album=album, own=own)


def within(settings: Settings, own: Sequence[Grant], wanted: Rights) -> Rights | None:
    """Return what is left of rights that somebody with these grants may give; ``None``: nothing.

    The last day is the earliest of those of the rights that are left: one membership has one.

    Parameters
    ----------
    own : sequence of Grant
        Those of the giver that run in the album.

    """
    manages = any(Action.MANAGE in grant.actions for grant in own)
    if not manages and not any(Action.INVITE in grant.actions for grant in own):
        return None
    role = wanted.role if manages else AlbumRole.MEMBER
    possible = OWNER_ACTIONS if role is AlbumRole.OWNER else MEMBER_ACTIONS
    left = {
        action: [grant.until for grant in own if action in grant.actions]
        for action in wanted.effective & possible
    }
    longest = {action: reduce(later, ends) for action, ends in left.items() if ends}
    if not longest:
        return None
    days = [last_day_of(end, settings.zone) for end in longest.values()]
    limits = [day for day in (*days, wanted.until) if day is not None]
    return Rights(
        role=role,
        actions=frozenset() if role is AlbumRole.OWNER else frozenset(longest),
        until=min(limits) if limits else None,
    )
