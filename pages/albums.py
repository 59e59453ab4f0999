"""The albums that the person may see."""

import streamlit as st

from portal import albums, guard
from portal.widgets import cards, filters, header, keeping, notices, places

visit = guard.require()
t = visit.t

with st.container(key="head", horizontal=True, vertical_alignment="center"):
    header.title(t("Albums"), [])
    new = keeping.new_album(t) if visit.me.makes_albums else None
if new:
    with notices.refusals(t):
        made = visit.account.create_album(new.title, new.description, language=t.language)
        st.switch_page(places.ALBUM, query_params={"album": made.slug})
if not visit.me.albums:
    notices.empty(
        "photo_library",
        t("No album is shared with you yet"),
        [
            t("An album holds the studies of a project. Its owner decides who sees it."),
            t("Ask the project's lead to add you: your user name is {username}.", username=visit.me.username),
        ],
    )
    st.stop()

question = filters.albums(t, albums.modalities(visit.account))
place = st.container()
total = visit.account.albums(question.model_copy(update={"limit": 1})).total
number = filters.page(t, total, question.limit, key=f"albums.page.{hash(question)}")
found = visit.account.albums(question.model_copy(update={"offset": (number - 1) * question.limit}))
with place:
    if found.items:
        match cards.albums(t, found.items, visit.addresses):
            case cards.Wish.FAVOURITE, album:
                visit.account.mark_favourite(album.slug, favourite=not album.favourite)
                st.rerun()
            case cards.Wish.LEAVE, album:
                with notices.refusals(t):
                    visit.account.leave_album(album.slug, language=t.language)
                    st.rerun()
    else:
        notices.empty("search_off", t("No album matches"), [t("Loosen the search or the filters above.")])
