"""The few rules of style that Streamlit's theme has no word for, and the language of the document."""

from pathlib import Path

import streamlit as st

_SHEET = Path(__file__).with_suffix(".css")

_COLOURS = {"--link": "linkColor", "--page": "backgroundColor"}
"""What the style sheet calls the theme's colours that Streamlit tells no style sheet."""


def apply(language: str) -> None:
    """Send the style sheet, and say which language the page is in, for screen readers and hyphenation."""
    st.html(_SHEET)
    theme = "dark" if st.context.theme.type == "dark" else "light"
    named = ((name, st.get_option(f"theme.{theme}.{colour}")) for name, colour in _COLOURS.items())
    colours = " ".join(f"{name}: {value};" for name, value in named if value)
    st.html(f"<style>:root {{{colours}}}</style>")
    if language in ("en", "fr"):  # nothing but these two words ever gets into a script
        script = f"<script>document.documentElement.lang = '{language}';</script>"
        st.container(key="unseen").html(script, unsafe_allow_javascript=True)
