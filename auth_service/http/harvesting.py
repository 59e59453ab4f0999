"""Slow down who asks who there is as if to learn of everybody, by the person and not by his address."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from fastapi import FastAPI, Request

from auth_service.clock import Clock
from auth_service.credentials.guessing import Guesses
from auth_service.errors import TooMany
from auth_service.policy.model import Actor

SEARCHES_PER_MINUTE = 60
"""So many searches, and names that he says, right or wrong, of one person within a minute; then he waits."""


NAMES_LIVE = timedelta(hours=1)
"""For so long a name that a table of his had is not counted again: a table is tried first, and then taken."""

MOST_NAMES = 50_000
"""Names that are remembered, of all people together."""


class AskedNames:
    """Names that somebody has asked for a while ago: to ask for them again tells him nothing new."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: OrderedDict[tuple[str, str], datetime] = OrderedDict()

    def new(self, who: str, names: Iterable[str]) -> set[str]:
        """Return those that he has not asked for within the hour."""
        since = self._clock() - NAMES_LIVE
        with self._lock:
            return {name for name in names if self._asked.get((who, name), since) <= since}

    def note(self, who: str, names: Iterable[str]) -> None:
        """Remember that he has asked for them."""
        now = self._clock()
        with self._lock:
            for name in names:
                self._asked.pop((who, name), None)
                self._asked[who, name] = now
            while len(self._asked) > MOST_NAMES:
                self._asked.popitem(last=False)


def install(app: FastAPI, *, clock: Clock) -> None:
    """Count the questions of each person from now on."""
    app.state.searches = Guesses(per_minute=SEARCHES_PER_MINUTE, clock=clock)
    app.state.tables = Guesses(per_minute=SEARCHES_PER_MINUTE, clock=clock)
    app.state.asked_names = AskedNames(clock)


def slow_down(request: Request, actor: Actor) -> None:
    """Count a question about who there is.

    Raises
    ------
    TooMany
        If there were too many.

    """
    searches: Guesses = request.app.state.searches
    if searches.are_too_many(actor.key):
        raise TooMany("You have looked for many people: wait a moment.")


def slow_down_table(request: Request, actor: Actor, names: Collection[str]) -> None:
    """Count each of a table's names, whatever its length; the next one waits until as many could be asked.

    Tables have a measure of their own: after a long one its owner can still look for somebody.

    Raises
    ------
    TooMany
        If those of the last tables are still too many.

    """
    tables: Guesses = request.app.state.tables
    asked: AskedNames = request.app.state.asked_names
    new = asked.new(actor.key, names)
    if new and not tables.takes(actor.key, len(new)):
        raise TooMany("Your last tables named many people: try again in some minutes.")
    asked.note(actor.key, new)
