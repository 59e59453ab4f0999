"""The table that is printed at the end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Line:
    """One measurement: both figures, what became of them, and the target if there is one."""

    what: str
    ours: str
    other: str
    outcome: str
    target: str = ""
    note: str = ""


def ratio(ours: Sequence[float], other: Sequence[float]) -> float:
    """Return the median of the ratios, pair by pair: the machine's speed drifts, a pair's does not."""
    return median(one / two for one, two in zip(ours, other, strict=True))


def show(lines: Iterable[Line]) -> None:
    """Print the table."""
    rows = [("what", "ours", "the other", "outcome", "target", "note")]
    rows += [(one.what, one.ours, one.other, one.outcome, one.target, one.note) for one in lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
