"""The person's sessions, each with a way to end it."""

from collections.abc import Sequence

import streamlit as st

from portal.answers import Session
from portal.text import Text, markup
from portal.widgets import pieces


def draw(t: Text, sessions: Sequence[Session]) -> str | None:
    """Draw the sessions; return the id of the one that the person wants to end."""
    ended = None
    for one in sorted(sessions, key=lambda one: (not one.current, -one.last_seen.timestamp())):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.html(_text(t, one))
            if one.current:
                st.html(pieces.badge(t("this one"), "#4E8F4A"), width="content")
            elif st.button(t("End this session"), key=f"end-{one.id}", icon=":material/logout:"):
                ended = one.id
    return ended


def _text(t: Text, one: Session) -> str:
    device = _device(one.user_agent or "") or t("Unknown browser")
    facts = [
        t("from {address}", address=one.address) if one.address else "",
        t("signed in {moment}", moment=t.moment(one.created)),
        t("last used {moment}", moment=t.moment(one.last_seen)),
        t("ends by itself {instant}", instant=t.instant(one.expires)),
    ]
    return f'<p class="strong">{markup(device)}</p><p class="quiet">{pieces.facts(facts)}</p>'


def _device(agent: str) -> str:
    """Name browser and system from what the browser says of itself; it may say anything."""
    browsers = {"Edg/": "Edge", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
    systems = {
        "Android": "Android",
        "iPhone": "iPhone",
        "iPad": "iPad",
        "Windows": "Windows",
        "Mac OS X": "macOS",
        "Linux": "Linux",
    }
    browser = next((name for mark, name in browsers.items() if mark in agent), "")
    system = next((name for mark, name in systems.items() if mark in agent), "")
    return " · ".join(part for part in (browser, system) if part)
