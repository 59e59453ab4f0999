"""Compare words as people read them: without case and accents."""

import unicodedata
from collections.abc import Iterable

ANYTHING = "*"
"""What stands for any characters in a search."""


def plain(text: str) -> str:
    """Take case and accents away, so that ``cerebral`` finds ``Cérébral``."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign)).casefold()


def holds(fields: Iterable[str], search: str) -> bool:
    """Tell whether each word of a search stands in one of the fields; a star in it is any characters."""
    texts = [plain(field) for field in fields]
    words = plain(search).split()
    return all(any(_in_order(word.split(ANYTHING), text) for text in texts) for word in words)


def _in_order(pieces: Iterable[str], text: str) -> bool:
    """Tell whether the pieces come one after the other: the first place of each leaves most for the rest."""
    start = 0
    for piece in pieces:
        found = text.find(piece, start)
        if found < 0:
            return False
        start = found + len(piece)
    return True
