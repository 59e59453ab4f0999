"""The page on which administrators file what came by DICOM."""

from collections.abc import Sequence
from typing import Any

import pytest
import streamlit as st

from tests.pages.arrivals import arrival
from tests.pages.conftest import Open, Page
from tests.pages.fakes import World


@pytest.fixture
def waiting(world: World) -> World:
    """Three series wait."""
    world.waiting.items = [arrival(3), arrival(2, study="1.8"), arrival(1)]
    return world


def tick(page: Page, rows: Sequence[int]) -> Page:
    [key] = [element.key for element in page.app.dataframe if element.key]
    page.app.session_state[key] = {"selection": {"rows": list(rows)}}
    page.app.run()
    return page


def send(page: Page, label: str, **fields: str) -> Page:
    for name, value in fields.items():
        [field] = [one for one in page.app.text_input if one.label == name]
        field.set_value(value)
    next(button for button in page.app.button if button.label == label).click().run()
    assert not page.app.exception, page.app.exception
    return page


ALBUM = "Short name of the album"
REASON = "Reason, for the record"


def test_what_waits_is_shown_with_its_sender_and_why(waiting: World, open_page: Open) -> None:
    waiting.waiting.arriving = 1
    waiting.waiting.items[0] = arrival(3, reason="mixed", present=False)
    page = open_page("arrivals", as_="admin")
    for words in (
        "3 series",
        "of 2 studies",
        "1 still arriving",
        "TEST-2",
        "CT1 (192.0.2.1)",
        "no rule is about it",
    ):
        assert words in page.words
    assert "its images came from several senders" in page.words
    assert "no longer in the archive" in page.words
    assert "TEST-3" not in page.words
    assert "Put into the album" not in page.words


def test_many_are_filed_at_once(waiting: World, open_page: Open) -> None:
    page = tick(open_page("arrivals", as_="admin"), [0, 2])
    assert "2 selected" in "\n".join(str(one.value) for one in page.app.markdown)
    page = send(page, "Put into the album", **{ALBUM: " head-ct "})
    assert waiting.waiting.filed == [([3, 1], "head-ct")]
    assert [one.value for one in page.app.success] == ["They are being put into the album\\."]
    assert "1 series" in page.words
    assert "Put into the album" not in page.words


def test_many_are_put_aside_at_once_with_a_reason(waiting: World, open_page: Open) -> None:
    page = tick(open_page("arrivals", as_="admin"), [0, 1, 2])
    page = send(page, "Put aside", **{REASON: "  "})
    assert "Say why." in page.words
    page = send(page, "Put aside", **{REASON: "a phantom"})
    assert waiting.waiting.dismissed == [([3, 2, 1], "a phantom")]
    assert "Nothing waits to be filed" in page.words


def test_what_is_refused_is_said_and_nothing_is_filed(waiting: World, open_page: Open) -> None:
    page = tick(open_page("arrivals", as_="admin"), [1])
    assert "Say into which album." in send(page, "Put into the album", **{ALBUM: ""}).words
    page = send(page, "Put into the album", **{ALBUM: "none"})
    assert "There is no album none" in page.words
    assert (waiting.waiting.filed, len(waiting.waiting.items)) == ([], 3)


def test_a_row_that_is_not_there_is_not_filed(waiting: World, open_page: Open) -> None:
    page = tick(open_page("arrivals", as_="admin"), [7])
    assert "Put into the album" not in page.words


def test_the_page_is_french_too(waiting: World, open_page: Open) -> None:
    page = open_page("arrivals", as_="admin", language="fr")
    assert "À classer" in page.words
    assert "aucune règle ne la concerne" in page.words


def test_to_others_there_is_no_such_page(waiting: World, open_page: Open) -> None:
    page = open_page("arrivals", as_="owner")
    assert "There is nothing here that you can see" in page.words
    assert "TEST-1" not in page.words


@pytest.mark.parametrize(
    "case",
    [("admin", None, "hidden"), ("admin", 0, "visible"), ("admin", 3, "visible"), ("owner", 3, "hidden")],
)
def test_the_menu_leads_there_where_something_can_come(
    world: World,
    open_page: Open,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, int | None, str],
) -> None:
    who, number, shown = case
    world.people[who] = world.people[who].model_copy(update={"waiting": number})
    made: dict[str, object] = {}
    page = st.Page

    def noted(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever Streamlit takes and gives
        made[str(options.get("url_path"))] = options.get("visibility")
        return page(*args, **options)

    monkeypatch.setattr(st, "Page", noted)
    open_page("albums", as_=who)
    assert made["arrivals"] == shown
