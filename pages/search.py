"""Search across all that the person may see, and select what is found."""

from functools import partial

import streamlit as st

from portal import contents, finding, guard, session
from portal.errors import Invalid
from portal.search import PARAMETERS, PER_PAGE, Search
from portal.widgets import filters, header, notices, searching, selection

visit = guard.require()
t, account = visit.t, visit.account
question = Search.of(session.parameters(PARAMETERS))

header.title(t("Search"), [t("Across all that you may see.")])
wanted = searching.form(t, question)
if wanted and wanted != question:
    session.readdress(wanted.query)
searching.saved(
    t, account.searches(), question, partial(finding.keep, account, question), account.forget_search
)

bar = st.container()
place = st.container()
try:
    total = visit.archive.search_count(question)
except Invalid:
    notices.empty(
        "search_off",
        t("This could not be looked up"),
        [t("Too much would have to be looked at. Name a day, a patient or a modality as well.")],
    )
    st.stop()
number = filters.page(t, total, PER_PAGE, key=f"found.page.{hash(question)}")
chosen = account.selection()
with bar:
    forget = partial(session.turned, "found")
    with selection.bar(t, chosen, on_clear=partial(finding.clear, account, forget)):
        if chosen.total:
            size = session.measured(f"selection.{hash(chosen)}", account.selection_size)
            selection.download(t, size, visit.addresses)
            if slug := selection.album(t, visit.me.albums):
                with notices.refusals(t):
                    wish = contents.Wish(verb="add", studies=chosen.studies, series=chosen.series)
                    session.decide(slug, contents.look_up(account, slug, wish, language=t.language))
with place:
    if total:
        searching.table(
            t,
            finding.find(visit.archive, question, page=number),
            key=f"{session.turn('found')}.{hash(question)}.{number}",
            selected=[*chosen.studies, *chosen.series],
            albums=finding.albums_by_label(visit.me),
            addresses=visit.addresses,
            on_open=partial(session.open_clicked, searching.OPEN),
            on_tick=lambda *rows: finding.tick(account, question.level, *session.rows_ticked(*rows)),
        )
    else:
        notices.empty("search_off", t("Nothing matches"), [t("Loosen the filters above.")])
