"""The right end of the top bar: the other language, the account, the way out."""

import streamlit as st

from portal import session
from portal.session import Visit
from portal.text import Text, markup, plain
from portal.widgets import places

_LANGUAGE_NAMES = {"en": "English", "fr": "Français"}


def logo() -> str:
    """Return the logo that can be read on the theme's background."""
    return "logo-dark.svg" if st.context.theme.type == "dark" else "logo.svg"


def draw(visit: Visit | None, t: Text) -> None:
    """Draw it; somebody who is not signed in has only the language to choose."""
    other = session.other_language(t)
    with st.container(key="bar", horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        if st.button(_LANGUAGE_NAMES[other], key="language", type="tertiary", icon=":material/language:"):
            session.choose_language(visit, other)
            st.rerun()
        if visit:
            st.page_link(places.ABOUT, label=plain(visit.me.called), icon=":material/account_circle:")
            st.html(_signout(visit.addresses.signout, t("Sign out")), width="content")


def _signout(address: str, label: str) -> str:
    """Return the form that signs out: a request that changes something is never a link."""
    return (
        f'<form class="signout" method="post" action="{markup(address)}">'
        f'<button type="submit">{markup(label)}</button></form>'
    )
