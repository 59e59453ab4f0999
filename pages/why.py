"""Why somebody sees something, or does not: for administrators, and for owners about their albums."""

import streamlit as st

from portal import guard, session, why
from portal.errors import NotFound
from portal.widgets import explanation, header

visit = guard.require()
t, me = visit.t, visit.me
if not why.may_ask(me):
    raise NotFound

whose = t("Every decision is explained by the code that makes it; that you asked is on record.")
header.title(t("Why?"), [whose if me.administers else t("About your albums, and who is in them.")])
question = why.Question.of(session.parameters(why.PARAMETERS))
asked = explanation.form(t, question)
if asked and asked != question:
    session.readdress(asked.query)
if not question.resource:
    explanation.hints(t)
    st.stop()

told = why.ask(visit.account, me, question, language=t.language)
if isinstance(told, why.Unclear):
    explanation.unclear(t, told, question)
    st.stop()

explanation.verdict(t, told)
with st.container(key="why"):
    taken, beside = st.columns([8, 5], gap="medium")
with taken:
    explanation.steps(t, told)
with beside:
    explanation.ways(t, told)
    explanation.others(t, told, question)
    explanation.decisions(t, told)
