"""The same nginx once more, with something else about it: what the stack's own is compared with."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.world import World
from deploy.native import aptroot, environment

_GATE = "auth_request /internal/authorize;"
_INTERNAL = """location ^~ /internal/orthanc/ {
            internal;"""

PLAIN = "/internal/orthanc"
"""Where the ungated nginx streams whatever Orthanc has at the rest of the address."""


@contextmanager
def ungated(world: World) -> Iterator[str]:
    """Run nginx without the gate, and give its address.

    Its configuration is the stack's own with the two lines taken out that ask for a decision, and that keep
    people from where decided things are streamed: what is logged, refused and sent on is the same.
    """
    changes = ((_GATE, ""), (_INTERNAL, _INTERNAL.removesuffix("internal;")))
    with _nginx(world, "ungated", changes) as url:
        yield url


@contextmanager
def in_front_of(world: World, service: str, name: str) -> Iterator[str]:
    """Run nginx in front of another auth service, and give its address.

    Parameters
    ----------
    service : str
        Where that one listens, as nginx writes it.
    name : str
        Of the folder that nginx works in.

    """
    own = world.info["internal"]["auth_service"]["socket"]
    with _nginx(world, name, [(f"server unix:{own};", f"server {service};")]) as url:
        yield url


@contextmanager
def _nginx(world: World, name: str, changes: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Run it; it listens on loopback and ends with the block."""
    data = world.stack.data
    folder = Path(data.root, name)
    folder.mkdir(exist_ok=True, mode=0o700)
    port = _free_port()
    stacks = Path(data.root, "run", "nginx")
    configuration = (stacks / "nginx.conf").read_text(encoding="utf-8")
    for ours, other in (
        *changes,
        (f"listen {world.info['url'].removeprefix('http://')}", f"listen 127.0.0.1:{port}"),
        (str(stacks), str(folder)),
        (str(data.logs), str(folder)),
        (f"{data.memory}/decisions ", f"{folder}/decisions "),
    ):
        if ours not in configuration:
            raise RuntimeError(f"the stack's nginx.conf has no {ours!r}")
        configuration = configuration.replace(ours, other)
    file = folder / "nginx.conf"
    file.touch(mode=0o600)
    file.write_text(configuration, encoding="utf-8")
    tree = aptroot.get(world.stack.cache, aptroot.NGINX, lambda _: None)
    command = [
        str(tree.root / "usr/sbin/nginx"),
        *("-p", str(folder), "-e", str(folder / "error.log"), "-c", str(file)),
        *(("-g", "user root;") if os.getuid() == 0 else ()),
    ]
    process = subprocess.Popen(command, env={**environment.base(), "LD_LIBRARY_PATH": tree.libraries})
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(url, trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the second nginx did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
