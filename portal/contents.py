"""What people do about an album's contents: name what to put in or take out, look, do it, and follow it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from portal.answers import Answer

CHANGES_PER_PAGE = 20

LONGEST_LIST = 50_000
"""Names that one change may hold."""

_FIRST_COLUMN = re.compile(r'\s*(?:"([^"]*)"|([^,;\t]*))')
"""A field in quotes, or up to what separates columns: spreadsheets write tabs, semicolons or commas."""

Verb = Literal["add", "remove"]


class NotTaken(Answer):
    """Something that was named and is not taken."""

    uid: str
    reason: str
    lacking: tuple[str, ...] = ()


class Prospect(Answer):
    """What a change would do."""

    series: int
    studies: int
    present: int
    failed: tuple[NotTaken, ...]
    failed_total: int


class Grown(Answer):
    """A series that was in the album before, and got images by an upload."""

    series: str
    images: int


class Change(Answer):
    """How far a change has come."""

    id: str
    album: str
    verb: str
    state: str
    by: str
    created: datetime
    finished: datetime | None
    stopping: bool
    undoes: str | None
    done: int
    total: int
    due: int
    failed: tuple[NotTaken, ...]
    failed_total: int
    grown: tuple[Grown, ...] = ()
    grown_total: int = 0
    grown_images: int = 0
    staying: int = 0
    """Images of the change that it takes back which stay."""

    @property
    def under_way(self) -> bool:
        """Whether it goes on."""
        return self.finished is None


class ChangeList(Answer):
    """A page of changes, the newest first."""

    items: tuple[Change, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be put in or taken out."""

    verb: Verb
    names: tuple[str, ...] = ()
    """Identifiers, accession numbers, patients' identifiers."""
    studies: tuple[str, ...] = ()
    """StudyInstanceUIDs."""
    series: tuple[str, ...] = ()
    """SeriesInstanceUIDs."""
    album: str | None = None
    """Another album: all of it."""

    @property
    def empty(self) -> bool:
        """Whether it names nothing."""
        return not (self.names or self.studies or self.series or self.album)

    @property
    def document(self) -> Mapping[str, Any]:
        """The wish as ``POST /api/albums/{slug}/changes`` takes it."""
        what: dict[str, Any] = {
            "names": list(self.names),
            "studies": list(self.studies),
            "series": list(self.series),
        }
        if self.album:
            what["album"] = self.album
        return {self.verb: what}


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A wish, and what would come of it."""

    wish: Wish
    prospect: Prospect


class Contents(Protocol):
    """auth_service, asked about the contents of albums in one person's name."""

    def preview(self, slug: str, wish: Wish, *, language: str) -> Prospect:
        """Say what a change would do."""

    def change(self, slug: str, wish: Wish, *, language: str) -> Change:
        """Begin a change."""

    def changes(self, slug: str, *, limit: int, offset: int) -> ChangeList:
        """List an album's changes, the newest first."""

    def undo(self, change: str, *, language: str) -> Change:
        """Take a change back, or raise `Invalid` with why not, in the language."""

    def stop(self, change: str, *, language: str) -> Change:
        """Stop a change, or raise `Invalid` with why not, in the language."""


def look_up(account: Contents, slug: str, wish: Wish, *, language: str) -> Looked:
    """Say what would come of a wish."""
    return Looked(wish=wish, prospect=account.preview(slug, wish, language=language))


def names(text: str) -> tuple[str, ...]:
    r"""Read a pasted list: the first column of each line, each name once; a heading is a name like others.

    >>> names("1.2.3;first\n\n "ACC 7",second\n1.2.3")
    ('1.2.3', 'ACC 7')
    """
    found = (_FIRST_COLUMN.match(line) for line in text.removeprefix("\ufeff").splitlines())
    columns = ((one[1] or one[2] or "").strip() for one in found if one is not None)
    return tuple(dict.fromkeys(name for name in columns if name))


def under_way(changes: Sequence[Change]) -> bool:
    """Tell whether any of the changes goes on."""
    return any(change.under_way for change in changes)
