"""The rules file in force: looked at about once a second while it is used, taken whole or not at all.

What cannot be understood leaves the rules that are in force, and says why to administrators. Where a file is
configured and none was ever good, nobody is served but who has the realm role ``admin``, to see why.
"""

import hashlib
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy.orm import Session

from auth_service.audit import system as audit_system
from auth_service.clock import Clock
from auth_service.directory import Directory
from auth_service.errors import NoRules
from auth_service.policy import rules as text_of
from auth_service.policy.jsonc import LONGEST, Place
from auth_service.policy.model import Actor, Grant, Subject
from auth_service.policy.rules import Remark, Rule, remark
from auth_service.rules.named import Name, Named, grants_from, names_of, said_of_names, whom
from auth_service.settings import Settings
from auth_service.store.database import Store
from auth_service.vocabulary import RealmRole, RulesState

LOOK_EVERY = 1.0
"""Seconds between two looks at the file. Of the five within which a right is gone, nginx may take three."""

SETTLED = 0.3
"""Seconds for which a file must not have been written to: who writes in place is not done at once."""

ASK_AGAIN = 5.0
"""Seconds after which Keycloak is asked again for names that it could not be asked for."""

MOST_RECORDED = 20
"""Problems of a file that go on record."""

LARGEST = 4 * LONGEST
"""Bytes of a file."""

START = Place(1, 1)

log = logging.getLogger(__name__)

Stamp = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesStatus:
    """How it stands with the rules file."""

    state: RulesState
    file: str = ""
    """Its name, without the folder."""
    since: datetime | None = None
    """Since when the rules in force are in force."""
    rules: int = 0
    problems: tuple[Remark, ...] = ()
    """Why the file as it is now is not in force."""
    warnings: tuple[Remark, ...] = ()
    """What is said of the rules in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _InForce:
    rules: tuple[Rule, ...]
    grants: tuple[Grant, ...]
    since: datetime
    about_text: tuple[Remark, ...]
    about_names: tuple[Remark, ...]
    unasked: bool
    """Whether Keycloak could not be asked for some name."""


class RulesFile:
    """The rules file of the settings, if there is one.

    Parameters
    ----------
    clock : Clock
        Says since when rules are in force.
    timer : callable
        Seconds of a monotonic clock: when to look again.
    wall : callable
        Seconds since 1970, as files are stamped.

    """

    def __init__(
        self,
        *,
        settings: Settings,
        store: Store,
        directory: Directory,
        clock: Clock,
        timer: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._store = store
        self._directory = directory
        self._clock = clock
        self._timer = timer
        self._wall = wall
        self._path = Path(settings.rules_file) if settings.rules_file else None
        self._lock = threading.Lock()
        self._look_at = float("-inf")
        self._ask_at = float("-inf")
        self._seen: tuple[Stamp, float] | None = None
        self._read: Stamp | None = None
        self._subjects: Mapping[Name, Subject] = {}
        self._in_force: _InForce | None = None
        self._problems: tuple[Remark, ...] = ()
        self._unrecorded: deque[Callable[[Session], None]] = deque()

    def of(self, actor: Actor) -> list[Grant]:
        """Return every grant that rules give the actor, ended ones included.

        It is asked within transactions and therefore looks at the file itself only if nobody ever did: who
        asks was admitted before, and that looks.

        Raises
        ------
        NoRules
            If there is a file and it was never good; the realm role ``admin`` has then no rule.

        """
        if self._seen is None:
            self._look_if_due()
        self._check(actor)
        in_force = self._in_force
        if in_force is None:
            return []
        return [grant for grant in in_force.grants if grant.subject.covers(actor)]

    def everybodys(self) -> tuple[Grant, ...]:
        """Return every grant of the rules in force, whoever has it; none where no rule is in force."""
        in_force = self._in_force
        return in_force.grants if in_force is not None else ()

    def admit(self, actor: Actor) -> None:
        """Let nobody in but an administrator in person while there is a file and none was ever good.

        Raises
        ------
        NoRules
            If it is somebody else.

        """
        self._look_if_due()
        self._record()
        self._check(actor)

    def _check(self, actor: Actor) -> None:
        if self._path is None or self._in_force is not None:
            return
        if not actor.in_person or RealmRole.ADMIN not in actor.roles:
            raise NoRules

    def status(self) -> RulesStatus:
        """Say how it stands."""
        self._look_if_due()
        self._record()
        if self._path is None:
            return RulesStatus(state=RulesState.OFF)
        in_force, problems = self._in_force, self._problems
        if in_force is None:
            return RulesStatus(state=RulesState.NONE, file=self._path.name, problems=problems)
        return RulesStatus(
            state=RulesState.KEPT if problems else RulesState.GOOD,
            file=self._path.name,
            since=in_force.since,
            rules=len(in_force.rules),
            problems=problems,
            warnings=in_force.about_text + in_force.about_names,
        )

    def _record(self) -> None:
        """Put on record what came of looking: not where that is done, which may be within a transaction."""
        while self._unrecorded:
            try:
                event = self._unrecorded.popleft()
            except IndexError:  # somebody else was faster
                return
            try:
                with self._store.write() as tx:
                    event(tx)
            except BaseException:
                self._unrecorded.appendleft(event)
                raise

    def _look_if_due(self) -> None:
        if self._path is None or self._timer() < self._look_at:
            return
        # Who comes while somebody looks goes on with what is in force, unless there is nothing yet.
        if not self._lock.acquire(blocking=self._in_force is None):
            return
        try:
            now = self._timer()
            if now >= self._look_at:
                self._look_at = now + LOOK_EVERY
                self._look(self._path, now)
        except Exception:
            log.exception("the rules file could not be taken; what was in force stays")
            self._read = None
            self._refuse((remark("This cannot be taken; the log of the auth service says why.", START),))
        finally:
            self._lock.release()

    def _look(self, path: Path, now: float) -> None:
        try:
            stamp = _stamp(path)
            if stamp == self._read:
                self._ask_for_names(path, now)
                return
            if not self._is_settled(stamp, now):
                self._look_at = now + SETTLED
                return
            data = path.read_bytes() if stamp[1] <= LARGEST else None
            if _stamp(path) != stamp:
                self._look_at = now + SETTLED
                return
        except OSError as error:
            self._read = None
            why = os.strerror(error.errno) if error.errno else type(error).__name__
            self._refuse((remark("The file cannot be read: {why}.", START, why=why),))
            return
        self._read = stamp
        self._take(path, data, now)

    def _is_settled(self, stamp: Stamp, now: float) -> bool:
        """Tell whether nobody has written for a moment, by the file's own time or by two looks."""
        if self._seen is None or self._seen[0] != stamp:
            self._seen = (stamp, now)
        return now - self._seen[1] >= SETTLED or self._wall() - stamp[0] / 1e9 >= SETTLED

    def _take(self, path: Path, data: bytes | None, now: float) -> None:
        if data is None:
            self._refuse((remark("The file is too large.", START),))
            return
        try:
            found = text_of.read(data.decode())
        except UnicodeDecodeError:
            self._refuse((remark("The file is not written in UTF-8.", START),))
            return
        if found.problems:
            self._refuse(found.problems)
            return
        self._put_in_force(path, found.rules, found.warnings, now, since=self._clock())
        self._problems = ()
        self._unrecorded.append(
            partial(
                audit_system.rules_taken,
                at=self._clock(),
                file=path.name,
                digest=hashlib.sha256(data).hexdigest(),
                rules=len(found.rules),
            )
        )
        log.info("the rules of %s are in force: %s", path.name, len(found.rules))

    def _put_in_force(
        self,
        path: Path,
        rules: tuple[Rule, ...],
        about_text: tuple[Remark, ...],
        now: float,
        *,
        since: datetime,
    ) -> None:
        named = whom(self._directory, names_of(rules))
        # Where Keycloak is silent, a name goes on meaning whom it meant.
        kept = {name: self._subjects[name] for name in named.unasked if name in self._subjects}
        unasked = frozenset(named.unasked) - kept.keys()
        self._subjects = {**named.subjects, **kept}
        self._ask_at = now + ASK_AGAIN
        about_names = said_of_names(
            rules, Named(subjects=named.subjects, unknown=named.unknown, unasked=unasked)
        )
        self._in_force = _InForce(
            rules=rules,
            grants=grants_from(rules, self._subjects, settings=self._settings, source=path.name),
            since=since,
            about_text=about_text,
            about_names=about_names,
            unasked=bool(unasked),
        )

    def _ask_for_names(self, path: Path, now: float) -> None:
        in_force = self._in_force
        if in_force is None or not in_force.unasked or now < self._ask_at:
            return
        # The names of the rules in force: that says nothing of a newer text that was refused.
        self._put_in_force(path, in_force.rules, in_force.about_text, now, since=in_force.since)

    def _refuse(self, problems: tuple[Remark, ...]) -> None:
        if problems == self._problems:
            return
        self._problems = problems
        name = self._path.name if self._path else ""
        log.error("the rules of %s are not taken: %s problem(s)", name, len(problems))
        said = [f"{one.place.line}:{one.place.column} {one.message.format(**one.places)}" for one in problems]
        self._unrecorded.append(
            partial(audit_system.rules_refused, at=self._clock(), file=name, problems=said[:MOST_RECORDED])
        )


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns
