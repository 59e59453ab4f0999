"""What people do on the page Why?: ask about an address, an identifier, an album, or a request's number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from portal.answers import Me
from portal.auth_client import Account
from portal.errors import Invalid
from portal.explanation import Explanation, Person

PARAMETERS = ("resource", "actor", "action")
"""What the page's address holds: a question can be sent to somebody else."""

_SHORTEST_SEARCH, _LONGEST_SEARCH = 2, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked."""

    resource: str = ""
    actor: str = ""
    action: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Read it from an address."""
        return cls(**{name: query[name] for name in PARAMETERS if name in query})

    @property
    def query(self) -> dict[str, str]:
        """The question as an address holds it."""
        return {name: value for name in PARAMETERS if (value := getattr(self, name))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """The question could not be answered as it was asked."""

    message: str
    meant: tuple[Person, ...] = ()
    """Whom it may have meant."""


def may_ask(me: Me) -> bool:
    """Tell whether the page is for somebody: for administrators, and for owners about their albums."""
    return me.administers or me.owns


def ask(account: Account, me: Me, question: Question, *, language: str) -> Explanation | Unclear:
    """Ask why; where nobody has exactly the name that was typed, return those who may be meant.

    Raises
    ------
    NotFound
        If he may not ask.

    """
    try:
        return account.explain(question.query, language=language)
    except Invalid as error:
        search = question.actor.strip()
        searched = _SHORTEST_SEARCH <= len(search) <= _LONGEST_SEARCH
        wanted = error.field == "actor" and me.administers and searched
        return Unclear(message=error.sentence, meant=account.people(search) if wanted else ())
