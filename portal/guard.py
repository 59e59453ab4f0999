"""Stand at the door of every page: ask who comes, or stop the page and say why and what to do.

Each page begins with `require`. The entry script runs each page inside `explaining`, so that whatever goes
wrong ends as a sentence for the person, and as a line in the log with the number that the person is shown.
"""

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import streamlit as st

from portal import session
from portal.answers import RulesStatus
from portal.errors import Forbidden, Invalid, NotFound, PortalError, SignedOut, Unavailable
from portal.services import services
from portal.session import Visit
from portal.text import Text
from portal.widgets import notices

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


def require() -> Visit:
    """Return who comes, or stop the page with the way to sign in, or with what is down."""
    outcome = session.outcome()
    if not isinstance(outcome, Visit):
        explain(session.text(), outcome)
        st.stop()
    notices.banner(outcome.t, outcome.health.down())
    if outcome.me.administers:
        notices.rules(outcome.t, _rules(outcome))
    return outcome


def _rules(visit: Visit) -> RulesStatus | None:
    """Ask how it stands with the rules file; without an answer the page is drawn all the same."""
    try:
        return visit.account.rules(visit.t.language)
    except PortalError:
        return None


def asked(ask: Callable[[], _T]) -> _T | None:
    """Return an answer; where the question is refused, say why, and go on without one."""
    try:
        return ask()
    except Invalid as error:
        notices.corrected(error.sentence)
        return None


def attempt(do: Callable[[], object], word: str, *, form: str = "") -> None:
    """Do what a form asks for: say why it is refused, or draw the page anew with a word about what was done.

    Parameters
    ----------
    form : str
        Drawn empty again when it is done (`session.turn`).

    """
    try:
        do()
    except Invalid as error:
        notices.corrected(error.sentence)
        return
    if form:
        session.turned(form)
    session.leave_word(word)
    st.rerun()


@contextmanager
def explaining(t: Text) -> Iterator[None]:
    """Turn whatever goes wrong inside into a sentence."""
    try:
        yield
    except PortalError as error:
        explain(t, error)
    except Exception:  # noqa: BLE001 - the last resort; Streamlit's own control flow is no Exception
        number = uuid.uuid4().hex[:12]
        _log.exception("a page failed, request %s", number)
        notices.unexpected(t, number)


def explain(t: Text, error: PortalError) -> None:
    """Say what went wrong and what to do."""
    match error:
        case SignedOut():
            notices.signed_out(t, session.signin_address(t))
        case Unavailable(part=part):
            notices.unavailable(t, services().health.why(part))
        case NotFound():
            notices.not_found(t, session.why_address())
        case Forbidden():
            notices.forbidden(t, session.why_address())
        case Invalid():
            notices.refused(t)
        case _:
            raise error
