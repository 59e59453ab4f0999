"""Saying how far a long work is: a bar on a terminal, a line for every five percent elsewhere."""

import sys
import threading
from typing import TextIO

_STEP = 5
_WIDTH = 40


class Progress:
    """Counts to a total from several threads.

    Parameters
    ----------
    what : str
        What is counted, e.g. ``Loading images``.
    stream : file, optional
        Where to write; standard output by default.

    """

    def __init__(self, what: str, stream: TextIO | None = None) -> None:
        self._what = what
        self._stream = stream or sys.stdout
        self._bar = self._stream.isatty()
        self._lock = threading.Lock()
        self._total = self._done = 0
        self._said = -1

    def start(self, total: int, done: int = 0) -> None:
        """Begin, with what is done already."""
        self._total, self._done, self._said = total, done, -1
        self._say()

    def advance(self) -> None:
        """Count one more."""
        with self._lock:
            self._done += 1
            self._say()

    def finish(self) -> None:
        """End the line of the bar."""
        if self._bar:
            self._stream.write("\n")
            self._stream.flush()

    def _say(self) -> None:
        percent = 100 * self._done // self._total if self._total else 100
        if self._bar:
            if percent != self._said:
                filled = _WIDTH * percent // 100
                bar = "#" * filled + "." * (_WIDTH - filled)
                self._stream.write(f"\r{self._what} [{bar}] {percent:3} %")
        elif percent // _STEP != self._said // _STEP:
            self._stream.write(f"{self._what}: {percent} % ({self._done} of {self._total})\n")
        self._said = percent
        self._stream.flush()
