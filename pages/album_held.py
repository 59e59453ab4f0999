"""The pictures of an album that wait until an owner has looked: whether somebody is named in them."""

from functools import partial

import streamlit as st

from portal import guard, members, session
from portal.deidentifying import HELD_PER_PAGE
from portal.errors import Forbidden
from portal.widgets import deidentifying, header, notices, places

visit = guard.require()
t, account = visit.t, visit.account
slug = session.needed("album")
album = account.album(slug)
if not members.owns(album):
    raise Forbidden

above = [(album.title, places.ALBUM, {"album": slug}), (t("Settings"), places.SETTINGS, {"album": slug})]
header.breadcrumb(t, above, t("Pictures that wait"))
header.title(t("Pictures of {title} that wait", title=album.title), [], code=album.label)
notices.done(session.word_left())
st.caption(
    t(
        "Their headers are de-identified. Look whether a name, a number or a date is written in the picture;"
        " nobody else sees it until you let it through."
    )
)
page = account.held(slug)
if not page.items:
    notices.empty("done_all", t("Nothing waits for a look."), [])
for one in page.items:
    wish = deidentifying.held(t, one, partial(visit.addresses.held, slug))
    if wish == "release":
        guard.attempt(partial(account.release_held, slug, one.id, language=t.language), t("Let through."))
    elif wish == "discard":
        guard.attempt(partial(account.discard_held, slug, one.id), t("Thrown away."))
if page.total > HELD_PER_PAGE:
    st.caption(t.plural("{count} more", "{count} more", page.total - HELD_PER_PAGE))
