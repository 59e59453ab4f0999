"""A world that dies at a chosen step, before or after each effect on database and archive."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.orm import Session

from auth_service.archive import Stored
from auth_service.store.database import Store
from auth_service.vocabulary import Level
from tests.fakes.archive import FakeArchive


class Crash(BaseException):
    """The process dies: nothing may catch this."""


class Fuse:
    """Counts steps down to the crash; unset, it never burns."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.burnt = 0

    def step(self) -> None:
        if self.left is not None:
            if self.left == 0:
                self.left = None
                self.burnt += 1
                raise Crash
            self.left -= 1


class CrashingStore(Store):
    """Dies before a transaction, just before its commit, or just after."""

    def __init__(self, url: str, fuse: Fuse) -> None:
        super().__init__(url)
        self.fuse = fuse

    @contextmanager
    def write(self) -> Iterator[Session]:
        self.fuse.step()
        with super().write() as tx:
            yield tx
            self.fuse.step()
        self.fuse.step()


class CrashingArchive(FakeArchive):
    """Dies before or after a file is stored, or a label is written."""

    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self.fuse = fuse

    def store(self, file: Path) -> Stored:
        self.fuse.step()
        stored = super().store(file)
        self.fuse.step()
        return stored

    def set_label(self, level: Level, orthanc_id: str, label: str) -> bool:
        self.fuse.step()
        done = super().set_label(level, orthanc_id, label)
        self.fuse.step()
        return done

    def remove_label(self, level: Level, orthanc_id: str, label: str) -> bool:
        self.fuse.step()
        done = super().remove_label(level, orthanc_id, label)
        self.fuse.step()
        return done
