"""What is put into an album and taken out of it: by a list or a whole album; and what was done before."""

from functools import partial

import streamlit as st

from portal import contents, guard, session
from portal.widgets import contents as widgets
from portal.widgets import filters, header, notices, places

visit = guard.require()
t = visit.t
slug = session.needed("album")
album = visit.account.album(slug)
header.breadcrumb(t, [(album.title, places.ALBUM, {"album": slug})], t("Contents"))
with st.container(key="head", horizontal=True, vertical_alignment="center"):
    header.title(t("Contents of {album}", album=album.title), [])
    header.uploading(t, album, visit.addresses)

looked = session.looked(slug)
with notices.refusals(t):
    wish = widgets.form(t, album, visit.me.albums, visit.addresses) if looked is None else None
    if wish is not None:
        with st.spinner(t("Looking them up")):
            found = contents.look_up(visit.account, slug, wish, language=t.language)
        session.hold_looked(slug, found)
        st.rerun()
    decided = widgets.prospect(t, looked) if looked is not None else None
    if looked is not None and decided is not None:
        session.hold_looked(slug, None)
        if decided:
            visit.account.change(slug, looked.wish, language=t.language)
        st.rerun()

st.header(t("Changes"), anchor=False)
size, key = contents.CHANGES_PER_PAGE, f"contents.page.{slug}"
page = session.paged(partial(visit.account.changes, slug), size, key=key)
with notices.refusals(t):
    wanted = widgets.changes(t, page.items, may_undo=bool(widgets.verbs(album)))
    if wanted is not None:
        ask = visit.account.undo if wanted.verb == "undo" else visit.account.stop
        ask(wanted.change, language=t.language)
        st.rerun()
if not page.items:
    notices.empty("history", t("Nothing was put in or taken out yet"), [])
filters.page(t, page.total, size, key=key)
if contents.under_way(page.items):
    widgets.look_again()
