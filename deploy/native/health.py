"""Waiting on conditions instead of sleeping: one probe per part, asked over HTTP."""

import base64
import http.client
import json
import socket
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PAUSE = 0.25
_TIMEOUT = 5.0
_SUCCESS = range(200, 300)
_PAGE = range(200, 400)


@dataclass(frozen=True)
class Answer:
    """What a part answered."""

    status: int
    text: str


class _UnixConnection(http.client.HTTPConnection):
    """HTTP through a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_TIMEOUT)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket, leaving nothing open when nobody listens."""
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(_TIMEOUT)
        try:
            made.connect(str(self._path))
        except OSError:
            made.close()
            raise
        self.sock = made


@dataclass(frozen=True)
class Probe:
    """How one part is asked whether it works.

    Parameters
    ----------
    url : str
        Address that answers when the part works.
    accept : callable
        Takes the answer, returns whether it is the right one.
    unix : Path, optional
        Unix socket that the request goes through.
    headers : mapping
        Sent along.
    auth : tuple of str, optional
        User and password.
    pause : float
        Seconds between two questions while waiting (Keycloak logs each one that comes too early).

    """

    url: str
    accept: Callable[[Answer], bool]
    unix: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: tuple[str, str] | None = field(default=None, repr=False)
    pause: float = _PAUSE

    def ask(self) -> Answer:
        """Ask once; a redirect is an answer, not followed."""
        parts = urllib.parse.urlsplit(self.url)
        connection = (
            _UnixConnection(self.unix)
            if self.unix
            else http.client.HTTPConnection(parts.netloc, timeout=_TIMEOUT)
        )
        headers = {"Host": parts.netloc, **self.headers}
        if self.auth:
            headers["Authorization"] = f"Basic {base64.b64encode(':'.join(self.auth).encode()).decode()}"
        try:
            connection.request("GET", parts.path or "/", headers=headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode(errors="replace"))
        finally:
            connection.close()

    def trouble(self) -> str | None:
        """Return None if the part works, otherwise what was seen."""
        try:
            answer = self.ask()
        except (OSError, http.client.HTTPException) as error:
            return f"no answer ({type(error).__name__})"
        return None if self.accept(answer) else f"answered {answer.status}"


def is_success(answer: Answer) -> bool:
    """Accept any 2xx."""
    return answer.status in _SUCCESS


def is_page(answer: Answer) -> bool:
    """Accept a page or a redirect to one."""
    return answer.status in _PAGE


def says_ok(answer: Answer) -> bool:
    """Accept only the word: Streamlit answers 200 with its page for addresses that it does not know."""
    return is_success(answer) and answer.text.strip() == "ok"


def wait(probe: Probe, *, seconds: float, still_alive: Callable[[], bool]) -> str | None:
    """Ask until the part works, the time is over, or its process is given up; return the last trouble."""
    deadline = time.monotonic() + seconds
    while (trouble := probe.trouble()) is not None:
        if time.monotonic() > deadline or not still_alive():
            return trouble
        time.sleep(probe.pause)
    return None


def ask_json(probe: Probe) -> dict[str, Any]:
    """Return what the probe's address says, as JSON."""
    return dict(json.loads(probe.ask().text))
