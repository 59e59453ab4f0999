import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from deploy.native import orphans, render
from deploy.native.environment import MARKER, PART, base
from deploy.native.errors import CannotGoOn
from deploy.native.processes import Supervisor


@dataclass
class Part:
    name: str
    command: tuple[str, ...]
    directory: str
    environment: dict[str, str] = field(default_factory=dict)
    priority: int = 10
    stop_seconds: int = 5


def until(condition: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class World:
    """A folder with a supervisor's configuration in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.configuration = folder / "supervisord.conf"
        self.supervisor = Supervisor(folder / "s")

    def write(self, **commands: tuple[str, ...]) -> None:
        parts = [Part(name, command, str(self.folder)) for name, command in commands.items()]
        folder = str(self.folder)
        text = render.supervisor(
            identifier="x",
            run=folder,
            logs=folder,
            socket=f"{folder}/s",
            pidfile=f"{folder}/p",
            programs=parts,
        )
        self.configuration.write_text(text)

    def start(self) -> None:
        env = {**base(), MARKER: str(self.folder), PART: orphans.SUPERVISOR}
        self.supervisor.start(self.configuration, env=env)

    def pid(self, name: str) -> int:
        return self.supervisor.infos()[name].pid


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.supervisor.shutdown(seconds=15)
    orphans.end_all(tmp_path, tmp_path)


def test_nothing_runs_before_it_is_asked_for(world: World) -> None:
    world.write(a=("sleep", "60"))
    assert not world.supervisor.alive()
    world.start()
    assert world.supervisor.alive()
    info = world.supervisor.infos()["a"]
    assert (info.running, info.state) == (False, "STOPPED")


def test_what_dies_is_started_again(world: World) -> None:
    world.write(a=("sleep", "60"))
    world.start()
    world.supervisor.start_part("a")
    assert until(lambda: world.supervisor.infos()["a"].state == "RUNNING")
    before = world.pid("a")
    os.kill(before, signal.SIGKILL)
    assert until(lambda: world.pid("a") not in {0, before})


def test_starting_what_runs_changes_nothing(world: World) -> None:
    world.write(a=("sleep", "60"))
    world.start()
    world.supervisor.start_part("a")
    before = world.pid("a")
    world.supervisor.start_part("a")
    assert world.pid("a") == before


def test_only_what_changed_is_started_anew(world: World) -> None:
    world.write(a=("sleep", "60"), b=("sleep", "60"), gone=("sleep", "60"))
    world.start()
    for name in ("a", "b", "gone"):
        world.supervisor.start_part(name)
    kept = world.pid("a")
    world.write(a=("sleep", "60"), b=("sleep", "61"), new=("sleep", "60"))
    assert sorted(world.supervisor.reload()) == ["b", "new"]
    assert set(world.supervisor.infos()) == {"a", "b", "new"}
    assert world.pid("a") == kept
    assert world.pid("b") == 0


def test_children_are_stopped_with_their_parent(world: World) -> None:
    code = "import subprocess; subprocess.run(['sleep', '60'])"
    world.write(a=(sys.executable, "-c", code))
    world.start()
    world.supervisor.start_part("a")
    assert until(lambda: len(orphans.of_stack(world.folder, world.folder)) == 3)
    world.supervisor.stop_part("a")
    assert until(lambda: len(orphans.of_stack(world.folder, world.folder)) == 1)


def test_shutting_down_ends_everything(world: World) -> None:
    world.write(a=("sleep", "60"))
    world.start()
    world.supervisor.start_part("a")
    assert world.supervisor.shutdown(seconds=15)
    assert not world.supervisor.alive()
    assert until(lambda: orphans.of_stack(world.folder, world.folder) == [])


def test_shutting_down_waits_for_what_ends_slowly(world: World) -> None:
    world.write(a=("sh", "-c", "trap 'sleep 1; exit' TERM; while :; do sleep 0.1; done"))
    world.start()
    world.supervisor.start_part("a")
    assert until(lambda: world.supervisor.infos()["a"].state == "RUNNING")
    part = world.pid("a")
    assert world.supervisor.shutdown(seconds=15)
    assert not psutil.pid_exists(part)


def test_a_socket_that_a_killed_supervisor_left_is_no_obstacle(world: World) -> None:
    world.write(a=("sleep", "60"))
    world.start()
    for process in orphans.of_stack(world.folder, world.folder, orphans.SUPERVISOR):
        process.kill()
        process.wait(10)
    assert not world.supervisor.alive()
    world.start()
    assert world.supervisor.alive()


def test_a_supervisor_that_cannot_start_says_why(world: World) -> None:
    world.configuration.write_text("[supervisord]\nlogfile = /no/such/folder/x.log\n")
    with pytest.raises(CannotGoOn, match="supervisor did not start"):
        world.start()


def test_the_socket_is_its_owners_alone(world: World) -> None:
    world.write(a=("sleep", "60"))
    world.start()
    assert (world.folder / "s").stat().st_mode & 0o777 == 0o600
