"""Ten thousand studies into an album and out, against the rate at which Orthanc itself takes labels."""

import json
import os
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmarks.images import Study
from benchmarks.table import Line
from benchmarks.world import World
from tests.integration.truth import archive_of

COUNT = 10_000
CROWD = [Study(number=1_000_000 + number, series=1, images=1, side=8) for number in range(COUNT)]
TARGET = ">= 0.80"

_CONNECTIONS = 4
"""Of the plain client: with more it goes no faster."""
_PATIENCE = 600.0
_RESTLESS = 3600.0
"""Seconds within which Orthanc has done what it does by itself with ten thousand new series."""
_IDLE = 0.25
"""Seconds of its processor in five, below which Orthanc is at rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Took:
    """Seconds that a change took."""

    asking: float
    """Until it was written down: what was named is found, and the rights on it are looked at."""
    doing: float
    """From then on, until it was over."""


def ten_thousand(world: World) -> list[Line]:
    """Put ten thousand studies into an album by one request, and take them out, as their owner."""
    with crowded(world):
        return _measure(world)


@contextmanager
def crowded(world: World) -> Iterator[None]:
    """Have ten thousand studies in an album; the other measurements are made on an archive without them."""
    with archive_of(world.info) as archive:
        _load(world, archive)
        _wait_until_idle(world)
        try:
            yield
        finally:
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda one: archive.delete(f"/studies/{one.orthanc_id}"), CROWD))


def _measure(world: World) -> list[Line]:
    plain = {verb: _plainly(world, verb) for verb in ("PUT", "DELETE")}
    with world.owner.client() as owner:
        made = owner.post("/api/albums", json={"title": f"Copy {time.time_ns()}", "description": ""})
        made.raise_for_status()
        slug = made.json()["slug"]
        added = _change(owner, slug, {"add": {"album": "crowd"}})
        seen = _seen(owner, slug)
        # What the service counts by itself after a change is none of the next one's.
        _wait_until_idle(world)
        removed = _change(owner, slug, {"remove": {"studies": [study.uid for study in CROWD]}})
        owner.delete(f"/api/albums/{slug}", params={"confirm": slug}).raise_for_status()
    return [
        *_lines("put in", added, plain["PUT"], f"{seen:.1f} s later all are found by a search"),
        *_lines("taken out", removed, plain["DELETE"], "named one by one"),
    ]


def _lines(what: str, took: _Took, other: float, note: str) -> Iterator[Line]:
    both = {"": took.doing, ", with finding them": took.asking + took.doing}
    for part, ours in both.items():
        yield Line(
            what=f"{COUNT} studies {what}{part}",
            ours=f"{COUNT / ours:.0f}/s",
            other=f"{COUNT / other:.0f}/s",
            outcome=f"{other / ours:.3f}",
            target=TARGET,
            note=f"{note}; against a label on each study and series, over {_CONNECTIONS} connections",
        )


def _change(owner: httpx.Client, slug: str, wanted: dict[str, Any]) -> _Took:
    """Ask for a change, wait until it is done, and return how long it took."""
    began = time.monotonic()
    answer = owner.post(f"/api/albums/{slug}/changes", json=wanted, timeout=_PATIENCE)
    answer.raise_for_status()
    accepted = time.monotonic()
    while time.monotonic() - began < _PATIENCE:
        change = owner.get(f"/api/changes/{answer.json()['id']}").json()
        if change["finished"] is not None:
            if (change["state"], change["done"]) != ("done", COUNT):
                raise RuntimeError(f"not all was done: {change['state']}, {change['done']}")
            return _Took(asking=accepted - began, doing=time.monotonic() - accepted)
        # Each answer counts ten thousand lines: a page asks less often.
        time.sleep(0.25)
    raise RuntimeError("the change did not end")


def _seen(owner: httpx.Client, slug: str) -> float:
    """Return how long it takes until a search finds them all."""
    began = time.monotonic()
    question = {"Level": "Study", "Query": {}, "Labels": [f"album-{slug}"]}
    while time.monotonic() - began < _PATIENCE:
        counted = owner.post("/orthanc/tools/count-resources", json=question)
        if counted.json()["Count"] == COUNT:
            return time.monotonic() - began
        time.sleep(0.1)
    raise RuntimeError("they were not found")


def _plainly(world: World, verb: str) -> float:
    """Write, or take off, a label on each of them, as a plain client does; return how long it took."""
    places = list(_places())
    shares = [places[start::_CONNECTIONS] for start in range(_CONNECTIONS)]
    began = time.monotonic()
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        list(pool.map(lambda share: _one_after_the_other(world, verb, share), shares))
    return time.monotonic() - began


def _one_after_the_other(world: World, verb: str, places: Iterable[str]) -> None:
    orthanc = world.info["internal"]["orthanc"]
    place = urlsplit(orthanc["url"])
    account = f"{orthanc['username']}:{orthanc['password']}".encode()
    headers = {"Authorization": f"Basic {b64encode(account).decode()}"}
    connection = HTTPConnection(place.hostname or "", place.port, timeout=60)
    for path in places:
        connection.request(verb, f"{path}/labels/bench-plain", headers=headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != httpx.codes.OK:
            raise RuntimeError(f"Orthanc answered {answer.status}")
    connection.close()


def _wait_until_idle(world: World) -> None:
    """Wait until Orthanc has done what it does with new studies by itself."""
    clock = os.sysconf("SC_CLK_TCK")
    stat = Path("/proc", str(world.info["processes"]["orthanc"]["pid"]), "stat")
    used = -1.0
    until = time.monotonic() + _RESTLESS
    while time.monotonic() < until:
        fields = stat.read_text().rpartition(")")[2].split()
        now = (int(fields[11]) + int(fields[12])) / clock
        if 0 <= now - used < _IDLE:
            return
        used = now
        time.sleep(5)
    raise RuntimeError("Orthanc never came to rest")


def _places() -> Iterable[str]:
    for study in CROWD:
        yield f"/series/{study.series_ids[0]}"
        yield f"/studies/{study.orthanc_id}"


def _load(world: World, archive: httpx.Client) -> None:
    """Send them, and put them into an album of the owner's."""
    print(f"loading {COUNT} small studies", flush=True)
    with ThreadPoolExecutor(4) as pool:
        for answer in pool.map(
            lambda one: archive.post("/instances", content=one.file(one.series_uids[0], 1)), CROWD
        ):
            answer.raise_for_status()
    file = Path(world.stack.data.root, "bench-crowd.json")
    album = {
        "slug": "crowd",
        "title": "Crowd",
        "description": "Ten thousand small studies",
        "owner": "pi-a",
        "members": [],
        "series": [study.series_uids[0] for study in CROWD],
    }
    file.write_text(json.dumps({"version": 1, "albums": [album]}), encoding="utf-8")
    world.stack.load_albums(file)
