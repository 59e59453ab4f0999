import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.native import orphans
from deploy.native.environment import MARKER, PART, base


class Starter:
    """Starts sleepers and sees that none is left."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []

    def __call__(
        self, program: str | Path, marks: dict[str, str], folder: Path | None = None
    ) -> subprocess.Popen[bytes]:
        made = subprocess.Popen([str(program), "60"], env={**base(), **marks}, cwd=folder)
        self.started.append(made)
        return made


@pytest.fixture
def start() -> Iterator[Starter]:
    starter = Starter()
    yield starter
    for process in starter.started:
        process.kill()
        process.wait()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data/run/nginx").mkdir(parents=True)
    return tmp_path / "data"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with a program in it: a sleeper."""
    (tmp_path / "cache").mkdir()
    shutil.copy(shutil.which("sleep") or "/bin/sleep", tmp_path / "cache/nginx")
    return tmp_path / "cache"


def pids(processes: list[psutil.Process]) -> set[int]:
    return {process.pid for process in processes}


def test_a_process_with_the_stacks_mark_is_found_and_one_of_another_stack_is_not(
    data: Path, cache: Path, start: Starter
) -> None:
    ours = start("sleep", {MARKER: str(data), PART: "orthanc"})
    start("sleep", {MARKER: f"{data}-other"})
    start("sleep", {})
    assert pids(orphans.of_stack(data, cache)) == {ours.pid}
    assert pids(orphans.of_stack(data, cache, "orthanc")) == {ours.pid}
    assert pids(orphans.of_stack(data, cache, "keycloak")) == set()


def test_a_process_that_hid_its_environment_is_known_by_folder_and_program(
    data: Path, cache: Path, start: Starter
) -> None:
    worker = start(cache / "nginx", {}, data / "run/nginx")
    start("sleep", {}, data / "run/nginx")  # the folder alone: an editor, a shell
    start(cache / "nginx", {}, cache)  # the program alone: another stack's
    assert pids(orphans.of_stack(data, cache)) == {worker.pid}
    assert pids(orphans.of_stack(data, cache, "nginx")) == {worker.pid}
    assert pids(orphans.of_stack(data, cache, "orthanc")) == set()


def test_it_is_found_after_its_folder_was_deleted(data: Path, cache: Path, start: Starter) -> None:
    worker = start(cache / "nginx", {}, data / "run/nginx")
    shutil.rmtree(data)
    assert pids(orphans.of_stack(data, cache)) == {worker.pid}


def test_a_name_alone_makes_nobody_ours(data: Path, cache: Path, tmp_path: Path, start: Starter) -> None:
    shutil.copy(cache / "nginx", tmp_path / "nginx")
    start(tmp_path / "nginx", {})
    assert orphans.of_stack(data, cache) == []


def test_another_persons_process_is_never_ours(
    data: Path, cache: Path, start: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    start("sleep", {MARKER: str(data)})
    somebody = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: somebody)
    assert orphans.of_stack(data, cache) == []


def test_what_is_ours_is_ended_even_if_it_will_not_listen(data: Path, cache: Path, start: Starter) -> None:
    start("sleep", {MARKER: str(data)})
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(1, flush=True); time.sleep(60)"
    )
    stubborn = subprocess.Popen(
        [sys.executable, "-c", code], env={**base(), MARKER: str(data)}, stdout=subprocess.PIPE
    )
    start.started.append(stubborn)
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    assert orphans.end(orphans.of_stack(data, cache), patience=0.5) == 2
    assert orphans.of_stack(data, cache) == []
    stubborn.stdout.close()


def test_the_caller_and_its_ancestors_are_spared(data: Path, cache: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from deploy.native import orphans\n"
        "print(orphans.end_all(Path(sys.argv[1]), Path(sys.argv[2])))"
    )
    words = [sys.executable, "-c", code, str(data), str(cache)]
    env = {**base(), MARKER: str(data), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "0\n", done.stderr


def test_a_launched_part_ends_what_its_earlier_life_left(data: Path, cache: Path, start: Starter) -> None:
    left = start("sleep", {MARKER: str(data), PART: "portal"})
    other = start("sleep", {MARKER: str(data), PART: "orthanc"})
    done = launch(data, cache, "portal", "echo", "started")
    assert done.stdout.endswith("started\n")
    assert left.wait(timeout=5) != 0
    assert other.poll() is None


def test_what_a_first_start_was_killed_in_is_emptied_until_it_succeeded(data: Path, cache: Path) -> None:
    half, marker = data / "half", data / "established"
    half.mkdir()
    words = ["--worthless", str(half), "--until", str(marker)]
    assert "interrupted" in launch(data, cache, *words, "keycloak", "true").stdout
    assert not half.exists()
    half.mkdir()
    marker.touch()
    assert launch(data, cache, *words, "keycloak", "true").stdout == ""
    assert half.exists()


def launch(data: Path, cache: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "deploy.native.launch",
        "--data",
        str(data),
        "--cache",
        str(cache),
        *words,
    ]
    env = {**base(), MARKER: str(data), PART: "portal", "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=30, check=False)
