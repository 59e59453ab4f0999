"""What tests do with the portal's pages and Keycloak's form."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

FORM = "#kc-form-login"


def fill_in(page: Page, username: str, password: str) -> None:
    """Fill in Keycloak's form and send it."""
    page.locator("#username").fill(username)
    page.locator("#password").fill(password)
    page.locator("#kc-login").click()


def sign_in(page: Page, account: Any, address: str) -> None:  # noqa: ANN401 - an entry of stack.json
    """Open an address without a session, and go through the form."""
    page.goto(address)
    expect(page.locator(FORM)).to_be_visible()
    fill_in(page, account["username"], account["password"])


def heading(page: Page, name: str) -> Locator:
    """Return the title of a page."""
    return page.get_by_role("heading", name=name, exact=True)


def series_cards(page: Page) -> Locator:
    """Return the cards on a study's page, one of each series."""
    return page.locator('[data-testid="stVerticalBlock"][class*="st-key-card-series-"]')


def series_of(cards: Locator) -> set[str]:
    """Return the SeriesInstanceUIDs that the links of cards open the viewer with."""
    found = set()
    for card in cards.all():
        # Streamlit draws a link with a tooltip twice.
        link = card.locator('a[href*="/ohif/"]').first.get_attribute("href") or ""
        found.add(parse_qs(urlsplit(link).query)["initialSeriesInstanceUID"][0])
    return found


def path(page: Page) -> str:
    """Return the path and query in the address bar, as the page itself knows it."""
    parts = urlsplit(str(page.evaluate("location.href")))
    return parts.path + (f"?{parts.query}" if parts.query else "")
