"""The members of one album: their rights, who can see it and why; for who may only invite, the form alone."""

from functools import partial

import streamlit as st

from portal import guard, members, session
from portal.errors import Forbidden
from portal.widgets import filters, header, notices, people, places
from portal.widgets import members as forms

visit = guard.require()
t, account, speak = visit.t, visit.account, visit.t.language
slug = session.needed("album")
album = account.album(slug)
if not members.may_open(album):
    raise Forbidden

header.breadcrumb(t, [(album.title, places.ALBUM, {"album": slug})], t("Members"))
owns = members.owns(album)
table = visit.addresses.members(slug)
about_people = forms.head(t, album, table=table)
notices.done(session.word_left())
if about_people:
    size, key = members.PEOPLE_PER_PAGE, f"{slug}.people"
    page = session.paged(partial(account.people_of, slug), size, key=key)
    people.people(t, page, slug)
    filters.page(t, page.total, size, key=key)
    st.stop()

if owns:
    found = account.members(slug).items
    chosen = forms.table(t, found, me=visit.me.username, key=f"{slug}.{hash(found)}")
    terms = forms.change(t, album, chosen)
    some = members.Chosen.of(chosen)
    if terms:
        guard.attempt(partial(account.change_members, slug, some, terms, language=speak), t("Saved."))
    if forms.remove(t, chosen):
        guard.attempt(partial(account.remove_members, slug, some, language=speak), t("Taken back."))

form = f"{slug}.add"
key = session.turn(form)
with st.container(border=True, key="adding"):
    text = forms.search(t, key=key)
    ask = partial(account.candidates, slug, text, language=speak)
    meant = guard.asked(ask) if len(text) >= members.SHORTEST_SEARCH else None
    wish = forms.wish(t, album, text, meant or members.Candidates(), key=key)
    if wish:
        guard.attempt(partial(account.give, slug, wish, language=speak), t("Added."), form=form)

pasted = forms.paste(t, key=form) if owns else None
if pasted:
    take = partial(account.import_members, slug, pasted.table, dry_run=not pasted.taken, language=speak)
    forms.report(t, guard.asked(take))
