"""One album: what it is, and its studies page by page."""

from functools import partial

import streamlit as st

from portal import albums, guard, session
from portal.widgets import downloads, filters, header, notices, tables

visit = guard.require()
t = visit.t
slug = session.needed("album")

album = visit.account.album(slug)
header.breadcrumb(t, [], album.title)
taking = header.album(t, album, visit.addresses)
if "view" not in album.actions:
    notices.empty("visibility_off", t("You may not see the images of this album"), [])
    st.stop()
if album.studies == 0:
    notices.empty(
        "folder_open",
        t("This album is empty"),
        [t("The series that its owners put into it will be listed here.")],
    )
    st.stop()

question = filters.studies(t, album)
place = st.container()
total = visit.archive.count(question)
number = filters.page(t, total, albums.STUDIES_PER_PAGE, key=f"studies.page.{hash(question)}")
with place:
    if total:
        found = albums.studies(visit.archive, question, page=number)
        tables.studies(
            t,
            found,
            addresses=visit.addresses,
            modalities=album.modalities or (),
            into=albums.saves_into(album),
            on_open=lambda uids: session.open_clicked(tables.OPEN, uids, album.slug),
        )
    else:
        notices.empty("search_off", t("No study matches"), [t("Loosen the filters above.")])
if "download" in album.actions and album.series:
    with taking:
        measure = partial(albums.size_of, visit.account, album, session.measured)
        downloads.album(t, album, measure, visit.addresses)
