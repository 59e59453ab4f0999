"""Who sends bad credentials, how often, and how many of them wait for their answers.

Credentials of ours cannot be guessed (256 random bits, signatures), but trying costs the one who answers.
After some bad ones within a minute the answers to further *bad* ones come late, a few at a time. A hospital
has one address: nothing here ever holds up a good credential.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network

from auth_service.clock import Clock

DELAY = 2.0
"""Seconds by which the answer to a bad credential comes late."""

WAITING_OF_ONE = 10
WAITING_OF_ALL = 200
"""Answers that are held back at one moment, for one address and for all: what more there is, is sent away."""

ADDRESSES = 10_000
"""Addresses that are remembered, those of the last bad credentials."""


@dataclass(slots=True, kw_only=True)
class _Level:
    """How full one address's measure is, and when that was; it runs out by itself."""

    bad: float
    at: datetime


class Guesses:
    """Bad credentials by the address that they came from.

    Parameters
    ----------
    per_minute : int
        How many of one address are answered at once; at least two.

    """

    def __init__(self, *, per_minute: int, clock: Clock) -> None:
        self._allowed = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._levels: OrderedDict[str, _Level] = OrderedDict()
        self._waiting: dict[str, int] = {}

    def are_too_many(self, address: str) -> bool:
        """Count a bad credential; tell whether there were too many of them from there."""
        with self._lock:
            level = self._level(address)
            # Not without bound: a minute after the last one of a flood it is over.
            level.bad = min(level.bad + 1, 2 * self._allowed - 1)
            return level.bad > self._allowed

    def takes(self, who: str, times: int) -> bool:
        """Count several at once, unless there were too many before; tell whether they are taken.

        They are taken whole, and run out at the same pace: on the average no more are taken than one by one.
        """
        with self._lock:
            level = self._level(who)
            taken = level.bad < self._allowed
            level.bad += times if taken else 0
            return taken

    def _level(self, address: str) -> _Level:
        """Return how full a measure is now; the caller holds the lock."""
        who, now = source(address), self._clock()
        level = self._levels.pop(who, None) or _Level(bad=0.0, at=now)
        run_out = max(0.0, (now - level.at).total_seconds()) * self._allowed / 60
        level.bad = max(0.0, level.bad - run_out)
        level.at = now
        self._levels[who] = level
        if len(self._levels) > ADDRESSES:
            self._levels.popitem(last=False)
        return level

    @contextmanager
    def waiting(self, address: str) -> Iterator[bool]:
        """Take a place among those who wait, and tell whether there was one."""
        who = source(address)
        with self._lock:
            of_one, of_all = self._waiting.get(who, 0), sum(self._waiting.values())
            has_place = of_one < WAITING_OF_ONE and of_all < WAITING_OF_ALL
            if has_place:
                self._waiting[who] = of_one + 1
        try:
            yield has_place
        finally:
            if has_place:
                self._leave(who)

    def _leave(self, who: str) -> None:
        with self._lock:
            self._waiting[who] -= 1
            if not self._waiting[who]:
                del self._waiting[who]


def source(address: str) -> str:
    """Return what counts as one address: of IPv6 the network of 64 bits that one machine may be given."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, 64), strict=False))
