"""Albums are made by whoever may, and called what their owners call them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from auth_service.albums.finding import AlbumPage, AlbumQuery, find_albums
from auth_service.albums.making import create_album, edit_album, may_make, slug_from
from auth_service.albums.members import Rights, list_members
from auth_service.errors import Forbidden, Invalid, NotFound
from auth_service.policy.model import NOBODY, SYSTEM, Narrowing
from auth_service.store import audit as audit_table
from auth_service.store.tables import AuditRecord
from auth_service.vocabulary import MEMBER_ACTIONS, AlbumRole
from tests.world import TestWorld, two_albums


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = two_albums(tmp_path)
    yield world
    world.store.close()


def page(world: TestWorld, name: str) -> AlbumPage:
    return find_albums(world, actor=world.actor(name), query=AlbumQuery())


def seen(world: TestWorld, name: str) -> list[str]:
    return [view.album.slug for view in page(world, name).items]


def last_record(world: TestWorld) -> AuditRecord:
    with world.store.read() as tx:
        return audit_table.records(tx)[-1]


def test_who_makes_an_album_owns_it(world: TestWorld) -> None:
    actor = world.actor("stranger")
    slug = create_album(world, actor=actor, title="  My\n album ", description=" ours ")
    assert slug.startswith("my-album-")
    [view] = page(world, "stranger").items
    assert (view.album.title, view.album.description, view.owners) == ("My album", "ours", ("stranger",))
    assert view.access.role is AlbumRole.OWNER
    [owner] = list_members(world, actor=actor, slug=slug)
    assert (owner.subject, owner.rights) == ("stranger", Rights(role=AlbumRole.OWNER))
    with world.store.read() as tx:
        last = audit_table.records(tx)[-1]
    assert (last.event, last.actor, last.label) == ("album-created", actor.key, f"album-{slug}")


def test_a_person_cannot_make_an_album_for_another(world: TestWorld) -> None:
    for actor in (world.actor("stranger"), world.actor("admin"), NOBODY):
        with pytest.raises(Forbidden):
            create_album(world, actor=actor, title="Album", owner="pi-a")
    with pytest.raises(Forbidden):
        create_album(world, actor=NOBODY, title="Album")
    with pytest.raises(Forbidden):
        create_album(world, actor=SYSTEM, title="Album")
    assert seen(world, "pi-a") == ["a"]


def test_an_owner_whom_nobody_knows_is_refused(world: TestWorld) -> None:
    with pytest.raises(Invalid) as refused:
        create_album(world, actor=SYSTEM, title="Album", owner="no-one")
    assert refused.value.field == "owner"


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Head CT", "head-ct"),
        ("IRM cérébrale / Brain MR", "irm-cerebrale-brain-mr"),
        ("--- a  b ---", "a-b"),
        ("../../etc/passwd", "etc-passwd"),
        ("日本", "album"),
        ("x" * 60, "x" * 50),
        ("a" * 49 + " b", "a" * 49),
    ],
)
def test_a_slug_is_made_from_the_title(title: str, slug: str) -> None:
    assert slug_from(title) == slug


def test_a_slug_that_was_ever_used_gets_a_suffix(world: TestWorld) -> None:
    made = [create_album(world, actor=world.actor("stranger"), title="Taken", slug="a") for _ in range(3)]
    assert len({*made, "a"}) == 4
    for slug in made:
        assert slug.startswith("a-")
        assert len(slug) == 6
    long = "y" * 50
    first, second = (
        create_album(world, actor=world.actor("stranger"), title="x", slug=long) for _ in range(2)
    )
    assert first == long
    assert len(second) == 50
    assert second.startswith("y" * 45 + "-")


def test_a_slug_that_is_made_from_a_title_says_nothing_of_other_albums(world: TestWorld) -> None:
    world.album("taken", "pi-b")
    made = [create_album(world, actor=world.actor("stranger"), title=title) for title in ("Taken", "Free")]
    assert [re.fullmatch(r"(taken|free)-[0-9a-f]{4}", slug) is not None for slug in made] == [True, True]
    names = ("y" * 60, "z" * 44 + " z")
    long, cut = (create_album(world, actor=SYSTEM, title=name, owner="pi-a") for name in names)
    assert re.fullmatch("y{45}-[0-9a-f]{4}", long)
    assert re.fullmatch("z{44}-[0-9a-f]{4}", cut)
    again = {create_album(world, actor=world.actor("stranger"), title="Taken") for _ in range(5)}
    assert len(again - set(made)) == 5


def test_a_free_slug_that_is_asked_for_is_given_as_it_is(world: TestWorld) -> None:
    for slug in ("head-ct", "lung-phantom", "brain-mr", "x" * 50):
        assert create_album(world, actor=world.actor("stranger"), title="Any", slug=slug) == slug


@pytest.mark.parametrize("slug", ["", "-a", "A", "a_b", "a b", "a/b", "é", "a" * 51, "a\n"])
def test_a_slug_that_is_none_is_refused(world: TestWorld, slug: str) -> None:
    with pytest.raises(Invalid) as refused:
        create_album(world, actor=world.actor("stranger"), title="Album", slug=slug)
    assert refused.value.field == "slug"


@pytest.mark.parametrize("title", ["", "  ", "x" * 256, "a\x00b", "a\u202eb"])
def test_a_title_that_is_none_is_refused(world: TestWorld, title: str) -> None:
    with pytest.raises(Invalid) as refused:
        create_album(world, actor=world.actor("stranger"), title=title)
    assert refused.value.field == "title"


def test_a_description_that_is_too_long_is_refused(world: TestWorld) -> None:
    with pytest.raises(Invalid) as refused:
        create_album(world, actor=world.actor("stranger"), title="Album", description="x" * 2049)
    assert refused.value.field == "description"


@pytest.mark.parametrize("given", [{"title": "Ownerless"}, {"title": "x", "slug": "ownerless"}])
def test_no_album_is_called_as_an_address_of_ours(world: TestWorld, given: dict[str, str]) -> None:
    made = create_album(world, actor=world.actor("stranger"), title=given["title"], slug=given.get("slug"))
    assert made.startswith("ownerless-")


def test_a_program_makes_no_album(world: TestWorld) -> None:
    program = replace(world.actor("stranger"), narrowing=Narrowing(actions=MEMBER_ACTIONS))
    assert not may_make(world.settings, program)
    with pytest.raises(Forbidden):
        create_album(world, actor=program, title="Album")


def test_a_site_may_let_only_some_roles_make_albums(tmp_path: Path) -> None:
    world = two_albums(tmp_path, album_makers="pi, lab-lead")
    world.keycloak.users["pi-a"].roles = {"pi"}
    assert may_make(world.settings, world.actor("pi-a"))
    assert create_album(world, actor=world.actor("pi-a"), title="Fine", slug="fine") == "fine"
    assert not may_make(world.settings, world.actor("stranger"))
    with pytest.raises(Forbidden) as refused:
        create_album(world, actor=world.actor("stranger"), title="Not fine")
    assert refused.value.reason == "role"
    assert seen(world, "stranger") == []
    assert create_album(world, actor=SYSTEM, title="Loaded", slug="loaded", owner="stranger") == "loaded"
    world.store.close()


# Editing


def test_what_was_changed_is_on_record_and_the_rest_stays(world: TestWorld) -> None:
    actor = world.actor("pi-a")
    edit_album(world, actor=actor, slug="a", title=" A  new name ")
    edit_album(world, actor=actor, slug="a", title="A new name", description="what it is")
    [view] = page(world, "pi-a").items
    assert (view.album.slug, view.album.title, view.album.description) == ("a", "A new name", "what it is")
    with world.store.read() as tx:
        records = [each for each in audit_table.records(tx) if each.event == "album-edited"]
    assert [(each.actor, each.label, each.details) for each in records] == [
        (actor.key, "album-a", {"before": {"title": "Album a"}, "after": {"title": "A new name"}}),
        (actor.key, "album-a", {"before": {"description": ""}, "after": {"description": "what it is"}}),
    ]


def test_nothing_new_is_nothing_on_record(world: TestWorld) -> None:
    before = last_record(world).id
    edit_album(world, actor=world.actor("pi-a"), slug="a", title="Album a", description="")
    edit_album(world, actor=world.actor("pi-a"), slug="a")
    assert last_record(world).id == before


def test_only_who_may_edit_does(world: TestWorld) -> None:
    world.give("a", "member-b", *MEMBER_ACTIONS)
    for name, error in (("member-b", Forbidden), ("member-a", Forbidden), ("stranger", NotFound)):
        with pytest.raises(error):
            edit_album(world, actor=world.actor(name), slug="a", title="Mine")
    with pytest.raises(NotFound):
        edit_album(world, actor=world.actor("pi-a"), slug="b", title="Mine")
    assert [view.album.title for view in page(world, "pi-a").items] == ["Album a"]


@pytest.mark.parametrize(
    ("title", "description", "field"),
    [(" ", None, "title"), ("x", "x" * 2049, "description")],
)
def test_a_wrong_field_changes_nothing(
    world: TestWorld, title: str, description: str | None, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        edit_album(world, actor=world.actor("pi-a"), slug="a", title=title, description=description)
    assert refused.value.field == field
    assert [view.album.title for view in page(world, "pi-a").items] == ["Album a"]
