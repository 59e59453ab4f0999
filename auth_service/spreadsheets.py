"""Write tables that open safely in a spreadsheet: no cell of ours is ever a formula.

Spreadsheets run what begins like a formula, whoever wrote it (CWE-1236). Such a cell gets an apostrophe in
front, which they take for "this is text"; so does what would be a cell for whoever reads the table with
another separator than ours. UTF-8 with a byte order mark, or accents would be broken; lines as
in RFC 4180.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator

_BEGINNING = re.compile(r"""(^|\r\n|[;\t\r\n,|])([ \u00a0"'\\]*)(?=[=+\-@\t\r\n＝＋－＠])""")  # noqa: RUF001 - full width too
"""Where a formula would begin: also behind what separates cells elsewhere, as ``;`` does in Québec."""

_MADE_SAFE = re.compile(r"""(^|\r\n|[;\t\r\n,|])'([ \u00a0"'\\]*)(?=[=+\-@\t\r\n＝＋－＠])""")  # noqa: RUF001 - full width too
"""Where `safe` put its apostrophe."""

_LINES_AT_ONCE = 500


def safe(text: str) -> str:
    """Return a cell that is text for every spreadsheet."""
    return _BEGINNING.sub(r"\1'\2", text)


def plain(text: str) -> str:
    """Return what a cell says without what `safe` put into it: a table that we wrote can be read back."""
    return _MADE_SAFE.sub(r"\1\2", text)


def table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    """Write a table piece by piece; empty where there is ``None``."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    buffer.write("\ufeff")
    writer.writerow(heads)
    for number, row in enumerate(rows, start=1):
        writer.writerow("" if value is None else safe(str(value)) for value in row)
        if number % _LINES_AT_ONCE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode("utf-8")
