"""Five thousand files into an album, as the page sends them, against plain ``POST /instances``."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import local

import httpx

from benchmarks.images import Study
from benchmarks.table import Line
from benchmarks.world import World
from tests.integration.truth import archive_of

STUDY = Study(number=2_000_000, series=20, images=250, side=128)
CONNECTIONS = 4


def five_thousand(world: World) -> list[Line]:
    """Send five thousand small files into an album, and as many to Orthanc itself."""
    mine, plain = STUDY, replace(STUDY, number=STUDY.number + 1)
    with world.owner.client() as owner:
        made = owner.post("/api/albums", json={"title": f"Upload {time.time_ns()}", "description": ""})
        made.raise_for_status()
        slug = made.json()["slug"]
        upload = owner.post(f"/api/albums/{slug}/uploads").json()["id"]

        def send(client: httpx.Client, number: int, name: str, content: bytes) -> None:
            where = f"/api/uploads/{upload}/files/{number}"
            answer = client.put(where, params={"name": name, "size": len(content)}, content=content)
            if answer.json().get("stored") != 1:
                raise RuntimeError(answer.text)

        ours = _sent(mine, world.owner.client, send)
        began = time.monotonic()
        ended = owner.post(f"/api/uploads/{upload}/end", timeout=60).json()
        end = time.monotonic() - began
        if ended["change"]["done"] != STUDY.series:
            raise RuntimeError(f"not all is in the album: {ended}")
        owner.delete(f"/api/albums/{slug}", params={"confirm": slug}).raise_for_status()

    def post(client: httpx.Client, _number: int, _name: str, content: bytes) -> None:
        client.post("/instances", content=content).raise_for_status()

    other = _sent(plain, lambda: archive_of(world.info), post)
    with archive_of(world.info) as archive:
        for study in (mine, plain):
            archive.delete(f"/studies/{study.orthanc_id}").raise_for_status()
    count = STUDY.series * STUDY.images
    return [
        Line(
            what=f"upload of {count} files, {CONNECTIONS} connections",
            ours=f"{count / ours:.0f}/s",
            other=f"{count / other:.0f}/s",
            outcome=f"{other / ours:.3f}",
            note=f"ended {end:.1f} s later; against POST /instances over as many connections",
        )
    ]


def _sent(
    study: Study,
    client: Callable[[], httpx.Client],
    send: Callable[[httpx.Client, int, str, bytes], None],
) -> float:
    """Send every image of a study, and return how long it took; the files are made before."""
    files = [(f"{series}/{number}.dcm", study.file(series, number)) for series, number in study.instances()]
    own = local()
    clients: list[httpx.Client] = []

    def one(numbered: tuple[int, tuple[str, bytes]]) -> None:
        if not hasattr(own, "client"):
            own.client = client()
            clients.append(own.client)
        number, (name, content) = numbered
        send(own.client, number, name, content)

    began = time.monotonic()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(one, enumerate(files, 1)))
    took = time.monotonic() - began
    for each in clients:
        each.close()
    return took
