"""What is selected, and what can be done with it: one bar, above the tables in which things are ticked."""

from collections.abc import Callable, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from auth_service.vocabulary import Action
from portal.answers import Membership, Selection, Size
from portal.text import Text, one_line
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


def album(t: Text, albums: Sequence[Membership]) -> str | None:
    """Draw the albums into which the person may put what is selected; return the chosen one's slug."""
    titles = {one.slug: one.title for one in albums if Action.UPLOAD in one.actions}
    if not titles:
        return None
    with st.popover(t("Put into an album"), icon=":material/playlist_add:"):
        slug = st.selectbox(
            t("Album"),
            list(titles),
            index=None,
            format_func=lambda one: one_line(titles[one]),
            key="selection.album",
            placeholder="",
        )
        st.caption(t("What would be put in is shown before anything is done."))
        if st.button(t("Look them up"), key="selection.look", icon=":material/search:"):
            return slug
    return None


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
