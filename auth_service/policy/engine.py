"""Decide about one thing, or say which things are visible: two answers from the same grants.

No input or output, no clock, no settings: everything comes in as an argument, so that a property test can
compare both answers with a naive model written apart.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from auth_service.policy.model import (
    Actor,
    Decision,
    Grant,
    Labelled,
    Nothing,
    Openings,
    Reason,
    Resource,
    Visibility,
    Weighed,
)
from auth_service.vocabulary import Action, ActorKind, Level, RealmRole, album_label

_NEAREST = (Reason.GRANTED, Reason.NARROWED, Reason.OTHER_ACTION, Reason.ENDED)
"""The grant that decides, or came closest: the actor's own rights come before what his token leaves."""


def decide(
    actor: Actor, action: Action, resource: Resource, *, grants: Iterable[Grant], at: datetime
) -> Decision:
    """Answer whether the actor may do one thing to one resource.

    Nothing matches = no. The reason tells the nearest miss, for the "why?" page and the audit; it is never
    shown to somebody from whom the resource is hidden.
    """
    if actor.kind is ActorKind.NOBODY:
        return Decision(allowed=False, reason=Reason.NOBODY)
    if action is Action.ADMINISTER or resource.level is Level.SYSTEM:
        return _decide_system(actor, action)
    weighed = weigh(actor, action, resource, grants=grants, at=at)
    for reason in _NEAREST:
        for each in weighed:
            if each.outcome == reason:
                return Decision(
                    allowed=reason == Reason.GRANTED,
                    reason=reason,
                    rule=each.grant.source,
                    label=each.grant.label,
                )
    return Decision(allowed=False, reason=Reason.NO_GRANT)


def nearness(decision: Decision) -> int:
    """Order decisions: what allows comes first, then what came closest to it."""
    return _NEAREST.index(decision.reason) if decision.reason in _NEAREST else len(_NEAREST)


def weigh(
    actor: Actor, action: Action, resource: Resource, *, grants: Iterable[Grant], at: datetime
) -> list[Weighed]:
    """Say of every grant what it counts for: `decide` answers from this list, and "why?" shows it."""
    return [
        Weighed(grant=grant, outcome=_outcome(grant, actor, action, resource, at))
        for grant in sorted(grants, key=lambda grant: grant.source)
    ]


def worth(grant: Grant, actor: Actor, action: Action, *, at: datetime) -> str:
    """Say what a grant counts for by itself, whatever it is about: `Reason.GRANTED` opens what it names."""
    if not grant.subject.covers(actor):
        return Reason.OTHER_SUBJECT
    if not grant.holds_for(actor, at):
        return Reason.ENDED
    if action in actor.left_of(grant).actions:
        return Reason.GRANTED
    return Reason.NARROWED if action in grant.actions else Reason.OTHER_ACTION


def _outcome(grant: Grant, actor: Actor, action: Action, resource: Resource, at: datetime) -> str:
    by_itself = worth(grant, actor, action, at=at)
    if by_itself == Reason.OTHER_SUBJECT or grant.opening.opens(resource):
        return by_itself
    of_any = replace(grant, modalities=None).opening
    return Reason.OTHER_MODALITY if of_any.opens(resource) else Reason.OTHER_LABEL


def visible(actor: Actor, action: Action, *, grants: Iterable[Grant], at: datetime) -> Visibility:
    """Answer what opens series to the actor for this action."""
    ways = frozenset(
        grant.opening for grant in grants if worth(grant, actor, action, at=at) == Reason.GRANTED
    )
    return Openings(ways) if ways else Nothing()


def opening_labels(resource: Resource) -> frozenset[str]:
    """Return the labels that, granted without a condition, open this resource."""
    carried = resource.labels | resource.study_labels
    if resource.level is Level.ALBUM:
        carried = frozenset({album_label(resource.uid)})
    return frozenset(label for label in carried if Labelled(label=label).opens(resource))


def _decide_system(actor: Actor, action: Action) -> Decision:
    # A program administers nothing, in whoever's name it comes: what it leaks stays small.
    if action is Action.ADMINISTER and actor.in_person and RealmRole.ADMIN in actor.roles:
        return Decision(allowed=True, reason=Reason.GRANTED, rule=f"role:{RealmRole.ADMIN}")
    return Decision(allowed=False, reason=Reason.NOT_AN_ADMIN)
