"""Records are linked into chains; whatever is changed or taken away afterwards, by whatever way, shows."""

import json
import logging
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from auth_service import audit
from auth_service.audit import chaining
from auth_service.audit import check as audit_check
from auth_service.audit.chain import Heads
from auth_service.audit.chaining import Chainer
from auth_service.origin import Origin
from auth_service.policy.model import SYSTEM
from auth_service.store import audit_chain as table
from auth_service.store.audit import records
from auth_service.store.database import Store
from auth_service.vocabulary import Action, AuditEvent, Level
from tests.waiting import eventually
from tests.world import TestWorld

LONG_AGO = datetime(2020, 1, 1, 12, 0, tzinfo=UTC)
"""Retention is bounded by the database's own clock too: what these tests remove is old for both."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = TestWorld.make(tmp_path, audit_keep_days=30)
    world.clock.now = LONG_AGO
    yield world
    world.store.close()


def chainer(world: TestWorld, store: Store | None = None) -> Chainer:
    return Chainer(settings=world.settings, store=store or world.store, clock=world.clock)


def sign_out(world: TestWorld, store: Store | None = None, times: int = 1) -> None:
    for _ in range(times):
        with (store or world.store).write() as tx:
            audit.signout(tx, at=world.clock(), actor=SYSTEM, reason="person")


def deny(world: TestWorld) -> None:
    with world.store.write() as tx:
        audit.denied(
            tx,
            at=world.clock(),
            actor=world.actor("stranger"),
            action=Action.VIEW,
            level=Level.SERIES,
            target="1.2.3",
            study_uid=None,
            label=None,
            reason="no-grant",
            rule=None,
            origin=Origin(address="192.0.2.7", request_id="request-1"),
        )


def check(world: TestWorld, *kept: Heads) -> audit_check.Report:
    return audit_check.verify(world.store, at=world.clock(), unlinked_after=timedelta(minutes=30), kept=kept)


def kinds(world: TestWorld, *kept: Heads) -> set[str]:
    report = check(world, *kept)
    return {kind for chain in report.chains for kind in chain.findings} | set(report.findings)


def as_intruder(world: TestWorld, *statements: str) -> None:
    """Do what somebody does who holds the file: triggers are no obstacle to him."""
    with sqlite3.connect(world.settings.database_url.removeprefix("sqlite:///")) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement
        for _, sql in triggers:
            connection.execute(sql)
    connection.close()


def heads(world: TestWorld) -> Heads:
    with world.store.read() as tx:
        return table.heads(tx)


def test_records_are_linked_in_their_order_and_all_is_good(world: TestWorld) -> None:
    sign_out(world, times=3)
    assert chainer(world).link_due() == 3
    [report] = check(world).chains
    assert (report.links, report.removed, report.findings) == (3, 0, {})
    assert check(world).good
    [(_, (position, digest))] = heads(world).items()
    assert (position, len(digest)) == (3, 64)


def test_many_records_are_linked_batch_by_batch(world: TestWorld) -> None:
    with mock.patch.object(chaining, "AT_ONCE", 2):
        sign_out(world, times=5)
        assert chainer(world).link_due() == 5
    assert check(world).good


def test_what_may_still_be_counted_is_linked_when_its_minute_is_over(world: TestWorld) -> None:
    linking = chainer(world)
    deny(world)
    sign_out(world)
    assert linking.link_due() == 1
    world.wait(seconds=50)
    deny(world)
    world.wait(seconds=26)
    assert linking.link_due() == 1
    with world.store.read() as tx:
        assert [record.count for record in records(tx) if record.event == AuditEvent.DENIED] == [2]
    assert check(world).good


def test_the_count_of_a_linked_record_never_rises(world: TestWorld) -> None:
    deny(world)
    world.wait(seconds=80)
    chainer(world).link_due()
    statement = text("UPDATE audit SET count = count + 1")
    with pytest.raises(DBAPIError, match="never changed"), world.store.write() as tx:
        tx.execute(statement)
    world.clock.now -= timedelta(seconds=30)  # a process whose clock is late finds the record still young
    deny(world)
    with world.store.read() as tx:
        assert [record.count for record in records(tx)] == [1, 1]


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE audit SET actor = 'somebody-else' WHERE id = 2", "changed record"),
        ("UPDATE audit SET at = '2019-01-01 00:00:00.000000' WHERE id = 2", "changed record"),
        ("UPDATE audit SET count = 9 WHERE id = 2", "changed record"),
        ("UPDATE audit SET details = '{\"a\": 1}' WHERE id = 2", "changed record"),
        ("UPDATE audit SET label = 'album-b' WHERE id = 2", "changed record"),
        ("DELETE FROM audit WHERE id = 2", "missing record"),
        ("DELETE FROM audit_links WHERE record = 2", "missing link"),
        ("UPDATE audit_links SET content = 'x' WHERE record = 2", "changed link"),
        ("UPDATE audit_links SET digest = 'x' WHERE record = 2", "changed link"),
        (
            "UPDATE audit_links SET recorded_at = '2019-01-01 00:00:00.000000' WHERE record = 2",
            "changed link",
        ),
        ("UPDATE audit_links SET writer = 'x' WHERE record = 2", "changed link"),
        ("UPDATE audit_chains SET digest = 'x'", "its beginning was changed"),
        ("UPDATE audit_chains SET begun_at = '2019-01-01 00:00:00.000000'", "its beginning was changed"),
        ('UPDATE audit_chains SET heads = \'{"x": [0, "y"]}\'', "its beginning was changed"),
        ("DELETE FROM audit_chains", "has no beginning"),
        (
            (
                "INSERT INTO audit (at, event, actor, actor_name, count, details)"
                " VALUES ('2020-01-01 12:00:00.000000', 'signout', 'x', 'x', 1, '{}')"
            ),
            "record 4 has no link",
        ),
    ],
)
def test_what_an_intruder_changes_shows(world: TestWorld, statement: str, kind: str) -> None:
    sign_out(world, times=3)
    chainer(world).link_due()
    assert check(world).good
    as_intruder(world, statement)
    assert any(kind in found for found in kinds(world)), kinds(world)
    assert not check(world).good


def test_two_links_that_changed_places_show(world: TestWorld) -> None:
    sign_out(world, times=3)
    chainer(world).link_due()
    as_intruder(
        world,
        "UPDATE audit_links SET position = 9 WHERE record = 2",
        "UPDATE audit_links SET position = 2 WHERE record = 3",
        "UPDATE audit_links SET position = 3 WHERE record = 2",
    )
    assert "changed link" in kinds(world)


def test_an_end_that_was_cut_off_shows_against_an_end_that_was_kept(world: TestWorld) -> None:
    linking = chainer(world)
    sign_out(world, times=2)
    linking.link_due()
    early = heads(world)
    sign_out(world)
    linking.link_due()
    late = heads(world)
    as_intruder(world, "DELETE FROM audit WHERE id = 3", "DELETE FROM audit_links WHERE record = 3")
    assert check(world).good, "nothing in the database tells"
    assert kinds(world, early) == set()
    assert kinds(world, late) == {f"kept end not found: chain {next(iter(late))}, position 3"}


def test_a_chain_computed_anew_shows_against_an_end_that_was_kept(world: TestWorld) -> None:
    sign_out(world, times=2)
    chainer(world).link_due()
    kept = heads(world)
    as_intruder(
        world,
        "UPDATE audit SET actor = 'somebody-else' WHERE id = 1",
        "UPDATE audit_links SET chain = NULL, position = NULL, digest = NULL, content = NULL",
        "DELETE FROM audit_chains",
    )
    chainer(world).link_due()
    assert check(world).good
    assert not check(world, kept).good


def test_a_whole_chain_that_is_taken_away_shows_by_the_next_one(world: TestWorld) -> None:
    sign_out(world)
    chainer(world).link_due()
    world.wait(seconds=1)
    sign_out(world)
    chainer(world).link_due()
    first, second = check(world).chains
    as_intruder(
        world,
        f"DELETE FROM audit_links WHERE chain = '{first.chain}'",  # noqa: S608 - our own name
        f"DELETE FROM audit_chains WHERE id = '{first.chain}'",  # noqa: S608
        "DELETE FROM audit WHERE id = 1",
    )
    [report] = check(world).chains
    assert report.chain == second.chain
    assert report.findings == {"an earlier chain's end is not there any more": [first.chain]}


def test_the_opening_of_a_chain_covers_what_no_other_one_covers(world: TestWorld) -> None:
    linking = chainer(world)
    for _ in range(3):
        sign_out(world)
        linking.link_due()
        world.wait(hours=25)
    with world.store.read() as tx:
        opened = [(chain.id, list(chain.heads)) for chain in table.chains(tx)]
    names = [name for name, _ in opened]
    assert opened == [(names[0], []), (names[1], [names[0]]), (names[2], [names[1]])]
    assert check(world).good


def test_two_processes_have_a_chain_each(world: TestWorld) -> None:
    other = Store(world.settings.database_url)
    try:
        here, there = chainer(world), chainer(world, other)
        sign_out(world, times=2)
        sign_out(world, other, times=3)
        assert (here.link_due(), there.link_due()) == (2, 3)
        sign_out(world)
        assert (there.link_due(), here.link_due()) == (0, 1)
        assert sorted(chain.links for chain in check(world).chains) == [3, 3]
        assert check(world).good
    finally:
        other.close()


def test_what_a_killed_process_left_is_linked_by_another_one(world: TestWorld) -> None:
    other = Store(world.settings.database_url)
    sign_out(world, other)
    other.close()
    linking = chainer(world)
    assert linking.link_due() == 0
    world.wait(minutes=31)
    assert kinds(world) == {"record 1 is in no chain yet, though old"}
    assert linking.link_due() == 1
    assert check(world).good


def test_a_transaction_that_fails_leaves_the_chain_where_it_was(world: TestWorld) -> None:
    linking = chainer(world)
    sign_out(world)
    linking.link_due()
    sign_out(world, times=2)
    with mock.patch.object(table, "stamp", side_effect=RuntimeError), pytest.raises(RuntimeError):
        linking.link_due()
    assert linking.link_due() == 2
    assert check(world).good


def test_old_records_are_removed_and_that_is_no_gap(world: TestWorld) -> None:
    sign_out(world, times=3)
    world.wait(days=10)
    linking = chainer(world)
    sign_out(world, times=2)
    linking.link_due()
    assert linking.remove_old() == 0
    world.wait(days=25)
    assert linking.remove_old() == 3
    linking.link_due()
    with world.store.read() as tx:
        found = records(tx)
    assert [record.event for record in found] == ["signout", "signout", "records-removed"]
    assert found[-1].details == {"until": (world.clock() - timedelta(days=30)).isoformat(), "count": 3}
    report = check(world)
    assert report.good, list(report.lines())
    assert [(chain.links, chain.removed) for chain in report.chains] == [(5, 3), (1, 0)]
    as_intruder(world, "DELETE FROM audit WHERE id = 4")
    assert kinds(world) == {"missing record"}


def test_an_old_record_that_retention_did_not_remove_shows_too(world: TestWorld) -> None:
    deny(world)
    linking = chainer(world)
    sign_out(world)
    linking.link_due()
    world.wait(days=31)
    assert linking.remove_old() == 1, "the denial is in no chain yet, and stays"
    linking.link_due()
    assert check(world).good
    as_intruder(world, "DELETE FROM audit WHERE id = 1")
    assert kinds(world) == {"1 more old records are gone than retention removed"}


def test_two_processes_that_remove_at_once_tell_of_each_record_once(world: TestWorld) -> None:
    other = Store(world.settings.database_url)
    try:
        sign_out(world, times=3)
        chainer(world).link_due()
        world.wait(days=31)
        until = world.clock() - timedelta(days=30)
        here, there = chainer(world), chainer(world, other)
        assert (here._remove(until), there._remove(until)) == (3, 0)
        assert check(world).good
    finally:
        other.close()


def test_records_are_removed_batch_by_batch(world: TestWorld) -> None:
    for _ in range(5):
        sign_out(world)
        world.wait(minutes=1)
    linking = chainer(world)
    linking.link_due()
    world.wait(days=31)
    with mock.patch.object(chaining, "REMOVED_AT_ONCE", 2):
        assert linking.remove_old() == 5
    assert check(world).good


def test_more_records_of_one_moment_than_a_batch_are_removed_too(world: TestWorld) -> None:
    sign_out(world, times=5)
    linking = chainer(world)
    linking.link_due()
    world.wait(days=31)
    with mock.patch.object(chaining, "REMOVED_AT_ONCE", 2):
        assert linking.remove_old() == 5


def test_what_is_in_no_chain_is_not_removed(world: TestWorld) -> None:
    sign_out(world)
    world.wait(days=40)
    assert chainer(world).remove_old() == 0


def test_a_site_that_says_nothing_keeps_everything(tmp_path: Path) -> None:
    world = TestWorld.make(tmp_path / "kept")
    world.clock.now = LONG_AGO
    sign_out(world)
    linking = chainer(world)
    linking.link_due()
    world.wait(days=2000)
    assert linking.remove_old() == 0
    world.store.close()


def test_a_removal_that_no_record_tells_of_shows(world: TestWorld) -> None:
    sign_out(world, times=2)
    chainer(world).link_due()
    as_intruder(
        world,
        "INSERT INTO audit_removals VALUES ('2020-01-02 00:00:00.000000', '2020-03-01 00:00:00.000000', 1)",
        "DELETE FROM audit WHERE id = 2",
    )
    assert kinds(world) == {"a removal of 1 records until 2020-01-02T00:00:00+00:00 is not on record"}


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit",
        "DELETE FROM audit_links",
        "UPDATE audit_links SET digest = 'x'",
        "UPDATE audit_links SET digest = NULL",
        "UPDATE audit_links SET writer = 'x'",
        "DELETE FROM audit_chains",
        "UPDATE audit_chains SET digest = 'x'",
        "DELETE FROM audit_removals",
        "UPDATE audit_removals SET count = 0",
        "INSERT INTO audit_removals VALUES ('9999-01-01 00:00:00.000000', '2020-01-01 00:00:00.000000', 1)",
        "INSERT INTO audit_removals VALUES (strftime('%Y-%m-%d %H:%M:%f', 'now', '-29 days'), '2020', 1)",
    ],
)
def test_the_database_refuses_to_rewrite_the_chains(world: TestWorld, statement: str) -> None:
    sign_out(world, times=2)
    linking = chainer(world)
    linking.link_due()
    world.wait(days=31)
    linking.remove_old()
    sign_out(world)
    with pytest.raises(DBAPIError, match=r"never (changed|deleted)"), world.store.write() as tx:
        tx.execute(text(statement))
    linking.link_due()
    assert check(world).good


def test_the_thread_links_and_says_where_the_chains_end(
    world: TestWorld, caplog: pytest.LogCaptureFixture
) -> None:
    linking = Chainer(settings=world.settings, store=world.store, clock=world.clock, every=0.02)
    with caplog.at_level(logging.INFO, "auth_service.audit.chaining"), linking:
        sign_out(world)
        eventually(lambda: len(heads(world)) == 1)
        sign_out(world)
    assert check(world).good
    lines = [record.message for record in caplog.records]
    assert audit_check.read_heads(lines)[-1] == heads(world)
    assert next(iter(heads(world).values()))[0] == 2, "it looks once more before it ends"


def test_the_thread_survives_what_goes_wrong(world: TestWorld, caplog: pytest.LogCaptureFixture) -> None:
    linking = Chainer(settings=world.settings, store=world.store, clock=world.clock, every=0.02)
    with linking:
        with mock.patch.object(table, "is_due", side_effect=RuntimeError):
            eventually(lambda: "could not be chained" in caplog.text)
        sign_out(world)
        eventually(lambda: len(heads(world)) == 1)


def test_ends_of_chains_are_read_from_logs_and_files(world: TestWorld) -> None:
    line = json.dumps({"abc": [3, "digest"]})
    assert (
        audit_check.read_heads(
            [
                f"2026-03-02 INFO auth_service.audit.chaining: audit heads: {line}",
                "INFO {nothing",
                "{}",
                "",
                "[1]",
                line,
            ]
        )
        == [{"abc": (3, "digest")}] * 2
    )
