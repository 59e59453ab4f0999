"""One more auth service beside a stack's own, to be compared with itself: with its record, and without.

``python -m benchmarks.service [--silent]``. The record is switched off here alone, from outside: the product
has no such switch.
"""

import inspect
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from auth_service import audit
from auth_service.cli import main
from benchmarks.world import World
from deploy.native.paths import REPOSITORY


def silence() -> None:
    """Make every event of the closed list come to nothing, and every study one that was seen before."""
    for name, event in inspect.getmembers(audit, inspect.isfunction):
        if event.__module__ == audit.__name__ and not name.startswith("_"):
            setattr(audit, name, _nothing)
    audit.has_viewed = _yes


def _nothing(*_: Any, **__: Any) -> None:  # noqa: ANN401 - stands for functions of many kinds
    """Record nothing."""


def _yes(*_: Any, **__: Any) -> bool:  # noqa: ANN401 - the same
    """Say that it is on record already."""
    return True


@contextmanager
def beside(world: World, *, silent: bool) -> Iterator[str]:
    """Run it on a socket of its own, and give that as nginx writes it; it ends with the block."""
    socket = Path(world.stack.data.memory, f"bench-{'silent' if silent else 'recording'}.sock")
    settings = {
        name: value for name, value in world.stack.auth_environment().items() if "BACKCHANNEL_L" not in name
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.service", *(["--silent"] if silent else [])],
        env={**settings, "AUTH_LISTEN": f"unix:{socket}"},
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(lambda: _answers(socket), process)
        yield f"unix:{socket}"
    finally:
        process.terminate()
        process.wait(timeout=20)
        socket.unlink(missing_ok=True)


def _answers(socket: Path) -> bool:
    try:
        with httpx.Client(
            transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://service"
        ) as client:
            client.get("/")
    except httpx.HTTPError:
        return False
    return True


def _wait(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        if ready():
            return
        time.sleep(0.1)
    raise RuntimeError("the second auth service did not start")


if __name__ == "__main__":
    if sys.argv[1:] == ["--silent"]:
        silence()
    raise SystemExit(main(["serve"]))
