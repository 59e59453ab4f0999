"""Albums that nobody owns who could sign in, for administrators."""

import streamlit as st

from portal import guard, session
from portal.albums import LOOKED_AT
from portal.widgets import filters, header, keeping, notices

visit = guard.require()
t = visit.t

key = "ownerless.page"
found = session.paged(visit.account.ownerless, LOOKED_AT, key=key)
header.title(
    t("Albums without an owner"),
    [
        t("Of all albums, those of which no owner has an account that is enabled."),
        t("{count} of {total} looked through", count=t.number(found.looked_at), total=t.number(found.total)),
    ],
)
place = st.container()
if found.total > LOOKED_AT:
    filters.page(t, found.total, LOOKED_AT, key=key)
with place:
    if not found.items:
        notices.empty("how_to_reg", t("Each of these albums has an owner"), [])
    named = keeping.ownerless(t, found.items)
    if named:
        with notices.refusals(t):
            visit.account.name_owner(*named, language=t.language)
            st.rerun()
