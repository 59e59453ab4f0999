"""Every page for every kind of person, in both languages."""

import re

import pytest
from babel.messages.pofile import read_po

from portal.errors import Part
from portal.text import LOCALE_FOLDER
from tests.pages.conftest import Open
from tests.pages.fakes import ROOT, World

STUDY = f"{ROOT}.1.1"
OTHER_STUDY = f"{ROOT}.2.1"

PAGES = {
    "albums": ("albums", {}),
    "album": ("album", {"album": "head-ct"}),
    "other album": ("album", {"album": "brain-mr"}),
    "no album": ("album", {}),
    "unknown album": ("album", {"album": "nowhere"}),
    "contents": ("contents", {"album": "head-ct"}),
    "other contents": ("contents", {"album": "brain-mr"}),
    "contents of no album": ("contents", {}),
    "study": ("study", {"study": STUDY, "album": "head-ct"}),
    "study by itself": ("study", {"study": STUDY}),
    "study in another album": ("study", {"study": STUDY, "album": "brain-mr"}),
    "other study": ("study", {"study": OTHER_STUDY, "album": "brain-mr"}),
    "no study": ("study", {}),
    "bad study": ("study", {"study": "1.2/../3"}),
    "me": ("me", {}),
    "audit": ("audit", {}),
    "audit of an album": ("audit", {"album": "head-ct"}),
    "audit of another album": ("audit", {"album": "brain-mr"}),
    "why": ("why", {}),
    "settings": ("album_settings", {"album": "head-ct"}),
    "settings of another album": ("album_settings", {"album": "brain-mr"}),
    "settings of no album": ("album_settings", {}),
    "pictures that wait": ("album_held", {"album": "head-ct"}),
    "pictures that wait in another album": ("album_held", {"album": "brain-mr"}),
    "pictures that wait in no album": ("album_held", {}),
    "ownerless": ("ownerless", {}),
    "members": ("album_members", {"album": "head-ct"}),
    "members of another album": ("album_members", {"album": "brain-mr"}),
    "members of no album": ("album_members", {}),
    "my members": ("my_members", {}),
    "sees": ("sees", {}),
    "sees somebody": ("sees", {"person": "sub-member"}),
    "search": ("search", {}),
    "search for a study of others": ("search", {"PatientID": "2-003"}),
}

SIGN_IN = "Please sign in"
NOTHING = "There is nothing here that you can see"
FORBIDDEN = "You do not have the right to do this"
NO_ALBUM = "No album is shared with you yet"
NO_OWN_ALBUM = "You own no album"
HEADS = '<h1 class="title">Head CT</h1>'
BRAINS = '<h1 class="title">Brain MR</h1>'
STUDY_PAGE = "Open in OHIF"

# What each person must find on each page. Nobody's row is the same for all: it is tested apart.
EXPECTED = {
    "albums": {"stranger": NO_ALBUM, "admin": NO_ALBUM, "member": "60 studies", "owner": "60 studies"},
    "album": {"stranger": NOTHING, "admin": NOTHING, "member": HEADS, "owner": HEADS},
    "other album": {"stranger": NOTHING, "admin": NOTHING, "member": NOTHING, "owner": BRAINS},
    "no album": dict.fromkeys(("stranger", "admin", "member", "owner"), NOTHING),
    "unknown album": dict.fromkeys(("stranger", "admin", "member", "owner"), NOTHING),
    "contents": {
        "stranger": NOTHING,
        "admin": NOTHING,
        "member": "Nothing was put in or taken out yet",
        "owner": "Look them up",
    },
    "other contents": {
        "stranger": NOTHING,
        "admin": NOTHING,
        "member": NOTHING,
        "owner": "Nothing was put in or taken out yet",
    },
    "contents of no album": dict.fromkeys(("stranger", "admin", "member", "owner"), NOTHING),
    "study": {"stranger": NOTHING, "admin": NOTHING, "member": STUDY_PAGE, "owner": STUDY_PAGE},
    "study by itself": {"stranger": NOTHING, "admin": NOTHING, "member": STUDY_PAGE, "owner": STUDY_PAGE},
    "study in another album": dict.fromkeys(("stranger", "admin", "member", "owner"), NOTHING),
    "other study": {"stranger": NOTHING, "admin": NOTHING, "member": NOTHING, "owner": STUDY_PAGE},
    "no study": dict.fromkeys(("stranger", "admin", "member", "owner"), NOTHING),
    "bad study": dict.fromkeys(("stranger", "admin", "member", "owner"), NOTHING),
    "why": {"stranger": NOTHING, "admin": "Explain", "member": NOTHING, "owner": "Explain"},
    "members": {"stranger": NOTHING, "admin": NOTHING, "member": FORBIDDEN, "owner": "Owner Test (you)"},
    "members of another album": {
        "stranger": NOTHING,
        "admin": NOTHING,
        "member": NOTHING,
        "owner": FORBIDDEN,
    },
    "members of no album": dict.fromkeys(("stranger", "admin", "member", "owner"), NOTHING),
    "my members": {
        "stranger": NO_OWN_ALBUM,
        "admin": NO_OWN_ALBUM,
        "member": NO_OWN_ALBUM,
        "owner": "Member Test",
    },
    "sees": {"stranger": NOTHING, "admin": "Who sees how much?", "member": NOTHING, "owner": NOTHING},
    "sees somebody": {"stranger": NOTHING, "admin": "123", "member": NOTHING, "owner": NOTHING},
    "search": {
        "stranger": "Nothing matches",
        "admin": "Nothing matches",
        "member": "1 to 25 of 60",
        "owner": "1 to 25 of 63",
    },
    "search for a study of others": {
        "stranger": "Nothing matches",
        "admin": "Nothing matches",
        "member": "Nothing matches",
        "owner": "1 to 1 of 1",
    },
    "me": {
        "stranger": "Stranger Test",
        "admin": "administrator",
        "member": "view and download",
        "owner": "all rights",
    },
    "audit": {"stranger": NOTHING, "admin": "63 entries", "member": NOTHING, "owner": "61 entries"},
    "audit of an album": {
        "stranger": NOTHING,
        "admin": "61 entries",
        "member": FORBIDDEN,
        "owner": "What happened in Head CT",
    },
    "settings": {"stranger": NOTHING, "admin": NOTHING, "member": FORBIDDEN, "owner": "Delete the album"},
    "settings of another album": {
        "stranger": NOTHING,
        "admin": NOTHING,
        "member": NOTHING,
        "owner": FORBIDDEN,
        "other": "Delete the album",
    },
    "pictures that wait": {
        "stranger": NOTHING,
        "admin": NOTHING,
        "member": FORBIDDEN,
        "owner": "Nothing waits for a look",
    },
    "pictures that wait in another album": {
        "stranger": NOTHING,
        "admin": NOTHING,
        "member": NOTHING,
        "owner": FORBIDDEN,
    },
    "pictures that wait in no album": dict.fromkeys(("stranger", "admin", "member", "owner"), NOTHING),
    "settings of no album": dict.fromkeys(("stranger", "admin", "member", "owner"), NOTHING),
    "ownerless": {
        "stranger": NOTHING,
        "admin": "Each of these albums has an owner",
        "member": NOTHING,
        "owner": NOTHING,
    },
    "audit of another album": {
        "stranger": NOTHING,
        "admin": "1 entry",
        "member": NOTHING,
        "owner": FORBIDDEN,
    },
}


@pytest.mark.parametrize(("page", "person"), [(page, who) for page, row in EXPECTED.items() for who in row])
def test_each_person_finds_what_he_may_see(page: str, person: str, open_page: Open) -> None:
    path, query = PAGES[page]
    seen = open_page(path, as_=person, **query).words
    assert EXPECTED[page][person] in seen
    assert SIGN_IN not in seen
    if EXPECTED[page][person] == NOTHING:
        assert "TEST-" not in seen
        assert "dicom-web" not in seen


@pytest.mark.parametrize("page", PAGES)
def test_nobody_sees_only_the_way_to_sign_in(page: str, open_page: Open) -> None:
    path, query = PAGES[page]
    seen = open_page(path, as_=None, **query)
    assert SIGN_IN in seen.words
    assert "TEST-" not in seen.words
    assert not seen.links
    assert not seen.app.dataframe


def test_the_members_album_tells_nothing_of_the_other(open_page: Open) -> None:
    seen = open_page("albums", as_="member").words
    assert "Head CT" in seen
    assert "Brain" not in seen


def test_an_album_says_who_owns_it_and_what_the_person_may_do(open_page: Open) -> None:
    seen = open_page("album", as_="member", album="head-ct").words
    assert "owner: Owner Test" in seen
    assert "you: can view and download" in seen
    assert "album-head-ct" in seen


def test_a_session_that_ended_meets_the_way_to_sign_in_at_the_next_run(world: World, open_page: Open) -> None:
    page = open_page("album", as_="owner", album="head-ct")
    world.ended.add("owner")
    page.app.run()
    assert SIGN_IN in page.words
    assert "TEST-" not in page.words


def test_the_person_is_asked_for_on_every_run(world: World, open_page: Open) -> None:
    page = open_page("album", as_="member", album="head-ct")
    world.albums[0].roles.pop("member")
    page.app.run()
    assert NOTHING in page.words


def test_another_person_in_the_same_tab_finds_nothing_of_the_first(
    world: World, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page("albums", as_="owner")
    page.app.text_input(key="albums.search").set_value("heads").run()
    assert page.app.session_state["albums.search"] == "heads"
    monkeypatch.setattr("portal.session._cookie", lambda: "other")
    page.app.run()
    assert page.app.session_state["albums.search"] == ""
    assert "Brain MR" in page.words
    del world


@pytest.mark.parametrize(
    "page",
    [
        *("albums", "album", "no album", "contents", "study", "me", "audit", "why", "settings"),
        *("members", "my members", "sees", "search"),
    ],
)
@pytest.mark.parametrize("person", [None, "stranger", "owner"])
def test_every_page_speaks_french(page: str, person: str | None, open_page: Open) -> None:
    path, query = PAGES[page]
    seen = open_page(path, as_=person, language="fr", **query).words
    assert "lang = 'fr'" in seen
    seen = re.sub(r"https?://\S+", "", seen)  # nobody reads an address as a text
    english = [text for text in _texts_that_differ() if re.search(rf"\b{re.escape(text)}(?!\w)", seen)]
    assert english == []


def _texts_that_differ() -> list[str]:
    with (LOCALE_FOLDER / "fr" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale="fr")
    return [
        entry.id
        for entry in catalogue
        if isinstance(entry.id, str)
        and len(entry.id) > 5
        and "{" not in entry.id
        and entry.id not in (entry.string, "English")
    ]


def test_the_chosen_language_is_kept_with_the_person(world: World, open_page: Open) -> None:
    page = open_page("albums", as_="owner").click("language")
    assert world.people["owner"].language == "fr"
    assert "Fermer la session" in page.words
    again = open_page("me", as_="owner", language="en")
    assert "Fermer la session" in again.words
    assert world.people["member"].language is None


def test_nobody_can_choose_a_language_too(open_page: Open) -> None:
    page = open_page("albums", as_=None, language="fr")
    assert "Ouvrez une session" in page.words
    assert "lang=fr" in page.words
    assert "Please sign in" in page.click("language").words
    assert "lang=en" in page.words


@pytest.mark.parametrize("part", sorted(set(Part) - {Part.RULES}))  # which is no service: test_pages.py
@pytest.mark.parametrize("page", ["albums", "album", "study", "me", "why", "search"])
def test_each_page_says_what_is_down(part: Part, page: str, world: World, open_page: Open) -> None:
    world.down.add(part)
    path, query = PAGES[page]
    seen = open_page(path, as_="owner", **query).words
    assert (
        f"({'Orthanc' if part is Part.ORTHANC else 'Keycloak' if part is Part.KEYCLOAK else part}) is not"
        in seen
    )


def test_albums_and_account_still_work_without_orthanc(world: World, open_page: Open) -> None:
    world.down.add(Part.ORTHANC)
    albums = open_page("albums", as_="owner")
    assert ("Head CT", "album", "album=head-ct") in albums.links
    assert "60 studies" in albums.words  # they were counted before
    assert "all rights" in open_page("me", as_="owner").words
    album = open_page("album", as_="owner", album="head-ct").words
    assert HEADS in album
    assert "Try again" in album


def test_everything_still_works_without_keycloak_but_signing_in(world: World, open_page: Open) -> None:
    world.down.add(Part.KEYCLOAK)
    assert "TEST-1-060" in open_page("album", as_="owner", album="head-ct").words


def test_trying_again_works_when_the_part_is_back(world: World, open_page: Open) -> None:
    world.down.add(Part.AUTH_SERVICE)
    page = open_page("album", as_="owner", album="head-ct")
    world.down.clear()
    assert HEADS in page.click("again").words
