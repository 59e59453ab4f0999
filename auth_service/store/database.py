"""Open the database and run transactions in it.

SQLite in WAL mode is the default (one host); PostgreSQL works where the address says so. Reads and writes are
asked for separately: a SQLite transaction that begins as a read and then writes can fail at once when another
writer was faster, so writers take the lock when they begin and wait for it in order.
"""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from alembic import command
from alembic.config import Config
from sqlalchemy import DateTime, Dialect, Engine, TypeDecorator, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import IntegrityError, InterfaceError, InternalError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from auth_service.errors import Unavailable
from auth_service.reach import Questions

PATIENCE = 5
"""Seconds that a writer waits for its turn, and anybody for a connection: together less than nginx waits for
a decision, so that a database that hangs is said by the service itself."""

log = logging.getLogger(__name__)


class Instant(TypeDecorator[datetime]):
    """An aware moment, kept in UTC; SQLite, which knows no zones, gets it naive and gives it back aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse what has no zone, and write UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - the base class names it
    ) -> datetime | None:
        """Give back an aware moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Store:
    """The database of the auth service.

    Parameters
    ----------
    url : str
        A SQLAlchemy address: ``sqlite:////path/auth.sqlite`` or ``postgresql+psycopg://…``.

    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.writer = uuid4().hex
        """Names this process in the audit, for as long as it lives."""
        self.engine = _engine(url)
        self._turns = Questions("database", time.monotonic)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that only reads; what it changes is thrown away.

        Raises
        ------
        Unavailable
            If the database does not answer, or cannot be used.

        """
        with _answering(), Session(self.engine) as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Give a session to which the database stands still, however many questions it asks."""
        with self.read() as session:
            if self.engine.dialect.name == "postgresql":
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session whose changes are kept all together when the block ends, or not at all.

        Raises
        ------
        Unavailable
            If the database does not answer, or cannot be written: it is full, say.

        """
        made = Session(self.engine, expire_on_commit=False, info={"writer": self.writer})
        with _answering(), made as session, session.begin():
            if self.engine.dialect.name == "sqlite":
                # One writer at a time: where none gets his turn any more, not everybody waits for it.
                with self._turns.asking(OperationalError):
                    session.connection(execution_options={"paradim_write": True})
            yield session

    def migrate(self) -> None:
        """Bring the schema to the newest version (Alembic)."""
        command.upgrade(_alembic(self.url), "head")

    def alive(self) -> bool:
        """Ask the database for a sign of life."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


@contextmanager
def _answering() -> Iterator[None]:
    """Tell a database that cannot be used from a mistake of ours, which stays an error."""
    try:
        yield
    except (InterfaceError, InternalError, OperationalError, PoolTimeoutError) as error:
        # One line: it may come with every request.
        log.warning("the database cannot be used: %s", str(getattr(error, "orig", error)).partition("\n")[0])
        raise Unavailable("database") from error


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_timeout=PATIENCE, hide_parameters=True)
    database = make_url(url).database
    if database and database != ":memory:":
        Path(database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # What a statement that fails was given stays out of the log: names, addresses, sealed tokens.
    engine = create_engine(
        url, connect_args={"timeout": PATIENCE}, pool_timeout=PATIENCE, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver would begin transactions by itself, late and always as reads: ``_begin_sqlite`` does it.
    assert isinstance(connection, sqlite3.Connection)  # noqa: S101 - tells the type checker, and is always so
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"busy_timeout={PATIENCE * 1000}",
        "recursive_triggers=ON",  # a REPLACE is a deletion too, and the record is never deleted
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy gives no type for this hook's argument
    writes = connection.get_execution_options().get("paradim_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def added(tx: Session, row: object) -> bool:
    """Keep a new row; ``False`` if one that must be the only one is there already: the rest goes on."""
    try:
        with tx.begin_nested():
            tx.add(row)
    except IntegrityError:
        return False
    return True


def _alembic(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = url
    return config
