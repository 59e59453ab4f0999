"""The albums of a manifest: made once, whatever happens on the way, and never given again."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auth_service import cli
from auth_service.albums import ledger, loading
from auth_service.albums.ending import archive_album, delete_album
from auth_service.albums.members import Rights, list_members, remove_member
from auth_service.audit.chaining import Chainer
from auth_service.errors import Invalid, Unavailable
from auth_service.store import albums as albums_table
from auth_service.store import audit as audit_table
from auth_service.store import ledger as ledger_table
from auth_service.store.database import Store
from auth_service.store.tables import AuditRecord
from auth_service.vocabulary import Action, AlbumRole, Level
from tests.unit.auth_service.albums.crashing import Crash, CrashingArchive, CrashingStore, Fuse
from tests.unit.auth_service.albums.test_ledger import restart
from tests.world import TestWorld

MANIFEST = loading.Manifest.model_validate(
    {
        "version": 1,
        "albums": [
            {
                "slug": "head-ct",
                "title": "Head CT",
                "description": "Of the head",
                "owner": "pi-a",
                "members": [{"user": "member-a", "actions": ["view"]}],
                "series": ["1.2.1.1", "1.2.2.1"],
            },
            {
                "slug": "brain-mr",
                "title": "Brain MR",
                "owner": "pi-b",
                "members": [{"user": "member-b", "actions": ["view", "download"]}],
                "series": ["1.2.2.1", "1.2.3.1"],
            },
        ],
    }
)

OWNER = Rights(role=AlbumRole.OWNER)
VIEW = Rights(role=AlbumRole.MEMBER, actions=frozenset({Action.VIEW}))
BOTH = Rights(role=AlbumRole.MEMBER, actions=frozenset({Action.VIEW, Action.DOWNLOAD}))

EXPECTED = {
    "members": {"head-ct": {"pi-a": OWNER, "member-a": VIEW}, "brain-mr": {"pi-b": OWNER, "member-b": BOTH}},
    "contents": {"head-ct": {"1.2.1.1", "1.2.2.1"}, "brain-mr": {"1.2.2.1", "1.2.3.1"}},
    "series": {
        "1.2.1.1": {"album-head-ct"},
        "1.2.2.1": {"album-head-ct", "album-brain-mr"},
        "1.2.3.1": {"album-brain-mr"},
    },
    "studies": {
        "1.2.1": {"album-head-ct"},
        "1.2.2": {"album-head-ct", "album-brain-mr"},
        "1.2.3": {"album-brain-mr"},
    },
}


def filled(folder: Path, fuse: Fuse | None = None) -> TestWorld:
    world = TestWorld.make(folder)
    if fuse is not None:
        world.store.close()
        world.store = CrashingStore(world.settings.database_url, fuse)
        world.archive = CrashingArchive(fuse)
    for study, series in ((1, 1), (2, 1), (3, 1)):
        world.store_series(study, series)
    return world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = filled(tmp_path)
    yield world
    world.store.close()


def load(world: TestWorld, manifest: loading.Manifest = MANIFEST) -> list[loading.Loaded]:
    said: list[loading.Loaded] = []
    complete = loading.load_albums(world, manifest, say=said.append)
    assert complete == (not any(loaded.failed for loaded in said))
    return said


def state(world: TestWorld) -> dict[str, object]:
    owners = {"head-ct": "pi-a", "brain-mr": "pi-b"}
    return {
        "members": {
            slug: {m.subject: m.rights for m in list_members(world, actor=world.actor(owner), slug=slug)}
            for slug, owner in owners.items()
        },
        "contents": {slug: ledger.contents(world, album=slug) for slug in owners},
        "series": world.archive.labels("Series"),
        "studies": world.archive.labels("Study"),
    }


def test_albums_are_made_with_their_members_and_series(world: TestWorld) -> None:
    said = load(world)
    assert [(x.slug, x.created, x.members, x.added, x.present, x.failed) for x in said] == [
        ("head-ct", True, 1, 2, 0, ()),
        ("brain-mr", True, 1, 2, 0, ()),
    ]
    assert state(world) == EXPECTED


def test_a_second_time_nothing_is_left_to_do(world: TestWorld) -> None:
    load(world)
    before = len(records(world))
    assert [(x.slug, x.created, x.members, x.added, x.present, x.failed) for x in load(world)] == [
        ("head-ct", False, 0, 0, 2, ()),
        ("brain-mr", False, 0, 0, 2, ()),
    ]
    assert len(records(world)) == before
    assert state(world) == EXPECTED


def test_killed_at_any_step_and_started_again_it_ends_the_same(tmp_path: Path) -> None:
    step, finished = 0, False
    while not finished:
        fuse = Fuse()
        world = filled(tmp_path / str(step), fuse)
        fuse.left = step
        try:
            load(world)
        except Crash:
            restart(world, fuse)
            load(world)
        finished, fuse.left = fuse.burnt == 0, None
        assert state(world) == EXPECTED, step
        events = [record.event for record in records(world)]
        assert events.count("album-created") == 2, step
        assert events.count("member-added") == 2, step
        assert events.count("series-added") == 2, step
        world.store.close()
        step += 2
    assert step > 40, "too few steps were tried"


def test_what_was_taken_back_is_not_given_again(world: TestWorld) -> None:
    load(world)
    owner = world.actor("pi-a")
    ids = {m.subject: m.id for m in list_members(world, actor=owner, slug="head-ct")}
    remove_member(world, actor=owner, slug="head-ct", member_id=ids["member-a"])
    world.take("head-ct", "1.2.1.1")
    load(world)
    assert {m.subject for m in list_members(world, actor=owner, slug="head-ct")} == {"pi-a"}
    assert ledger.contents(world, album="head-ct") == {"1.2.2.1"}
    assert "1.2.1.1" not in world.archive.labels()


def test_labels_that_the_archive_lost_are_put_back(world: TestWorld) -> None:
    load(world)
    world.take("brain-mr", "1.2.2.1")
    for level in ("Study", "Series"):
        for held in world.archive.held[level].values():
            held.labels.clear()
    load(world)
    assert world.archive.labels() == {
        "1.2.1.1": {"album-head-ct"},
        "1.2.2.1": {"album-head-ct"},
        "1.2.3.1": {"album-brain-mr"},
    }


def test_a_series_that_is_not_there_is_said_and_tried_again(world: TestWorld) -> None:
    series = world.archive.series("1.2.3.1")
    assert series is not None
    world.archive.delete(series.id)
    said = load(world)
    assert said[1].failed == (ledger.Failure(uid="1.2.3.1", reason="missing"),)
    world.store_series(3, 1)
    assert [(x.added, x.failed) for x in load(world)] == [(0, ()), (1, ())]
    assert state(world) == EXPECTED


def test_a_name_that_nobody_has_is_said(world: TestWorld) -> None:
    del world.keycloak.users["member-b"]
    with pytest.raises(Invalid) as refused:
        load(world)
    assert (refused.value.field, refused.value.places["name"]) == ("members", "member-b")


def test_when_a_part_is_down_it_can_be_repeated(world: TestWorld) -> None:
    def down(part: str) -> None:
        world.archive.down = part == "orthanc"
        world.keycloak.directory_down = part == "keycloak"

    for part in ("orthanc", "keycloak", "orthanc"):
        down(part)
        with pytest.raises(Unavailable):
            load(world)
    down("none")
    load(world)
    assert state(world) == EXPECTED


# The command


@pytest.fixture
def command(
    world: TestWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[int, Path]]:
    """Run ``albums load`` on a text, over the archive and directory in memory."""
    monkeypatch.setattr(cli, "read", lambda: world.settings)
    monkeypatch.setattr(cli, "OrthancArchive", lambda **_: world.archive)
    monkeypatch.setattr(cli, "KeycloakDirectory", lambda _: world.directory)
    monkeypatch.setattr(world.archive, "close", lambda: None, raising=False)
    monkeypatch.setattr("logging.basicConfig", lambda **_: None)

    def run(content: str) -> tuple[int, Path]:
        path = tmp_path / "manifest.json"
        path.write_text(content)
        return cli.main(["albums", "load", str(path)]), path

    return run


def test_the_command_says_what_it_did(
    command: Callable[[str], tuple[int, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    content = MANIFEST.model_dump_json()
    assert command(content)[0] == 0
    assert capsys.readouterr().out == (
        "album head-ct: made, 2 series put in, 0 were there, 1 members invited\n"
        "album brain-mr: made, 2 series put in, 0 were there, 1 members invited\n"
    )
    assert command(content)[0] == 0
    assert capsys.readouterr().out == (
        "album head-ct: was there, 0 series put in, 2 were there, 0 members invited\n"
        "album brain-mr: was there, 0 series put in, 2 were there, 0 members invited\n"
    )


def test_the_command_says_what_is_missing(
    command: Callable[[str], tuple[int, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads(MANIFEST.model_dump_json())
    content["albums"][0]["series"].append("1.9.9")
    assert command(json.dumps(content))[0] == 1
    assert "  not put in: 1.9.9 (missing)\n" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["", "{}", '{"albums": [{"slug": "a"}]}', '{"albums": 1}'])
def test_what_is_no_manifest_is_refused(
    command: Callable[[str], tuple[int, Path]], content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(content)[0] == 2
    assert "is not a manifest" in capsys.readouterr().err


def test_the_command_says_which_part_is_down(
    command: Callable[[str], tuple[int, Path]], world: TestWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.archive.down = True
    assert command(MANIFEST.model_dump_json())[0] == 1
    assert capsys.readouterr().err == "A part of the system does not answer: orthanc.\n"


def test_settings_that_cannot_be_used_are_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AUTH_PUBLIC_URL", "AUTH_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("logging.basicConfig", lambda **_: None)
    assert cli.main(["migrate"]) == 2
    said = capsys.readouterr().err
    assert "AUTH_PUBLIC_URL" in said
    assert "AUTH_DATABASE_URL" in said


def records(world: TestWorld) -> list[AuditRecord]:
    with world.store.read() as tx:
        return audit_table.records(tx)


def test_what_was_taken_back_is_not_given_again_when_the_audit_has_forgotten_it(tmp_path: Path) -> None:
    world = filled(tmp_path)
    world.store.close()
    world = dataclasses.replace(
        world,
        settings=world.settings.model_copy(update={"audit_keep_days": 30}),
        store=Store(world.settings.database_url),
    )
    world.clock.now = datetime(2020, 1, 1, tzinfo=UTC)  # old for the database's own clock too
    load(world)
    owner = world.actor("pi-a")
    member = next(
        one for one in list_members(world, actor=owner, slug="head-ct") if one.subject == "member-a"
    )
    remove_member(world, actor=owner, slug="head-ct", member_id=member.id)
    linking = Chainer(settings=world.settings, store=world.store, clock=world.clock)
    linking.link_due()
    world.wait(days=31)
    assert linking.remove_old() > 0
    load(world)
    assert [one.subject for one in list_members(world, actor=owner, slug="head-ct")] == ["pi-a"]
    world.store.close()


def test_an_album_that_its_owner_deleted_or_archived_is_left_alone(
    world: TestWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    assert loading.load_albums(world, MANIFEST, say=lambda _: None)
    delete_album(world, actor=world.actor("pi-a"), slug="head-ct", confirm="head-ct")
    world.take("brain-mr", "1.2.3.1")
    archive_album(world, actor=world.actor("pi-b"), slug="brain-mr", archived=True)
    series = world.archive.series("1.2.2.1")
    assert series is not None
    world.archive.remove_label(Level.SERIES, series.id, "album-brain-mr")
    with world.store.read() as tx:
        before = albums_table.number_of_albums(tx), ledger_table.unfinished(tx)
    for _ in range(2):
        assert loading.load_albums(world, MANIFEST, say=cli._say)
    with world.store.read() as tx:
        assert albums_table.number_of_albums(tx) == before[0] == 1
    assert "album-head-ct" not in {label for labels in world.archive.labels().values() for label in labels}
    assert "1.2.3.1" not in world.archive.labels()
    assert "album head-ct: left alone, its owners deleted or archived it" in capsys.readouterr().out


def test_no_album_of_a_manifest_is_called_as_an_address_of_ours(world: TestWorld) -> None:
    entry = MANIFEST.albums[0].model_copy(update={"slug": "ownerless"})
    with pytest.raises(Invalid):
        loading.load_albums(world, loading.Manifest(albums=(entry,)), say=lambda _: None)
