"""An album as its owners look after it: what it is called, its archive, another owner, its end."""

import streamlit as st

from portal import guard, members, session
from portal.errors import Forbidden
from portal.widgets import deidentifying, header, keeping, notices, places

visit = guard.require()
t = visit.t
slug = session.needed("album")

album = visit.account.album(slug)
if not members.owns(album):
    raise Forbidden
header.breadcrumb(t, [(album.title, places.ALBUM, {"album": slug})], t("Settings"))
header.title(t("Settings of {title}", title=album.title), [], code=album.label)

st.header(t("Title and description"), anchor=False)
named = keeping.naming(t, album)
if named:
    with notices.refusals(t):
        visit.account.edit_album(slug, named.title, named.description, language=t.language)
        st.rerun()

st.header(t("De-identification of what is uploaded"), anchor=False)
wish = deidentifying.settings(t, slug, visit.account.deidentification(slug))
if wish:
    with notices.refusals(t):
        if wish.on:
            visit.account.deidentify(slug, wish.options, language=t.language)
        else:
            visit.account.stop_deidentifying(slug, forget=wish.forget)
        st.rerun()

st.header(t("Archive"), anchor=False)
if keeping.archive(t, album):
    visit.account.archive_album(slug, archived=not album.archived)
    st.rerun()

st.header(t("Hand over"), anchor=False)
handed = keeping.hand_over(t)
if handed:
    with notices.refusals(t):
        visit.account.hand_over(slug, handed.user, handed.keep, language=t.language)
        st.switch_page(places.ALBUMS)

st.header(t("Delete"), anchor=False)
confirmed = keeping.delete(t, visit.account.deletion(slug))
if confirmed is not None:
    with notices.refusals(t):
        visit.account.delete_album(slug, confirmed, language=t.language)
        st.switch_page(places.ALBUMS)
