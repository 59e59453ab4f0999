"""The supervisor, started, asked and stopped through its socket: it restarts what dies."""

import contextlib
import http.client
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from deploy.native.errors import CannotGoOn

_LOST = ("FATAL", "STOPPED", "UNKNOWN")
_NO_ANSWER = (OSError, xmlrpc.client.Error, http.client.HTTPException)
_UP = ("RUNNING", "STARTING", "BACKOFF")


@dataclass(frozen=True)
class ProcessInfo:
    """What the supervisor knows of one part."""

    name: str
    state: str
    pid: int
    started: int
    message: str

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self.pid > 0


class Supervisor:
    """One stack's supervisor.

    Parameters
    ----------
    socket : Path
        Where it listens (mode 0600, in a folder of mode 0700).
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    @contextlib.contextmanager
    def _server(self) -> Iterator[Any]:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        try:
            yield xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor
        finally:
            transport.close()

    def alive(self) -> bool:
        """Return whether a supervisor answers."""
        try:
            with self._server() as server:
                return bool(server.getState()["statename"] == "RUNNING")
        except _NO_ANSWER:
            return False

    def start(self, configuration: Path, *, env: Mapping[str, str], seconds: float = 20) -> None:
        """Start the supervisor in the background and wait until it answers."""
        self._socket.unlink(missing_ok=True)
        words = [sys.executable, "-m", "supervisor.supervisord", "-c", str(configuration)]
        done = subprocess.run(
            words,
            env=dict(env),
            cwd=configuration.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        deadline = time.monotonic() + seconds
        while not self.alive():
            if done.returncode != 0 or time.monotonic() > deadline:
                said = (done.stderr or done.stdout).strip().splitlines()[-3:]
                raise CannotGoOn(
                    f"The supervisor did not start: {' / '.join(said) or 'no answer'}.",
                    f"Its log is beside the others, see {configuration}.",
                )
            time.sleep(0.1)

    def reload(self) -> list[str]:
        """Read the configuration again; end and take out changed or removed parts, add new ones.

        Returns
        -------
        list of str
            Parts that were added or changed and are now stopped.
        """
        with self._server() as server:
            added, changed, removed = server.reloadConfig()[0]
            for name in (*changed, *removed):
                server.stopProcessGroup(name)
                server.removeProcessGroup(name)
            for name in (*added, *changed):
                server.addProcessGroup(name)
        return [*added, *changed]

    def infos(self) -> dict[str, ProcessInfo]:
        """Return what is known of every part."""
        with self._server() as server:
            rows = server.getAllProcessInfo()
        return {
            str(row["name"]): ProcessInfo(
                name=str(row["name"]),
                state=str(row["statename"]),
                pid=int(row["pid"]),
                started=int(row["start"]),
                message=str(row["spawnerr"] or row["description"]),
            )
            for row in rows
        }

    def start_part(self, name: str) -> None:
        """Start a part unless it runs or is being started."""
        if self.infos()[name].state in _UP:
            return
        try:
            with self._server() as server:
                server.startProcess(name, False)  # do not wait: health is what counts
        except xmlrpc.client.Fault as fault:
            raise CannotGoOn(f"{name} could not be started: {fault.faultString}.", "See its log.") from fault

    def stop_part(self, name: str) -> None:
        """Stop a part and wait until it has ended."""
        if self.infos()[name].state not in ("STOPPED", "FATAL", "EXITED"):
            with self._server() as server:
                server.stopProcess(name)

    def given_up(self, name: str) -> bool:
        """Return whether a part is not running and the supervisor will not try again."""
        info = self.infos().get(name)
        return info is None or info.state in _LOST

    def shutdown(self, *, seconds: float) -> bool:
        """Stop everything, the supervisor last; return whether it ended in time."""
        try:
            with self._server() as server:
                server.shutdown()
        except _NO_ANSWER:
            return False
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                with self._server() as server:
                    server.getState()
            except xmlrpc.client.Fault:
                pass  # it says that it is shutting down: there still
            except _NO_ANSWER:
                return True
            time.sleep(0.1)
        return False
