"""The person's API tokens: each with a way to revoke it, a form for a new one, and how to use it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import streamlit as st

from auth_service.vocabulary import TOKEN_ACTIONS, Action
from portal import words
from portal.answers import Membership, NewToken, Token, TokenWish
from portal.text import Text, markup, one_line
from portal.widgets import pieces

USUAL_DAYS = 90
"""How long a token lasts when the person does not say otherwise."""

LONGEST_NAME = 100


def draw(t: Text, tokens: Sequence[Token], albums: Sequence[Membership]) -> str | None:
    """Draw the tokens; return the id of the one that the person wants to revoke."""
    titles = {album.slug: album.title for album in albums}
    revoked = None
    for one in tokens:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.html(_text(t, one, titles))
            if one.over:
                st.html(pieces.badge(t("over"), "#8A8F98"), width="content")
            if st.button(t("Revoke"), key=f"revoke-{one.id}", icon=":material/key_off:"):
                revoked = one.id
    return revoked


def form(t: Text, albums: Sequence[Membership], *, first: date, last: date) -> TokenWish | None:
    """Draw the form for a new token; return what was asked for, when it was."""
    titles = {album.slug: album.title for album in albums}
    with st.expander(t("New token"), icon=":material/key:"), st.form("token", border=False):
        name = st.text_input(
            t("What is it for?"), max_chars=LONGEST_NAME, placeholder=t("Notebook on my workstation")
        )
        chosen = st.multiselect(
            t("What it may do, where you may do it"),
            [str(action) for action in Action if action in TOKEN_ACTIONS],
            default=[str(Action.VIEW), str(Action.DOWNLOAD)],
            format_func=lambda word: words.action(t, word),
            placeholder="",
        )
        slugs = st.multiselect(
            t("Albums"),
            list(titles),
            format_func=lambda slug: one_line(titles[slug]),
            placeholder=t("All of mine"),
        )
        until = st.date_input(
            t("Last day"),
            value=min(first + timedelta(days=USUAL_DAYS), last),
            min_value=first,
            max_value=last,
            format="YYYY-MM-DD",
        )
        sent = st.form_submit_button(t("Make the token"), type="primary")
    if not sent:
        return None
    if not name.strip() or not chosen or not isinstance(until, date):
        st.warning(t("Say what the token is for, what it may do, and its last day."), icon=":material/edit:")
        return None
    return TokenWish(name=name, actions=tuple(chosen), albums=tuple(slugs) or None, until=until)


def show_once(t: Text, made: NewToken, *, url: str) -> bool:
    """Show a new token's secret and how to use it; return whether the person is done with it."""
    with st.container(border=True, key="newtoken"):
        once = t("Copy the token now: it is not shown again.")
        careful = t("Whoever has it can do what it may do, in your name.")
        st.html(f'<p class="strong">{markup(once)}</p><p class="quiet">{markup(careful)}</p>')
        st.code(made.token, language=None, wrap_lines=True)
        how = t("With curl, with pyorthanc, and with any DICOMweb client:")
        st.html(f'<p class="quiet">{markup(how)}</p>')
        st.code(_recipes(url), language="python", wrap_lines=True)
        return st.button(t("I have copied it"), key="copied", icon=":material/done:")


def _recipes(url: str) -> str:
    """Return lines to copy; the token itself stays out of them, as they end up in files."""
    return "\n".join(
        (
            f'# curl -H "Authorization: Bearer $PARADIM_TOKEN" {url}/dicom-web/studies',
            "import os",
            "from pyorthanc import Orthanc",
            "",
            'token = os.environ["PARADIM_TOKEN"]',
            f'orthanc = Orthanc("{url}/orthanc", username="token", password=token)',
            'studies = orthanc.post_tools_find({"Level": "Study", "Query": {}, "Expand": True})',
            "",
            f"# DICOMweb: {url}/dicom-web, with the header  Authorization: Bearer ...",
        )
    )


def _text(t: Text, one: Token, titles: Mapping[str, str]) -> str:
    where = (
        t("in all albums")
        if one.albums is None
        else t("in {albums}", albums=t.together([one_line(titles.get(slug, slug)) for slug in one.albums]))
    )
    used = t("never used")
    if one.used is not None:
        used = t("last used {moment}", moment=t.moment(one.used))
        if one.used_from:
            used = t("{used}, from {address}", used=used, address=one.used_from)
    facts = [
        t("can {actions}", actions=words.actions(t, one.actions)),
        where,
        t("until {day}", day=t.day(one.until)),
        used,
    ]
    return f'<p class="strong">{markup(one.name)}</p><p class="quiet">{pieces.facts(facts)}</p>'
