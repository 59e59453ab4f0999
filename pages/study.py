"""One study: its series as pictures, and its key attributes."""

import streamlit as st

from portal import albums, guard, session
from portal.widgets import cards, downloads, header, places, tables

visit = guard.require()
t = visit.t
uid = session.needed("study")

opened = albums.open_study(visit.account, visit.archive, uid, slug=session.parameter("album"))
study, album = opened.study, opened.album
above = [(album.title, places.ALBUM, {"album": album.slug})] if album else []
header.breadcrumb(t, above, study.patient or t("Study"))
into = albums.saves_into(album)
taking = header.study(t, study, visit.addresses, into=into)
cards.series(t, opened.series, visit.addresses, into=into)
st.header(t("Key attributes"), anchor=False)
tables.attributes(t, study)
if size := albums.size_of_study(visit.account, opened):
    with taking:
        downloads.study(t, size, uid, album.slug if album else None, visit.addresses)
