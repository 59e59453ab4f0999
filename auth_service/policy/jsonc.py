"""JSON with comments, and where in the text each of its values stands.

Python's own ``json`` (RFC 8259) says what is JSON and what it means; this module only blanks what is not,
letter by letter, so that lines and columns stay, and walks along the tokens of a text known to be good.
"""

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

LONGEST = 1_000_000
"""Characters of a text."""

_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
_TRAILING_COMMA = re.compile(r'"(?:\\.|[^"\\])*"|,(?=\s*[\]}])', re.DOTALL)
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[{}\[\]]|[^\s{}\[\],:"]+', re.DOTALL)
_LETTER = re.compile(r"[^\r\n]")

Path = tuple[str | int, ...]
"""Keys and positions from the outermost value to one within."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in a text: both counted from one."""

    line: int
    column: int


class UnreadableError(Exception):
    """The text is not JSON with comments; ``why`` is a word of Python's ``json``, or ours."""

    def __init__(self, why: str, place: Place) -> None:
        super().__init__(why)
        self.why = why
        self.place = place


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text that was read."""

    value: Any
    places: dict[Path, Place] = field(repr=False)
    """Of every value; of a value in an object, its key's."""
    repeated: tuple[tuple[Path, Place], ...]
    """Keys that stand twice in their object: where they do so again."""

    def place(self, path: Path) -> Place:
        """Return where a value stands, or the innermost thing around it that is there."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]


def read(text: str) -> Document:
    """Read a text.

    Comments (``//``, ``/* */``) and commas after a last value are passed over.

    Raises
    ------
    UnreadableError
        If it is not JSON with comments, too long, or nested too deeply.

    """
    if len(text) > LONGEST:
        raise UnreadableError(f"longer than {LONGEST} characters", Place(1, 1))
    for comment in _COMMENT.finditer(text):
        if comment[0].startswith("/*") and not comment[0].endswith("*/", 2):
            raise UnreadableError("a comment without an end", _Lines(text).place(comment.start()))
    plain = _TRAILING_COMMA.sub(_blanked, _COMMENT.sub(_blanked, text))
    try:
        value = json.loads(plain, parse_constant=_no_json)
        json.dumps(value, ensure_ascii=False).encode()
        walk = _Walk(plain)
        walk.value(())
    except json.JSONDecodeError as error:
        raise UnreadableError(error.msg, _Lines(text).place(error.pos)) from None
    except UnicodeEncodeError:
        raise UnreadableError("half a character (RFC 8259, section 8.2)", Place(1, 1)) from None
    except RecursionError:
        raise UnreadableError("nested too deeply", Place(1, 1)) from None
    except ValueError as error:
        raise UnreadableError(str(error)[:80], Place(1, 1)) from None
    return Document(value=value, places=walk.places, repeated=tuple(walk.repeated))


def _blanked(match: re.Match[str]) -> str:
    return match[0] if match[0].startswith('"') else _LETTER.sub(" ", match[0])


def _no_json(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


class _Lines:
    """Knows lines and columns of a text."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def place(self, offset: int) -> Place:
        line = bisect_right(self._starts, offset)
        return Place(line, offset - self._starts[line - 1] + 1)


class _Walk:
    """Goes along the tokens of a text that ``json`` has read."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.finditer(text)
        self._lines = _Lines(text)
        self.places: dict[Path, Place] = {}
        self.repeated: list[tuple[Path, Place]] = []

    def value(self, path: Path, token: re.Match[str] | None = None) -> None:
        """Note where a value stands, and all within it."""
        token = token or next(self._tokens)
        self.places.setdefault(path, self._lines.place(token.start()))
        if token[0] == "{":
            self._members(path)
        elif token[0] == "[":
            number = 0
            while (item := next(self._tokens))[0] != "]":
                self.value((*path, number), item)
                number += 1

    def _members(self, path: Path) -> None:
        seen: set[str] = set()
        while (token := next(self._tokens))[0] != "}":
            key = json.loads(token[0])
            place = self._lines.place(token.start())
            if key in seen:
                self.repeated.append(((*path, key), place))
            seen.add(key)
            self.places[*path, key] = place
            self.value((*path, key))
