import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from deploy import bootstrap


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """What was started, on a machine where everything succeeds."""
    made: list[list[str]] = []

    def run(command: list[Any], **_: object) -> subprocess.CompletedProcess[bytes]:
        made.append([str(word) for word in command])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    lock = tmp_path / "requirements.lock"
    lock.write_text("a==1")
    monkeypatch.setattr(bootstrap, "_LOCK", lock)
    return made


def installs(calls: list[list[str]]) -> int:
    return sum("install" in words for words in calls)


def test_what_fits_the_lock_is_not_installed_again(calls: list[list[str]], tmp_path: Path) -> None:
    venv = tmp_path / ".venv"
    venv.mkdir()
    assert bootstrap.main(str(venv)) == 0
    assert installs(calls) == 1
    assert bootstrap.main(str(venv)) == 0
    assert installs(calls) == 1


def test_another_lock_is_installed(calls: list[list[str]], tmp_path: Path) -> None:
    venv = tmp_path / ".venv"
    venv.mkdir()
    bootstrap.main(str(venv))
    (tmp_path / "requirements.lock").write_text("a==2")
    bootstrap.main(str(venv))
    assert installs(calls) == 2


def test_only_what_the_lock_names_by_its_digest_is_installed(calls: list[list[str]], tmp_path: Path) -> None:
    venv = tmp_path / ".venv"
    venv.mkdir()
    bootstrap.main(str(venv))
    words = next(words for words in calls if "install" in words)
    assert {"--require-hashes", "--no-deps"} <= set(words)


def test_an_installation_that_failed_is_tried_again(
    calls: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    venv = tmp_path / ".venv"
    venv.mkdir()
    monkeypatch.setattr(bootstrap, "_install", lambda _: False)
    assert bootstrap.main(str(venv)) == 2
    monkeypatch.undo()
    assert not (venv / ".installed").exists()


def test_an_old_python_is_told_what_is_needed(
    calls: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert bootstrap.main(str(tmp_path / ".venv")) == 2
    assert "Python 3.11 or newer is needed" in capsys.readouterr().err
    assert calls == []
    assert not (tmp_path / ".venv").exists()


def test_a_full_disk_is_told_before_anything_is_made(
    calls: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 1, 0))
    assert bootstrap.main(str(tmp_path / ".venv")) == 2
    assert "Too little room" in capsys.readouterr().err
    assert calls == []
