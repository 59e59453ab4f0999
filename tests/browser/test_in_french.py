"""Who reads French reads French, from the first page to the last; and who chose otherwise is remembered."""

import pytest
from playwright.sync_api import expect

from tests.browser import portal
from tests.browser.newcomers import Newcomer
from tests.browser.visitors import Visitors

pytestmark = pytest.mark.browser


def test_a_french_browser_gets_french_from_the_form_to_the_farewell_until_english_is_chosen(
    visitors: Visitors, newcomer: Newcomer
) -> None:
    page = visitors.page(language="fr-CA")
    page.goto(f"{visitors.url}/portal/albums")
    expect(page.locator("label[for=username]")).to_have_text("Nom d'utilisateur ou courriel")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    portal.fill_in(page, newcomer.username, newcomer.password)
    expect(page.get_by_text("Aucun album n\u2019est encore partagé avec vous")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "fr")

    page.get_by_role("button", name="Fermer la session").click()
    expect(portal.heading(page, "Votre session est fermée")).to_be_visible()

    page.get_by_role("link", name="Ouvrir une nouvelle session").click()
    portal.fill_in(page, newcomer.username, newcomer.password)
    # The bar is drawn from the left, and its first button moves until the rest is there.
    expect(page.get_by_text("Aucun album n\u2019est encore partagé avec vous")).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_text("No album is shared with you yet")).to_be_visible()

    elsewhere = visitors.page(language="fr-CA")
    elsewhere.goto(f"{visitors.url}/portal/albums")
    portal.fill_in(elsewhere, newcomer.username, newcomer.password)
    expect(elsewhere.get_by_text("No album is shared with you yet")).to_be_visible()
    expect(elsewhere.locator("html")).to_have_attribute("lang", "en")
