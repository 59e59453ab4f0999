"""A part that hangs opens nothing, people are told in time, and all is well as soon as it goes on."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.outages import HARMLESS, silent
from benchmarks.people import Person, Request, at_work
from deploy.native.stack import Stack
from tests.integration.people import SignedIn
from tests.integration.raw import Answer, send
from tests.integration.truth import Truth
from tests.waiting import eventually

pytestmark = pytest.mark.stack

GONE = 5.0
TOLD_WITHIN = 25.0
"""Seconds: nginx waits 15 for a decision, and this machine may be slow."""


@pytest.fixture
def asked(truth: Truth) -> list[Request]:
    """What is asked for in turns: images, and what everybody who signed in is answered."""
    showcase = truth.manifest["special"]["showcase"]
    series = truth.series[showcase["series"]]
    item = f"/dicom-web/studies/{series.study}/series/{series.uid}"
    return [
        Request(kind="frame", path=f"{item}/instances/{series.instances[0].uid}/frames/1"),
        Request(kind="metadata", path=f"{item}/metadata"),
        Request(kind="archive", path=f"/orthanc/series/{series.id}/archive"),
        Request(kind="search", path="/dicom-web/studies?limit=5", of_everybody=True),
    ]


@pytest.mark.parametrize("part", ["auth_service", "orthanc"])
def test_while_a_part_hangs_nothing_is_open_and_afterwards_everything_works(
    native_stack: Stack, truth: Truth, people: dict[str, SignedIn], asked: list[Request], part: str
) -> None:
    showcase = truth.manifest["special"]["showcase"]

    def person(name: str) -> Person:
        return Person(
            name=name,
            url=people[name].url,
            headers=people[name].headers,
            requests=asked,
            per_second=5,
            hidden=[showcase["study"].encode(), showcase["series"].encode()],
        )

    member, stranger = person("pi-a"), person("stranger")

    async def meanwhile(_: float) -> None:
        with silent(native_stack, part):
            await asyncio.sleep(GONE)

    at_work([member, stranger], meanwhile)

    assert not any(answer.told for answer in stranger.answers)
    for answer in stranger.answers:
        assert answer.status in HARMLESS or (answer.fine and answer.request.of_everybody)
    assert {answer.status for answer in member.answers} <= {200, 429, 503}
    port = int(member.url.rpartition(":")[2])
    for request in asked:
        eventually(_well(port, request.path, people["pi-a"]))


def _well(port: int, path: str, person: SignedIn) -> Callable[[], bool]:
    return lambda: send(port, "GET", path, [("Cookie", person.cookie)]).status == 200


def test_people_are_told_soon_that_nobody_decides(
    native_stack: Stack, people: dict[str, SignedIn], asked: list[Request], port: int
) -> None:
    cookie = [("Cookie", people["pi-a"].cookie)]
    last: dict[str, Answer] = {}

    def told(path: str) -> None:
        def refused() -> bool:
            last[path] = send(port, "GET", path, cookie, timeout=TOLD_WITHIN)
            return last[path].status == 503

        # What nginx still holds of a decision is over after three seconds.
        eventually(refused)

    with silent(native_stack, "auth_service"), ThreadPoolExecutor(2) as both:
        # At once, as each waits until nginx gives up.
        for done in [both.submit(told, path) for path in (asked[0].path, "/portal/albums")]:
            done.result()
    assert last["/portal/albums"].headers["content-type"] == "text/html"
    eventually(_well(port, asked[0].path, people["pi-a"]))
