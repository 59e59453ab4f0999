"""What came by DICOM and went nowhere by a rule: administrators file it, or put it aside."""

from functools import partial

from portal import guard, session
from portal.arrivals import PER_PAGE
from portal.widgets import arrivals, filters, header, notices

visit = guard.require()
t, account, speak = visit.t, visit.account, visit.t.language

key = "arrivals.page"
found = session.paged(account.arrivals, PER_PAGE, key=key)
facts = [
    t.plural("{count} series", "{count} series", found.total),
    t.plural("of {count} study", "of {count} studies", found.studies),
]
arriving = t.plural("{count} still arriving", "{count} still arriving", found.arriving)
header.title(
    t("To be filed"),
    [
        t("Series that came by DICOM and that no rule of the site puts into an album."),
        *(facts if found.total else []),
        *([arriving] if found.arriving else []),
    ],
)
notices.done(session.word_left())
if not found.items:
    notices.empty("inbox", t("Nothing waits to be filed"), [])
else:
    name = "arrivals"
    chosen = arrivals.table(t, found.items, key=f"{session.turn(name)}.{hash(found.items)}")
    filters.page(t, found.total, PER_PAGE, key=key)
    album, reason = arrivals.decide(t, chosen)
    if album:
        file = partial(account.file_arrivals, chosen, album, language=speak)
        guard.attempt(file, t("They are being put into the album."), form=name)
    elif reason:
        dismiss = partial(account.dismiss_arrivals, chosen, reason, language=speak)
        guard.attempt(dismiss, t("Put aside."), form=name)
