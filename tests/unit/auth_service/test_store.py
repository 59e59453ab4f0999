"""The database: what its migrations make is what the tables say, and the record cannot be rewritten."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from unittest import mock

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, StatementError

from auth_service.errors import Unavailable
from auth_service.store import database
from auth_service.store.database import Store
from auth_service.store.tables import Base, Person
from tests.world import TestWorld, two_albums


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TestWorld]:
    world = two_albums(tmp_path)
    yield world
    world.store.close()


def test_migrations_make_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'new.sqlite'}")
    store.migrate()
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    store.close()


def test_migrating_twice_is_harmless(world: TestWorld) -> None:
    world.store.migrate()
    with world.store.read() as tx:
        assert tx.scalar(text("SELECT count(*) FROM albums")) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit",
        "UPDATE audit SET actor = 'somebody-else'",
        "UPDATE audit SET at = '2020-01-01 00:00:00'",
        "UPDATE audit SET details = '{}'",
        "UPDATE audit SET label = NULL",
        "UPDATE audit SET count = 1",
        "UPDATE audit SET count = 0",
        "UPDATE audit SET count = count + 1, event = 'signin'",
        "DELETE FROM ledger",
        "UPDATE ledger SET verb = 'remove'",
        "UPDATE ledger SET series_uid = '1.2.9.1'",
        "UPDATE ledger SET done_at = NULL",
        "UPDATE ledger SET done_at = '2020-01-01 00:00:00'",
        "UPDATE ledger SET failure = 'missing'",
        "UPDATE ledger SET study_uid = '1.2.9'",
    ],
)
def test_the_database_refuses_to_rewrite_the_record(world: TestWorld, statement: str) -> None:
    before = dump(world)
    with pytest.raises(DBAPIError, match=r"never (changed|deleted)"), world.store.write() as tx:
        tx.execute(text(statement))
    assert dump(world) == before


def test_every_column_of_the_record_is_kept_from_change(world: TestWorld) -> None:
    stamps = {"done_at", "failure", "study_uid", "orthanc_study", "orthanc_series"}
    for table, free in (("audit", {"count"}), ("ledger", stamps)):
        for column in Base.metadata.tables[table].columns:
            if column.name not in free:
                statement = f"UPDATE {table} SET {column.name} = {column.name}"  # noqa: S608 - our own names
                with pytest.raises(DBAPIError), world.store.write() as tx:
                    tx.execute(text(statement))


def test_the_count_of_an_audit_record_may_rise(world: TestWorld) -> None:
    with world.store.write() as tx:
        tx.execute(text("UPDATE audit SET count = count + 1 WHERE id = 1"))
    with world.store.read() as tx:
        assert tx.scalar(text("SELECT count FROM audit WHERE id = 1")) == 2


def test_a_ledger_line_is_stamped_once(world: TestWorld) -> None:
    with world.store.write() as tx:
        tx.execute(
            text(
                "INSERT INTO ledger (change_id, album_id, verb, series_uid, intended_at)"
                " SELECT change_id, album_id, verb, '1.2.9.1', intended_at FROM ledger LIMIT 1"
            )
        )
    stamp = text("UPDATE ledger SET failure = 'missing' WHERE series_uid = '1.2.9.1'")
    with world.store.write() as tx:
        tx.execute(stamp)
    with pytest.raises(DBAPIError, match="stamped once"), world.store.write() as tx:
        tx.execute(stamp)


def test_moments_come_back_aware_and_in_utc(world: TestWorld) -> None:
    montreal = datetime(2026, 3, 2, 9, 0, tzinfo=timezone(timedelta(hours=-5)))
    with world.store.write() as tx:
        tx.add(person("p", montreal))
    with world.store.read() as tx:
        assert tx.get_one(Person, ("test", "p")).created_at == datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


def test_a_moment_without_a_zone_is_refused(world: TestWorld) -> None:
    naive = datetime(2026, 3, 2, 9, 0)  # noqa: DTZ001 - this is what must not be stored
    with pytest.raises(StatementError, match="time zone"), world.store.write() as tx:
        tx.add(person("p", naive))
    with world.store.read() as tx:
        assert tx.get(Person, ("test", "p")) is None


def test_what_a_failed_write_did_is_undone(world: TestWorld) -> None:
    def fail() -> None:
        with world.store.write() as tx:
            tx.add(person("p", datetime(2026, 1, 1, tzinfo=UTC)))
            tx.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with world.store.read() as tx:
        assert tx.get(Person, ("test", "p")) is None


def test_writers_wait_for_each_other(world: TestWorld) -> None:
    def count() -> None:
        for _ in range(20):
            with world.store.write() as tx:
                tx.execute(text("UPDATE audit SET count = count + 1 WHERE id = 1"))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with world.store.read() as tx:
        assert tx.scalar(text("SELECT count FROM audit WHERE id = 1")) == 81


def person(subject: str, at: datetime) -> Person:
    return Person(
        provider="test",
        subject=subject,
        username=subject,
        name="",
        email="",
        language=None,
        created_at=at,
        seen_at=None,
    )


def dump(world: TestWorld) -> list[tuple[object, ...]]:
    with world.store.read() as tx:
        rows = [*tx.execute(text("SELECT * FROM audit")), *tx.execute(text("SELECT * FROM ledger"))]
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("statements", [1, 4])
def test_a_migration_that_was_killed_half_way_can_be_run_again(tmp_path: Path, statements: int) -> None:
    def die_after_some(statement: str) -> None:
        done.append(statement)
        if len(done) > statements:
            raise KeyboardInterrupt
        op.get_bind().exec_driver_sql(statement)

    done: list[str] = []
    store = Store(f"sqlite:///{tmp_path / 'new.sqlite'}")
    with mock.patch.object(op, "execute", side_effect=die_after_some), pytest.raises(KeyboardInterrupt):
        store.migrate()
    store.migrate()
    with store.read() as tx:
        triggers = set(tx.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")))
    assert len(triggers) == 13
    store.close()


def test_database_that_another_process_holds_is_said_not_to_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0)
    file = tmp_path / "held.sqlite"
    store = Store(f"sqlite:///{file}")
    store.migrate()
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Unavailable) as refused, store.write():
        pass
    assert refused.value.reason == "database"
    with store.read() as tx:
        assert tx.scalar(text("SELECT count(*) FROM albums")) == 0
    other.close()
    with store.write():
        pass
    store.close()


def test_who_waits_too_long_for_a_connection_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0)
    store = Store(f"sqlite:///{tmp_path / 'busy.sqlite'}")
    with ExitStack() as all_of_them:
        for _ in range(store.engine.pool.size() + store.engine.pool._max_overflow):  # type: ignore[attr-defined]
            all_of_them.enter_context(store.engine.connect())
        with pytest.raises(Unavailable), store.read() as tx:
            tx.execute(text("SELECT 1"))
    store.close()
