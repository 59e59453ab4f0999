"""What is selected, and what can be done with it: one bar, above the tables in which things are ticked."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from portal.answers import Selection, Size
from portal.text import Text
from portal.viewers import Addresses
from portal.widgets import downloads


def bar(t: Text, chosen: Selection, *, on_clear: Callable[[], None]) -> DeltaGenerator:
    """Draw how much is selected, and the way to select nothing.

    Parameters
    ----------
    t : Text
        How to speak.
    chosen : Selection
        What is selected; where that is nothing, how to select is said.
    on_clear : callable
        Called when nothing shall be selected any more.

    Returns
    -------
    DeltaGenerator
        The place between the two, for whatever is done with a selection: its identifiers are ``chosen``'s.

    """
    with st.container(key="selection", horizontal=True, vertical_alignment="center"):
        if not chosen.total:
            st.caption(t("Tick rows to select them: they stay selected from page to page."))
            return st.container()
        count = t.plural("{count} selected", "{count} selected", chosen.total)
        st.markdown(f"**{count}**", width="content")
        place = st.container(horizontal=True, vertical_alignment="center", width="content")
        st.button(t("Clear"), key="selection.clear", icon=":material/close:", on_click=on_clear)
    return place


def download(t: Text, size: Size, addresses: Addresses) -> None:
    """Draw the way to take away what is selected, as far as the person may."""
    if not size.series:
        st.caption(t("You may not download any of it."))
        return
    downloads.draw(
        t,
        size,
        files={form: addresses.selection_file(form=form) for form in ("zip", "dicomdir")},
    )
    if size.left_out:
        st.caption(
            t.plural(
                "{count} of them cannot be downloaded by you",
                "{count} of them cannot be downloaded by you",
                size.left_out,
            )
        )
