"""Writing so that a kill in the middle leaves either the old or the new, never a half.

Folders are filled under a temporary name and renamed; files likewise; one holder of a lock at a time.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner may enter, and return it."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(PRIVATE_FOLDER)
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 so that a reader sees the old text or the new one."""
    work = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    work.unlink(missing_ok=True)
    descriptor = os.open(work, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    work.replace(path)


@contextmanager
def published_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes `target` when the block ends well, and is removed when not.

    Leftovers of killed predecessors are removed first: callers hold the cache's lock, so none is in use.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f".{target.name}.*.tmp"):
        remove_tree(left)
    work = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    work.mkdir()
    try:
        yield work
        if target.exists():
            remove_tree(target)
        work.replace(target)
    finally:
        if work.exists():
            remove_tree(work)


def remove_tree(path: Path) -> None:
    """Remove a folder, also where an unpacked package made its own folders read-only."""

    def make_writable(function: Callable[..., object], name: str, _error: object) -> None:
        parent = Path(name).parent
        if not parent.is_relative_to(path):
            return
        parent.chmod(PRIVATE_FOLDER)
        if Path(name).is_dir() and not Path(name).is_symlink():
            Path(name).chmod(PRIVATE_FOLDER)
        function(name)

    shutil.rmtree(path, onerror=make_writable)


@contextmanager
def locked(path: Path, *, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold an exclusive lock on a file; call `waiting` once if somebody else has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        path.chmod(PRIVATE_FILE)
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
