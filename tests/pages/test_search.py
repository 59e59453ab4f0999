"""The page Search: a question in the address, what is found and selected and kept; and downloads."""

from typing import Any

import pytest
import streamlit as st

from portal import finding, session
from portal.answers import SavedSearch, Selection
from portal.search import Search, SearchLevel
from portal.widgets import downloads
from tests.pages.conftest import Open, Page
from tests.pages.fakes import ROOT, FakeAlbum, World, make_studies


def links(page: Page) -> list[tuple[str, str]]:
    return [(element.proto.label, element.proto.url) for element in page.app.get("link_button")]


def popovers(page: Page) -> list[str]:
    return [str(block.proto.popover.label) for block in page.app.get("popover")]


def type_in(page: Page, **texts: str) -> None:
    for element in page.app.text_input:
        for label, text in texts.items():
            if element.label.lower().replace(" ", "_") == label:
                element.set_value(text)


def submit(page: Page, label: str) -> None:
    next(button for button in page.app.button if button.label == label).click().run()


def test_the_question_is_in_the_address_and_opening_it_asks_it(world: World, open_page: Open) -> None:
    page = open_page(
        "search", as_="owner", PatientID="TEST-1", Modality="SR", thickness_to="1.5", age_from="40", level="x"
    )
    assert world.searched[-1] == Search(PatientID="TEST-1", Modality="SR", thickness_to=1.5, age_from=40.0)
    assert "1 to 25 of" in page.words
    del page


def test_what_is_typed_becomes_the_address(world: World, open_page: Open) -> None:
    page = open_page("search", as_="owner")
    type_in(page, patient_id=" TEST-1-00 ", modality="ct")
    submit(page, "Search")
    assert dict(page.app.query_params) == {"PatientID": "TEST-1-00", "Modality": "CT"}
    assert world.searched[-1] == Search(PatientID="TEST-1-00", Modality="CT")
    assert "1 to 9 of 9" in page.words


def test_studies_tell_in_which_of_ones_own_albums_they_are(world: World, open_page: Open) -> None:
    shared = make_studies(2, 3, ["MR"])
    world.albums.append(FakeAlbum("secret", "Secret album", "", {"other": "owner"}, shared))
    frame = open_page("search", as_="owner", PatientID="TEST-2-003").app.dataframe[0].value
    assert list(frame["albums"]) == ["Brain MR"]
    theirs = open_page("search", as_="other", PatientID="TEST-2-003").app.dataframe[0].value
    assert set(theirs["albums"]) == {"Brain MR, Secret album"}


def test_series_are_found_one_by_one(open_page: Open) -> None:
    page = open_page("search", as_="owner", level="series", Modality="SR")
    frame = page.app.dataframe[0].value
    assert set(frame["series"]) == {"SR series"}
    assert "ohif/viewer" in frame["ohif"][0]
    assert "initialSeriesInstanceUID" in frame["ohif"][0]


def test_what_cannot_be_answered_says_what_to_do(world: World, open_page: Open) -> None:
    world.refuses_searches = True
    assert "Name a day, a patient or a modality" in open_page("search", as_="owner").words


def test_a_selection_is_there_after_a_reload_and_on_every_page(world: World, open_page: Open) -> None:
    world.selected["owner"] = Selection(studies=(f"{ROOT}.1.60", f"{ROOT}.2.1"))
    for _ in range(2):
        page = open_page("search", as_="owner")
        assert any("2 selected" in text.value for text in page.app.markdown)
    other = open_page("search", as_="member")
    assert "Tick rows to select them" in other.words
    page.click("selection.clear")
    assert "owner" not in world.selected
    assert "Tick rows to select them" in page.words


def test_ticks_are_kept_for_their_level_and_the_rest_stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account: Any = world.services().auth.account("bearer-of-owner", address="")
    state: dict[str, Any] = {"key": {"selection": {"rows": [0, 2]}}}
    monkeypatch.setattr(st, "session_state", state)
    world.selected["owner"] = Selection(studies=("9.9", "1.2"))
    finding.tick(account, SearchLevel.STUDY, *session.rows_ticked("key", ["1.1", "1.2", "1.3"], [1]))
    assert world.selected["owner"] == Selection(studies=("1.1", "1.3", "9.9"))
    # Another tab ticks 1.2: this table does not show it, and does not take it back.
    account.change_selection(add=Selection(studies=("1.2",)), remove=Selection())
    state["key"] = {"selection": {"rows": [2]}}
    finding.tick(account, SearchLevel.STUDY, *session.rows_ticked("key", ["1.1", "1.2", "1.3"], [1]))
    assert world.selected["owner"] == Selection(studies=("1.2", "1.3", "9.9"))
    finding.tick(account, SearchLevel.SERIES, ["1.3"], [])
    assert world.selected["owner"].series == ("1.3",)


def test_a_selection_is_downloaded_as_far_as_it_may_be(world: World, open_page: Open) -> None:
    world.selected["owner"] = Selection(studies=(f"{ROOT}.1.1", "9.9"))
    page = open_page("search", as_="owner")
    assert ("Zip", "http://portal.test/api/selection/archive?format=zip") in links(page)
    assert "1 of them cannot be downloaded by you" in page.words
    world.selected["owner"] = Selection(studies=("9.9",))
    assert "You may not download any of it" in open_page("search", as_="owner").words


def test_searches_are_saved_opened_and_deleted(world: World, open_page: Open) -> None:
    page = open_page("search", as_="owner", PatientID="TEST-2", age_to="60")
    type_in(page, save_this_search_as="<b>Brains</b>")
    submit(page, "Save")
    assert world.saved["owner"] == [
        SavedSearch(id=1, name="<b>Brains</b>", query="PatientID=TEST-2&age_to=60")
    ]
    assert any("Brains" in label and query == "PatientID=TEST-2&age_to=60" for label, _, query in page.links)
    assert "<b>" not in "".join(page.html)
    page.click("forget.1")
    assert world.saved["owner"] == []
    type_in(page, save_this_search_as="one too many")
    submit(page, "Save")
    assert "This search cannot be saved" in page.words


def test_an_album_and_a_study_are_downloaded_by_who_may(world: World, open_page: Open) -> None:
    album = open_page("album", as_="member", album="head-ct")
    assert any(label.startswith("Download (120 series, ") for label in popovers(album))
    urls = [url for _, url in links(album)]
    assert "http://portal.test/api/albums/head-ct/archive?format=dicomdir" in urls
    assert "http://portal.test/api/albums/head-ct/manifest?format=csv" in urls
    study = open_page("study", as_="member", study=f"{ROOT}.1.1", album="head-ct")
    assert any(f"/api/albums/head-ct/archive?format=zip&study={ROOT}.1.1" in url for _, url in links(study))
    alone = open_page("study", as_="member", study=f"{ROOT}.1.1")
    assert any(f"/api/archives?study={ROOT}.1.1&format=zip" in url for _, url in links(alone))
    del world


def test_a_large_album_is_measured_when_somebody_wants_it(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "SERIES_MEASURED_AT_ONCE", 119)
    album = open_page("album", as_="member", album="head-ct")
    assert "Download (120 series)" in popovers(album)
    assert not [url for _, url in links(album) if "archive" in url]
    album.app.session_state["download.head-ct"] = True
    album.app.run()
    assert "http://portal.test/api/albums/head-ct/archive?format=zip" in [url for _, url in links(album)]
    assert "120 series, " in album.words


def test_who_may_only_look_is_offered_no_download(
    world: World, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.pages.fakes._actions", lambda _album, _person: ("view",))
    for page, query in (("album", {"album": "head-ct"}), ("study", {"study": f"{ROOT}.1.1"})):
        opened = open_page(page, as_="member", **query)
        assert popovers(opened) == []
        assert not any("/api/" in url for _, url in links(opened))
    del world


def test_a_size_that_is_not_all_known_says_so(world: World, open_page: Open) -> None:
    world.incomplete = True
    page = open_page("album", as_="owner", album="head-ct")
    assert any("more than" in label for label in popovers(page))
