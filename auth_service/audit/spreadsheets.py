"""Write tables that open safely in a spreadsheet: no cell of ours is ever a formula.

Spreadsheets run what begins like a formula, whoever wrote it (CWE-1236). Such a cell gets an apostrophe in
front, which they take for "this is text". UTF-8 with a byte order mark, or accents would be broken; lines as
in RFC 4180.
"""

import csv
import io
from collections.abc import Iterable, Iterator

_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - full width too
_LINES_AT_ONCE = 500


def safe(text: str) -> str:
    """Return a cell that is text for every spreadsheet."""
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_BEGINNINGS) else text


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
