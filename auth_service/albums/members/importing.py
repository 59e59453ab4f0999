"""Take members of an album from a table: a line each, all of them or none, with a report line by line.

The table is one that a spreadsheet wrote: its columns in any order, separated by commas, semicolons or tabs;
what `members?format=csv` gives can be edited and given back. Nobody is removed because he is not in it.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from auth_service import spreadsheets
from auth_service.albums.members.changing import Edit, change, keeps_an_owner
from auth_service.albums.members.expiring import remove_expired
from auth_service.albums.members.given import Held, Rights, checked_note, valid
from auth_service.albums.members.giving import (
    Found,
    Named,
    check_open_invitations,
    give,
    look_up,
    record_given,
)
from auth_service.albums.members.limits import Giver, giver_in
from auth_service.albums.rights import check, on_record
from auth_service.audit import members as audit_members
from auth_service.directory import DirectoryPerson
from auth_service.errors import Conflict, Invalid, ServiceError, Unavailable
from auth_service.origin import NOWHERE, Origin
from auth_service.policy.model import Actor, Group
from auth_service.store import invitations as invitations_table
from auth_service.store import members as members_table
from auth_service.store.albums import ACTIONS
from auth_service.vocabulary import Action, AlbumRole, LineOutcome, Preset, SubjectKind
from auth_service.world import World

MOST_LINES = 1000
LARGEST = 1024 * 1024
"""Bytes of a table."""

MOST_UNKNOWN = 50
"""Names that nobody has, in one table: it could be a list of guesses."""

AT_ONCE = 8
"""Names that are looked up at a time."""

SUBJECTS = ("user", "group", "email")
COLUMNS = (*SUBJECTS, "preset", "actions", "until", "note")
PASSED_OVER = ("name", "state", "created", "last_use")
"""Columns that a table of members has besides: they say what is so, and change nothing."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_BETWEEN = re.compile(r"[\s,;+|]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReport:
    """What would be done by a line, or was; what is wrong with it as a gettext id with named places."""

    line: int
    """As a spreadsheet counts: the names of the columns stand in the first."""
    subject: str
    outcome: LineOutcome
    column: str | None = None
    message: str = ""
    places: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of a table."""

    lines: tuple[LineReport, ...]
    done: bool
    """Whether anything was done: not in a dry run, and not where a line is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    number: int
    cells: Mapping[str, str]

    @property
    def subject(self) -> str:
        return next((self.cells[name] for name in SUBJECTS if self.cells.get(name)), "")

    @property
    def names(self) -> list[str]:
        """What is looked up: one name, or nothing where it names none, or several."""
        found = [f"{column}:{self.cells[column].lower()}" for column in SUBJECTS if self.cells.get(column)]
        return found if len(found) == 1 else []


class _Undone(Exception):
    """Ends a transaction without keeping what was done in it."""


Counting = Callable[[Collection[str]], None]
"""Counts names before they are looked up; raises `TooMany` if they are too many."""


def import_members(
    world: World,
    *,
    actor: Actor,
    slug: str,
    text: str,
    dry_run: bool,
    counting: Counting = lambda _names: None,
    origin: Origin = NOWHERE,
) -> ImportReport:
    """Give, and change, rights in an album by a table; say of each line what is new, changed, or wrong.

    A dry run does all of it and keeps nothing, so that it says what would happen and not something like it.
    Whatever keeps nothing is one record, as names were looked up.

    Raises
    ------
    NotFound
        If there is no such album, or none for him.
    Forbidden
        If he is not an owner.
    Invalid
        If the table cannot be read at all, or too many of its names are not known.
    Conflict
        If the album would be left without an owner, or too many of his invitations would be open.
    TooMany
        If ``counting`` says so.
    Unavailable
        If names cannot be looked up.

    """
    with on_record(world, actor=actor, origin=origin):
        with world.store.read() as tx:
            check(tx, world, actor=actor, action=Action.MANAGE, slug=slug)
        lines = read(text)
        counting({name for line in lines for name in line.names})
        reports: list[LineReport] = []
        try:
            _take_all(world, actor, slug, lines, reports, dry_run=dry_run, origin=origin)
        except _Undone:
            reason = "wrong-line" if _any_wrong(reports) else "dry-run"
            _tried(world, actor, slug, lines, reports, reason=reason, origin=origin)
            return ImportReport(lines=tuple(reports), done=False)
        except (Conflict, Invalid) as error:
            _tried(world, actor, slug, lines, reports, reason=error.reason or "", origin=origin)
            raise
    return ImportReport(lines=tuple(reports), done=True)


def _take_all(
    world: World,
    actor: Actor,
    slug: str,
    lines: Sequence[_Line],
    reports: list[LineReport],
    *,
    dry_run: bool,
    origin: Origin,
) -> None:
    """Do what all lines say, and report on each; raises `_Undone` if nothing of it is kept."""
    found = _looked_up(world, lines)
    with world.store.write() as tx:
        giver = giver_in(tx, world, actor=actor, slug=slug, owner=True)
        remove_expired(tx, world, album_id=giver.album.id)
        taking = _Taking(tx, world, giver, origin)
        reports += [taking.line(line, found[line.number]) for line in lines]
        if _any_wrong(reports):
            raise _Undone
        keeps_an_owner(tx, giver.album)
        check_open_invitations(tx, world, actor)
        if dry_run:
            raise _Undone


def _any_wrong(reports: Iterable[LineReport]) -> bool:
    return any(each.outcome is LineOutcome.WRONG for each in reports)


def _tried(
    world: World,
    actor: Actor,
    slug: str,
    lines: Sequence[_Line],
    reports: Iterable[LineReport],
    *,
    reason: str,
    origin: Origin,
) -> None:
    """Put on record that names were looked up and nothing was done."""
    counts = Counter(str(each.outcome) for each in reports)
    with world.store.write() as tx:
        audit_members.members_tried(
            tx,
            at=world.clock(),
            actor=actor,
            slug=slug,
            reason=reason,
            counts={"lines": len(lines)} | counts,
            origin=origin,
        )


def read(text: str) -> list[_Line]:
    """Read a table.

    Raises
    ------
    Invalid
        If it has no columns that are known, or too many lines.

    """
    text = text.removeprefix("\ufeff")
    head = text.split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error:
        raise Invalid("body", "{field} is not a table of comma-separated values.") from None
    names = [name.strip().lower() for name in rows[0]] if rows else []
    unknown = [name for name in names if name not in (*COLUMNS, *PASSED_OVER)]
    if unknown or len(set(names)) < len(names) or not set(names) & set(SUBJECTS):
        raise Invalid(
            "body", "{field}: the first line must name columns of {known}.", known=", ".join(COLUMNS)
        )
    numbered = [(number, row) for number, row in enumerate(rows[1:], start=2) if any(map(str.strip, row))]
    if not 0 < len(numbered) <= MOST_LINES:
        raise Invalid("body", "{field} must have 1 to {most} lines of members.", most=str(MOST_LINES))
    return [_Line(number=number, cells=_cells(names, row)) for number, row in numbered]


def _cells(names: list[str], row: list[str]) -> Mapping[str, str]:
    """Return a line's cells by column; what makes text safe in a spreadsheet is taken away again."""
    cells = {name: spreadsheets.plain(cell).strip() for name, cell in zip(names, row, strict=False)}
    return {name: cells.get(name, "") for name in names} | ({"": "more"} if len(row) > len(names) else {})


def _looked_up(world: World, lines: Sequence[_Line]) -> Mapping[int, Found | Invalid]:
    """Return whom each line means, or what is wrong with its name."""

    def ask(line: _Line) -> tuple[int, Found | Invalid]:
        try:
            return line.number, look_up(world, _named(line))
        except Invalid as error:
            return line.number, error

    with ThreadPoolExecutor(AT_ONCE, "import") as pool:
        found = dict(pool.map(ask, lines))
    unknown = sum(isinstance(each, Invalid) and each.field != "subject" for each in found.values())
    if unknown > MOST_UNKNOWN:
        raise Invalid("body", "{field}: more than {most} names are not known.", most=str(MOST_UNKNOWN))
    return found


def _named(line: _Line) -> Named:
    if "" in line.cells:
        raise Invalid("line", "{field}: there are more cells than columns.")
    return Named(**{name: line.cells.get(name) or None for name in SUBJECTS})


@dataclass(slots=True)
class _Taking:
    """A table being taken, in one transaction."""

    tx: Session
    world: World
    giver: Giver
    origin: Origin
    seen: dict[tuple[str, str], int] = field(default_factory=dict)
    """By which line somebody was named."""

    def line(self, line: _Line, found: Found | Invalid) -> LineReport:
        """Do what a line says; what is wrong with it stops only the line."""
        try:
            if isinstance(found, Invalid):
                raise found
            outcome = self._take(line, found)
        except Unavailable:
            raise
        except ServiceError as error:
            return LineReport(
                line=line.number,
                subject=line.subject,
                outcome=LineOutcome.WRONG,
                column=(error.reason or "").removeprefix("subject."),
                message=error.message,
                places=error.places,
            )
        return LineReport(line=line.number, subject=line.subject, outcome=outcome)

    def _take(self, line: _Line, found: Found) -> LineOutcome:
        kind, subject = key = _key(found)
        if key in self.seen:
            raise Invalid("line", "{field}: line {other} names the same.", other=str(self.seen[key]))
        self.seen[key] = line.number
        held = self._held(kind, subject)
        rights, note = _rights(line), line.cells.get("note")
        if held is None:
            valid(self.world, rights)
            at, said = self.world.clock(), checked_note(note or "")
            new = give(self.tx, self.giver, found, rights=rights, note=said, at=at)
            record_given(self.tx, new, self.giver, at=at, origin=self.origin)
            return LineOutcome.NEW
        # A last day that stands there as it is now is not being given: it may be over.
        keeps = "until" not in line.cells or rights.until == held.until
        edit = Edit(role=rights.role, actions=rights.actions, until=rights.until, keep_until=keeps, note=note)
        changed = change(self.tx, self.world, self.giver, held, edit, origin=self.origin)
        return LineOutcome.CHANGED if changed else LineOutcome.SAME

    def _held(self, kind: str, subject: str) -> Held | None:
        """Return what who is named has already: a member's rights, or an invitation's."""
        if kind == "address":
            return invitations_table.into_album(self.tx, album_id=self.giver.album.id, address=subject)
        return members_table.of_subject(
            self.tx, album_id=self.giver.album.id, kind=SubjectKind(kind), subject=subject
        )


def _key(found: Found) -> tuple[str, str]:
    match found:
        case DirectoryPerson():
            return SubjectKind.PERSON, found.subject_id
        case Group():
            return SubjectKind.GROUP, found.id
        case _:
            return "address", found


def _rights(line: _Line) -> Rights:
    preset, listed, until = (line.cells.get(name, "") for name in ("preset", "actions", "until"))
    day = _day(until)
    if bool(preset) is bool(listed):
        raise Invalid("preset", "Give either a preset or rights, one of the two.")
    if preset:
        if preset.lower() not in tuple(Preset):
            raise Invalid("preset", "There is no preset called {preset}.", preset=preset)
        return Rights.of_preset(Preset(preset.lower()), until=day)
    actions = frozenset(_actions(listed))
    return Rights(role=AlbumRole.MEMBER, actions=actions, until=day)


def _actions(listed: str) -> Iterator[Action]:
    for word in _BETWEEN.split(listed.strip().lower()):
        if word not in ACTIONS:
            raise Invalid("actions", "There is no right called {right}.", right=word)
        yield ACTIONS[word]


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise Invalid("until", "{field} must be a day, written YYYY-MM-DD.") from None
