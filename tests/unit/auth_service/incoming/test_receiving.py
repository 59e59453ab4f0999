"""What comes by DICOM is noted once and goes where the rules say, whatever happens in between."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from auth_service.albums import ledger
from auth_service.albums.ending import archive_album, delete_album
from auth_service.errors import Unavailable
from auth_service.incoming import receiving
from auth_service.incoming.receiving import Receiver, one_round
from auth_service.store import audit as audit_table
from auth_service.store import followers
from auth_service.store.database import Store
from auth_service.store.followers import Follower
from auth_service.store.tables import Arrival
from auth_service.vocabulary import Level
from tests.unit.auth_service.albums.crashing import Crash, CrashingArchive, CrashingStore, Fuse
from tests.unit.auth_service.incoming.sending import RULES, listed, relist, rounds, send, states
from tests.waiting import eventually
from tests.world import SEG, TestWorld

A = "album-a"
PACS = ("PACS", "192.0.2.2")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = listed(tmp_path)
    yield world
    world.store.close()


def labels(world: TestWorld, uid: str) -> set[str]:
    return world.archive.labels().get(uid, set())


def test_a_listed_sender_fills_the_album_of_his_rule(world: TestWorld) -> None:
    uid = send(world, 20, 1)
    rounds(world)
    assert (labels(world, uid), states(world)) == ({A}, {uid: ("filed", None)})
    assert uid in ledger.contents(world, album="a")
    with world.store.read() as tx:
        told = audit_table.records(tx)
    [filed] = [one for one in told if one.event == "arrivals-filed"]
    assert (filed.label, filed.actor, filed.details["senders"]) == (A, "system", {"CT1@192.0.2.1": 1})
    assert [one.event for one in told if one.details.get("change") == filed.details["change"]] == [
        "change-begun",
        "arrivals-filed",
        "series-added",
    ]


def test_what_is_still_coming_is_not_filed(world: TestWorld) -> None:
    uid = send(world, 20, 1, settled=False)
    rounds(world)
    assert (labels(world, uid), states(world)) == (set(), {uid: ("arriving", None)})
    send(world, 20, 1, number=2)
    rounds(world)
    assert (labels(world, uid), states(world)) == ({A}, {uid: ("filed", None)})


def test_what_no_rule_is_about_waits(world: TestWorld) -> None:
    unruled, other = send(world, 20, 1, sender=PACS), send(world, 20, 2, modality=SEG)
    rounds(world)
    assert states(world) == {unruled: ("to-be-filed", "no-rule"), other: ("to-be-filed", "no-rule")}
    assert labels(world, unruled) | labels(world, other) == set()


def test_a_known_title_from_another_address_has_no_rule(world: TestWorld) -> None:
    uid = send(world, 20, 1, sender=("CT1", "192.0.2.2"))
    rounds(world)
    assert states(world) == {uid: ("to-be-filed", "no-rule")}


def test_what_came_from_two_senders_waits(world: TestWorld) -> None:
    uid = send(world, 20, 1)
    send(world, 20, 1, sender=PACS, number=2)
    rounds(world)
    assert (labels(world, uid), states(world)) == (set(), {uid: ("to-be-filed", "mixed")})


def test_what_was_partly_uploaded_waits(world: TestWorld) -> None:
    uid = send(world, 20, 1)
    world.archive.add(
        PatientID="TEST-20", StudyInstanceUID="1.2.20", SeriesInstanceUID=uid, SOPInstanceUID="1.2.20.1.99"
    )
    rounds(world)
    assert (labels(world, uid), states(world)) == (set(), {uid: ("to-be-filed", "mixed")})


def test_what_comes_otherwise_is_nobodys_arrival(world: TestWorld) -> None:
    rounds(world, look_through=True)
    world.store_series(21, 1)
    rounds(world)
    assert states(world) == {}


def test_an_album_that_takes_nothing_in_leaves_it_waiting(world: TestWorld) -> None:
    archive_album(world, actor=world.actor("pi-a"), slug="a", archived=True)
    first = send(world, 20, 1)
    rounds(world)
    delete_album(world, actor=world.actor("pi-a"), slug="a", confirm="a")
    second = send(world, 20, 2)
    rounds(world)
    assert states(world) == {first: ("to-be-filed", "no-album"), second: ("to-be-filed", "no-album")}
    assert labels(world, first) | labels(world, second) == set()


def test_an_album_deleted_while_it_is_filled_leaves_it_waiting(world: TestWorld) -> None:
    uid = send(world, 20, 1)
    one_round(world)
    assert states(world) == {uid: ("filing", None)}
    delete_album(world, actor=world.actor("pi-a"), slug="a", confirm="a")
    ledger.resume_all(world)
    one_round(world)
    assert (labels(world, uid), states(world)) == (set(), {uid: ("to-be-filed", "cancelled")})


def test_what_exists_twice_waits(world: TestWorld) -> None:
    uid = send(world, 20, 1)
    one_round(world)
    world.archive.add(
        PatientID="OTHER",
        StudyInstanceUID="1.2.20",
        SeriesInstanceUID="1.2.20.9",
        SOPInstanceUID="1.2.20.9.1",
    )
    ledger.resume_all(world)
    one_round(world)
    assert (labels(world, uid), states(world)) == (set(), {uid: ("to-be-filed", "ambiguous")})


def test_what_was_deleted_before_it_was_complete_is_gone(world: TestWorld) -> None:
    uid = send(world, 20, 1, settled=False)
    rounds(world)
    found = world.archive.series(uid)
    assert found is not None
    world.archive.delete(found.id)
    rounds(world)
    assert states(world) == {uid: ("gone", None)}


def test_what_is_deleted_and_sent_again_arrives_again(world: TestWorld) -> None:
    uid = send(world, 20, 1)
    rounds(world)
    found = world.archive.series(uid)
    assert found is not None
    world.archive.delete(found.id)
    send(world, 20, 1)
    rounds(world)
    assert labels(world, uid) == {A}
    with world.store.read() as tx:
        assert [one.state for one in tx.query(Arrival)] == ["filed", "filed"]


@pytest.mark.parametrize("text", ["{", '{"ae_title": "PARADIM", "peers": []}', json.dumps(RULES | {"x": 1})])
def test_a_list_that_cannot_be_used_files_nothing(
    world: TestWorld, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    relist(world, text)
    uid = send(world, 20, 1)
    rounds(world)
    assert (labels(world, uid), states(world)) == (set(), {uid: ("to-be-filed", "no-peers")})
    assert "the list of DICOM senders cannot be used" in caplog.text


def test_a_sender_that_is_listed_no_more_has_no_rule(world: TestWorld) -> None:
    uid = send(world, 20, 1)
    relist(world, json.dumps({"ae_title": "PARADIM", "peers": RULES["peers"][1:]}))
    rounds(world)
    assert states(world) == {uid: ("to-be-filed", "no-rule")}


def test_without_a_list_nothing_is_followed(tmp_path: Path) -> None:
    world = TestWorld.make(tmp_path)
    send(world, 20, 1)
    rounds(world, look_through=True)
    assert states(world) == {}
    world.store.close()


def test_what_came_before_it_was_turned_off_still_gets_its_end(tmp_path: Path) -> None:
    world = listed(tmp_path)
    arriving, filing = send(world, 20, 1, settled=False), send(world, 21, 1)
    one_round(world)
    assert states(world) == {arriving: ("arriving", None), filing: ("filing", None)}
    world.settings = world.settings.model_copy(update={"dicom_peers_file": ""})
    world.archive.settle(arriving)
    rounds(world)
    assert states(world) == {arriving: ("to-be-filed", "no-peers"), filing: ("filed", None)}
    with mock.patch.object(world.store, "write", side_effect=AssertionError("nothing is written")):
        assert one_round(world)
    world.store.close()


def test_many_end_in_one_round(world: TestWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    uids = [send(world, 20 + number, 1) for number in range(5)]
    one_round(world)
    ledger.resume_all(world)
    monkeypatch.setattr(receiving, "PIECE", 2)
    one_round(world)
    assert states(world) == dict.fromkeys(uids, ("filed", None))


def test_what_the_list_of_changes_lost_is_found(world: TestWorld) -> None:
    rounds(world)
    uid, other = send(world, 20, 1), send(world, 21, 1, sender=PACS)
    world.archive.happened.clear()  # and so the last change is smaller than the one that was read
    rounds(world)
    assert states(world) == {uid: ("filed", None), other: ("to-be-filed", "no-rule")}


def test_a_start_looks_through_everything_once(world: TestWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "PAGE", 2)
    monkeypatch.setattr(receiving, "PIECE", 1)
    rounds(world)
    uids = [send(world, 20 + number, 1) for number in range(5)]
    with world.store.write() as tx:
        followers.set_sequence(tx, Follower.ARRIVALS, len(world.archive.happened))
    rounds(world)
    assert states(world) == {}
    rounds(world, 8, look_through=True)
    assert sorted(states(world).values()) == [("filed", None)] * 5
    assert [labels(world, uid) for uid in uids] == [{A}] * 5


def test_a_long_list_is_read_in_several_rounds(world: TestWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds(world)
    monkeypatch.setattr(receiving, "PAGE", 2)
    monkeypatch.setattr(receiving, "PAGES", 1)
    uids = [send(world, 20 + number, 1) for number in range(3)]
    one_round(world)
    assert len(states(world)) < 3
    rounds(world, 9)
    assert [labels(world, uid) for uid in uids] == [{A}] * 3


def test_an_identifier_that_is_none_is_left_alone(world: TestWorld) -> None:
    world.archive.receive(
        "CT1",
        "192.0.2.1",
        PatientID="P",
        StudyInstanceUID="1.2.20",
        SeriesInstanceUID="1.2.*",
        SOPInstanceUID="1",
    )
    rounds(world, look_through=True)
    assert states(world) == {}


def test_one_replica_at_a_time(world: TestWorld) -> None:
    with world.store.write() as tx:
        followers.take_turn(
            tx, Follower.ARRIVALS, holder="another", at=world.clock(), until=world.clock() + receiving.LEASE
        )
    assert not one_round(world)
    world.wait(seconds=16)
    assert one_round(world)


class _Dying(CrashingArchive):
    """Dies before a question too."""

    def changes(self, *, since: int | None, limit: int) -> dict[str, object]:
        self.fuse.step()
        return super().changes(since=since, limit=limit)

    def count(self, question: object) -> int:
        self.fuse.step()
        return super().count(question)  # type: ignore[arg-type]


def test_every_crash_between_two_steps_is_finished(tmp_path: Path) -> None:
    """Die at each step of noting and filing, then start again: each series is filed, and once."""
    step, finished = 0, False
    while not finished:
        fuse = Fuse()
        world = listed(tmp_path / str(step))
        held = world.archive
        world.store.close()
        world.store = CrashingStore(world.settings.database_url, fuse)
        world.archive = _Dying(fuse)
        world.archive.held, world.archive.happened = held.held, held.happened
        uids = [send(world, 20, 1), send(world, 21, 1)]
        waiting = send(world, 22, 1, sender=PACS)
        fuse.left = step
        try:
            rounds(world)
        except Crash:
            world.store.close()
            world.store = CrashingStore(world.settings.database_url, fuse)
            world.wait(seconds=16)
            rounds(world, look_through=step % 2 == 0)
        finished, fuse.left = fuse.burnt == 0, None
        expected: dict[str, tuple[str, str | None]] = dict.fromkeys(uids, ("filed", None))
        assert states(world) == expected | {waiting: ("to-be-filed", "no-rule")}, step
        assert [labels(world, uid) for uid in uids] == [{A}, {A}], step
        assert labels(world, waiting) == set(), step
        with world.store.read() as tx:
            told = [one for one in audit_table.records(tx) if one.event == "arrivals-filed"]
            assert tx.query(Arrival).count() == 3, step
        assert sum(one.details["series"] for one in told) == 2, step
        world.store.close()
        step += 1
    assert step > 20, "too few steps were tried"


def test_the_thread_goes_on_when_orthanc_answers_again(
    world: TestWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world.archive.down = True
    uid = send(world, 20, 1, settled=False)
    with caplog.at_level(logging.WARNING), Receiver(world, every=0.01):
        eventually(lambda: "what comes by DICOM waits" in caplog.text)
        world.archive.down = False
        world.archive.settle(uid)
        eventually(lambda: states(world).get(uid) == ("filing", None))
    eventually(lambda: is_free(world))


def is_free(world: TestWorld) -> bool:
    with world.store.write() as tx:
        return followers.take_turn(
            tx, Follower.ARRIVALS, holder="another", at=world.clock(), until=world.clock()
        )


def test_the_thread_outlives_what_goes_wrong(world: TestWorld, caplog: pytest.LogCaptureFixture) -> None:
    uid = send(world, 20, 1)
    wrong = mock.patch.object(receiving, "follow", side_effect=ValueError("of the test"))
    with wrong, Receiver(world, every=0.01):
        eventually(lambda: "could not be filed" in caplog.text)
    rounds(world)
    assert labels(world, uid) == {A}


def test_a_database_that_is_away_at_the_end_is_no_trouble(
    world: TestWorld, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO),
        mock.patch.object(Store, "write", side_effect=Unavailable("database")),
    ):
        with Receiver(world, every=0.01):
            pass
        eventually(lambda: "ends by itself" in caplog.text)


def test_only_series_get_the_label_of_a_rule_and_studies_the_index(world: TestWorld) -> None:
    """A new series of a study of others: they do not see it, and who gets it does not see theirs."""
    uid = send(world, 3, 7)
    rounds(world)
    assert labels(world, uid) == {A}
    assert labels(world, "1.2.3.1") == {"album-b"}
    assert world.archive.labels(level="Study")["1.2.3"] == {A, "album-b"}
    assert world.archive.labels_of(Level.STUDY, "nothing") == frozenset()
