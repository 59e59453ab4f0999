"""The few rules of style that Streamlit's theme has no word for, and the language of the document."""

from pathlib import Path

import streamlit as st

_SHEET = Path(__file__).with_suffix(".css")


_LINK = {"light": "#0F6E84", "dark": "#63BDD1"}


def apply(language: str) -> None:
    """Send the style sheet, and say which language the page is in, for screen readers and hyphenation."""
    st.html(_SHEET)
    st.html(f"<style>:root {{ --link: {_LINK.get(str(st.context.theme.type), _LINK['light'])}; }}</style>")
    if language in ("en", "fr"):  # nothing but these two words ever gets into a script
        script = f"<script>document.documentElement.lang = '{language}';</script>"
        st.container(key="unseen").html(script, unsafe_allow_javascript=True)
