"""Where a sign-in may lead: to a page of our own, written so that every browser reads it as we do.

An address is taken as it is or not at all; nothing is repaired. What browsers fold (dots, backslashes,
doubled slashes, their encoded forms) is refused in the path, where it could become another host or another
page; the query string is carried byte for byte.
"""

import re
from urllib.parse import parse_qsl

HOME = "/portal/"
"""Where somebody lands who named no page, or none that we go to."""

LONGEST = 2000
"""Characters; deep links with a whole search in them are some hundreds long."""

_ENCODED = r"%[0-9A-Fa-f]{2}"
_PATH = rf"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|{_ENCODED})*)+"
_QUERY = rf"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?|{{}}^`\[\]-]|{_ENCODED})*"
_ADDRESS = re.compile(rf"(?P<path>{_PATH})(?:\?{_QUERY})?")
"""RFC 3986's characters; in the query also those that browsers send there without encoding them."""

_FOLDED = re.compile(r"//|/\.\.?(?:/|$)|%(?:0|1|2[EeFf5]|5[Cc]|7[Ff])")
"""In a path: empty and dot segments, and control characters, dots, slashes and percents in encoded form."""

_NOT_THERE = ("auth", "keycloak", "internal")
"""First segments that no sign-in leads to: what they do must be asked for by hand."""


def own_page(value: str | None) -> str | None:
    """Return the address if it is one of our own pages, else ``None``."""
    if value is None or len(value) > LONGEST:
        return None
    match = _ADDRESS.fullmatch(value)
    if match is None or _FOLDED.search(match["path"]):
        return None
    first = match["path"].split("/")[1].split(";")[0].casefold()
    return None if first in _NOT_THERE or "%" in first else value


def next_page(query: str, header: str | None) -> str:
    """Return where to go after a sign-in.

    Parameters
    ----------
    query : str
        The raw query string of ``/auth/signin``; its ``next`` is percent-encoded there, once.
    header : str, optional
        ``X-Gate-Next``: the address that nginx could not let through, as the browser wrote it (nginx cannot
        encode it into a query).

    """
    given = [value for name, value in parse_qsl(query, keep_blank_values=True) if name == "next"]
    wanted: list[str | None] = [*given] or [header]
    found = own_page(wanted[0]) if len(wanted) == 1 else None
    return found or HOME
