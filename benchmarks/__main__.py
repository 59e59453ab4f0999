"""Start a stack of the benchmarks' own, measure, print one table, and stop it."""

from pathlib import Path

from benchmarks import frames, questions, revocation, searches
from benchmarks.table import Line, show
from benchmarks.world import World
from deploy.native.paths import REPOSITORY
from deploy.native.stack import Stack


def main() -> int:
    """Run every measurement."""
    data = Path(REPOSITORY, "var", "bench")
    stack = Stack(data, "bench", say=lambda text: print(text, flush=True))
    lines: list[Line] = []
    try:
        world = World.prepare(stack)
        for measure in (
            frames.warm,
            frames.cold,
            searches.studies,
            revocation.given_and_taken,
            revocation.everything_else,
            questions.per_minute,
        ):
            print(f"measuring: {(measure.__doc__ or '').splitlines()[0]}", flush=True)
            lines += measure(world)
    finally:
        stack.down()
    show(lines)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
