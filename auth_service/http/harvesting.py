"""Slow down who asks who there is as if to learn of everybody, by the person and not by his address."""

from fastapi import FastAPI, Request

from auth_service.clock import Clock
from auth_service.credentials.guessing import Guesses
from auth_service.errors import TooMany
from auth_service.policy.model import Actor

SEARCHES_PER_MINUTE = 60
"""So many searches, and names that he says, right or wrong, of one person within a minute; then he waits."""


def install(app: FastAPI, *, clock: Clock) -> None:
    """Count the questions of each person from now on."""
    app.state.searches = Guesses(per_minute=SEARCHES_PER_MINUTE, clock=clock)


def count(request: Request, actor: Actor) -> bool:
    """Count a question about who there is; tell whether there were too many."""
    searches: Guesses = request.app.state.searches
    return searches.are_too_many(actor.key)


def slow_down(request: Request, actor: Actor) -> None:
    """Count a question about who there is.

    Raises
    ------
    TooMany
        If there were too many.

    """
    if count(request, actor):
        raise TooMany("You have looked for many people: wait a moment.")
