"""The only place that reads Streamlit's session state, cookies, headers and query parameters.

Who the person is, is asked anew on every run: the answer lives as long as the run that asked (a context
variable that `remembered` takes back), never in the session state. When the person changes, all that the
session state holds is forgotten.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Protocol, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from i18n import LANGUAGES, best_language
from portal.answers import Me, NewToken, Size
from portal.archive import Archive
from portal.auth_client import Account
from portal.contents import Looked
from portal.errors import NotFound, PortalError, SignedOut
from portal.health import HealthWatch
from portal.search import ticked
from portal.services import services
from portal.text import Text
from portal.viewers import Addresses, page_path
from portal.widgets import places

_PERSON = "portal.person"
_LANGUAGE = "portal.language"
_HELD = "portal.held"
_LOOKED = "portal.looked"
_WORD = "portal.word"
_TURN = "portal.turn."
_SIZES = "portal.sizes"
_MOST_SIZES = 200


@dataclass(frozen=True, slots=True)
class Visit:
    """One run of one page by one person: who it is, and what can be asked in his name."""

    me: Me
    t: Text
    account: Account
    archive: Archive
    addresses: Addresses
    health: HealthWatch


_outcome: ContextVar[Visit | PortalError | None] = ContextVar("portal_outcome", default=None)


def ask() -> Visit | PortalError:
    """Ask auth_service who comes with this browser's cookie: a visit, or why there is none."""
    world = services()
    try:
        entry = world.auth.enter(_cookie(), accept_language=_accept_language())
    except PortalError as error:
        return error
    if st.session_state.get(_PERSON) != entry.me.sub:
        st.session_state.clear()
        st.session_state[_PERSON] = entry.me.sub
    return Visit(
        me=entry.me,
        t=Text(entry.me.language or _browser_language(), _zone()),
        account=world.auth.account(entry.bearer, address=_address()),
        archive=world.archive(entry.bearer),
        addresses=world.addresses,
        health=world.health,
    )


@contextmanager
def remembered(outcome: Visit | PortalError) -> Iterator[None]:
    """Let the page of this run see what its entry script found out, and no other run."""
    token = _outcome.set(outcome)
    try:
        yield
    finally:
        _outcome.reset(token)


def outcome() -> Visit | PortalError:
    """Return what this run found out; a page that was run by itself asks by itself."""
    return _outcome.get() or ask()


def text() -> Text:
    """Return how to speak to somebody who is not known: as the browser asks."""
    return Text(st.session_state.get(_LANGUAGE) or _browser_language(), _zone())


def choose_language(visit: Visit | None, language: str) -> None:
    """Keep a language: with the person, or for this tab while nobody is signed in."""
    if visit:
        visit.account.set_language(language)
    else:
        st.session_state[_LANGUAGE] = language


def hold_token(made: NewToken) -> None:
    """Hold a token that was just made until the person has copied it; it goes when the person changes."""
    st.session_state[_HELD] = made


def held_token() -> NewToken | None:
    """Return the token that the person has not copied yet."""
    held: NewToken | None = st.session_state.get(_HELD)
    return held


def drop_token() -> None:
    """Forget the token: it is never shown again."""
    st.session_state.pop(_HELD, None)


def leave_word(text: str) -> None:
    """Leave a sentence for the next run of the page: what was done."""
    st.session_state[_WORD] = text


def word_left() -> str | None:
    """Return the sentence that the last run left, once."""
    word: str | None = st.session_state.pop(_WORD, None)
    return word


def turn(name: str) -> str:
    """Return the key of a form that is drawn empty again after `turned`."""
    return f"{name}.{st.session_state.get(_TURN + name, 0)}"


def turned(name: str) -> None:
    """Let a form be drawn empty at the next run."""
    st.session_state[_TURN + name] = st.session_state.get(_TURN + name, 0) + 1


def other_language(t: Text) -> str:
    """Return the language that is not spoken now."""
    return next(language for language in LANGUAGES if language != t.language)


def parameter(name: str) -> str | None:
    """Return a query parameter of the page's address; empty counts as absent."""
    value = st.query_params.get(name)
    return value if isinstance(value, str) and value else None


def needed(name: str) -> str:
    """Return a query parameter without which the page is about nothing; raises `NotFound`."""
    value = parameter(name)
    if value is None:
        raise NotFound
    return value


def parameters(names: Sequence[str]) -> dict[str, str]:
    """Return those query parameters of the page's address that are there, in this order."""
    return {name: value for name in names if (value := parameter(name))}


def readdress(query: Mapping[str, str]) -> None:
    """Give the page another query, and run it anew under that address."""
    st.query_params.from_dict(query)
    st.rerun()


def hold_looked(slug: str, looked: Looked | None) -> None:
    """Hold what would come of a wish until the person has decided; it goes when the person changes."""
    st.session_state[_LOOKED] = None if looked is None else (slug, looked)


def decide(slug: str, looked: Looked) -> None:
    """Go to the page of an album's contents, where the person decides about what was looked up."""
    hold_looked(slug, looked)
    st.switch_page(places.CONTENTS, query_params={"album": slug})


def looked(slug: str) -> Looked | None:
    """Return what the person has not decided about yet, in this album."""
    held: tuple[str, Looked] | None = st.session_state.get(_LOOKED)
    return held[1] if held is not None and held[0] == slug else None


def page(key: str) -> int:
    """Return which page of a list was chosen under this key; the first, where none was."""
    chosen = st.session_state.get(key)
    return chosen if isinstance(chosen, int) and chosen > 0 else 1


def measured(key: str, measure: Callable[[], Size]) -> Size:
    """Return a size that was measured in this tab, else measure it; ``key`` changes with what it is of.

    Only what is complete is kept: the next run goes on where this one stopped.
    """
    kept: dict[str, Size] = st.session_state.setdefault(_SIZES, {})
    if key not in kept:
        size = measure()
        if not size.complete:
            return size
        if len(kept) >= _MOST_SIZES:
            kept.clear()
        kept[key] = size
    return kept[key]


def rows_ticked(key: str, uids: Sequence[str], before: Sequence[int]) -> tuple[list[str], list[str]]:
    """Say which rows of a table were ticked just now, and which no longer are.

    Parameters
    ----------
    key : str
        Under which the table keeps its rows.
    uids : Sequence of str
        What its rows are, as they were when it was drawn.
    before : Sequence of int
        The rows that were ticked when it was drawn for the first time.

    """
    last = f"{key}.last"
    now = list(st.session_state[key]["selection"]["rows"])
    more, less = ticked(uids, st.session_state.get(last, before), now)
    st.session_state[last] = now
    return more, less


class Paged(Protocol):
    """A page of a list."""

    @property
    def total(self) -> int:
        """How many there are in all."""


_P = TypeVar("_P", bound=Paged)


def paged(ask: Callable[..., _P], size: int, *, key: str) -> _P:
    """Ask for the page of a list that was chosen under this key; for the first, if it is no more.

    Parameters
    ----------
    ask : callable
        Asks with ``limit`` and ``offset``: once, as some questions are on record.
    size : int
        How many stand on a page.
    key : str
        Of the chooser (`widgets.filters.page`): one for each list, or its page is looked for in another.

    """
    start = (page(key) - 1) * size
    found = ask(limit=size, offset=start)
    return ask(limit=size, offset=0) if start and start >= found.total else found


def why_address() -> str | None:
    """Return where an administrator or an owner asks why this page does not show; None: nobody is here."""
    asked = outcome()
    if not isinstance(asked, Visit):
        return None
    return services().addresses.page("why", {"actor": asked.me.username, "resource": here()})


def here() -> str:
    """Return the path and query of the page that is open, to come back to after signing in."""
    url = st.context.url
    path = urlsplit(url).path if isinstance(url, str) else ""
    _, found, page = path.rpartition("/portal/")
    return page_path(page if found else "", st.query_params.to_dict())


def signin_address(t: Text) -> str:
    """Return where to sign in to come back here."""
    return services().addresses.signin(back_to=here(), language=t.language)


def signout_address() -> str:
    """Return where the form that signs out is posted to."""
    return services().addresses.signout


def open_clicked(key: str, uids: Sequence[str], album: str | None = None) -> None:
    """Go to the page of the study whose button was clicked in a table.

    Parameters
    ----------
    key : str
        Under which the table keeps the click.
    uids : Sequence of str
        The StudyInstanceUIDs of the table's rows, as they were when it was drawn.
    album : str, optional
        The slug of the album that the study is opened from.

    """
    row = st.session_state[key]["row"]
    st.switch_page(
        places.STUDY, query_params={"study": uids[row]} | ({"album": album} if album is not None else {})
    )


def _cookie() -> str:
    """Return the session cookie. Only text counts: what Streamlit's tests have in its place is truthy."""
    value = st.context.cookies.get(services().settings.session_cookie)
    if not isinstance(value, str) or not value:
        raise SignedOut
    return value


def _header(name: str) -> str:
    value = st.context.headers.get(name)
    return value if isinstance(value, str) else ""


def _address() -> str:
    """Return the browser's address, which nginx writes over whatever came."""
    return _header("X-Forwarded-For")


def _accept_language() -> str:
    locale = st.context.locale
    return _header("Accept-Language") or (locale if isinstance(locale, str) else "")


def _browser_language() -> str:
    locale = st.context.locale
    asked = locale if isinstance(locale, str) else _header("Accept-Language")
    return best_language(asked, services().settings.default_language)


def _zone() -> tzinfo:
    name = st.context.timezone
    try:
        return ZoneInfo(name) if isinstance(name, str) and name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
