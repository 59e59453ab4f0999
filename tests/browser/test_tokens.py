"""A token from the page *About me* to a program that reads with it, and back to nothing."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.visitors import Visitors
from tests.waiting import eventually

pytestmark = pytest.mark.browser

SECRET = re.compile(r"paradim_[A-Za-z0-9_-]{43}")


def make(page: Page, name: str) -> str:
    """Make a token with what is chosen already, and return its secret."""
    page.get_by_text("New token").click()
    page.get_by_label("What is it for?").fill(name)
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_text("Copy the token now: it is not shown again.")).to_be_visible()
    box = page.locator(".st-key-newtoken")
    expect(box).to_contain_text(SECRET)
    found = SECRET.search(box.inner_text())
    assert found
    return found[0]


def test_a_token_from_the_page_reads_until_it_is_revoked(
    visitors: Visitors, stack: dict[str, Any], showcase: dict[str, Any]
) -> None:
    page = visitors.page("member-a")
    page.goto(f"{visitors.url}/portal/me")
    name = f"Notebook {uuid4().hex[:8]}"
    secret = make(page, name)
    with httpx.Client(
        base_url=visitors.url, headers={"Authorization": f"Bearer {secret}"}, trust_env=False
    ) as program:
        address = f"/dicom-web/studies/{showcase['study']}/series/{showcase['series']}/metadata"
        assert program.get(address).status_code == 200

        page.get_by_role("button", name="I have copied it").click()
        expect(page.locator(".st-key-newtoken")).to_have_count(0)
        assert SECRET.search(page.content()) is None
        mine = page.locator('[data-testid="stVerticalBlock"]').filter(has_text=name)
        expect(mine.last).to_contain_text("can view and download")

        page.get_by_role("button", name="Revoke").first.click()
        expect(page.get_by_text(name)).to_have_count(0)
        eventually(lambda: program.get(address).status_code == 401)
    assert not visitors.errors
