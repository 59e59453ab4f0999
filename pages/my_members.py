"""Everybody who has rights in the albums that the person owns: people down, albums across."""

from portal import guard, members, session
from portal.widgets import filters, header, notices, people

visit = guard.require()
t = visit.t

key, size = "my_members.page", members.ROWS_PER_PAGE
found = session.paged(visit.account.my_members, size, key=key)
header.title(t("People in my albums"), [t.plural("{count} entry", "{count} entries", found.total)])
if found.albums:
    people.matrix(t, found)
    filters.page(t, found.total, size, key=key)
else:
    notices.empty("group", t("You own no album"), [t("Who owns one sees here who may do what in it.")])
