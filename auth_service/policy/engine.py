"""Decide about one thing, or say which things are visible: two answers from the same grants.

No input or output, no clock, no settings: everything comes in as an argument, so that a property test can
compare both answers with a naive model written apart.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from auth_service.policy.model import (
    Actor,
    Decision,
    Grant,
    Nothing,
    Openings,
    Reason,
    Resource,
    Visibility,
)
from auth_service.vocabulary import Action, ActorKind, Level, RealmRole


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
    matching = [
        grant
        for grant in sorted(grants, key=lambda grant: grant.source)
        if grant.subject.covers(actor) and grant.opening.opens(resource)
    ]
    running = [grant for grant in matching if grant.holds_for(actor, at)]
    for grant in running:
        if action in actor.left_of(grant).actions:
            return Decision(allowed=True, reason=Reason.GRANTED, rule=grant.source, label=grant.label)
    return _nearest_miss(action, matching, running)


def _nearest_miss(action: Action, matching: Sequence[Grant], running: Sequence[Grant]) -> Decision:
    """Say no, by the grant that came closest; the actor's own rights come before what his token leaves."""
    narrowed = [grant for grant in running if action in grant.actions]
    for reason, grants in (
        (Reason.NARROWED, narrowed),
        (Reason.OTHER_ACTION, running),
        (Reason.ENDED, matching),
    ):
        if grants:
            return Decision(allowed=False, reason=reason, rule=grants[0].source, label=grants[0].label)
    return Decision(allowed=False, reason=Reason.NO_GRANT)


def visible(actor: Actor, action: Action, *, grants: Iterable[Grant], at: datetime) -> Visibility:
    """Answer what opens series to the actor for this action."""
    ways = frozenset(
        grant.opening
        for grant in grants
        if action in actor.left_of(grant).actions and grant.holds_for(actor, at)
    )
    return Openings(ways) if ways else Nothing()


def _decide_system(actor: Actor, action: Action) -> Decision:
    # A program administers nothing, in whoever's name it comes: what it leaks stays small.
    if action is Action.ADMINISTER and actor.in_person and RealmRole.ADMIN in actor.roles:
        return Decision(allowed=True, reason=Reason.GRANTED, rule=f"role:{RealmRole.ADMIN}")
    return Decision(allowed=False, reason=Reason.NOT_AN_ADMIN)
