"""Nobody hands out more than he has: what it takes to put a series where others get at it.

Whoever puts a series into an album gives it to everybody who has a right there. He must therefore have each
of these rights on the series himself, for at least as long, and ``send`` besides. As every album has an owner
without an end date, who may do everything, that is much; it is computed all the same, so that the rule holds
whatever albums become.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from auth_service.policy.engine import worth
from auth_service.policy.model import Actor, Grant, Labelled, Opening, Reason, Resource
from auth_service.vocabulary import RULE_ACTIONS, Action

DATA_ACTIONS = RULE_ACTIONS
"""The rights that are about images, wherever they come from; the others are about an album alone."""


def required(given: Iterable[Grant], *, at: datetime) -> dict[Action, datetime | None]:
    """Say what it takes to put a series where these grants open it.

    Parameters
    ----------
    given : iterable of Grant
        Every grant that members of the album have; one that is over counts too, as it can be prolonged only
        by who has as much.
    at : datetime
        Now, aware.

    Returns
    -------
    dict of Action to datetime or None
        The rights, each with the moment until which it must last; ``None``: without an end.

    """
    needed: dict[Action, datetime | None] = {Action.SEND: at}
    for grant in given:
        for action in grant.actions & DATA_ACTIONS:
            needed[action] = later(needed.get(action, at), grant.until)
    return needed


@dataclass(frozen=True, slots=True, kw_only=True)
class HandingOn:
    """What somebody may put somewhere, worked out once for many series."""

    ways: Mapping[Action, frozenset[Opening]]
    """For each right that is needed, what opens series to him for it, and lasts long enough."""

    @classmethod
    def by(
        cls, actor: Actor, *, grants: Iterable[Grant], needed: Mapping[Action, datetime | None], at: datetime
    ) -> "HandingOn":
        """Work it out for an actor and what is needed (`required`)."""
        own = list(grants)
        return cls(
            ways={
                action: frozenset(
                    grant.opening
                    for grant in own
                    if worth(grant, actor, action, at=at) == Reason.GRANTED and lasts(grant.until, end)
                )
                for action, end in needed.items()
            }
        )

    def lacking(self, resource: Resource) -> frozenset[Action]:
        """Return the rights that he lacks on a series, or does not have for long enough; empty: he may."""
        return frozenset(
            action for action, ways in self.ways.items() if not any(way.opens(resource) for way in ways)
        )

    def through(self, resource: Resource) -> frozenset[str]:
        """Return the labels by which any of the rights on a series comes to him."""
        return frozenset(
            way.label
            for ways in self.ways.values()
            for way in ways
            if isinstance(way, Labelled) and way.opens(resource)
        )


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the later of two ends; ``None`` is no end."""
    return None if one is None or other is None else max(one, other)


def lasts(until: datetime | None, end: datetime | None) -> bool:
    """Tell whether what is over at one moment lasts until another; ``None`` is no end."""
    return until is None or (end is not None and end <= until)
