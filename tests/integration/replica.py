"""A second auth service over a stack's own database, with other settings, for one test."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from deploy.native import environment
from deploy.native.paths import REPOSITORY
from deploy.native.stack import Stack
from tests.waiting import eventually


@contextmanager
def replica(stack: Stack, folder: Path, **settings: str) -> Iterator[httpx.Client]:
    """Start it, and return a client that asks it as nginx would; stop it afterwards.

    Parameters
    ----------
    folder : Path
        Of this test alone: for its socket and its log.
    settings : str
        Variables of ``.env.example`` that are other than the stack's.

    """
    kept = (stack.data.run / "auth_service.env").read_text(encoding="utf-8").splitlines()
    own = dict(line.split("=", 1) for line in kept)
    place = folder / "auth.sock"
    own |= {"AUTH_LISTEN": f"unix:{place}", "AUTH_BACKCHANNEL_LISTEN": "", **settings}
    with (folder / "auth.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "auth_service", "serve"],
            cwd=REPOSITORY,
            env={**environment.base(), **own},
            stdout=log,
            stderr=log,
        )
    try:
        eventually(lambda: _listens(place))
        with httpx.Client(
            transport=httpx.HTTPTransport(uds=str(place)),
            base_url="http://auth_service",
            headers={"X-Gate-Secret": own["AUTH_GATE_SECRET"], "X-Gate-Address": "127.0.0.1"},
            timeout=30,
        ) as client:
            yield client
    finally:
        process.terminate()
        process.wait(timeout=30)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
