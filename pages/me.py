"""The person: who he is for the portal, what he may do where, his sessions and his API tokens."""

import streamlit as st

from portal import guard, session, words
from portal.errors import Invalid
from portal.widgets import header, notices, sessions, tables, tokens

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

st.header(t("My tokens"), anchor=False)
st.caption(t("For scripts and other programs: a token does what you may do, or less, and never more."))
known = visit.account.tokens()
made = session.held_token()
if made and tokens.show_once(t, made, url=visit.addresses.public_url):
    session.drop_token()
    st.rerun()
wish = None if made else tokens.form(t, me.albums, first=known.first, last=known.last)
if wish:
    try:
        session.hold_token(visit.account.create_token(wish))
    except Invalid:
        st.warning(t("This token cannot be made. You may have too many: revoke one first."))
    else:
        st.rerun()
revoked = tokens.draw(t, known.items, me.albums)
if revoked:
    visit.account.revoke_token(revoked)
    st.rerun()
