"""An album of 1 GB that is taken away, against the archive of the same series by Orthanc itself."""

import base64
import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks import images, memory
from benchmarks.table import Line, ratio
from benchmarks.world import World

ROUNDS = 3
TARGET = ">= 0.90"
SLUG = "bench"

_MB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class _Request:
    url: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: str | None = None


def album(world: World) -> list[Line]:
    """Zip of an album, whose list of series fits into no address: the service streams it itself."""
    return _compare(world, "zip", "archive")


def with_dicomdir(world: World) -> list[Line]:
    """Zip of the same with a DICOMDIR, which Orthanc writes at the end."""
    return _compare(world, "dicomdir", "media")


def size(world: World) -> list[Line]:
    """Size of an album, said before: when nothing was measured yet, and when all was."""
    path = f"/api/albums/{SLUG}/size"
    asked = _Request(url=world.info["url"], method="GET", path=path, headers={"Cookie": world.owner.cookie})
    seconds = [_take(asked)[1] for _ in range(5)]
    first, then = seconds[0], sorted(seconds[1:])[2]
    return [
        Line(
            what=f"size of {sum(study.series for study in images.ALL)} series",
            ours=f"{then * 1000:.0f} ms",
            other=f"{first * 1000:.0f} ms",
            outcome=f"{then / first:.2f} x",
            target="",
            note="the other: the first time that this process is asked, 2 s at most",
        )
    ]


def _compare(world: World, form: str, kind: str) -> list[Line]:
    """Take both in turns; the memory is that of the stack's parts while ours is taken."""
    ours, others = _ours(world, form), _orthancs(world, kind)
    ours_taken: list[float] = []
    others_taken: list[float] = []
    # Once unmeasured: Orthanc's cache and the service's buffers are then what they go on to be.
    whole = _take(ours)[0]
    _take(others)
    peaks: list[str] = []
    for _ in range(ROUNDS):
        with memory.sampled(world) as samples:
            ours_taken.append(_rate(ours))
        peaks.append(str(samples))
        others_taken.append(_rate(others))
    return [
        Line(
            what=f"album as {form}, {whole / _MB:.0f} MB",
            ours=f"{sorted(ours_taken)[ROUNDS // 2]:.0f} MB/s",
            other=f"{sorted(others_taken)[ROUNDS // 2]:.0f} MB/s",
            outcome=f"{ratio(ours_taken, others_taken):.3f}",
            target=TARGET,
            note=f"MB before/most/after: {peaks[-1]}",
        )
    ]


def _ours(world: World, form: str) -> _Request:
    return _Request(
        url=world.info["url"],
        method="GET",
        path=f"/api/albums/{SLUG}/archive?format={form}",
        headers={"Cookie": world.owner.cookie},
    )


def _orthancs(world: World, kind: str) -> _Request:
    orthanc = world.info["internal"]["orthanc"]
    pair = base64.b64encode(f"{orthanc['username']}:{orthanc['password']}".encode()).decode()
    series = [one for study in images.ALL for one in study.series_ids]
    return _Request(
        url=orthanc["url"],
        method="POST",
        path=f"/tools/create-{kind}",
        headers={"Authorization": f"Basic {pair}", "Content-Type": "application/json"},
        body=json.dumps({"Resources": series}),
    )


def _rate(asked: _Request) -> float:
    taken, seconds = _take(asked)
    return taken / _MB / seconds


def _take(asked: _Request) -> tuple[int, float]:
    """Download and throw away; return how many bytes came, and in how many seconds."""
    where = urlsplit(asked.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=300)
    began = time.perf_counter()
    try:
        connection.request(asked.method, asked.path, body=asked.body, headers=dict(asked.headers))
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{asked.path[:80]} answered {answer.status}")
        taken = 0
        while part := answer.read(_MB):
            taken += len(part)
    finally:
        connection.close()
    return taken, time.perf_counter() - began
