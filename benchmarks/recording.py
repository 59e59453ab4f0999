"""What the record costs: the same auth service with its audit, and with an audit that writes nothing."""

from collections.abc import Sequence

from benchmarks import images
from benchmarks.load import Load
from benchmarks.service import beside
from benchmarks.table import Line, ratio
from benchmarks.ungated import in_front_of
from benchmarks.world import World

ROUNDS = 5
SECONDS = 3.0


def on_and_off(world: World) -> list[Line]:
    """Frames and whole images, with the audit writing and without."""
    frames = world.many_frames
    (series,) = images.LONG.series_uids
    whole = f"/dicom-web/studies/{images.LONG.uid}/series/{series}/instances"
    with (
        beside(world, silent=False) as recording,
        beside(world, silent=True) as silent,
        in_front_of(world, recording, "nginx-recording") as on,
        in_front_of(world, silent, "nginx-silent") as off,
    ):
        return [
            _compare(world, "frames, warm, audit on and off", frames[:1], on, off),
            _compare(world, "frames, cold, audit on and off", frames, on, off),
            _compare(
                world,
                "whole images, audit on and off",
                [f"{whole}/{series}.{number}" for number in range(1, images.LONG.images + 1)],
                on,
                off,
            ),
        ]


def _compare(world: World, what: str, paths: Sequence[str], on: str, off: str) -> Line:
    load = Load(
        paths=paths,
        headers=[f"Cookie: {world.owner.cookie}"],
        folder=world.stack.data.root,
    )
    with_audit: list[float] = []
    without: list[float] = []
    for _ in range(ROUNDS):
        for url, rates in ((on, with_audit), (off, without)):
            load.warm_up(url)
            rates.append(load.rate(url, connections=4, seconds=SECONDS))
    return Line(
        what=what,
        ours=f"{sorted(with_audit)[ROUNDS // 2]:.0f}/s",
        other=f"{sorted(without)[ROUNDS // 2]:.0f}/s",
        outcome=f"{ratio(with_audit, without):.3f}",
        note="4 connections",
    )
