"""What is on the pages: filters, order, paging, addresses, and text that others wrote."""

import html
import logging
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from portal.answers import Remark, RulesStatus
from portal.archive import StudyOrder, StudySearch, TextField
from portal.dicom import Study
from portal.errors import Part, Unavailable
from portal.widgets import style
from tests.pages.conftest import Open, Page
from tests.pages.fakes import NOW, ROOT, FakeAlbum, FakeArchive, FakeAuth, World, make_studies

SHEET = Path(style.__file__).with_suffix(".css")

HOSTILE = (
    "**x**",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    ":red[x]",
    "$x$",
    "[a](javascript:alert(1))",
    "`x`",
    "# x",
    ":material/home:",
    ":smile:",
    "a -> b",
    "![x](http://203.0.113.9/x.png)",
    "{title}",
    "a\u202eb\x00c",
)

OUR_OWN = (
    "<script>document.documentElement.lang = 'en';</script>",
    "<style>:root {}</style>",  # without the theme, which tests have not
    f"<style>{SHEET.read_text()}</style>",
)
"""Fixed pieces in which nothing of anybody's stands; any other script or style is a fault."""


def test_a_long_album_is_shown_page_by_page(world: World, open_page: Open) -> None:
    page = open_page("album", as_="owner", album="head-ct")
    assert list(page.app.dataframe[0].value["patient"])[:2] == ["TEST-1-060", "TEST-1-059"]
    assert "1 to 25 of 60" in page.words
    page.app.get("pagination")
    assert len(page.app.dataframe[0].value) == 25
    del world


def test_filters_become_one_question_to_the_archive(world: World, open_page: Open) -> None:
    page = open_page("album", as_="owner", album="head-ct")
    page.app.selectbox(key="head-ct.studies.field").set_value(TextField.DESCRIPTION)
    page.app.text_input(key="head-ct.studies.text").set_value("head")
    page.app.selectbox(key="head-ct.studies.modality").set_value("SR")
    page.app.date_input(key="head-ct.studies.first").set_value(date(2024, 3, 2))
    page.app.date_input(key="head-ct.studies.last").set_value(date(2024, 3, 4))
    page.app.selectbox(key="head-ct.studies.order").set_value(StudyOrder.OLDEST)
    page.app.run()
    assert world.questions[-1] == StudySearch(
        label="album-head-ct",
        field=TextField.DESCRIPTION,
        text="head",
        modality="SR",
        first_day=date(2024, 3, 2),
        last_day=date(2024, 3, 4),
        order=StudyOrder.OLDEST,
    )
    assert list(page.app.dataframe[0].value["patient"]) == ["TEST-1-002", "TEST-1-003", "TEST-1-004"]


def test_a_search_without_a_hit_says_so(open_page: Open) -> None:
    page = open_page("album", as_="owner", album="head-ct")
    page.app.text_input(key="head-ct.studies.text").set_value("nobody").run()
    assert "No study matches" in page.words


def test_a_search_that_is_refused_says_so(world: World, open_page: Open) -> None:
    world.refuses_searches = True
    assert "This could not be looked up" in open_page("album", as_="owner", album="head-ct").words


def test_an_empty_album_says_what_comes(world: World, open_page: Open) -> None:
    world.albums.append(FakeAlbum("new", "New", "", {"owner": "owner"}))
    assert "This album is empty" in open_page("album", as_="owner", album="new").words


def test_an_album_whose_images_one_may_not_see_is_listed_without_counts(
    world: World, open_page: Open
) -> None:
    world.albums.append(FakeAlbum("talk", "Talk", "", {"owner": "owner", "member": "comment"}))
    page = open_page("albums", as_="member")
    assert ("Talk", "album", "album=talk") in page.links
    inside = open_page("album", as_="member", album="talk")
    assert "You may not see the images of this album" in inside.words


def test_albums_are_filtered_by_text_modality_and_owner(open_page: Open) -> None:
    page = open_page("albums", as_="owner")
    page.app.text_input(key="albums.search").set_value("template").run()
    assert [label for label, _, query in page.links if "album=" in query] == ["Brain MR"]
    page.app.text_input(key="albums.search").set_value("").run()
    page.app.get("button_group")
    page.app.pills(key="albums.modality").set_value("CT").run()
    assert [label for label, _, query in page.links if "album=" in query] == ["Head CT"]
    page.app.segmented_control(key="albums.whose").set_value("shared").run()
    assert "No album matches" in page.words


def test_cards_lead_to_their_album_and_show_its_picture(open_page: Open) -> None:
    page = open_page("albums", as_="owner")
    assert ("Head CT", "album", "album=head-ct") in page.links
    assert f"/api/series/{ROOT}.1.1.1/picture?size=192" in page.words


def test_a_study_opens_in_the_viewer_and_shows_each_series(open_page: Open) -> None:
    page = open_page("study", as_="owner", study=f"{ROOT}.1.1", album="head-ct")
    assert f"http://portal.test/ohif/viewer?StudyInstanceUIDs={ROOT}.1.1" in page.words
    assert page.words.count("<h2>") == 2
    assert "1 · CT series" in page.words
    pictures = [piece for piece in page.html if "<img" in piece]
    assert len(pictures) == 1, "a report has no picture"
    assert ("Head CT", "album", "album=head-ct") in page.links


@pytest.mark.parametrize("person", ["owner", "member"])
def test_the_viewer_is_told_the_album_by_those_who_may_save_there(open_page: Open, person: str) -> None:
    """A study that is opened from nowhere has no album: the viewer asks where to save."""
    page = open_page("study", as_=person, study=f"{ROOT}.1.1", album="head-ct")
    viewers = re.findall(r"http://portal\.test/ohif/[^ \"]+", page.words)
    assert viewers
    told = [address for address in viewers if "album=head-ct" in address]
    assert told == (viewers if person == "owner" else [])
    assert any("/ohif/segmentation?" in address for address in viewers) is (person == "owner")
    assert "album=" not in "".join(
        re.findall(r"/ohif/[^ \"]+", open_page("study", as_=person, study=f"{ROOT}.1.1").words)
    )


@pytest.mark.parametrize("person", ["owner", "member"])
def test_the_rows_of_an_album_tell_the_viewer_as_well(open_page: Open, person: str) -> None:
    page = open_page("album", as_=person, album="head-ct")
    viewers = list(page.app.dataframe[0].value["ohif"])
    assert viewers
    assert ["album=head-ct" in address for address in viewers] == [person == "owner"] * len(viewers)


def test_nothing_is_saved_in_an_archived_album(open_page: Open, world: World) -> None:
    world.albums[0] = replace(world.albums[0], archived=NOW)
    page = open_page("study", as_="owner", study=f"{ROOT}.1.1", album="head-ct")
    assert "/ohif/viewer?" in page.words
    assert "album=head-ct" not in "".join(re.findall(r"/ohif/[^ \"]+", page.words))


def test_pictures_say_what_they_show(open_page: Open) -> None:
    for page in (open_page("albums", as_="owner"), open_page("study", as_="owner", study=f"{ROOT}.1.1")):
        images = re.findall(r"<img [^>]*>", page.words)
        assert images
        assert all(re.search(r'alt="[^"]+"', image) for image in images)


def test_the_way_to_sign_in_leads_back_to_the_very_page(open_page: Open) -> None:
    page = open_page("album", as_=None, album="head-ct", note="a&b=c d/é")
    address = re.search(r'href="([^"]+)"', page.words)
    assert address
    assert html.unescape(address[1]) == (
        "http://portal.test/auth/signin"
        "?next=%2Fportal%2Falbum%3Falbum%3Dhead-ct%26note%3Da%2526b%253Dc%2Bd%252F%25C3%25A9&lang=en"
    )


def test_signing_out_is_a_form_that_posts(open_page: Open) -> None:
    forms = [piece for piece in open_page("albums", as_="owner").html if "<form" in piece]
    assert len(forms) == 1
    assert forms[0].startswith(
        '<form class="signout" method="post" action="http://portal.test/auth/signout">'
    )
    assert '<span class="words">Sign out</span>' in forms[0]


def test_one_of_the_persons_sessions_can_be_ended(world: World, open_page: Open) -> None:
    page = open_page("me", as_="owner")
    assert "this one" in page.words
    assert "Chrome · Linux" in page.words
    page.click("end-session-1-of-owner")
    assert world.ended == {"session-1-of-owner"}
    assert "Firefox" not in page.words


def make_token(page: Page, **fields: Any) -> Page:  # noqa: ANN401 - what the fields take
    app = page.app
    app.text_input[0].set_value(fields.get("name", "Notebook"))
    if "actions" in fields:
        app.multiselect[0].set_value(fields["actions"])
    if "albums" in fields:
        app.multiselect[1].set_value(fields["albums"])
    next(button for button in app.button if button.label == "Make the token").click().run()
    return page


def test_a_token_is_made_shown_until_it_is_copied_and_revoked(world: World, open_page: Open) -> None:
    page = make_token(open_page("me", as_="owner"), name="<b>Notebook</b>", albums=["head-ct"])
    secret = "paradim_" + "S" * 43
    assert page.app.code[0].value == secret
    assert secret not in page.app.code[1].value
    assert "&lt;b&gt;Notebook&lt;/b&gt;" in page.words
    ((owner, token),) = world.tokens
    assert (owner, token.actions, token.albums) == ("owner", ("view", "download"), ("head-ct",))
    assert (token.until - NOW.date()).days in (89, 90)
    page.app.run()
    assert page.app.code[0].value == secret
    page.click("copied")
    assert not page.app.code
    page.click(f"revoke-{token.id}")
    assert world.tokens == []
    assert "Notebook" not in page.words


def test_a_token_of_nothing_or_for_nothing_is_not_made(world: World, open_page: Open) -> None:
    wrong: tuple[dict[str, Any], ...] = ({"name": " "}, {"actions": []})
    for fields in wrong:
        page = make_token(open_page("me", as_="owner"), **fields)
        assert "Say what the token is for" in page.words
    page = make_token(open_page("me", as_="owner"), name="one too many")
    assert "This token cannot be made." in page.words
    assert world.tokens == []


def test_a_token_that_is_over_says_so(world: World, open_page: Open) -> None:
    make_token(open_page("me", as_="owner"))
    owner, token = world.tokens[0]
    world.tokens[0] = (owner, token.model_copy(update={"over": True, "used": NOW, "used_from": "192.0.2.9"}))
    words = open_page("me", as_="owner").words
    assert ">over<" in words
    assert "from 192.0.2.9" in words
    assert "Notebook" not in open_page("me", as_="member").words


BROKEN = RulesStatus(
    state="kept",
    file="permissions.jsonc",
    problems=tuple(Remark(line=n, column=2, message=f"<b>viwe{n}</b> is not known") for n in range(1, 8)),
)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("kept", "The rules that were in force stay in force until permissions.jsonc is right."),
        ("none", "Nobody but administrators is served until permissions.jsonc is right."),
    ],
)
def test_administrators_and_nobody_else_are_told_what_is_wrong_with_the_rules(
    state: str, said: str, world: World, open_page: Open
) -> None:
    world.rules = BROKEN.model_copy(update={"state": state})
    words = open_page("albums", as_="admin").words
    assert said in words
    assert "Line 1, column 2: &lt;b&gt;viwe1&lt;/b&gt; is not known" in words
    assert "viwe5" in words
    assert "viwe6" not in words
    assert "2 more" in words
    assert "viwe1" not in open_page("albums", as_="owner").words
    world.rules = RulesStatus(state="good")
    assert "The rules file" not in open_page("albums", as_="admin").words


def test_while_there_are_no_rules_everybody_else_is_told_that_administrators_know(
    world: World, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: object, **__: object) -> None:
        raise Unavailable(Part.RULES)

    monkeypatch.setattr(FakeAuth, "enter", closed)
    words = open_page("albums", as_="owner").words
    assert "The rules of access cannot be read, so only administrators are served." in words


def test_what_breaks_ends_as_a_sentence_with_a_number_that_the_log_has(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> int:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(FakeArchive, "count", broken)
    with caplog.at_level(logging.ERROR):
        words = open_page("album", as_="owner", album="head-ct").words
    assert "secret detail" not in words
    assert "Traceback" not in words
    number = re.search(r"this number: ([0-9a-f]{12})", words)
    assert number
    assert number[1] in caplog.text
    assert "secret detail" in caplog.text


@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_others_wrote_is_shown_as_it_is(text: str, world: World, open_page: Open) -> None:
    studies = make_studies(
        9, 1, ["CT"], PatientID=text, PatientName=text, StudyDescription=text, AccessionNumber=text
    )
    world.albums.append(FakeAlbum("odd", text, text, {"owner": "owner"}, studies))
    shown = " ".join(re.sub("[\u202e\x00]", " ", text).split())
    uid = f"{ROOT}.9.1"
    for page in (
        open_page("albums", as_="owner"),
        open_page("album", as_="owner", album="odd"),
        open_page("study", as_="owner", study=uid, album="odd"),
        open_page("me", as_="owner"),
    ):
        reader = _Reader()
        for piece in page.html:
            if piece not in OUR_OWN:
                reader.feed(piece)
        assert reader.unknown == set()
        assert shown in reader.text
        labels = [label for label, place, query in page.links if (place, query) == ("album", "album=odd")]
        assert all(_unescaped(label) == shown for label in labels)
    frame = open_page("album", as_="owner", album="odd").app.dataframe[0].value
    assert list(frame["patient"]) == [shown]
    assert list(frame["description"]) == [shown]


def test_a_study_with_nothing_known_is_shown_all_the_same(world: World, open_page: Open) -> None:
    bare = Study(StudyInstanceUID=f"{ROOT}.8.1")
    world.albums.append(FakeAlbum("bare", "Bare", "", {"owner": "owner"}, {bare: ()}))
    assert "Study without a description" in open_page("study", as_="owner", study=f"{ROOT}.8.1").words
    table = open_page("album", as_="owner", album="bare").app.dataframe[0].value
    assert list(table["patient"]) == ["Study"]


class _Reader(HTMLParser):
    """Gathers text and finds elements and attributes that no page of ours uses."""

    KNOWN = frozenset(
        {
            *("a", "button", "code", "dd", "div", "dl", "dt", "form", "h1", "h2", "img", "p", "span"),
            *("table", "tbody", "td", "th", "thead", "tr"),
        }
    )
    ATTRIBUTES = frozenset(
        {
            *("action", "alt", "aria-current", "aria-hidden", "aria-label", "class", "decoding", "href"),
            *("loading", "method", "role", "scope", "src", "style", "type"),
        }
    )

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.unknown: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.unknown |= {tag} - self.KNOWN
        for name, value in attrs:
            self.unknown |= {name} - self.ATTRIBUTES
            if name in {"href", "src", "action"}:
                assert value
                assert value.startswith(("http://portal.test/", "/portal/"))

    def handle_data(self, data: str) -> None:
        self.text += data


def _unescaped(label: str) -> str:
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", label).replace("\u2060", "")


# --- the audit


def test_the_audit_is_the_newest_first_and_page_by_page(world: World, open_page: Open) -> None:
    page = open_page("audit", as_="admin")
    [frame] = [each.value for each in page.app.dataframe]
    assert list(frame["event"][:3]) == ["signed in", "refused", "first look into a study"]
    assert len(frame) == 25
    assert list(frame["why"][:2]) == ["", "other rights only"]
    assert list(frame["count"][:2]) == [1, 7]
    assert frame["who"][0] == "<b>**Odd**</b> =1+1"
    assert "1 to 25 of 63" in page.words


def test_one_look_at_the_audit_is_one_question_on_record(world: World, open_page: Open) -> None:
    page = open_page("audit", as_="admin")
    assert len(world.audit_searches) == 1
    page.app.session_state[f"audit.page.{hash(world.audit_searches[0])}"] = 3
    page.app.run()
    assert "51 to 63 of 63" in page.words
    assert len(page.app.dataframe[0].value) == 13
    assert len(world.audit_searches) == 2


def test_a_page_of_the_audit_that_is_no_more_is_the_first(world: World, open_page: Open) -> None:
    page = open_page("audit", as_="admin")
    page.app.session_state[f"audit.page.{hash(world.audit_searches[0])}"] = 3
    page.app.run()
    del world.happened[30:]
    page.app.run()
    assert "1 to 25 of 30" in page.words
    assert len(page.app.dataframe[0].value) == 25


def test_the_filters_of_the_audit_are_the_question_and_the_file_has_the_same(
    world: World, open_page: Open
) -> None:
    page = open_page("audit", as_="admin")
    page.app.selectbox(key="audit.None.event").set_value("denied")
    page.app.text_input(key="audit.None.actor").set_value(" member ")
    page.app.text_input(key="audit.None.album").set_value("head-ct").run()
    assert world.audit_searches[-1].parameters() == {"event": "denied", "actor": "member", "album": "head-ct"}
    [link] = [each.proto.url for each in page.app.get("link_button")]
    assert link == "http://portal.test/api/audit?event=denied&actor=member&album=head-ct&format=csv"
    assert "1 entry" in page.words


def test_owners_read_what_happened_in_their_album_without_addresses(open_page: Open) -> None:
    page = open_page("audit", as_="owner", album="head-ct")
    assert "192.0.2" not in page.words
    assert ("Head CT", "album", "album=head-ct") in page.links
    assert page.app.dataframe[0].proto.column_order == ["at", "event", "who", "about", "why", "count"]
    assert "audit.head-ct.album" not in page.app.session_state, "the album is not chosen here"
    album = open_page("album", as_="owner", album="head-ct")
    assert ("What happened", "audit", "album=head-ct") in album.links
    assert "What happened" not in open_page("album", as_="member", album="head-ct").words


def test_nothing_that_matches_is_said(open_page: Open) -> None:
    page = open_page("audit", as_="admin")
    page.app.text_input(key="audit.None.target").set_value("nowhere").run()
    assert "Nothing matches" in page.words
    assert not page.app.dataframe
