"""Administrators file what waits, or put it aside: all that they name or none of it, and on record."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from auth_service.albums import ledger
from auth_service.albums.ending import archive_album, delete_album
from auth_service.errors import Conflict, Invalid, NotFound, Unavailable
from auth_service.incoming import filing
from auth_service.incoming.filing import dismiss, file, list_arrivals, number_waiting
from auth_service.store import audit as audit_table
from auth_service.store.tables import AuditRecord
from auth_service.vocabulary import ArrivalState
from tests.unit.auth_service.incoming.sending import listed, number_of, rounds, send, states
from tests.world import SEG, TestWorld

PACS = ("PACS", "192.0.2.2")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    """Two series of one study, and one of another, wait."""
    world = listed(tmp_path)
    rounds(world)
    for study, series in ((20, 1), (20, 2), (21, 1)):
        send(world, study, series, sender=PACS)
    rounds(world)
    yield world
    world.store.close()


def records(world: TestWorld, event: str) -> list[AuditRecord]:
    with world.store.read() as tx:
        return [one for one in audit_table.records(tx) if one.event == event]


def ids(world: TestWorld, *series: str) -> list[int]:
    return [number_of(world, one) for one in series]


def put(world: TestWorld, slug: str, *series: str) -> str:
    return file(world, actor=world.actor("admin"), ids=ids(world, *series), album=slug)


def aside(world: TestWorld, reason: str, *series: str) -> None:
    dismiss(world, actor=world.actor("admin"), ids=ids(world, *series), reason=reason)


def test_what_waits_is_told_with_what_it_takes_to_file_it(world: TestWorld) -> None:
    send(world, 22, 1, settled=False)
    rounds(world, 1)
    page = list_arrivals(world, actor=world.actor("admin"), state=ArrivalState.TO_BE_FILED, limit=2, offset=0)
    assert (page.series, page.studies, page.arriving) == (3, 2, 1)
    assert [(one.series, one.study, one.patient_id, one.instances) for one in page.items] == [
        ("1.2.21.1", "1.2.21", "TEST-21", 1),
        ("1.2.20.2", "1.2.20", "TEST-20", 1),
    ]
    first = page.items[0]
    assert (first.ae_title, first.address, first.called, first.modality) == (*PACS, "PARADIM", "CT")
    assert (first.study_description, first.reason, first.present) == ("Study 21", "no-rule", True)
    [record] = records(world, "administered")
    assert (record.target, record.actor_name) == ("/api/arrivals", "Test Admin")


def test_pages_follow_one_another(world: TestWorld) -> None:
    seen = [
        one.series
        for offset in (0, 2, 4)
        for one in list_arrivals(
            world, actor=world.actor("admin"), state=ArrivalState.TO_BE_FILED, limit=2, offset=offset
        ).items
    ]
    assert seen == ["1.2.21.1", "1.2.20.2", "1.2.20.1"]


def test_what_was_deleted_meanwhile_is_told_as_that(world: TestWorld) -> None:
    found = world.archive.series("1.2.21.1")
    assert found is not None
    world.archive.delete(found.id)
    page = list_arrivals(world, actor=world.actor("admin"), state=ArrivalState.TO_BE_FILED, limit=1, offset=0)
    assert [(one.series, one.present, one.patient_id) for one in page.items] == [("1.2.21.1", False, "")]
    put(world, "a", "1.2.21.1")
    rounds(world)
    assert states(world)["1.2.21.1"] == ("to-be-filed", "missing")


def test_nothing_is_told_when_orthanc_is_away(world: TestWorld) -> None:
    world.archive.down = True
    with pytest.raises(Unavailable):
        list_arrivals(world, actor=world.actor("admin"), state=ArrivalState.TO_BE_FILED, limit=9, offset=0)


def test_many_are_filed_by_one_change(world: TestWorld) -> None:
    change = put(world, "b", "1.2.20.1", "1.2.20.2")
    assert states(world)["1.2.20.1"] == ("filing", None)
    rounds(world)
    assert [states(world)[uid] for uid in ("1.2.20.1", "1.2.20.2", "1.2.21.1")] == [
        ("filed", None),
        ("filed", None),
        ("to-be-filed", "no-rule"),
    ]
    assert world.archive.labels()["1.2.20.1"] == {"album-b"}
    assert ledger.report(world, change=change).done == 2
    [record] = records(world, "arrivals-filed")
    assert (record.label, record.actor_name, record.details) == (
        "album-b",
        "Test Admin",
        {"change": change, "series": 2, "senders": {"PACS@192.0.2.2": 2}},
    )


def test_what_is_put_aside_is_in_nobodys_album_and_can_be_filed_later(world: TestWorld) -> None:
    aside(world, "a  test\tof the machine", "1.2.20.1", "1.2.20.2")
    rounds(world)
    assert states(world)["1.2.20.1"] == ("dismissed", "a test of the machine")
    assert "1.2.20.1" not in world.archive.labels()
    assert world.archive.series("1.2.20.1") is not None
    [record] = records(world, "arrivals-dismissed")
    assert (record.actor_name, record.label, record.details) == (
        "Test Admin",
        None,
        {"why": "a test of the machine", "series": ["1.2.20.1", "1.2.20.2"]},
    )
    put(world, "b", "1.2.20.1")
    rounds(world)
    assert states(world)["1.2.20.1"] == ("filed", None)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "a\x00b", "a\u202eb"])
def test_a_reason_is_asked_for(world: TestWorld, reason: str) -> None:
    with pytest.raises(Invalid) as caught:
        aside(world, reason, "1.2.20.1")
    assert caught.value.field == "reason"
    assert states(world)["1.2.20.1"] == ("to-be-filed", "no-rule")


def test_all_or_nothing(world: TestWorld) -> None:
    done = send(world, 30, 1)
    rounds(world)
    with pytest.raises(Conflict):
        put(world, "b", "1.2.20.1", done)
    with pytest.raises(NotFound):
        file(world, actor=world.actor("admin"), ids=[*ids(world, "1.2.20.1"), 999], album="b")
    with pytest.raises(Conflict):
        aside(world, "why", "1.2.20.1", done)
    for wrong in (range(0), range(1, filing.MOST_AT_ONCE + 2)):
        with pytest.raises(Invalid):
            file(world, actor=world.actor("admin"), ids=list(wrong), album="b")
    assert states(world)["1.2.20.1"] == ("to-be-filed", "no-rule")
    assert records(world, "arrivals-dismissed") == []


def test_what_is_still_arriving_cannot_be_filed(world: TestWorld) -> None:
    uid = send(world, 30, 1, modality=SEG, settled=False)
    rounds(world, 1)
    with pytest.raises(Conflict):
        put(world, "b", uid)


def test_two_administrators_do_not_file_the_same_twice(world: TestWorld) -> None:
    put(world, "a", "1.2.20.1")
    with pytest.raises(Conflict):
        put(world, "b", "1.2.20.1")
    rounds(world)
    assert world.archive.labels()["1.2.20.1"] == {"album-a"}


def test_only_an_open_album_takes_it(world: TestWorld) -> None:
    with pytest.raises(Invalid) as caught:
        put(world, "nothing", "1.2.20.1")
    assert caught.value.field == "album"
    archive_album(world, actor=world.actor("pi-a"), slug="a", archived=True)
    with pytest.raises(Conflict):
        put(world, "a", "1.2.20.1")
    delete_album(world, actor=world.actor("pi-b"), slug="b", confirm="b")
    with pytest.raises(Invalid):
        put(world, "b", "1.2.20.1")
    assert states(world)["1.2.20.1"] == ("to-be-filed", "no-rule")


def test_whether_something_waits_is_known_without_orthanc(world: TestWorld, tmp_path: Path) -> None:
    world.archive.down = True
    assert number_waiting(world) == 3
    off = TestWorld.make(tmp_path / "off")
    assert number_waiting(off) is None
    off.store.close()
    on = TestWorld.make(tmp_path / "on", dicom_peers_file="somewhere")
    assert number_waiting(on) == 0
    on.store.close()
