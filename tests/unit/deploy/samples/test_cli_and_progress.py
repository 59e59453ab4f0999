"""The command line's words, and the two ways of showing progress."""

import io
from pathlib import Path

import pytest

from deploy.samples import cli
from deploy.samples.make import fingerprint
from deploy.samples.progress import Progress
from tests.unit.deploy.samples.conftest import Made


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_key_is_short_and_the_same_every_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["key"]) == 0
    assert capsys.readouterr().out == f"{fingerprint()}\n"
    assert len(fingerprint()) == 16


def test_making_without_the_head_ct_is_two_lines_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["make", "--out", str(out), "--invesalius", str(tmp_path), "--cache", str(tmp_path)]
    assert cli.main(words) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert "invesalius-examples" in said[0]
    assert not out.exists()


def test_making_again_does_nothing(made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["make", "--out", str(made.folder), "--invesalius", str(tmp_path), "--cache", str(tmp_path)]
    assert cli.main(words) == 0
    assert capsys.readouterr().out.startswith("The sample data are there")


def test_loading_without_a_stack_is_one_sentence(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["load", "--stack-json", str(tmp_path / "stack.json"), "--samples", str(made.folder)]
    assert cli.main(words) == 1
    assert "stack.json cannot be read" in capsys.readouterr().err


def test_a_log_gets_a_line_for_every_five_percent() -> None:
    stream = io.StringIO()
    progress = Progress("Loading", stream)
    progress.start(1000)
    for _ in range(1000):
        progress.advance()
    progress.finish()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 21
    assert lines[0] == "Loading: 0 % (0 of 1000)"
    assert lines[-1] == "Loading: 100 % (1000 of 1000)"


def test_a_terminal_gets_one_line_that_fills() -> None:
    stream = Terminal()
    progress = Progress("Loading", stream)
    progress.start(4, done=2)
    progress.advance()
    progress.advance()
    progress.finish()
    shown = stream.getvalue()
    assert shown.count("\n") == 1
    assert shown.startswith("\rLoading [####################....................]  50 %")
    assert shown.endswith("] 100 %\n")


def test_nothing_to_do_is_a_hundred_percent() -> None:
    stream = io.StringIO()
    Progress("Loading", stream).start(0)
    assert stream.getvalue() == "Loading: 100 % (0 of 0)\n"
