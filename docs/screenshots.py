"""Make the pictures of the documentation from a running stack: every page, in English and in French.

``make screenshots`` runs it on the demo stack; ``--only album`` makes those whose names begin so.
"""

import argparse
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, Request, StorageState

from deploy.native import samples
from deploy.native.stack import Stack
from tests.browser import chromium, ohif, portal

FOLDER = Path(__file__).parent / "screenshots"
LARGEST = 250_000
"""Bytes of one picture: a reader of the documentation loads several."""

_LOCALES = {"en": "en-CA", "fr": "fr-CA"}
_PATIENCE = 90_000
_HEIGHT, _TALLEST = 800, 1250
_SCALE = 2
"""Pages are drawn larger and made smaller: so letters stand between pixels as they should."""

# All that can be seen is drawn: no script runs, no picture is on its way, no skeleton stands in for a table.
_DRAWN = """() => document.fonts.status === "loaded"
  && !document.querySelector(
    '[data-testid="stStatusWidget"], [data-testid="stSkeleton"], [data-stale="true"]')
  && [...document.images].every(image => image.getBoundingClientRect().top > innerHeight
    || (image.complete && image.naturalWidth > 0))"""

_PAUSE = "() => new Promise(done => setTimeout(() => requestAnimationFrame(done), 400))"

# Streamlit scrolls inside of its page: this is how tall the page would be without.
_NEEDED = """() => { const main = document.querySelector('[data-testid="stMain"]');
  return main ? Math.ceil(main.getBoundingClientRect().top + main.scrollHeight) : 0; }"""

# The middle slice, whichever the viewer begins with.
_MIDDLE = """() => { const { viewport } = window.cornerstone.getEnabledElements()[0];
  return viewport.setImageIdIndex(Math.floor(viewport.getImageIds().length / 2)); }"""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One picture to make.

    Parameters
    ----------
    name : str
        Its file name, without the language.
    path : str
        Path and query of the page.
    seen : str
        Selector of what is on the page once it is there.
    person : str, optional
        Who is signed in.
    arrange : callable, optional
        What is done to the page before it is pictured.
    """

    name: str
    path: str
    seen: str
    person: str | None = "pi-a"
    width: int = 1280
    tallest: int = _TALLEST
    theme: Literal["light", "dark"] = "light"
    languages: tuple[str, ...] = ("en", "fr")
    arrange: Callable[[Page], object] | None = None


def shots(manifest: dict[str, Any]) -> list[Shot]:
    """Return what is pictured; signing out comes last, because it takes the session with it."""
    showcase = manifest["special"]["showcase"]
    study = f"/portal/study?study={showcase['study']}&album=head-ct"
    viewer = ohif.address(showcase["study"])
    card, table = '[class*="st-key-card-"]', '[data-testid="stDataFrame"] canvas'
    notice, head = ".st-key-notice", "h1"
    pages = [
        Shot(name="albums", path="/portal/albums", seen=card),
        Shot(name="album", path="/portal/album?album=head-ct", seen=table),
        Shot(name="study", path=study, seen=f"{card} img"),
        Shot(name="contents", path="/portal/contents?album=head-ct", seen=head),
        Shot(name="members", path="/portal/album_members?album=head-ct", seen=table),
        Shot(name="settings", path="/portal/album_settings?album=head-ct", seen=head),
        Shot(name="held", path="/portal/album_held?album=head-ct", seen=notice),
        Shot(name="people", path="/portal/my_members", seen="table.matrix"),
        Shot(name="upload", path="/upload/?album=head-ct", seen="#drop", arrange=_choose_files),
        Shot(name="list", path="/upload/list.html?album=head-ct", seen="#drop", arrange=_choose_list),
        Shot(name="search", path="/portal/search?Modality=CT", seen=table),
        Shot(name="me", path="/portal/me", seen="table.rights"),
        Shot(name="audit", path="/portal/audit", seen=table, person="admin"),
        Shot(name="sees", path="/portal/sees", seen=head, person="admin", arrange=_ask_what_somebody_sees),
        Shot(name="ownerless", path="/portal/ownerless", seen=notice, person="admin"),
        Shot(name="arrivals", path="/portal/arrivals", seen=notice, person="admin"),
        Shot(name="why", path=_why(manifest), seen="table.steps", person="admin"),
    ]
    return [
        Shot(name="signin", path="/portal/albums", seen=portal.FORM, person=None),
        *pages,
        *(replace(one, name=f"{one.name}-800", width=800, languages=("fr",)) for one in pages),
        *(replace(one, name=f"{one.name}-dark", theme="dark", languages=("en",)) for one in pages),
        Shot(name="empty", path="/portal/albums", seen=notice, person="stranger"),
        Shot(name="missing", path="/portal/album?album=head-ct", seen=notice, person="stranger"),
        Shot(name="ohif", path=viewer, seen="canvas.cornerstone-canvas", arrange=_show_the_middle),
        Shot(name="signedout", path="/portal/albums", seen=card, person="member-b", arrange=_sign_out),
    ]


def _why(manifest: dict[str, Any]) -> str:
    """Return where *Why?* is asked about a series of an album, and a member of another one."""
    showcase = manifest["special"]["showcase"]
    address = f"/dicom-web/studies/{showcase['study']}/series/{showcase['series']}/metadata"
    return f"/portal/why?{urlencode({'resource': address, 'actor': 'member-b'})}"


def _ask_what_somebody_sees(page: Page) -> None:
    page.get_by_role("textbox").first.fill("member-a")
    page.locator('[class*="st-key-sees-"] button').first.click()
    page.locator("dl.figures").wait_for()


def _choose_list(page: Page) -> None:
    """Choose a table of studies; nothing is looked up."""
    rows = "Patient;Sex\r\n" + "".join(f"TEST-HCT-{number:02};F\r\n" for number in range(1, 13))
    chosen: FilePayload = {"name": "patients.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    page.locator("#file").set_input_files([chosen])
    page.locator("#look").wait_for()


def _choose_files(page: Page) -> None:
    """Choose some files; nothing is sent."""
    files: list[FilePayload] = [
        {"name": f"IM{number:04}", "mimeType": "application/dicom", "buffer": bytes(526_000)}
        for number in range(27)
    ]
    page.locator("#files").set_input_files(files)
    page.locator("#start").wait_for()


def _show_the_middle(page: Page) -> None:
    ohif.Viewer(page).settle()
    page.evaluate(_MIDDLE)


def _sign_out(page: Page) -> None:
    page.locator("form.signout button").click()
    page.wait_for_url("**/auth/signedout*")


@dataclass
class Studio:
    """A browser, and the sessions of those who were signed in with it."""

    browser: Browser
    info: dict[str, Any]
    _sessions: dict[str, StorageState] = field(default_factory=dict)

    def take(self, shot: Shot, language: str) -> bytes:
        """Open one page and return it as a PNG."""
        context = self._context(shot, language)
        with self._speaking(context, language) if shot.person else _as_it_is():
            page = context.new_page()
            traffic = _Traffic(page)
            page.goto(self.info["url"] + shot.path)
            page.locator(shot.seen).first.wait_for()
            if shot.arrange:
                shot.arrange(page)
            traffic.settle()
            height = page.evaluate(_NEEDED)
            if height > _HEIGHT:
                page.set_viewport_size({"width": shot.width, "height": min(height, shot.tallest)})
                traffic.settle()
            taken = page.screenshot(animations="disabled", caret="hide")
        if shot.arrange is _sign_out and shot.person:
            del self._sessions[shot.person]
        context.close()
        return taken

    def leave(self) -> None:
        """Sign everybody out: sessions that nobody needs are not left behind."""
        for state in self._sessions.values():
            context = self.browser.new_context(storage_state=state)
            context.request.post(f"{self.info['url']}/auth/signout", headers=self._origin)
            context.close()

    @property
    def _origin(self) -> dict[str, str]:
        return {"Origin": self.info["url"]}

    def _context(self, shot: Shot, language: str) -> BrowserContext:
        context = self.browser.new_context(
            locale=_LOCALES[language],
            timezone_id="America/Toronto",
            viewport={"width": shot.width, "height": _HEIGHT},
            device_scale_factor=_SCALE,
            color_scheme=shot.theme,
            reduced_motion="reduce",
            storage_state=self._session(shot.person) if shot.person else None,
        )
        context.set_default_timeout(_PATIENCE)
        context.add_init_script(ohif.NO_TOUR)
        return context

    def _session(self, person: str) -> StorageState:
        """Return what a browser keeps of somebody who signed in with it."""
        if person not in self._sessions:
            context = self.browser.new_context()
            context.set_default_timeout(_PATIENCE)
            page = context.new_page()
            portal.sign_in(page, self.info["accounts"][person], f"{self.info['url']}/portal/me")
            page.wait_for_url("**/portal/me")
            self._sessions[person] = context.storage_state()
            context.close()
        return self._sessions[person]

    @contextmanager
    def _speaking(self, context: BrowserContext, language: str) -> Iterator[None]:
        """Have somebody read in a language; who chose another one gets it back."""
        me = f"{self.info['url']}/api/me"
        kept = context.request.get(me).json()["language"]
        changed = kept not in (None, language)  # without a choice his browser's language counts
        if changed:
            context.request.patch(me, data={"language": language}, headers=self._origin)
        yield
        if changed:
            context.request.patch(me, data={"language": kept}, headers=self._origin)


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield


class _Traffic:
    """What a page is waiting for: a table's pictures are drawn on a canvas, and are no elements of it."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._open: set[Request] = set()
        page.on("request", self._begin)
        page.on("requestfinished", self._end)
        page.on("requestfailed", self._end)

    def _begin(self, request: Request) -> None:
        self._open.add(request)

    def _end(self, request: Request) -> None:
        self._open.discard(request)

    def settle(self) -> None:
        """Wait until nothing was asked for, looked at twice, and everything is drawn."""
        quiet = [False, False]
        while not all(quiet):
            self._page.evaluate(_PAUSE)
            quiet = [quiet[1], not self._open]
        self._page.wait_for_function(_DRAWN)


def squeezed(png: bytes) -> bytes:
    """Return a picture with as many of 256 colours as let it be small enough."""
    image = Image.open(io.BytesIO(png)).convert("RGB").reduce(_SCALE)
    for colours in (256, 128, 64):
        target = io.BytesIO()
        fewer = image.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        fewer.save(target, "PNG", optimize=True)
        if target.tell() <= LARGEST:
            return target.getvalue()
    raise SystemExit(f"A picture of {target.tell()} bytes is too large for the documentation.")


def make(stack: Stack, only: str) -> None:
    """Make all pictures whose names begin with ``only``."""
    FOLDER.mkdir(exist_ok=True)
    info = stack.info()
    manifest = json.loads((samples.make(stack.cache, print) / "manifest.json").read_text(encoding="utf-8"))
    wanted = [shot for shot in shots(manifest) if shot.name.startswith(only)]
    with (
        tempfile.TemporaryDirectory() as folder,
        chromium.running(stack.cache, Path(folder), scale=_SCALE) as browser,
    ):
        studio = Studio(browser, info)
        for shot in wanted:
            for language in shot.languages:
                png = squeezed(studio.take(shot, language))
                file = FOLDER / f"{shot.name}-{language}.png"
                file.write_bytes(png)
                print(f"{file.name}: {len(png) // 1000} kB", flush=True)
        studio.leave()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", default="demo", help="name of a running stack (demo)")
    parser.add_argument("--only", default="", help="beginning of the names of the pictures wanted (all)")
    arguments = parser.parse_args()
    make(Stack(name=arguments.stack), arguments.only)


if __name__ == "__main__":
    main()
