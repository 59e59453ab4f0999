"""What is uploaded in tests: real images of the samples, as examinations that nobody has seen before."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pydicom
from playwright.sync_api import Page, Request, Response, Route, expect
from pydicom.uid import generate_uid

from tests.browser.visitors import Visitors
from tests.integration.people import SignedIn
from tests.integration.truth import Truth
from tests.waiting import eventually

PATIENTS = f"TEST-UPLOAD-{secrets.token_hex(4)}-"
"""How the patients of what this run uploads begin: by that it is found again, and removed."""

IMAGES = 24
"""Slices of the examination that most tests upload."""

PIECES = "**/api/uploads/*/files/*"


@dataclass(frozen=True, kw_only=True)
class Target:
    """An album of its own for one test."""

    slug: str
    title: str
    owner: SignedIn

    def series(self) -> set[str]:
        """Return the series that are in it."""
        with self.owner.client() as client:
            found = client.get(f"/api/albums/{self.slug}/series").raise_for_status().json()
        return {one["series"] for one in found["items"]}

    def changes(self) -> list[dict[str, Any]]:
        """Return its changes, the newest first."""
        with self.owner.client() as client:
            found: list[dict[str, Any]] = client.get(f"/api/albums/{self.slug}/changes").json()["items"]
        return found

    def give(self, user: str, *actions: str) -> str:
        """Make somebody a member; returns where he is removed again."""
        with self.owner.client() as client:
            body = {"subject": {"user": user}, "role": "member", "actions": actions, "until": None}
            made = client.post(f"/api/albums/{self.slug}/members", json=body).raise_for_status().json()
        return f"/api/albums/{self.slug}/members/{made['id']}"


@contextmanager
def target_of(owner: SignedIn, truth: Truth) -> Iterator[Target]:
    """Make an album, and leave no trace of it and of what came into it in what others look at."""
    title = f"Uploads {secrets.token_hex(4)}"
    with owner.client() as client:
        made = client.post("/api/albums", json={"title": title}).raise_for_status().json()
    target = Target(slug=made["slug"], title=title, owner=owner)
    try:
        yield target
    finally:
        with owner.client() as client:
            path = f"/api/albums/{target.slug}"
            change = client.delete(path, params={"confirm": target.slug}).raise_for_status().json()["change"]
            if change:
                eventually(lambda: _is_over(client, change), within=60)
        found = truth.orthanc.post(
            "/tools/find", json={"Level": "Study", "Query": {"PatientID": f"{PATIENTS}*"}}
        )
        for study in found.raise_for_status().json():
            truth.orthanc.delete(f"/studies/{study}").raise_for_status()


def _is_over(client: httpx.Client, change: str) -> bool:
    answer = client.get(f"/api/changes/{change}")
    return answer.status_code == httpx.codes.NOT_FOUND or answer.json()["finished"] is not None


def scan(folder: Path, images: Sequence[Path], *, padding: int = 0) -> str:
    """Write real images as a new series of a new patient into a folder; returns the SeriesInstanceUID.

    Parameters
    ----------
    folder : Path
        Is made.
    images : Sequence of Path
        Files of the samples.
    padding : int
        Bytes that nobody reads, put into each, to make it large.

    """
    folder.mkdir(parents=True)
    study, series, patient = generate_uid(), generate_uid(), PATIENTS + secrets.token_hex(4)
    for number, file in enumerate(images):
        image = pydicom.dcmread(file)
        image.StudyInstanceUID, image.SeriesInstanceUID, image.PatientID = study, series, patient
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        if padding:
            image.DataSetTrailingPadding = bytes(padding)
        image.save_as(folder / f"IM{number:04}")
    return str(series)


@dataclass
class Pieces:
    """The pieces that a page sends: which came through, and a door before them that can be closed."""

    page: Page
    let_through: int | None = None
    """How many more come through; None: all."""
    status: int | None = None
    """What the others get; None: their connection breaks."""
    sent: list[str] = field(default_factory=list)
    """Those that were answered: one that leaves a page which is offline does not come through."""
    _let: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Stand between."""
        self.page.route(PIECES, self._decide)
        self.page.on("response", self._note)

    def open_and_try_now(self) -> None:
        """Let all through and press the button: by then the page may go on by itself, without a button."""
        expect(self.page.get_by_role("button", name="Try now")).to_be_visible()
        self.let_through = None
        self.page.locator("#again").dispatch_event("click")

    def _note(self, response: Response) -> None:
        if response.request in self._let:
            self.sent.append(response.url)

    def _decide(self, route: Route) -> None:
        if self.let_through is None or self.let_through > 0:
            if self.let_through is not None:
                self.let_through -= 1
            self._let.append(route.request)
            route.continue_()
        elif self.status is not None:
            route.fulfill(status=self.status, json={"error": "x", "message": "x"})
        else:
            route.abort("connectionreset")


def opened(visitors: Visitors, target: Target, who: str = "pi-a", **how: Any) -> Page:  # noqa: ANN401 - passed on
    """Open the page for an album."""
    page = visitors.page(who, **how)
    page.goto(f"{visitors.url}/upload/?album={target.slug}")
    return page


def state(page: Page, name: str) -> None:
    """Wait until the page says that it stands so."""
    expect(page.locator("#going-title")).to_have_text(name)


def choose(page: Page, what: Path | list[Path]) -> None:
    """Choose a folder, or files."""
    expect(page.locator("#drop")).to_be_visible()
    page.locator("#folder" if isinstance(what, Path) else "#files").set_input_files(what)
    expect(page.get_by_role("button", name="Start")).to_be_visible()


def start(page: Page, what: Path | list[Path]) -> None:
    """Choose, and begin."""
    choose(page, what)
    page.get_by_role("button", name="Start").click()


def figures(page: Page) -> list[str]:
    """Return how many images are new, how many were here, how much was refused."""
    return [page.locator(f"#{one}").inner_text() for one in ("stored", "present", "refused")]


def refused(page: Page) -> dict[str, str]:
    """Return what is told of what was refused."""
    rows = page.locator("#not-taken-rows tr").all()
    return {cells[0]: cells[1] for cells in (row.locator("td").all_inner_texts() for row in rows)}
