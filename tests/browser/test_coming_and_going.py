"""Signing in and out in a real browser: where one arrives, what stays, what other tabs see."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import portal
from tests.browser.newcomers import Newcomer
from tests.browser.ohif import Viewer, address
from tests.browser.visitors import Visitors

pytestmark = pytest.mark.browser


def test_a_deep_link_with_several_parameters_comes_back_to_the_very_same_address(
    visitors: Visitors, stack: dict[str, Any], showcase: dict[str, Any]
) -> None:
    asked = f"/portal/study?study={showcase['study']}&album=head-ct"
    page = visitors.page()
    portal.sign_in(page, stack["accounts"]["pi-a"], visitors.url + asked)
    expect(portal.heading(page, "CT HEAD W/O CONTRAST")).to_be_visible()
    assert portal.path(page) == asked

    page.reload()
    expect(portal.heading(page, "CT HEAD W/O CONTRAST")).to_be_visible()
    assert portal.path(page) == asked

    other = page.context.new_page()
    other.goto(visitors.url + "/portal/album?album=head-ct")
    expect(portal.heading(other, "Head CT")).to_be_visible()
    assert portal.path(other) == "/portal/album?album=head-ct"


def test_a_deep_link_into_the_viewer_comes_back_to_the_very_same_study(
    visitors: Visitors, stack: dict[str, Any], showcase: dict[str, Any]
) -> None:
    asked = address(showcase["study"], initialSeriesInstanceUID=showcase["series"])
    page = visitors.page()
    portal.sign_in(page, stack["accounts"]["member-a"], visitors.url + asked)
    Viewer(page).settle()
    assert portal.path(page) == asked


def test_a_wrong_password_is_told_and_the_right_one_still_arrives(
    visitors: Visitors, newcomer: Newcomer
) -> None:
    page = visitors.page()
    page.goto(f"{visitors.url}/portal/me")
    portal.fill_in(page, newcomer.username, "not the password")
    expect(page.get_by_text("Invalid username or password.")).to_be_visible()
    portal.fill_in(page, newcomer.username, newcomer.password)
    expect(portal.heading(page, "New Comer")).to_be_visible()
    assert portal.path(page) == "/portal/me"


def test_a_strangers_empty_portal_says_what_to_do(visitors: Visitors) -> None:
    page = visitors.page("stranger")
    page.goto(f"{visitors.url}/portal/albums")
    expect(page.get_by_text("No album is shared with you yet")).to_be_visible()
    expect(page.get_by_text("Ask the project's lead to add you: your user name is stranger.")).to_be_visible()
    assert page.locator("img[src*='/picture']").count() == 0


def test_signing_out_is_seen_by_the_other_tab_and_by_the_viewer(
    visitors: Visitors, stack: dict[str, Any], showcase: dict[str, Any]
) -> None:
    page = visitors.page()
    portal.sign_in(page, stack["accounts"]["member-a"], f"{visitors.url}/portal/albums")
    expect(portal.heading(page, "Albums")).to_be_visible()
    other, third = page.context.new_page(), page.context.new_page()
    other.goto(f"{visitors.url}/portal/album?album=head-ct")
    expect(portal.heading(other, "Head CT")).to_be_visible()
    viewer = Viewer(third)
    viewer.open(visitors.url, showcase["study"])

    page.get_by_role("button", name="Sign out").click()
    expect(portal.heading(page, "You are signed out")).to_be_visible()
    assert portal.path(page).partition("?")[0] == "/auth/signedout"

    _a_click_in_the_other_tab_leads_to_signing_in(other)
    viewer.thumbnails.filter(has_text="SEG").dblclick()  # asks for an image that was not fetched yet
    expect(third.locator(portal.FORM)).to_be_visible()

    page.goto(f"{visitors.url}/portal/albums")
    expect(page.locator(portal.FORM)).to_be_visible()


def _a_click_in_the_other_tab_leads_to_signing_in(page: Page) -> None:
    page.get_by_role("button", name="Français").click()
    expect(portal.heading(page, "Ouvrez une session")).to_be_visible()
    expect(portal.heading(page, "Head CT")).to_have_count(0)
    page.get_by_role("link", name="Ouvrir une session").click()
    expect(page.locator(portal.FORM)).to_be_visible()
