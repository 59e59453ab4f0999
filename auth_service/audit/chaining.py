"""Put what was recorded into this process's chain, and remove what is older than the site keeps it.

Nobody waits for it: requests add records, this thread links them a moment later. A record whose count may
still rise is linked once its minute is over, so that the digest covers the count. What a killed process left
is linked by another one. Where the chains end is logged now and then: only what is kept elsewhere tells of an
end that was cut off.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self
from uuid import uuid4

from sqlalchemy.orm import Session

from auth_service import audit
from auth_service.audit import system as audit_system
from auth_service.audit.chain import Heads, Link, content_of, digest_of, opening_of
from auth_service.clock import Clock
from auth_service.errors import Unavailable
from auth_service.settings import Settings
from auth_service.store import audit_chain as table
from auth_service.store.database import Store

EVERY = 1.0
"""Seconds between two looks for records that are due."""

SETTLED_AFTER = audit.REPEATS_WITHIN + timedelta(seconds=15)
"""When the count of a record has stopped rising, the clocks of other processes allowed for."""

ORPHANED_AFTER = timedelta(minutes=10)
"""When a record that is in no chain is nobody's, and anybody's to link."""

CHAIN_LASTS = timedelta(days=1)
"""A process begins another chain after this time: its opening covers where all others end."""

HEADS_EVERY = 3600.0
"""Seconds between two lines of the log that say where the chains end."""

REMOVE_EVERY = 3600.0
"""Seconds between two looks for records that are too old."""

AT_ONCE = 500
"""Records that are linked in one transaction: other writers wait for it with SQLite."""

REMOVED_AT_ONCE = 5000
"""Records that are removed in one transaction."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Where a chain ends now."""

    id: str
    begun_at: datetime
    position: int
    digest: str


class Chainer:
    """What links this process's records; use it as a context manager for a thread that does.

    Parameters
    ----------
    settings : Settings
    store : Store
        Its ``writer`` names the process.
    clock : Clock
    every : float
        Seconds between two looks.
    timer : callable
        Seconds of a monotonic clock, for what is done now and then.

    """

    def __init__(
        self,
        *,
        settings: Settings,
        store: Store,
        clock: Clock,
        every: float = EVERY,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._every = every
        self._timer = timer
        self._chain: Chain | None = None
        self._last: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chainer", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop after one more look."""
        self._stop.set()
        self._thread.join()

    def link_due(self) -> int:
        """Link every record that is due, or some where the end is near; return how many those were."""
        linked = 0
        while at_once := self._link_some():
            linked += at_once
            if self._stop.is_set():
                break  # after a long pause there may be many, and the next process finds them
        return linked

    def remove_old(self) -> int:
        """Remove the records that are older than the site keeps them; return how many those were."""
        removed = 0
        if self._settings.audit_keep_days is None:
            return removed
        before = self._clock() - timedelta(days=self._settings.audit_keep_days)
        while not self._stop.is_set():
            with self._store.read() as tx:
                until = table.removable(tx, before=before, most=REMOVED_AT_ONCE)
            if until is None:
                break
            removed += self._remove(until)
        return removed

    def log_heads(self) -> None:
        """Say in the log where all chains end, for ``audit verify --heads``."""
        with self._store.read() as tx:
            ends = table.uncovered_heads(tx)
        log.info("audit heads: %s", json.dumps(ends))

    def _link_some(self) -> int:
        at = self._clock()
        bounds = table.Bounds(
            writer=self._store.writer, settled=at - SETTLED_AFTER, orphaned=at - ORPHANED_AFTER
        )
        with self._store.read() as tx:
            # Most looks find nothing, and then keep no writer waiting.
            if not table.is_due(tx, bounds):
                return 0
        with self._store.write() as tx:
            due = table.due(tx, bounds, most=AT_ONCE)
            if not due:
                return 0
            chain = self._current(tx, at)
            links: list[tuple[Link, str]] = []
            for writer, record in due:
                chain, link = _link(chain, writer, record, at)
                links.append((link, chain.digest))
            table.stamp(tx, links)
        # Only now: what was not kept must not be built on.
        self._chain = chain
        return len(due)

    def _current(self, tx: Session, at: datetime) -> Chain:
        if self._chain is not None and at - self._chain.begun_at < CHAIN_LASTS:
            return self._chain
        heads: Heads = table.uncovered_heads(tx)
        name = uuid4().hex
        digest = opening_of(name, at, heads)
        table.open_chain(tx, chain=name, begun_at=at, heads=heads, digest=digest)
        return Chain(id=name, begun_at=at, position=0, digest=digest)

    def _remove(self, until: datetime) -> int:
        at = self._clock()
        with self._store.write() as tx:
            count = table.announce_removal(tx, until=until, at=at)
            if count == 0:
                return 0
            # Before anything goes: SQLite would give the numbers of the last records again.
            audit_system.records_removed(tx, at=at, until=until, count=count)
            table.remove(tx, until=until)
        log.info("audit: %d records of before %s were removed", count, until.isoformat())
        return count

    def _run(self) -> None:
        last = False
        while not last:
            last = self._stop.is_set()
            self._try(self.link_due)
            if self._is_time("remove", REMOVE_EVERY):
                self._try(self.remove_old)
            if self._is_time("heads", HEADS_EVERY) or last:
                self._try(self.log_heads)
            self._stop.wait(self._every)

    def _is_time(self, what: str, seconds: float) -> bool:
        now = self._timer()
        if what in self._last and now - self._last[what] < seconds:
            return False
        self._last[what] = now
        return True

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Unavailable as error:
            log.warning("%s does not answer: the audit is chained later", error.reason)
        except Exception:
            # Records are written all the same; the next look may do better.
            log.exception("the audit could not be chained")


def _link(chain: Chain, writer: str, record: table.Record, at: datetime) -> tuple[Chain, Link]:
    """Return the chain with one more link, and that link."""
    link = Link(
        chain=chain.id,
        position=chain.position + 1,
        record=record["id"],
        writer=writer,
        recorded_at=record["at"],
        linked_at=at,
        content=content_of(record),
    )
    return replace(chain, position=link.position, digest=digest_of(chain.digest, link)), link
