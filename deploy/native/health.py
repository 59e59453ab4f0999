"""Waiting on conditions instead of sleeping: one probe per part, asked over HTTP."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

_PAUSE = 0.25
_TIMEOUT = 5.0


@dataclass(frozen=True)
class Probe:
    """How one part is asked whether it works.

    Parameters
    ----------
    url : str
        Address that answers when the part works.
    accept : callable
        Takes the answer, returns whether it is the right one.
    socket : Path, optional
        Unix socket that the request goes through.
    headers : mapping
        Sent along.
    auth : tuple of str, optional
        User and password.
    pause : float
        Seconds between two questions while waiting (Keycloak logs each one that comes too early).
    """

    url: str
    accept: Callable[[httpx.Response], bool]
    socket: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: tuple[str, str] | None = field(default=None, repr=False)
    pause: float = _PAUSE

    def trouble(self) -> str | None:
        """Return None if the part works, otherwise what was seen."""
        transport = httpx.HTTPTransport(uds=str(self.socket)) if self.socket else None
        try:
            with httpx.Client(transport=transport, trust_env=False, timeout=_TIMEOUT) as client:
                answer = client.get(self.url, headers=dict(self.headers), auth=self.auth)
        except httpx.HTTPError as error:
            return f"no answer ({type(error).__name__})"
        return None if self.accept(answer) else f"answered {answer.status_code}"


def is_success(answer: httpx.Response) -> bool:
    """Accept any 2xx."""
    return answer.is_success


def is_page(answer: httpx.Response) -> bool:
    """Accept a page or a redirect to one."""
    return answer.is_success or answer.is_redirect


def says_ok(answer: httpx.Response) -> bool:
    """Accept only the word: Streamlit answers 200 with its page for addresses that it does not know."""
    return answer.is_success and answer.text.strip() == "ok"


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
    with httpx.Client(trust_env=False, timeout=_TIMEOUT) as client:
        return dict(client.get(probe.url, auth=probe.auth).json())
