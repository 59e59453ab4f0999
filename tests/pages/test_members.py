"""The pages about members: what is on them for whom, and what a click sends."""

from datetime import UTC, date, datetime

import pytest
from streamlit.testing.v1 import AppTest

from portal.errors import Part
from portal.members import Member, Subject
from tests.pages.conftest import Open, Page
from tests.pages.fakes import NOW, World

FORBIDDEN = "You do not have the right to do this"
NOTHING = "There is nothing here that you can see"


def choose(page: Page, rows: list[int]) -> Page:
    """Choose rows of the table, as a click does."""
    (key,) = [element.key for element in page.app.dataframe if element.key]
    page.app.session_state[key] = {"selection": {"rows": rows}}
    page.app.run()
    return page


def warned(app: AppTest) -> str:
    return "\n".join(str(element.value) for element in app.warning)


# The page of one album


def test_an_owner_sees_who_may_do_what(open_page: Open) -> None:
    page = open_page("album_members", as_="owner", album="head-ct")
    frame = page.app.dataframe[0].value
    assert list(frame["who"]) == ["Owner Test (you)", "Member Test"]
    assert list(frame["preset"]) == ["co-owner", "own choice"]
    assert list(frame["may_download"]) == ["✔", "✔"]
    assert list(frame["may_upload"]) == ["✔", ""]
    assert list(frame["note"]) == ["", "Protocol 2026-114"]
    assert list(frame["used"]) == ["yesterday", "never"]
    assert "http://portal.test/api/albums/head-ct/members?format=csv" in page.words


@pytest.mark.parametrize(
    ("person", "expected"), [("member", FORBIDDEN), ("stranger", NOTHING), ("admin", NOTHING)]
)
def test_who_does_not_own_the_album_sees_nobody(person: str, expected: str, open_page: Open) -> None:
    page = open_page("album_members", as_=person, album="head-ct")
    assert expected in page.words
    assert not page.app.dataframe
    assert "Owner Test" not in page.words


def test_who_may_only_invite_sees_the_form_alone_with_at_most_his_rights(
    world: World, open_page: Open
) -> None:
    world.albums[0].roles["member"] = "inviter"
    page = open_page("album_members", as_="member", album="head-ct")
    assert not page.app.dataframe
    assert "Table (CSV)" not in page.words
    assert "Owner Test" not in page.words
    [presets] = page.app.segmented_control
    assert presets.options == ["viewer", "single rights"]
    presets.set_value("single").run()
    [single] = page.app.pills
    assert single.options == ["view", "comment", "invite"]


def test_the_album_leads_owners_and_inviters_to_its_members(world: World, open_page: Open) -> None:
    link = ("Members", "album_members", "album=head-ct")
    assert link in open_page("album", as_="owner", album="head-ct").links
    assert link not in open_page("album", as_="member", album="head-ct").links
    world.albums[0].roles["member"] = "inviter"
    assert link in open_page("album", as_="member", album="head-ct").links


def test_somebody_is_looked_for_and_added(world: World, open_page: Open) -> None:
    page = open_page("album_members", as_="owner", album="head-ct")
    key = "head-ct.add.0"
    page.app.text_input(key=f"{key}.search").set_value("stranger").run()
    who = page.app.selectbox(key=f"{key}.who.stranger")
    assert who.options == ["Stranger Test · stranger · stranger@example.test"]
    page.app.segmented_control(key=f"{key}.preset").set_value("reader").run()
    page.app.date_input(key=f"{key}.until").set_value(date(2027, 1, 31))
    page.app.text_input(key=f"{key}.note").set_value("Second site")
    page.click(f"{key}.add")
    assert world.asked_of_members == [
        (
            "head-ct",
            {
                "subject": {"user": "stranger"},
                "preset": "reader",
                "until": "2027-01-31",
                "note": "Second site",
            },
        )
    ]
    assert [element.value for element in page.app.success] == ["Added\\."]
    assert "stranger" in list(page.app.dataframe[0].value["who"])
    # The form is empty again.
    assert page.app.text_input(key="head-ct.add.1.search").value == ""


def test_single_rights_are_sent_one_by_one_and_an_address_as_one(world: World, open_page: Open) -> None:
    page = open_page("album_members", as_="owner", album="head-ct")
    key = "head-ct.add.0"
    page.app.text_input(key=f"{key}.search").set_value("new@example.org").run()
    assert page.app.selectbox(key=f"{key}.who.new@example.org").options == ["exactly “new@example.org”"]
    page.app.segmented_control(key=f"{key}.preset").set_value("single").run()
    page.click(f"{key}.add")
    assert "Say who it is" in warned(page.app)
    page.app.pills(key=f"{key}.actions").set_value(["view", "send"]).run()
    page.click(f"{key}.add")
    [(_, body)] = world.asked_of_members
    assert body == {
        "subject": {"email": "new@example.org"},
        "actions": ["view", "send"],
        "until": None,
        "note": "",
    }
    assert list(page.app.dataframe[0].value["who"])[-1] == "new@example.org (invited)"


def test_what_is_refused_is_said_and_the_form_stays(world: World, open_page: Open) -> None:
    page = open_page("album_members", as_="owner", album="head-ct")
    key = "head-ct.add.0"
    page.app.text_input(key=f"{key}.search").set_value("nobody").run()
    page.click(f"{key}.add")
    assert "Nobody has the user name nobody" in warned(page.app)
    assert page.app.text_input(key=f"{key}.search").value == "nobody"
    page.app.text_input(key=f"{key}.search").set_value("too many").run()
    assert "Wait a moment" in warned(page.app)
    del world


def test_chosen_members_are_changed_together(world: World, open_page: Open) -> None:
    page = choose(open_page("album_members", as_="owner", album="head-ct"), [0, 1])
    form = {str(element.label): element for element in page.app.selectbox}
    form["Rights"].set_value("too")
    page.app.multiselect[0].set_value(["send"])
    form["Last day"].set_value("none")
    [save] = [button for button in page.app.button if button.label == "Save"]
    save.click().run()
    assert world.asked_of_members == [
        ("head-ct", {"members": [1, 2], "invitations": [], "add": ["send"], "until": None})
    ]
    assert [element.value for element in page.app.success] == ["Saved\\."]


def test_a_note_of_one_is_changed_and_nothing_else(world: World, open_page: Open) -> None:
    page = choose(open_page("album_members", as_="owner", album="head-ct"), [1])
    note = next(one for one in page.app.text_input if one.value == "Protocol 2026-114")
    note.set_value("Another")
    next(button for button in page.app.button if button.label == "Save").click().run()
    assert world.asked_of_members == [("head-ct", {"members": [2], "invitations": [], "note": "Another"})]


def test_chosen_members_and_invitations_are_taken_back(world: World, open_page: Open) -> None:
    open_page("album_members", as_="owner", album="head-ct")
    world.members["head-ct"].append(
        Member(
            id=2,
            state="pending",
            subject=Subject(email="new@example.org", name="new@example.org"),
            role="member",
            created=NOW,
            expires=datetime(2027, 3, 31, 14, tzinfo=UTC),
        )
    )
    page = choose(open_page("album_members", as_="owner", album="head-ct"), [1, 2])
    assert list(page.app.dataframe[0].value["used"])[-1] == "invited until Mar 31, 2027"
    page.click("takeback")
    assert world.asked_of_members == [("head-ct", {"members": [2], "invitations": [2]})]
    assert list(page.app.dataframe[0].value["who"]) == ["Owner Test (you)"]


def test_a_table_is_tried_and_taken_over(world: World, open_page: Open) -> None:
    page = open_page("album_members", as_="owner", album="head-ct")
    key = "head-ct.add"
    page.app.text_area(key=f"{key}.table").set_value("user,preset\nwrong,x")
    page.click(f"{key}.try")
    assert "Nothing is done while a line is wrong." in page.words
    assert "&lt;b&gt;new&lt;/b&gt;" in page.words
    page.app.text_area(key=f"{key}.table").set_value("user,preset\nnew,viewer")
    page.click(f"{key}.take")
    assert [body["dry_run"] for _, body in world.asked_of_members] == [True, False]
    page.app.text_area(key=f"{key}.table").set_value("no table")
    page.click(f"{key}.try")
    assert "This is no table" in warned(page.app)


def test_who_can_see_the_album_and_why_is_told_on_the_same_page(world: World, open_page: Open) -> None:
    page = open_page("album_members", as_="owner", album="head-ct")
    page.app.segmented_control(key="head-ct.members.view").set_value("people").run()
    assert "by the group /radiology" in page.words
    assert "by a rule of the site (permissions.jsonc:4)" in page.words
    assert "sees everything there is" in page.words
    assert "&lt;i&gt;Gone&lt;/i&gt;" in page.words
    assert "over" in page.words
    assert "by the role &lt;b&gt;auditor&lt;/b&gt;" in page.words
    for said in ("3 people", "12 people or more", "counted and not named", "more people than are looked"):
        assert said in page.words, said
    assert "/portal/why?resource=head-ct&amp;actor=member" in page.words
    world.down.add(Part.KEYCLOAK)
    page.app.run()
    assert "(Keycloak) is not answering" in page.words


# Everybody in one's albums


def test_people_stand_down_and_albums_across(open_page: Open) -> None:
    page = open_page("my_members", as_="owner")
    assert '<th scope="col">Head CT</th>' in page.words
    assert "Member Test" in page.words
    assert "Brain MR" not in page.words
    assert "/portal/album_members?album=head-ct" in page.words


def test_who_owns_nothing_is_told_so(open_page: Open) -> None:
    for person in ("member", "stranger"):
        page = open_page("my_members", as_=person)
        assert "You own no album" in page.words
        assert "Owner Test" not in page.words


# How much somebody may see


def test_administrators_count_what_somebody_may_see(open_page: Open) -> None:
    page = open_page("sees", as_="admin")
    page.app.text_input(key="sees.search").set_value("memb").run()
    page.click("sees.sub-member")
    assert page.app.query_params["person"] == "sub-member"
    assert "Member Test" in page.words
    assert "album head-ct" in page.words
    assert "everything" in page.words


@pytest.mark.parametrize("person", ["owner", "member", "stranger"])
@pytest.mark.parametrize("query", [{}, {"person": "sub-member"}])
def test_others_find_nothing_there(person: str, query: dict[str, str], open_page: Open) -> None:
    page = open_page("sees", as_=person, **query)
    assert NOTHING in page.words
    assert "album head-ct" not in page.words
    assert not page.app.text_input


def test_an_unknown_person_is_not_there(open_page: Open) -> None:
    assert NOTHING in open_page("sees", as_="admin", person="sub-nobody").words
