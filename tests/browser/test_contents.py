"""An owner takes studies out of an album by a list, sees it done, and takes it back; others look on."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import portal
from tests.browser.visitors import Visitors
from tests.integration.truth import Series, Truth
from tests.waiting import eventually

pytestmark = pytest.mark.browser

ALBUM = "head-ct"
ADDRESS = f"/portal/contents?album={ALBUM}"


@pytest.fixture
def study(truth: Truth) -> list[Series]:
    """The smallest study of the album, whose series are in no other."""
    elsewhere = {uid for slug, uids in truth.albums.items() if slug != ALBUM for uid in uids}
    found = [
        series
        for series in truth.studies("member-a").values()
        if not elsewhere.intersection(one.uid for one in series)
    ]
    return min(found, key=lambda series: sum(len(one.instances) for one in series))


@pytest.fixture
def _as_it_was(visitors: Visitors, study: list[Series]) -> Iterator[None]:
    """Bring the study back where a test fails midway: others look at the album, too."""
    yield
    with visitors.people["pi-a"].client() as client:
        if study[0].study in studies_in(visitors):
            return
        newest = client.get(f"/api/albums/{ALBUM}/changes").json()["items"][0]
        client.post(f"/api/changes/{newest['id']}/undo").raise_for_status()
    eventually(lambda: study[0].study in studies_in(visitors), within=30)


def studies_in(visitors: Visitors) -> set[str]:
    """Return the studies that are in the album, as its owner is told."""
    with visitors.people["pi-a"].client() as client:
        answer = client.get(f"/api/albums/{ALBUM}/studies")
    return {one["study"] for one in answer.json()["items"]}


def look_up(page: Page, what: str, listed: str) -> None:
    page.get_by_role("radio", name=what).click()
    page.get_by_role("textbox", name="A list, one name to a line").fill(listed)
    page.get_by_role("button", name="Look them up").click()


@pytest.mark.usefixtures("_as_it_was")
def test_a_list_is_taken_out_and_taken_back(visitors: Visitors, study: list[Series]) -> None:
    page = visitors.page("pi-a")
    page.goto(f"{visitors.url}/portal/album?album={ALBUM}")
    page.get_by_role("link", name="Put in and take out").click()
    expect(portal.heading(page, "Contents of Head CT")).to_be_visible()

    look_up(page, "Take out", f"{study[0].study}\nno such thing\n")
    prospect = page.locator(".st-key-prospect")
    expect(prospect.get_by_text("of 1 study")).to_be_visible()
    expect(prospect.get_by_text("1 not taken")).to_be_visible()
    page.reload()
    look_up(page, "Take out", f"{study[0].study}\nno such thing\n")
    prospect.get_by_role("button", name="Take them out").click()
    # What goes on is looked at again until it is over: nobody reloads the page.
    newest = page.locator("[class*='st-key-change-']").first
    expect(newest.get_by_text("series taken out")).to_be_visible()
    expect(newest.get_by_text("done", exact=True)).to_be_visible()
    newest.get_by_role("button", name="Take back").click()
    page.get_by_role("button", name="Take it back").click()
    expect(newest.get_by_text("takes back an earlier change")).to_be_visible()
    expect(newest.get_by_text("done", exact=True)).to_be_visible()
    assert study[0].study in studies_in(visitors)
    assert visitors.errors == []


def test_a_member_sees_that_he_changes_nothing(visitors: Visitors) -> None:
    page = visitors.page("member-a")
    page.goto(visitors.url + ADDRESS)
    expect(page.get_by_text("Nothing was put in or taken out yet")).to_be_visible()
    expect(page.get_by_role("button", name="Look them up")).to_have_count(0)


def test_a_stranger_finds_nothing(visitors: Visitors) -> None:
    page = visitors.page("stranger")
    page.goto(visitors.url + ADDRESS)
    expect(page.get_by_text("There is nothing here that you can see")).to_be_visible()
