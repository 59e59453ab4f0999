"""The page *Audit* as an administrator finds it in the menu; an album's history as its owner does."""

import csv
import io

import pytest
from playwright.sync_api import expect

from tests.browser.visitors import Visitors

pytestmark = pytest.mark.browser


def test_an_administrator_finds_the_audit_and_takes_it_away(visitors: Visitors) -> None:
    page = visitors.page("admin")
    page.goto(f"{visitors.url}/portal/albums")
    page.get_by_text("Administration").click()
    page.get_by_role("menuitem", name="Audit").click()
    expect(page.locator("h1.title")).to_have_text("Audit")
    expect(page.locator('[data-testid="stDataFrame"] canvas').first).to_be_visible()
    page.get_by_label("Who").fill("pi-a")
    page.get_by_label("Who").press("Enter")
    link = page.get_by_role("link", name="Table (CSV)")
    expect(link).to_have_attribute("href", f"{visitors.url}/api/audit?actor=pi-a&format=csv")
    answer = page.request.get(str(link.get_attribute("href")))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.body().decode("utf-8-sig"), newline="")))
    assert "address" in (rows[0] if rows else {"address": ""})
    assert not visitors.errors


def test_an_owner_reads_what_happened_in_his_album_and_has_no_audit_in_the_menu(visitors: Visitors) -> None:
    page = visitors.page("pi-a")
    page.goto(f"{visitors.url}/portal/album?album=head-ct")
    page.get_by_role("link", name="What happened").click()
    expect(page.locator("h1.title")).to_have_text("What happened in Head CT")
    expect(page.locator('[data-testid="stDataFrame"] canvas').first).to_be_visible()
    expect(page.get_by_role("link", name="Audit", exact=True)).to_have_count(0)
    expect(page.get_by_text("Administration")).to_have_count(0)
    assert not visitors.errors


def test_somebody_without_an_album_of_his_own_is_told_so(visitors: Visitors) -> None:
    page = visitors.page("member-a")
    page.goto(f"{visitors.url}/portal/audit")
    expect(page.get_by_text("There is nothing here that you can see").first).to_be_visible()
    assert not visitors.errors
