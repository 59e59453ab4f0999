"""How much somebody may see, in counts, for administrators; that they asked is on record."""

from functools import partial

import streamlit as st

from portal import guard, members, session
from portal.errors import NotFound
from portal.widgets import header, people

visit = guard.require()
t = visit.t
if not visit.me.administers:
    raise NotFound

sub = session.parameter("person")
if sub is not None:
    people.sees(t, visit.account.sees(sub))
    st.stop()

header.title(t("Who sees how much?"), [t("In counts alone; that you asked is on record.")])
text = people.search(t)
if len(text) >= members.SHORTEST_PERSON:
    chosen = people.choose(t, guard.asked(partial(visit.account.people, text)) or ())
    if chosen:
        session.readdress({"person": chosen})
