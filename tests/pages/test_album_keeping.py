"""Albums are made, marked, left, changed, archived, handed over and deleted on pages."""

from typing import Any

import pytest

from portal.answers import AlbumSearch
from tests.pages.conftest import Open, Page
from tests.pages.fakes import NOW, FakeAlbum, World


def album(world: World, slug: str) -> FakeAlbum:
    return next(one for one in world.albums if one.slug == slug)


def listed(page: Page) -> list[str]:
    return [label for label, _, query in page.links if query.startswith("album=")]


def submit(page: Page, label: str, **fields: Any) -> Page:  # noqa: ANN401 - what the fields take
    """Fill fields in by their labels, and send the form that has this button."""
    app = page.app
    for name, value in fields.items():
        found = [one for one in [*app.text_input, *app.text_area, *app.multiselect] if one.label == name]
        found[0].set_value(value)
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception, app.exception
    return page


# My albums


def test_an_album_is_made_and_opened(world: World, open_page: Open) -> None:
    page = submit(
        open_page("albums", as_="stranger"), "Make the album", Title=" Knees ", Description="left ones"
    )
    assert (album(world, "knees").title, album(world, "knees").roles) == ("Knees", {"stranger": "owner"})
    assert album(world, "knees").description == "left ones"
    assert '<h1 class="title">Knees</h1>' in page.words


def test_an_album_without_a_title_is_not_made(world: World, open_page: Open) -> None:
    page = submit(open_page("albums", as_="owner"), "Make the album", Title=" ")
    assert "An album needs a title." in page.words
    assert len(world.albums) == 2


def test_why_an_album_cannot_be_made_is_said_as_it_was_written(open_page: Open) -> None:
    page = submit(open_page("albums", as_="owner"), "Make the album", Title="one too many")
    assert r"Not \*\*this\*\* title \(en\)\." in page.words


def test_who_may_not_make_albums_finds_no_form(open_page: Open) -> None:
    page = open_page("albums", as_="member")
    assert "Make the album" not in page.words


def test_a_favourite_is_marked_found_and_unmarked(world: World, open_page: Open) -> None:
    page = open_page("albums", as_="owner").click("favourite-brain-mr")
    assert world.favourites == {("owner", "brain-mr")}
    page.app.segmented_control(key="albums.whose").set_value("favourites").run()
    assert listed(page) == ["Brain MR"]
    page.click("favourite-brain-mr")
    assert world.favourites == set()
    assert "No album matches" in page.words


def test_a_member_leaves_and_the_last_owner_is_told_why_not(world: World, open_page: Open) -> None:
    page = open_page("albums", as_="owner").click("leave-brain-mr")
    assert listed(page) == ["Head CT"]
    page.click("leave-head-ct")
    assert r"You are the last owner \(en\)\." in page.words
    assert world.albums[0].roles["owner"] == "owner"


def test_more_filters_become_one_question(world: World, open_page: Open) -> None:
    world.albums[0] = FakeAlbum("old", "Old", "", {"owner": "owner"}, archived=NOW)
    page = open_page("albums", as_="owner")
    assert listed(page) == ["Brain MR"]
    page.app.toggle(key="albums.archived").set_value(True)
    page.app.selectbox(key="albums.can").set_value("upload")
    page.app.selectbox(key="albums.order").set_value("-members")
    page.app.date_input(key="albums.changed.first").set_value(NOW.date())
    page.app.date_input(key="albums.created.last").set_value(NOW.date())
    page.app.run()
    assert listed(page) == ["Old"]
    assert world.album_searches[-1] == AlbumSearch(
        archived=True,
        can="upload",
        sort="-members",
        changed_from=NOW.date(),
        created_to=NOW.date(),
    )


# Settings


def test_owners_are_led_to_the_settings_and_members_are_not(open_page: Open) -> None:
    link = ("Settings", "album_settings", "album=head-ct")
    assert link in open_page("album", as_="owner", album="head-ct").links
    assert link not in open_page("album", as_="member", album="head-ct").links


def test_title_and_description_are_changed(world: World, open_page: Open) -> None:
    page = submit(
        open_page("album_settings", as_="owner", album="head-ct"), "Save", Title="Heads", Description="<b>"
    )
    assert (album(world, "head-ct").title, album(world, "head-ct").description) == ("Heads", "<b>")
    assert "Settings of Heads" in page.words


def test_an_album_is_archived_and_brought_back(world: World, open_page: Open) -> None:
    page = open_page("album_settings", as_="owner", album="head-ct").click("archive")
    assert album(world, "head-ct").archived == NOW
    assert "It is archived since" in page.words
    assert "archived: nothing goes in or out" in open_page("album", as_="member", album="head-ct").words
    open_page("album_settings", as_="owner", album="head-ct").click("bring-back")
    assert album(world, "head-ct").archived is None


@pytest.mark.parametrize(("keep", "role"), [(["view"], "member"), ([], None)])
def test_an_album_is_handed_over(keep: list[str], role: str | None, world: World, open_page: Open) -> None:
    page = open_page("album_settings", as_="owner", album="head-ct")
    fields = {"User name of the new owner": "nobody", "What you may still do": keep}
    assert r"Nobody is called nobody \(en\)\." in submit(page, "Hand it over", **fields).words
    page = submit(page, "Hand it over", **fields | {"User name of the new owner": " other "})
    assert album(world, "head-ct").roles.get("other") == "owner"
    assert album(world, "head-ct").roles.get("owner") == role
    assert '<h1 class="title">Albums</h1>' in page.words


def test_an_album_is_deleted_once_it_is_meant(world: World, open_page: Open) -> None:
    page = open_page("album_settings", as_="owner", album="head-ct")
    assert "2 people and 0 groups lose their rights in it." in page.words
    assert "120 series in 60 studies are in it no longer." in page.words
    assert "7 series of these are in no other album that you see." in page.words
    field = "Write head-ct to confirm"
    assert r"Write head\-ct \(en\)\." in submit(page, "Delete the album", **{field: "head"}).words
    assert len(world.albums) == 2
    page = submit(page, "Delete the album", **{field: " head-ct "})
    assert [one.slug for one in world.albums] == ["brain-mr"]
    assert listed(page) == ["Brain MR"]


# Without an owner


def test_many_albums_are_looked_through_page_by_page(world: World, open_page: Open) -> None:
    world.gone.add("other")
    world.albums[:] = [FakeAlbum(f"a{number}", "Fine", "", {"owner": "owner"}) for number in range(60)]
    world.albums[55] = FakeAlbum("odd", "Odd", "", {"other": "owner"})
    page = open_page("ownerless", as_="admin")
    assert "Each of these albums has an owner" in page.words
    assert "1 to 50 of 60" in page.words
    page.app.session_state["ownerless.page"] = 2
    page.app.run()
    assert "Odd" in page.words
    assert "10 of 60 looked through" in page.words


def test_administrators_name_an_owner_where_there_is_none(world: World, open_page: Open) -> None:
    world.gone.add("other")
    world.albums[1] = FakeAlbum("odd", "<b>**Odd**</b>", "", {"other": "owner", "member": "member"})
    page = open_page("ownerless", as_="admin")
    assert "&lt;b&gt;**Odd**&lt;/b&gt;" in page.words
    assert "Head CT" not in page.words
    assert "2 of 2 looked through" in page.words
    fields = {"User name of the new owner": "member", "Reason, for the record": " "}
    assert "Say who is to own it, and why." in submit(page, "Name the owner", **fields).words
    page = submit(page, "Name the owner", **fields | {"Reason, for the record": " has left "})
    assert (album(world, "odd").roles["member"], world.reasons) == ("owner", ["has left"])
    assert "Each of these albums has an owner" in page.words
