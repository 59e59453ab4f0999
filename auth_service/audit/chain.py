"""What the digests of the audit's chains are made of: no database, no clock, so that others can check too.

A digest is SHA-256 (FIPS 180-4), in hexadecimal, of canonical JSON in ASCII: keys sorted, no blanks. Moments
are ISO 8601 in UTC with microseconds. ``docs/admins/audit.md`` says the same for those who write a check.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Heads = dict[str, tuple[int, str]]
"""Where chains end: position and digest of each one's last link; position 0 is its opening."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A record's place in a chain, and what was its digest when it was put there."""

    chain: str
    position: int
    record: int
    writer: str
    recorded_at: datetime
    linked_at: datetime
    content: str


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what JSON can hold of a record: moments as text."""
    return {name: instant(value) if isinstance(value, datetime) else value for name, value in values.items()}


def instant(value: datetime) -> str:
    """Write a moment: always with microseconds, always in UTC."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def content_of(record: Mapping[str, Any]) -> str:
    """Return the digest of one record: all its columns, the count of repeats among them."""
    return _digest(plain(record))


def digest_of(previous: str, link: Link) -> str:
    """Return the digest of a link: it covers the link before, and so all that came before."""
    return _digest(
        [
            previous,
            link.chain,
            link.position,
            link.record,
            link.writer,
            instant(link.recorded_at),
            instant(link.linked_at),
            link.content,
        ]
    )


def opening_of(chain: str, begun_at: datetime, heads: Heads) -> str:
    """Return the digest of a chain's opening: it covers where the other chains end."""
    return _digest([chain, instant(begun_at), {name: list(head) for name, head in heads.items()}])


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
