"""Looking before leaping: what can be known to be missing is said before anything is changed."""

import shutil
import socket
import sys
import threading
import urllib.parse
from pathlib import Path

from deploy.native import aptroot, keycloak, ohif, tools
from deploy.native.aptroot import Packages
from deploy.native.commands import NETWORK_REMEDY
from deploy.native.environment import fetching
from deploy.native.errors import CannotGoOn
from deploy.native.paths import Cache

_DATA_MEGABYTES = 700
_RESOLVER_PATIENCE = 2.0
_CONNECT_TIMEOUT = 8.0
_MEGABYTE = 1024 * 1024


def machine() -> None:
    """Refuse a system on which the native stack cannot run at all."""
    if not sys.platform.startswith("linux"):
        raise CannotGoOn("The native stack runs on Linux only.", "Run the parts from containers elsewhere.")


def missing(cache: Cache, extra: tuple[Packages, ...] = ()) -> dict[str, int]:
    """Return what is not in the cache yet, with the megabytes that it takes."""
    trees = [aptroot.ORTHANC, aptroot.NGINX, *extra]
    if tools.host_java() is None:
        trees.append(aptroot.JAVA)
    wanted = {tree.name: tree.megabytes for tree in trees if aptroot.present(cache, tree) is None}
    if not keycloak.place(cache).is_dir():
        wanted["keycloak"] = keycloak.MEGABYTES
    if not ohif.place(cache).is_dir():
        wanted["ohif"] = ohif.MEGABYTES
    return wanted


def before_fetching(cache: Cache, extra: tuple[Packages, ...] = ()) -> None:
    """Refuse a set-up that would fail for want of apt, of the network, or of room."""
    wanted = missing(cache, extra)
    if not wanted:
        return
    archive = aptroot.sources()["main"]
    room(cache.root, sum(wanted.values()), "the downloads")
    network(archive)


def room(folder: Path, megabytes: int, what: str) -> None:
    """Refuse when a file system has too little room."""
    existing = folder
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free // _MEGABYTE
    if free < megabytes:
        raise CannotGoOn(
            f"Too little room for {what}: {existing} has {free} MB free, {megabytes} MB are needed.",
            "Make room, or use another file system (XDG_CACHE_HOME= for the downloads, DATA= for the data).",
        )


def data_room(data: Path) -> None:
    """Refuse to start a stack that would soon fill its file system."""
    room(data, _DATA_MEGABYTES, "the stack's data")


def network(address: str) -> None:
    """Refuse when the package server cannot be reached; where a proxy is configured, believe it."""
    parts = urllib.parse.urlsplit(address)
    proxied = aptroot.proxies() or any(name.lower().endswith("_proxy") for name in fetching())
    if proxied or parts.scheme not in {"http", "https"}:
        return
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), timeout=_CONNECT_TIMEOUT).close()
    except OSError as error:
        raise CannotGoOn("The network (or the package server) cannot be reached.", NETWORK_REMEDY) from error


def host_name_warning() -> str | None:
    """Return a warning when this machine's own name does not resolve quickly: Orthanc and Java ask for it."""
    name = socket.gethostname()
    answers: list[str] = []

    def ask() -> None:
        try:
            answers.append(socket.gethostbyname(name))
        except OSError:
            return

    # The resolver cannot be interrupted; a thread that nobody waits for can be left behind.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_RESOLVER_PATIENCE)
    if answers:
        return None
    return (
        f"warning: the name of this machine, {name}, cannot be resolved. Our parts are told not to wait;\n"
        f"         for others an administrator may add this line to /etc/hosts:  127.0.1.1 {name}"
    )
