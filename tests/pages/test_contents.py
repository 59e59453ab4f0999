"""The page of an album's contents: look, decide, follow, stop, take back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.answers import Selection
from portal.contents import Change, Grown, NotTaken, names
from portal.errors import Part
from tests.pages.conftest import Open, Page
from tests.pages.fakes import NOW, ROOT, FakeAlbum, World

STUDY = f"{ROOT}.1.1"


def made(world: World, state: str = "done", **values: object) -> Change:
    """Put a change on record in the album."""
    one = Change.model_validate(
        {
            "id": f"{len(world.changes):032x}",
            "album": "head-ct",
            "verb": "add",
            "state": state,
            "by": world.people["owner"].called,
            "created": NOW - timedelta(minutes=5),
            "finished": None if state in ("waiting", "running") else NOW,
            "stopping": False,
            "undoes": None,
            "done": 10,
            "total": 40,
            "due": 30,
            "failed": (),
            "failed_total": 0,
            **values,
        }
    )
    world.changes.append(one)
    return one


def look_up(page: Page, listed: str) -> Page:
    page.app.text_area(key="contents.names").set_value(listed)
    return page.click("contents.look")


def test_a_list_is_looked_up_decided_about_and_put_in(world: World, open_page: Open) -> None:
    page = look_up(open_page("contents", as_="owner", album="head-ct"), f"{STUDY},first\nTEST-9\n1.2.77")
    assert "2 series of 1 study" in page.words
    assert "2 of them are in the album already." in page.words
    assert "not yours to hand on" in page.words
    assert "download and send" in page.words
    assert "not found, or not yours to see" in page.words
    assert world.changes == []
    page.click("contents.do")
    assert [(one.verb, one.total) for one in world.changes] == [("add", 2)]
    assert "2 series put in" in page.words
    assert "waiting" in page.words
    assert page.app.text_area(key="contents.names").value == ""


def test_a_list_can_be_given_as_a_file_by_who_may_change_the_contents(world: World, open_page: Open) -> None:
    address = "/upload/list.html?album=head-ct"
    assert address in open_page("contents", as_="owner", album="head-ct").words
    assert address not in open_page("contents", as_="member", album="head-ct").words


def test_what_is_selected_is_looked_up_and_decided_about_on_the_albums_page(
    world: World, open_page: Open
) -> None:
    world.selected["owner"] = Selection(studies=(STUDY,), series=("1.2.77",))
    page = open_page("search", as_="owner")
    page.app.selectbox(key="selection.album").set_value("head-ct")
    page.click("selection.look")
    assert "Contents of Head CT" in page.words
    assert "2 series of 1 study" in page.words
    # AppTest forgets the address that it was led to.
    page.app.query_params["album"] = "head-ct"
    page.app.switch_page("../pages/contents.py").run()
    page.click("contents.do")
    assert [(one.album, one.verb, one.total) for one in world.changes] == [("head-ct", "add", 2)]


def test_who_may_fill_no_album_is_not_offered_to(world: World, open_page: Open) -> None:
    world.selected["member"] = Selection(studies=(STUDY,))
    page = open_page("search", as_="member")
    assert "selection.look" not in [button.key for button in page.app.button]


def test_what_was_looked_up_can_be_left(world: World, open_page: Open) -> None:
    page = look_up(open_page("contents", as_="owner", album="head-ct"), STUDY)
    page.click("contents.leave")
    assert world.changes == []
    assert [button.label for button in page.app.button if button.key == "contents.look"] == ["Look them up"]


def test_where_nothing_can_be_put_in_there_is_nothing_to_decide(open_page: Open) -> None:
    page = look_up(open_page("contents", as_="owner", album="head-ct"), "1.2.77")
    assert "Nothing of it can be put in." in page.words
    assert "contents.do" not in [button.key for button in page.app.button]


def test_nothing_named_is_said(open_page: Open) -> None:
    page = look_up(open_page("contents", as_="owner", album="head-ct"), " \n ")
    assert "Name at least one study, or choose an album." in page.words


def test_what_was_looked_up_in_one_album_is_not_put_into_another(world: World, open_page: Open) -> None:
    page = look_up(open_page("contents", as_="owner", album="head-ct"), STUDY)
    page.app.query_params["album"] = "brain-mr"
    page.app.run()
    assert "contents.do" not in [button.key for button in page.app.button]
    del world


def test_changes_say_how_far_they_are_and_can_be_stopped(world: World, open_page: Open) -> None:
    running = made(world, "running")
    page = open_page("contents", as_="owner", album="head-ct")
    assert "under way" in page.words
    assert "40 series put in" in page.words
    page.click(f"stop-{running.id}")
    assert "stopping" in page.words
    assert f"stop-{running.id}" not in [button.key for button in page.app.button]


def test_a_change_is_taken_back_where_something_was_done(world: World, open_page: Open) -> None:
    done, nothing = made(world), made(world, "failed", done=0)
    page = open_page("contents", as_="owner", album="head-ct")
    assert f"undo-{nothing.id}" not in [button.key for button in page.app.button]
    page.click(f"undo-{done.id}")
    assert world.changes[-1].undoes == done.id
    assert "takes back an earlier change" in page.words


GROWN = {
    "en": (
        "3 images went into 2 series that the album had before",
        "Taking it back leaves images in series that the album had before: nothing is deleted.",
        "2 images of that change stay: the album had their series before.",
    ),
    "fr": (
        "3 images sont allées dans 2 séries que l\u2019album contenait déjà",
        (
            "Défaire laisse les images dans les séries que l\u2019album contenait déjà\u00a0: "
            "rien n\u2019est effacé."
        ),
        "2 images de ce changement restent\u00a0: l\u2019album contenait déjà leurs séries.",
    ),
}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_images_in_series_that_were_there_before_are_shown_and_stay(
    language: str, world: World, open_page: Open
) -> None:
    series = (Grown(series="1.2.3", images=2), Grown(series="<b>1.2.4</b>", images=1))
    made(world, grown=series, grown_total=2, grown_images=3)
    page = open_page("contents", as_="owner", album="head-ct", language=language)
    grew, stays, stay = GROWN[language]
    assert grew in [one.label for one in page.app.expander]
    # Where they are listed, and where it can be taken back.
    assert [one.value for one in page.app.caption].count(stays) == 2
    table = page.app.dataframe[0].value
    assert (table["series"].tolist(), table["images"].tolist()) == (["1.2.3", "<b>1.2.4</b>"], [2, 1])
    made(world, verb="remove", undoes=world.changes[0].id, staying=2)
    page = open_page("contents", as_="owner", album="head-ct", language=language)
    assert stay in [one.value for one in page.app.caption]


def test_who_may_not_know_which_series_grew_is_shown_how_many(world: World, open_page: Open) -> None:
    made(world, by=world.people["member"].called, done=0, grown_total=2, grown_images=3)
    page = open_page("contents", as_="member", album="head-ct")
    assert GROWN["en"][0] in [one.label for one in page.app.expander]
    assert not page.app.dataframe


def test_a_change_by_which_only_series_grew_cannot_be_taken_back_and_says_so(
    world: World, open_page: Open
) -> None:
    only = made(world, done=0, grown=(Grown(series="1.2.3", images=3),), grown_total=1200, grown_images=3)
    page = open_page("contents", as_="owner", album="head-ct")
    assert f"undo-{only.id}" not in [button.key for button in page.app.button]
    assert GROWN["en"][1] in [one.value for one in page.app.caption]
    assert "The first 1 are shown." in page.words


@pytest.mark.parametrize("language", ["en", "fr"])
def test_why_it_cannot_be_taken_back_is_said_in_the_language(
    language: str, world: World, open_page: Open
) -> None:
    done = made(world)
    world.refuses_undoing = True
    page = open_page("contents", as_="owner", album="head-ct", language=language)
    page.click(f"undo-{done.id}")
    assert f"({language})" in page.words.replace("\\", "")


def test_a_member_sees_his_own_changes_and_no_form(world: World, open_page: Open) -> None:
    made(world)
    made(world, by=world.people["member"].called, done=7)
    page = open_page("contents", as_="member", album="head-ct")
    assert "7 series put in" in page.words
    assert "10 series put in" not in page.words
    assert [
        button.key for button in page.app.button if (button.key or "").startswith(("contents", "undo"))
    ] == []


def test_what_was_not_taken_is_shown_as_it_was_written(world: World, open_page: Open) -> None:
    made(world, failed=(NotTaken(uid="<b>*x*</b>", reason="malformed"),), failed_total=1200)
    page = open_page("contents", as_="owner", album="head-ct")
    assert "<b>*x*</b>" in page.app.dataframe[0].value["name"].tolist()
    assert "The first 1 are shown." in page.words


def test_while_the_archive_is_down_looking_up_says_so_and_the_changes_stay(
    world: World, open_page: Open
) -> None:
    made(world)
    page = open_page("contents", as_="owner", album="head-ct")
    assert "10 series put in" in page.words
    world.down.add(Part.ORTHANC)
    look_up(page, STUDY)
    assert "Orthanc" in page.words


def test_pages_of_changes(world: World, open_page: Open) -> None:
    for number in range(25):
        made(world, done=100 + number)
    page = open_page("contents", as_="owner", album="head-ct")
    assert "124 series put in" in page.words
    assert "104 series put in" not in page.words
    assert "1 to 20 of 25" in page.words


def test_a_page_of_one_album_is_not_looked_for_in_another(world: World, open_page: Open) -> None:
    for number in range(25):
        made(world, done=100 + number)
    made(world, album="lung", done=7)
    world.albums.append(FakeAlbum("lung", "Lung", "", {"owner": "owner"}))
    page = open_page("contents", as_="owner", album="head-ct")

    page.app.session_state["contents.page.head-ct"] = 2
    page.app.query_params["album"] = "lung"
    page.app.run()
    assert "7 series put in" in page.words


def test_a_page_that_is_no_more_is_the_first(world: World, open_page: Open) -> None:
    made(world, done=7)
    page = open_page("contents", as_="owner", album="head-ct")
    page.app.session_state["contents.page.head-ct"] = 2
    page.app.run()
    assert "7 series put in" in page.words
    assert "Nothing was put in" not in page.words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("1.2.3\r\n1.2.4\r\n", ("1.2.3", "1.2.4")),
        ("\ufeffStudyInstanceUID\n1.2.3", ("StudyInstanceUID", "1.2.3")),
        ('"ACC;7"\tx\nACC 8,y\n', ("ACC;7", "ACC 8")),
        (" 1.2.3 \n\n1.2.3", ("1.2.3",)),
    ],
)
def test_a_pasted_list_is_its_first_column(text: str, expected: tuple[str, ...]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize("where", ["album", "contents"])
def test_who_may_fill_an_album_is_led_to_the_page_from_which_files_go_into_it(
    world: World, open_page: Open, where: str
) -> None:
    way = 'href="http://portal.test/upload/?album=head-ct"'
    assert way in open_page(where, as_="owner", album="head-ct").words
    assert "/upload/" not in open_page(where, as_="member", album="head-ct").words
    world.albums[0] = replace(world.albums[0], archived=NOW)
    assert "/upload/" not in open_page(where, as_="owner", album="head-ct").words
