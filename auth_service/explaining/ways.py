"""Say what would let somebody in: of each way it is tried, by the policy, that it would."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from auth_service.explaining.looking import Look
from auth_service.explaining.model import AlbumName, Way
from auth_service.judging import Judge
from auth_service.policy.engine import decide, opening_labels
from auth_service.policy.model import Actor, Grant, Resource, Subject
from auth_service.vocabulary import (
    EVERYTHING,
    TOKEN_ACTIONS,
    Action,
    LabelKind,
    Level,
    Outcome,
    SubjectKind,
    WayOut,
    Why,
    label_kind,
)

_BY_REASON: Mapping[Why, WayOut] = {
    Why.NOBODY: WayOut.SIGN_IN,
    Why.IN_PERSON: WayOut.SIGN_IN,
    Why.NO_ACCOUNT: WayOut.ACCOUNT,
    Why.REVOKED: WayOut.NEW_TOKEN,
    Why.OVER: WayOut.NEW_TOKEN,
    Why.NOT_AN_ADMIN: WayOut.ROLE,
    Why.AMBIGUOUS: WayOut.REPAIR,
}

_ORDER = (WayOut.RIGHT, WayOut.DATE, WayOut.TOKEN, WayOut.MEMBERSHIP, WayOut.RULE, WayOut.SIGN_IN)

_IN_NEED = (Outcome.HIDDEN, Outcome.FORBIDDEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What would let an actor in where he was not let in."""

    judge: Judge
    albums: Mapping[str, AlbumName]
    """By label."""
    days: Mapping[str, date | None]
    """The last day of each grant, by source."""

    def out_of(self, look: Look) -> tuple[Way, ...]:
        """Return the ways, the shortest first."""
        if look.reason in _BY_REASON:
            return (Way(kind=_BY_REASON[look.reason]),)
        if look.outcome not in _IN_NEED or look.action is None:
            return ()
        if look.thing and look.thing.level is Level.SYSTEM:
            return (Way(kind=WayOut.RULE, action=look.action, label=EVERYTHING),)
        if not look.resources:
            return ()
        labels = sorted({label for one in look.resources for label in opening_labels(one)})
        found = [way for label in labels if (way := self._by(label, look, look.action))]
        if not found:
            return (Way(kind=WayOut.PUT, action=look.action),)
        return tuple(sorted(dict.fromkeys(found), key=lambda way: (way.token_too, _ORDER.index(way.kind))))

    def _by(self, label: str, look: Look, action: Action) -> Way | None:
        """Return how a label would let him in; ``None``: it would not, whatever he were given."""
        album = self.albums.get(label)
        is_album = label_kind(label) is LabelKind.ALBUM
        if is_album and album is None:
            return None
        token_too = not self._would_do(label, look.resources, action)
        if token_too and action not in TOKEN_ACTIONS:
            return Way(kind=WayOut.SIGN_IN)
        outcomes = {
            Why(each.outcome): each.grant for each in reversed(look.weighed) if each.grant.label == label
        }
        if Why.NARROWED in outcomes:
            return Way(kind=WayOut.TOKEN, action=action, album=album, label=label)
        kind = WayOut.MEMBERSHIP if is_album else WayOut.RULE
        ended = None
        if is_album and Why.OTHER_ACTION in outcomes:
            kind = WayOut.RIGHT
        elif is_album and Why.ENDED in outcomes and action in outcomes[Why.ENDED].actions:
            kind, ended = WayOut.DATE, self.days.get(outcomes[Why.ENDED].source)
        return Way(kind=kind, action=action, album=album, label=label, ended=ended, token_too=token_too)

    def _would_do(self, label: str, resources: Sequence[Resource], action: Action) -> bool:
        """Try a grant of this action on this label."""
        judge = self.judge
        given = Grant(subject=_subject(judge.actor), actions=frozenset({action}), label=label, source="given")
        return any(
            decide(judge.actor, action, one, grants=[*judge.grants, given], at=judge.at).allowed
            for one in resources
        )


def _subject(actor: Actor) -> Subject:
    return Subject(kind=SubjectKind.PERSON, id=actor.subject_id)
