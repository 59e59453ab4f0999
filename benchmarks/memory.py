"""How much memory the parts of a stack hold, sampled while something is measured."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from benchmarks.world import World

PARTS = ("auth_service", "nginx", "orthanc")
EVERY = 0.1
"""Seconds between two samples."""

_MB = 1024 * 1024


@dataclass(kw_only=True)
class Samples:
    """Megabytes of each part, one number a sample."""

    of: dict[str, list[float]] = field(default_factory=lambda: {part: [] for part in PARTS})

    def take(self, world: World) -> None:
        """Take one sample of every part, with its children."""
        for part in PARTS:
            parent = psutil.Process(world.stack.pid(part))
            family = [parent, *parent.children(recursive=True)]
            self.of[part].append(sum(one.memory_info().rss for one in family) / _MB)

    def __str__(self) -> str:
        """Write first, most and last of each part."""
        return ", ".join(
            f"{part} {taken[0]:.0f}/{max(taken):.0f}/{taken[-1]:.0f}" for part, taken in self.of.items()
        )


@contextmanager
def sampled(world: World) -> Iterator[Samples]:
    """Sample before, during and after the block."""
    samples, over = Samples(), threading.Event()
    samples.take(world)

    def sample() -> None:
        while not over.wait(EVERY):
            samples.take(world)

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        over.set()
        thread.join()
        samples.take(world)
