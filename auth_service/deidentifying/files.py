"""The files of held pictures: in one folder of this user alone, each under a random name.

Their headers are de-identified; what their pixels say is why they are held.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

_NAME = re.compile(r"[0-9a-f]{32}")
_SUFFIX = ".dcm"


class HeldFolder:
    """A folder of mode 0700 with files of mode 0600.

    Parameters
    ----------
    path : Path
        Made when the first file is kept.

    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, name: str, content: bytes) -> None:
        """Keep a file; it is whole on the disk before this returns.

        Raises
        ------
        OSError
            If it cannot be written.

        """
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.chmod(0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(self._of(name), flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def read(self, name: str) -> bytes:
        """Return a file.

        Raises
        ------
        OSError
            If it is not there, or cannot be read.

        """
        return self._of(name).read_bytes()

    def remove(self, name: str) -> None:
        """Remove a file; one that is gone is no problem."""
        self._of(name).unlink(missing_ok=True)

    def older(self, moment: float) -> Iterator[str]:
        """Give the names of the files that were written before a moment (seconds since 1970)."""
        if not self._path.is_dir():
            return
        for path in sorted(self._path.iterdir()):
            try:
                old = path.lstat().st_mtime < moment
            except FileNotFoundError:
                continue
            if old and path.suffix == _SUFFIX and _NAME.fullmatch(path.stem):
                yield path.stem

    def _of(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError("a held file is named by 32 hexadecimal digits")
        return self._path / f"{name}{_SUFFIX}"
