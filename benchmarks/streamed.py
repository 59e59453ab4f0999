"""What nginx streams after a decision, against the same nginx and Orthanc without the gate."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks import images
from benchmarks.load import Load
from benchmarks.table import Line, ratio
from benchmarks.ungated import ungated
from benchmarks.world import World

SECONDS = 4.0
CONNECTIONS = (1, 8)


def warm(world: World) -> list[Line]:
    """Frames of one series, as a viewer loads them."""
    showcase = world.truth.manifest["special"]["showcase"]
    series = world.truth.series[showcase["series"]]
    path = f"/dicom-web/studies/{series.study}/series/{series.uid}/instances"
    return _compare(
        world,
        "frames, warm",
        [f"{path}/{one.uid}/frames/1" for one in series.instances],
        rounds=13,
        target=">= 0.95",
    )


def cold(world: World) -> list[Line]:
    """Frames of another series at every request, so that each needs a decision."""
    return _compare(world, "frames, cold", world.many_frames, rounds=5, target="")


def metadata(world: World) -> list[Line]:
    """Metadata of a series of 300 images, as a viewer asks for it first."""
    (series,) = images.LONG.series_uids
    path = f"/dicom-web/studies/{images.LONG.uid}/series/{series}/metadata"
    return _compare(world, f"metadata of {images.LONG.images} images", [path], rounds=9, target=">= 0.95")


def _compare(world: World, what: str, paths: Sequence[str], *, rounds: int, target: str) -> list[Line]:
    load = Load(paths=paths, headers=[f"Cookie: {world.owner.cookie}"], folder=world.stack.data.root)
    lines = []
    with ungated(world) as plain:
        for connections in CONNECTIONS:
            gated_rates: list[float] = []
            plain_rates: list[float] = []
            asked_before = decisions(world)
            for _ in range(rounds):
                for url, rates in ((world.info["url"], gated_rates), (plain, plain_rates)):
                    # While one side was measured, the other's decision and session ran out: a viewer that is
                    # loading frames has both.
                    load.warm_up(url)
                    rates.append(load.rate(url, connections=connections, seconds=SECONDS))
            asked = decisions(world) - asked_before
            served = sum(gated_rates) * SECONDS
            lines.append(
                Line(
                    what=f"{what}, {connections} connection{'s' if connections > 1 else ''}",
                    ours=f"{sorted(gated_rates)[rounds // 2]:.0f}/s",
                    other=f"{sorted(plain_rates)[rounds // 2]:.0f}/s",
                    outcome=f"{ratio(gated_rates, plain_rates):.3f}",
                    target=target,
                    note=f"{asked} decisions for {served:.0f} requests",
                )
            )
    return lines


def decisions(world: World) -> int:
    """Count the decisions that nginx had to ask for, from its log."""
    log = Path(world.stack.data.logs, "nginx-access.log").read_text(encoding="utf-8")
    return sum(log.count(f"/{state}\n") for state in ("MISS", "EXPIRED", "STALE", "BYPASS"))
