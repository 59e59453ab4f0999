"""The person: who he is for the portal, what he may do where, and his sessions."""

import streamlit as st

from portal import guard, words
from portal.widgets import header, notices, sessions, tables

visit = guard.require()
t, me = visit.t, visit.me

header.title(me.called, [me.username, me.email or ""])
header.figures(
    [
        (t("Roles"), ", ".join(words.realm_role(t, role) for role in me.roles) or t("none")),
        (t("Groups"), ", ".join(group.path for group in me.groups) or t("none")),
        (t("Language"), t("English")),
    ],
    shape="words",
)

st.header(t("What I may do"), anchor=False)
if me.albums:
    tables.rights(t, me.albums)
else:
    notices.empty("photo_library", t("No album is shared with you yet"), [])

st.header(t("My sessions"), anchor=False)
ended = sessions.draw(t, visit.account.sessions())
if ended:
    visit.account.end_session(ended)
    st.rerun()
