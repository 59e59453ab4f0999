"""The right end of the top bar: the other language, the account, the way out."""

import streamlit as st

from portal.text import Text, markup, plain
from portal.widgets import places

_LANGUAGE_NAMES = {"en": "English", "fr": "Français"}


def logo() -> str:
    """Return the logo that can be read on the theme's background."""
    return "logo-dark.svg" if st.context.theme.type == "dark" else "logo.svg"


def draw(t: Text, *, other: str, name: str | None, signout: str) -> bool:
    """Draw it; return whether the other language is wanted.

    Parameters
    ----------
    t : Text
        How to speak.
    other : str
        The language that is not spoken now.
    name : str or None
        Who is signed in; without anybody there is only the language to choose.
    signout : str
        Where the form that signs out is posted to.

    """
    with st.container(key="bar", horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        wanted = st.button(
            _LANGUAGE_NAMES[other], key="language", type="tertiary", icon=":material/language:"
        )
        if name is not None:
            st.page_link(places.ABOUT, label=plain(name), icon=":material/account_circle:")
            st.html(_signout(signout, t("Sign out")), width="content")
    return wanted


def _signout(address: str, label: str) -> str:
    """Return the form that signs out: a request that changes something is never a link."""
    return (
        f'<form class="signout" method="post" action="{markup(address)}">'
        f'<button type="submit"><span class="sign" aria-hidden="true">logout</span>'
        f'<span class="words">{markup(label)}</span></button></form>'
    )
