"""Large things that are taken away, against Orthanc's own streamed by an nginx without the gate."""

import http.client
import time
from urllib.parse import urlsplit

from benchmarks import images, memory
from benchmarks.table import Line, ratio
from benchmarks.ungated import PLAIN, ungated
from benchmarks.world import World

ROUNDS = 3
TARGET = ">= 0.90"

_MB = 1024 * 1024


def handed_over(world: World) -> list[Line]:
    """Archive of a study of 200 MB, which nginx streams from Orthanc after the decision."""
    study = images.LARGE
    return _compare(
        world,
        "archive, 4 series of 100",
        f"/orthanc/studies/{study.orthanc_id}/archive",
        f"/tools/create-archive?resources={','.join(study.series_ids)}",
    )


def through_the_service(world: World) -> list[Line]:
    """Archive of so many series that the list fits into no address: the service streams it itself."""
    study = images.SCATTERED
    return _compare(
        world,
        "archive, 140 series of 3",
        f"/orthanc/studies/{study.orthanc_id}/archive",
        f"/tools/create-archive?resources={','.join(study.series_ids)}",
    )


def by_dicomweb(world: World) -> list[Line]:
    """Whole study by DICOMweb, which the service joins of its series."""
    path = f"/dicom-web/studies/{images.LARGE.uid}"
    return _compare(world, "whole study, DICOMweb", path, path)


def _compare(world: World, what: str, ours: str, others: str) -> list[Line]:
    """Take both in turns; the memory is that of the stack's parts while ours is taken."""
    ours_taken: list[float] = []
    others_taken: list[float] = []
    with ungated(world) as plain:
        # Once unmeasured: Orthanc's cache and the service's buffers are then what they go on to be.
        size = _take(world.info["url"], ours, world.owner.cookie)[0]
        _take(plain, PLAIN + others, "")
        with memory.sampled(world) as samples:
            for _ in range(ROUNDS):
                ours_taken.append(_rate(world.info["url"], ours, world.owner.cookie))
                others_taken.append(_rate(plain, PLAIN + others, ""))
    return [
        Line(
            what=f"{what}, {size / _MB:.0f} MB",
            ours=f"{sorted(ours_taken)[ROUNDS // 2]:.0f} MB/s",
            other=f"{sorted(others_taken)[ROUNDS // 2]:.0f} MB/s",
            outcome=f"{ratio(ours_taken, others_taken):.3f}",
            target=TARGET,
            note=f"MB before/most/after: {samples}",
        )
    ]


def _rate(url: str, path: str, cookie: str) -> float:
    size, seconds = _take(url, path, cookie)
    return size / _MB / seconds


def _take(url: str, path: str, cookie: str) -> tuple[int, float]:
    """Download and throw away; return how many bytes came, and in how many seconds."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=120)
    began = time.perf_counter()
    try:
        connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path[:80]} answered {answer.status}")
        size = 0
        while part := answer.read(_MB):
            size += len(part)
    finally:
        connection.close()
    return size, time.perf_counter() - began
