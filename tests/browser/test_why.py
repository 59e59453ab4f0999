"""From "there is nothing here" to the reason: what a person hands on is what an administrator opens."""

import pytest
from playwright.sync_api import expect

from tests.browser.visitors import Visitors

pytestmark = pytest.mark.browser


def test_what_somebody_hands_on_tells_an_administrator_why(visitors: Visitors) -> None:
    page = visitors.page("stranger")
    page.goto(f"{visitors.url}/portal/album?album=head-ct")
    handed_on = page.locator('[data-testid="stCode"] code')
    expect(handed_on).to_contain_text("/portal/why?")
    address = handed_on.inner_text().strip()

    admin = visitors.page("admin")
    admin.goto(address)
    expect(admin.locator(".verdict")).to_contain_text("Refused, shown as “not found” (404).")
    expect(admin.locator("table.steps")).to_contain_text("head-ct")
    expect(admin.get_by_text("Membership in Head CT with the right “view”")).to_be_visible()

    admin.get_by_text("Administration").click()
    expect(admin.get_by_role("menuitem", name="Why?")).to_be_visible()
    admin.keyboard.press("Escape")
    who = admin.get_by_label("Who", exact=True)
    who.fill("member-")
    admin.get_by_role("button", name="Explain").click()
    admin.get_by_role("link", name="(member-a)").click()
    expect(admin.locator(".verdict")).to_contain_text("Allowed.")
    assert not visitors.errors


def test_an_owner_asks_from_his_album_and_a_stranger_finds_nothing(visitors: Visitors) -> None:
    page = visitors.page("pi-a")
    page.goto(f"{visitors.url}/portal/album?album=head-ct")
    page.get_by_role("link", name="Why does somebody see this, or not?").click()
    page.get_by_label("Who", exact=True).fill("member-a")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator(".verdict")).to_contain_text("Allowed.")
    expect(page.locator(".verdict")).to_contain_text("This is about your albums only")
    expect(page.get_by_text("Administration")).to_have_count(0)

    stranger = visitors.page("stranger")
    stranger.goto(page.url)
    expect(stranger.get_by_text("There is nothing here that you can see")).to_be_visible()
    expect(stranger.locator(".verdict")).to_have_count(0)
    assert not visitors.errors
