"""Parts taken away under people's hands, and given back. The last file: all others find a whole stack."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from deploy.native.stack import Stack
from tests.browser import portal
from tests.browser.visitors import Visitors

pytestmark = pytest.mark.browser


@contextmanager
def stopped(stack: Stack, part: str) -> Iterator[None]:
    """Take a part away and, whatever happens, give it back."""
    stack._supervisor.stop_part(part)
    try:
        yield
    finally:
        stack.restart(part)


def test_without_orthanc_pages_say_so_and_the_account_still_works(
    visitors: Visitors, native_stack: Stack, showcase: dict[str, Any]
) -> None:
    page = visitors.page("pi-a")
    page.goto(f"{visitors.url}/portal/album?album=head-ct")
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()

    with stopped(native_stack, "orthanc"):
        page.reload()
        _expect_orthanc_named(page)
        page.goto(f"{visitors.url}/portal/me")
        expect(portal.heading(page, "PI A Demo")).to_be_visible()
        expect(page.get_by_role("cell", name="Head CT")).to_be_visible()
        page.goto(f"{visitors.url}/portal/study?study={showcase['study']}")
        _expect_orthanc_named(page)

    page.get_by_role("button", name="Try again").click()
    expect(portal.heading(page, "CT HEAD W/O CONTRAST")).to_be_visible()


def test_without_orthanc_albums_still_list(visitors: Visitors, native_stack: Stack) -> None:
    page = visitors.page("pi-a")
    with stopped(native_stack, "orthanc"):
        page.goto(f"{visitors.url}/portal/albums")
        expect(portal.heading(page, "Albums")).to_be_visible()
        expect(page.get_by_role("link", name="Head CT")).to_be_visible()


def _expect_orthanc_named(page: Page) -> None:
    expect(portal.heading(page, "This cannot be shown right now")).to_be_visible()
    expect(page.get_by_text("The image archive (Orthanc) is not answering.").first).to_be_visible()


def test_without_auth_service_nobody_sees_anything_and_afterwards_goes_on(
    visitors: Visitors, native_stack: Stack
) -> None:
    page = visitors.page("pi-a")
    page.goto(f"{visitors.url}/portal/albums")
    expect(page.get_by_role("link", name="Head CT")).to_be_visible()

    with stopped(native_stack, "auth_service"):
        page.get_by_role("button", name="Français").click()
        expect(page.get_by_text(re.compile("auth_service"))).to_be_visible()
        expect(page.get_by_role("link", name="Head CT")).to_have_count(0)

    page.reload()
    expect(page.get_by_role("link", name="Head CT")).to_be_visible()


def test_a_page_asked_for_directly_on_a_fresh_portal_does_not_run_without_a_session(
    visitors: Visitors, native_stack: Stack
) -> None:
    asked = "/album?album=head-ct"
    native_stack.restart("portal")

    page = visitors.page()
    page.goto(f"{visitors.url}/portal{asked}")
    expect(page.locator(portal.FORM)).to_be_visible()

    # Whoever comes past nginx is the first of this process to ask, and asks for a page's own file.
    native_stack.restart("portal")
    own_port = native_stack.info()["processes"]["portal"]["url"]
    past = visitors.page()
    past.goto(own_port + asked)
    expect(portal.heading(past, "Please sign in")).to_be_visible()
    assert "Head CT" not in past.content()
