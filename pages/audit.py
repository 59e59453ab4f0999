"""What happened: all of it for administrators, and for owners what happened through their albums."""

from functools import partial

import streamlit as st

from portal import guard, session
from portal.audit import PER_PAGE
from portal.widgets import filters, header, history, notices, places

visit = guard.require()
t = visit.t
slug = session.parameter("album")
album = next((one for one in visit.me.albums if one.slug == slug), None)

if album:
    header.breadcrumb(t, [(album.title, places.ALBUM, {"album": album.slug})], t("What happened"))
head = st.container(key="head", horizontal=True, vertical_alignment="center")
question = history.filters(t, album=slug)
place = st.container()
chooser = f"audit.page.{hash(question)}"
found = session.paged(partial(visit.account.audit, question), PER_PAGE, key=chooser)
number = filters.page(t, found.total, PER_PAGE, key=chooser)
with head:
    title = t("What happened in {album}", album=album.title) if album else t("Audit")
    header.title(title, [t.plural("{count} entry", "{count} entries", found.total)])
    history.file(t, question.file(visit.addresses.public_url))
with place:
    if found.items:
        leave_out = [] if visit.me.administers else ["address", *(["album"] if slug else [])]
        history.draw(t, found.items, key=f"audit.{hash(question)}.{number}", leave_out=leave_out)
    else:
        notices.empty("search_off", t("Nothing matches"), [t("Loosen the filters above.")])
