"""Ports of a stack: free ones are chosen at first set-up and kept, because addresses are part of sign-in."""

import random
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from deploy.native.errors import CannotGoOn

PREFERRED_PUBLIC = 8080
# Below the ports that the system hands to outgoing connections: one of those may be taken at any moment.
_RANGE = (15000, 32000)
_TRIES = 200
_LARGEST = 65535
_FIRST_FOR_USERS = 1024
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """The ports of one stack."""

    public: int
    portal: int
    orthanc: int
    keycloak: int
    keycloak_management: int
    backchannel: int
    dicom: int = 0
    """Where Orthanc takes DICOM, where that is on; 0: none was chosen yet."""

    def named(self) -> dict[str, int]:
        """Return the ports by name."""
        return asdict(self)


def is_free(port: int) -> bool:
    """Return whether nobody listens there, on loopback or on all addresses (Orthanc binds to all)."""
    for address in (LOOPBACK, ""):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True


def choose(public: int | None) -> Ports:
    """Choose the ports of a new stack.

    Parameters
    ----------
    public : int or None
        The published port that a person asked for; None takes 8080 if free, else any free one.
    """
    taken: set[int] = set()

    def pick() -> int:
        for _ in range(_TRIES):
            port = random.randint(*_RANGE)  # noqa: S311 - nothing depends on its being hard to guess
            if port not in taken and is_free(port):
                taken.add(port)
                return port
        raise CannotGoOn("No free port was found on this machine.", "End some programs and try again.")

    if public is not None:
        check_requested(public)
        taken.add(public)
        chosen = public
    elif is_free(PREFERRED_PUBLIC):
        taken.add(PREFERRED_PUBLIC)
        chosen = PREFERRED_PUBLIC
    else:
        chosen = pick()
    return Ports(chosen, pick(), pick(), pick(), pick(), pick(), pick())


def choose_one(taken: Ports) -> int:
    """Choose one more free port for a stack that has some."""
    for _ in range(_TRIES):
        port = random.randint(*_RANGE)  # noqa: S311 - nothing depends on its being hard to guess
        if port not in taken.named().values() and is_free(port):
            return port
    raise CannotGoOn("No free port was found on this machine.", "End some programs and try again.")


def check_requested(port: int) -> None:
    """Refuse a port that a person asked for and cannot have."""
    if not _FIRST_FOR_USERS <= port <= _LARGEST:
        raise CannotGoOn(
            f"{port} is no port for the portal.", f"Choose one from {_FIRST_FOR_USERS} to {_LARGEST}."
        )
    if not is_free(port):
        raise CannotGoOn(
            f"Port {port} is taken{holder_text(port)}.", "Choose another with PORT=, or leave PORT out."
        )


def holders(port: int) -> list[psutil.Process]:
    """Return the processes that listen on a port, as far as this person may see them."""
    found = []
    for connection in psutil.net_connections("tcp"):
        listens = connection.status == psutil.CONN_LISTEN and connection.pid
        if listens and getattr(connection.laddr, "port", None) == port:
            try:
                found.append(psutil.Process(connection.pid))
            except psutil.NoSuchProcess:
                continue
    return found


def holder_text(port: int) -> str:
    """Return `` by NAME (pid N)``, or nothing where the holder cannot be seen."""
    for process in holders(port):
        try:
            return f" by {process.name()} (pid {process.pid})"
        except psutil.Error:
            continue
    return ""


def check_kept(ports: Ports, *, ours: set[int], data: Path, by_dicom: bool = True) -> None:
    """Refuse to start on kept ports that somebody else has taken meanwhile.

    Parameters
    ----------
    by_dicom : bool
        Whether the port for DICOM will be used.
    ours : set of int
        Process ids of this stack: what they hold is no obstacle, they are ended before the start.
    """
    for name, port in ports.named().items():
        if is_free(port) or (name == "dicom" and not by_dicom):
            continue
        pids = {process.pid for process in holders(port)}
        if pids and pids <= ours:
            continue
        raise CannotGoOn(
            f"Port {port} ({name}) of this stack is taken{holder_text(port)}.",
            f"End that program and try again; or give the stack up with `make reset` ({data} is deleted) "
            "and let it choose other ports.",
        )
