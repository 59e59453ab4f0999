"""Count what a database is asked, for tests that say how much something may cost."""

from typing import Any, Self

from sqlalchemy import event

from auth_service.store.database import Store
from auth_service.store.tables import Base


class Counting:
    """The statements that a store runs within a block, and how many rows became objects."""

    def __init__(self, store: Store) -> None:
        self._engine = store.engine
        self.statements: list[str] = []
        self.rows = 0

    def __enter__(self) -> Self:
        """Begin to count."""
        event.listen(self._engine, "before_cursor_execute", self._count)
        event.listen(Base, "load", self._load, propagate=True)
        return self

    def __exit__(self, *_: object) -> None:
        """Count no more."""
        event.remove(self._engine, "before_cursor_execute", self._count)
        event.remove(Base, "load", self._load)

    def _count(self, _connection: Any, _cursor: Any, statement: str, *_: object) -> None:  # noqa: ANN401
        self.statements.append(statement)

    def _load(self, *_: object) -> None:
        self.rows += 1
