"""Pages of the portal in Chromium, with much on them and with little."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, WebSocket, expect

from benchmarks.contents import COUNT, crowded
from benchmarks.table import Line, ratio
from benchmarks.world import World
from tests.browser import chromium
from tests.integration.people import SignedIn, sign_in

ROUNDS = 7
ALBUMS = 200

_PATIENCE = 120_000
_READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def large_album(world: World) -> list[Line]:
    """Open an album of ten thousand studies, against one of twelve."""
    with crowded(world), _browser(world) as browser:
        return [
            _compare(
                f"album page, {COUNT} studies",
                (browser, world.owner, "/portal/album?album=crowd"),
                (browser, world.owner, "/portal/album?album=head-ct"),
                "the other: an album of a dozen",
            )
        ]


def many_albums(world: World) -> list[Line]:
    """Open the list of albums of somebody who is in two hundred, against that of somebody who is in one."""
    many, few = sign_in(world.info, "pi-b"), sign_in(world.info, "member-b")
    with many.client() as client:
        slugs = []
        for number in range(ALBUMS):
            made = client.post("/api/albums", json={"title": f"One of many {number}", "description": ""})
            made.raise_for_status()
            slugs.append(made.json()["slug"])
        try:
            with _browser(world) as browser:
                return [
                    _compare(
                        f"list of albums, {ALBUMS}",
                        (browser, many, "/portal/"),
                        (browser, few, "/portal/"),
                        "the other: a list of one",
                    )
                ]
        finally:
            for slug in slugs:
                client.delete(f"/api/albums/{slug}", params={"confirm": slug}).raise_for_status()


_Visit = tuple[Browser, SignedIn, str]


def _compare(what: str, much: _Visit, little: _Visit, note: str) -> Line:
    """Open both in turns; each in a profile of its own, which has the page's scripts from a visit before."""
    with _page(*much[:2]) as large, _page(*little[:2]) as small:
        ours: list[float] = []
        others: list[float] = []
        sizes = (0, 0)
        for number in range(ROUNDS + 1):
            first, of_first = _open(large, much[1].url + much[2])
            second, of_second = _open(small, little[1].url + little[2])
            if number:
                ours.append(first)
                others.append(second)
            sizes = (of_first, of_second)
    return Line(
        what=what,
        ours=f"{median(ours):.2f} s",
        other=f"{median(others):.2f} s",
        outcome=f"{ratio(ours, others):.2f} x",
        note=f"until it can be used; {sizes[0] // 1024} and {sizes[1] // 1024} kB by the websocket; {note}",
    )


def _open(page: Page, address: str) -> tuple[float, int]:
    """Open a page and wait until it can be used; return the seconds, and the bytes by its websocket."""
    received = [0]

    def watch(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: received.append(len(frame)))

    page.on("websocket", watch)
    began = time.monotonic()
    page.goto(address)
    expect(page.locator("h1").first).to_be_visible()
    expect(page.locator(_READY)).to_be_visible()
    took = time.monotonic() - began
    page.remove_listener("websocket", watch)
    return took, sum(received)


@contextmanager
def _page(browser: Browser, person: SignedIn) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(_PATIENCE)
    context.add_cookies([{"name": person.cookie_name, "value": person.cookie_value, "url": person.url}])
    try:
        yield context.new_page()
    finally:
        context.close()


@contextmanager
def _browser(world: World) -> Iterator[Browser]:
    expect.set_options(timeout=_PATIENCE)
    with TemporaryDirectory() as folder, chromium.running(world.stack.cache, Path(folder)) as started:
        yield started
