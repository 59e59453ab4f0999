"""The first hour of a PI: an album, a folder, two members, a drawing, and a right that is taken back."""

import re
import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import portal
from tests.browser.drawing import Pencil
from tests.browser.ohif import Viewer
from tests.browser.uploads import PATIENTS, scan, start, state
from tests.browser.visitors import Visitors
from tests.integration.people import sign_in
from tests.integration.truth import Truth
from tests.waiting import eventually

pytestmark = pytest.mark.browser

OWNER, LOOKS, DRAWS = "pi-a", "member-a", "member-b"
WITHIN = 5.0
"""Seconds in which what is given or taken back is in force everywhere (docs/threat-model.md)."""

_ROW = (24, 52)
"""Where the box of the first row of the table of members is, in pixels."""


@pytest.fixture
def title(visitors: Visitors, truth: Truth) -> Iterator[str]:
    """The title of the album that is made; it and what came into it are gone at the end."""
    title = f"First steps {secrets.token_hex(4)}"
    yield title
    with visitors.people[OWNER].client() as client:
        for album in client.get("/api/albums", params={"search": title}).json()["items"]:
            path = f"/api/albums/{album['slug']}"
            client.delete(path, params={"confirm": album["slug"]}).raise_for_status()
    found = truth.orthanc.post("/tools/find", json={"Level": "Study", "Query": {"PatientID": f"{PATIENTS}*"}})
    for study in found.json():
        truth.orthanc.delete(f"/studies/{study}")


def make_album(page: Page, title: str) -> str:
    """Make an album by the form; returns its short name."""
    page.get_by_role("button", name="New album").click()
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Make the album").click()
    expect(portal.heading(page, title)).to_be_visible()
    found = re.search(r"album=([a-z0-9-]+)", page.url)
    assert found, page.url
    return found[1]


def add(page: Page, user: str, preset: str) -> None:
    """Give somebody rights by the form, found by his whole address."""
    field = page.get_by_label("Name, user name, group or e-mail address")
    field.fill(f"{user}@example.org")
    field.press("Enter")
    # Who is found alone is chosen.
    expect(page.get_by_role("combobox", name=re.compile("Who"))).to_have_value(re.compile(re.escape(user)))
    page.get_by_role("radio", name=preset, exact=True).click()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Added.")).to_be_visible()


def take_back(page: Page, visitors: Visitors, slug: str, user: str) -> None:
    """Take all rights of somebody in the album back, by the table of members."""
    page.goto(f"{visitors.url}/portal/album_members?album={slug}")
    table = page.locator('[data-testid="stDataFrame"] canvas').first
    expect(table).to_be_visible()
    with visitors.people[OWNER].client() as client:
        members = [
            one["subject"]["user"] for one in client.get(f"/api/albums/{slug}/members").json()["items"]
        ]
    row = members.index(user)
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + _ROW[0], box["y"] + _ROW[1] + 36 * row)
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("Take all rights in this album back")).to_be_visible()
    page.get_by_role("button", name="Yes, take them back").click()


def opens(visitors: Visitors, user: str, series: str, study: str) -> bool:
    with visitors.people[user].client() as client:
        answer = client.get(f"/dicom-web/studies/{study}/series/{series}/metadata")
    return answer.status_code == 200


def series_of(visitors: Visitors, slug: str) -> dict[str, str]:
    """Return what is in the album: StudyInstanceUIDs by SeriesInstanceUID."""
    with visitors.people[OWNER].client() as client:
        items: list[dict[str, Any]] = client.get(f"/api/albums/{slug}/series").json()["items"]
    return {one["series"]: one["study"] for one in items}


def test_from_an_empty_album_to_a_right_that_is_taken_back(
    visitors: Visitors, stack: dict[str, Any], images: list[Path], title: str, tmp_path: Path
) -> None:
    page = visitors.page(OWNER)
    page.goto(f"{visitors.url}/portal/")
    slug = make_album(page, title)

    # A folder of his own images.
    series = scan(tmp_path / "head", images)
    page.get_by_role("link", name="Upload", exact=True).first.click()
    start(page, tmp_path / "head")
    state(page, "Done")
    study = series_of(visitors, slug)[series]

    # Two people, who may not do the same.
    page.goto(f"{visitors.url}/portal/album_members?album={slug}")
    add(page, LOOKS, "viewer")
    add(page, DRAWS, "contributor")
    # The second is of no group of his: he is invited by his address, and comes in when he signs in.
    sign_in(stack, DRAWS)
    for user in (LOOKS, DRAWS):
        eventually(partial(opens, visitors, user, series, study), within=WITHIN)
    assert not opens(visitors, "stranger", series, study)

    # They find it in their browsers; the one who may, draws.
    looking = visitors.page(LOOKS)
    looking.goto(f"{visitors.url}/portal/album?album={slug}")
    expect(portal.heading(looking, title)).to_be_visible()
    expect(looking.get_by_role("link", name="Upload", exact=True)).to_be_hidden()
    drawing = visitors.page(DRAWS)
    drawing.goto(f"{visitors.url}/portal/study?study={study}&album={slug}")
    link = drawing.get_by_role("link", name="Segment").first
    expect(link).to_be_visible()
    drawing.goto(str(link.get_attribute("href")))
    viewer = Viewer(drawing)
    viewer.settle()
    pencil = Pencil(viewer)
    pencil.segment()
    pencil.save_segmentation("By a newcomer")
    pencil.expect_saved_in(title)
    (drawn,) = set(series_of(visitors, slug)) - {series}
    eventually(lambda: opens(visitors, LOOKS, drawn, study), within=WITHIN)
    watching = Viewer(looking)
    watching.open(visitors.url, study)
    assert set(watching.series()) == {series, drawn}

    # One right is taken back: gone everywhere, for him alone.
    take_back(page, visitors, slug, LOOKS)
    eventually(lambda: not opens(visitors, LOOKS, series, study), within=WITHIN)
    assert not opens(visitors, LOOKS, drawn, study)
    assert opens(visitors, DRAWS, series, study)
    looking.goto(f"{visitors.url}/portal/album?album={slug}")
    expect(portal.heading(looking, title)).to_be_hidden()
    expect(looking.get_by_text("There is nothing here")).to_be_visible()
