"""The same nginx in front of the same Orthanc, without the gate: what the gate is compared with."""

import socket
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.world import World
from deploy.native import aptroot, environment

_CONFIGURATION = """
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream orthanc {{ server {orthanc}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass_request_headers off; proxy_http_version 1.1; proxy_buffering off;
      proxy_set_header Connection ""; proxy_set_header Authorization "{authorization}";
      proxy_set_header Host {host}; proxy_set_header Accept $http_accept;
      proxy_pass http://orthanc;
    }}
  }}
}}
"""


@contextmanager
def ungated(world: World) -> Iterator[str]:
    """Run it, and give its address; it listens on loopback and ends with the block."""
    orthanc = world.info["internal"]["orthanc"]
    folder = Path(world.stack.data.root, "ungated")
    folder.mkdir(exist_ok=True, mode=0o700)
    port = _free_port()
    login = f"{orthanc['username']}:{orthanc['password']}".encode()
    tree = aptroot.get(world.stack.cache, aptroot.NGINX, lambda _: None)
    file = folder / "nginx.conf"
    file.touch(mode=0o600)
    file.write_text(
        _CONFIGURATION.format(
            folder=folder,
            orthanc=orthanc["url"].removeprefix("http://"),
            port=port,
            host=world.info["url"].removeprefix("http://"),
            authorization=f"Basic {b64encode(login).decode()}",
        )
    )
    command = [
        str(tree.root / "usr/sbin/nginx"),
        "-p",
        str(folder),
        "-e",
        str(folder / "error.log"),
        "-c",
        str(file),
    ]
    env = {**environment.base(), "LD_LIBRARY_PATH": tree.libraries}
    process = subprocess.Popen(command, env=env)
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
            httpx.get(f"{url}/system", trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the ungated nginx did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
