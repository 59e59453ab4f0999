"""Owners switch the de-identification of uploads on and off, and look at what is held."""

from datetime import timedelta

from portal.deidentifying import Deidentification, HeldPicture
from tests.pages.conftest import Open, Page
from tests.pages.fakes import NOW, URL, World


def picture(letter: str = "a", **more: object) -> HeldPicture:
    facts = {
        "id": letter * 32,
        "study": "2.25.1",
        "series": "2.25.2",
        "patient": "4K7Q-<b>",
        "modality": "US",
        "why": "modality",
        "held": NOW,
        "until": NOW + timedelta(days=30),
        "uploaded_by": "Member *Test*",
    }
    return HeldPicture.model_validate(facts | more)


def send(page: Page, label: str) -> Page:
    next(button for button in page.app.button if button.label == label).click().run()
    assert not page.app.exception, page.app.exception
    return page


def settings(open_page: Open) -> Page:
    return open_page("album_settings", as_="owner", album="head-ct")


def test_it_is_off_until_an_owner_switches_it_on_with_dates_moved(world: World, open_page: Open) -> None:
    page = settings(open_page)
    assert "What is in the album already stays as it is." in page.words
    assert "Take files as they are" not in page.words
    send(page, "De-identify what is uploaded")
    assert world.deidentifying["head-ct"].options == ("modified-dates",)
    assert "Switched on since" in page.words


def test_options_are_chosen_one_by_one(world: World, open_page: Open) -> None:
    page = settings(open_page)
    page.app.checkbox(key="option-modified-dates").uncheck()
    page.app.checkbox(key="option-patient-characteristics").check()
    send(page, "De-identify what is uploaded")
    assert world.deidentifying["head-ct"].options == ("patient-characteristics",)
    assert not page.app.checkbox(key="option-modified-dates").value


def test_why_options_are_refused_is_said_as_it_was_written(world: World, open_page: Open) -> None:
    page = settings(open_page)
    page.app.checkbox(key="option-uids").check()
    page.app.checkbox(key="option-device-identity").check()
    send(page, "De-identify what is uploaded")
    assert r"Not \*\*both\*\* \(en\)\." in page.words
    assert not world.deidentifying


def test_switching_it_off_says_what_that_means_and_keeps_the_key(world: World, open_page: Open) -> None:
    world.deidentifying["head-ct"] = Deidentification(on=True, since=NOW, by="Owner", has_key=True)
    page = settings(open_page)
    assert "files go in as they are, with the names in them" in page.words
    send(page, "Take files as they are")
    assert not world.deidentifying["head-ct"].on
    assert world.deidentifying["head-ct"].has_key
    send(page, "Forget the key")
    assert "Tick that the key shall be forgotten" in page.words
    page.app.checkbox(key="forget").check()
    send(page, "Forget the key")
    assert not world.deidentifying["head-ct"].has_key


def test_a_key_that_cannot_be_read_is_said_and_can_be_forgotten_alone(world: World, open_page: Open) -> None:
    world.deidentifying["head-ct"] = Deidentification(on=True, since=NOW, has_key=True, readable=False)
    page = settings(open_page)
    assert "every upload is refused" in page.words
    assert "Save the options" not in page.words
    page.app.checkbox(key="forget").check()
    send(page, "Take files as they are")
    assert not world.deidentifying["head-ct"].on


def test_owners_are_led_to_what_waits(world: World, open_page: Open) -> None:
    world.held["head-ct"] = [picture()]
    assert ("1 picture waits for your look", "album_held", "album=head-ct") in settings(open_page).links


def test_a_picture_is_shown_through_the_gate_and_let_through(world: World, open_page: Open) -> None:
    world.held["head-ct"] = [picture(), picture("b", frames=3)]
    page = open_page("album_held", as_="owner", album="head-ct")
    address = f"{URL}/api/albums/head-ct/held/{'a' * 32}/picture?frame=1"
    assert address in page.words
    assert "4K7Q-&lt;b&gt;" in page.words
    page.app.number_input(key=f"frame-{'b' * 32}").set_value(3).run()
    assert f"{'b' * 32}/picture?frame=3" in page.words
    page.click(f"release-{'a' * 32}")
    assert world.released == [("head-ct", "a" * 32)]
    assert [one.value for one in page.app.success] == ["Let through\\."]
    assert address not in page.words


def test_a_picture_is_thrown_away(world: World, open_page: Open) -> None:
    world.held["head-ct"] = [picture()]
    page = open_page("album_held", as_="owner", album="head-ct").click(f"discard-{'a' * 32}")
    assert world.held["head-ct"] == []
    assert "Nothing waits for a look" in page.words
    assert not world.released


def test_why_it_cannot_be_let_through_is_said(world: World, open_page: Open) -> None:
    world.held["head-ct"] = [picture("f")]
    page = open_page("album_held", as_="owner", album="head-ct").click(f"release-{'f' * 32}")
    assert r"It cannot be \*\*shown\*\* \(en\)\." in page.words
    assert len(world.held["head-ct"]) == 1


def test_more_than_a_page_is_counted(world: World, open_page: Open) -> None:
    world.held["head-ct"] = [picture().model_copy(update={"id": f"{number:032x}"}) for number in range(23)]
    assert "3 more" in open_page("album_held", as_="owner", album="head-ct").words
