"""Decide about one thing, or say which things are visible: two answers from the same grants.

No input or output, no clock, no settings: everything comes in as an argument, so that a property test can
compare both answers with a naive model written apart.
"""

from collections.abc import Iterable
from datetime import datetime

from auth_service.policy.model import (
    Actor,
    Decision,
    Grant,
    Labelled,
    Nothing,
    Reason,
    Resource,
    Visibility,
    Weighed,
)
from auth_service.vocabulary import Action, ActorKind, LabelKind, Level, RealmRole, album_label, label_kind

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
    opening = opening_labels(resource)
    return [
        Weighed(grant=grant, outcome=_outcome(grant, actor, action, opening, at))
        for grant in sorted(grants, key=lambda grant: grant.source)
    ]


def _outcome(grant: Grant, actor: Actor, action: Action, opening: frozenset[str], at: datetime) -> str:
    if not grant.subject.covers(actor):
        return Reason.OTHER_SUBJECT
    if grant.label not in opening:
        return Reason.OTHER_LABEL
    if not grant.holds_for(actor, at):
        return Reason.ENDED
    if action in actor.left_of(grant).actions:
        return Reason.GRANTED
    return Reason.NARROWED if action in grant.actions else Reason.OTHER_ACTION


def visible(actor: Actor, action: Action, *, grants: Iterable[Grant], at: datetime) -> Visibility:
    """Answer which labels open series to the actor for this action."""
    labels = frozenset(
        grant.label
        for grant in grants
        if action in actor.left_of(grant).actions and grant.holds_for(actor, at)
    )
    return Labelled(labels) if labels else Nothing()


def opening_labels(resource: Resource) -> frozenset[str]:
    """Return the labels that, granted, open this resource.

    On a series: its own, and the site's on its study. On a study: the site's only, as an album's label there
    is an index that says "some series of it are in the album". An album is opened by its own label.
    """
    if resource.level is Level.ALBUM:
        return frozenset({album_label(resource.uid)})
    if resource.level is Level.SERIES:
        return resource.labels | {
            label for label in resource.study_labels if label_kind(label) is LabelKind.SITE
        }
    if resource.level is Level.STUDY:
        return frozenset(label for label in resource.labels if label_kind(label) is LabelKind.SITE)
    return frozenset()


def _decide_system(actor: Actor, action: Action) -> Decision:
    # A program administers nothing, in whoever's name it comes: what it leaks stays small.
    if action is Action.ADMINISTER and actor.in_person and RealmRole.ADMIN in actor.roles:
        return Decision(allowed=True, reason=Reason.GRANTED, rule=f"role:{RealmRole.ADMIN}")
    return Decision(allowed=False, reason=Reason.NOT_AN_ADMIN)
