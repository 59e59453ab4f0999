"""Start a stack of the benchmarks' own, measure, print one table, and stop it.

``python -m benchmarks [NAME ...]``: without names everything, else only the measurements so named.
``python -m benchmarks outages`` stops the parts one after the other, and takes longer than all the rest.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import (
    archives,
    contents,
    downloads,
    generated,
    outages,
    pages,
    questions,
    recording,
    revocation,
    searches,
    streamed,
    uploads,
)
from benchmarks.table import Line, show
from benchmarks.world import World
from deploy.native.paths import REPOSITORY
from deploy.native.stack import Stack

Measurement = Callable[[World], list[Line]]

MEASUREMENTS: dict[str, Sequence[Measurement]] = {
    "streamed": (streamed.warm, streamed.cold, streamed.metadata),
    "searches": (searches.studies, searches.qido),
    "archives": (archives.handed_over, archives.through_the_service, archives.by_dicomweb),
    "download": (downloads.size, downloads.album, downloads.with_dicomdir),
    "recording": (recording.on_and_off,),
    "revocation": (revocation.given_and_taken, revocation.everything_else),
    "questions": (questions.per_minute,),
    "generated": (generated.by_a_stranger,),
    "contents": (contents.ten_thousand,),
    "uploads": (uploads.five_thousand,),
    "pages": (pages.many_albums, pages.large_album),
}


def main(names: Sequence[str]) -> int:
    """Run the measurements of these names, or all."""
    unknown = sorted(set(names) - MEASUREMENTS.keys())
    if unknown:
        print(f"There is no {', '.join(unknown)}; there are: {', '.join(MEASUREMENTS)}.", file=sys.stderr)
        return 2
    stack = Stack(Path(REPOSITORY, "var", "bench"), "bench", say=lambda text: print(text, flush=True))
    lines: list[Line] = []
    try:
        world = World.prepare(stack)
        for measure in (one for name in names or MEASUREMENTS for one in MEASUREMENTS[name]):
            print(f"measuring: {(measure.__doc__ or '').splitlines()[0]}", flush=True)
            measured = measure(world)
            show(measured)
            lines += measured
    finally:
        stack.down()
    show(lines)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["outages"]:
        raise SystemExit(outages.main(sys.argv[2:]))
    raise SystemExit(main(sys.argv[1:]))
