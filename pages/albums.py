"""The albums that the person may see."""

import streamlit as st

from portal import albums, guard
from portal.widgets import cards, filters, header, notices

visit = guard.require()
t = visit.t

header.title(t("Albums"), [])
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
        cards.albums(t, found.items, visit.addresses)
    else:
        notices.empty("search_off", t("No album matches"), [t("Loosen the search or the filters above.")])
