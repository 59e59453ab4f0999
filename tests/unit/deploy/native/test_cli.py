from pathlib import Path

import pytest

from deploy.native import cli
from deploy.native.errors import CannotGoOn
from deploy.native.stack import Stack


def test_what_stops_us_is_two_sentences_and_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def up(*_: object, **__: object) -> None:
        raise CannotGoOn("Port 8080 is taken.", "Choose another with PORT=.")

    monkeypatch.setattr(Stack, "up", up)
    assert cli.main(["up", "--data", str(tmp_path / "x")]) == 2
    assert capsys.readouterr().err.strip() == "Port 8080 is taken.\nChoose another with PORT=."


def test_a_reset_that_nobody_confirmed_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "settings.json").write_text("{}")
    assert cli.main(["reset", "--data", str(tmp_path)]) == 2
    assert "YES=1" in capsys.readouterr().err
    assert (tmp_path / "settings.json").exists()


def test_a_reset_does_not_delete_what_is_no_stack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    assert cli.main(["reset", "--yes", "--data", str(tmp_path)]) == 2
    assert "no data folder of a stack" in capsys.readouterr().err
    assert (tmp_path / "thesis.tex").exists()


def test_a_folder_with_something_else_in_it_does_not_become_a_stack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    before = tmp_path.stat().st_mode
    assert cli.main(["up", "--data", str(tmp_path)]) == 2
    assert "no data folder of a stack" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]
    assert tmp_path.stat().st_mode == before


def test_a_reset_that_was_killed_in_the_middle_can_be_finished(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "orthanc").mkdir(parents=True)
    (data / "deleting").touch()
    assert cli.main(["reset", "--yes", "--data", str(data)]) == 0
    assert not data.exists()


def test_a_reset_of_a_stopped_stack_deletes_its_data(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "settings.json").write_text("{}")
    assert cli.main(["reset", "--yes", "--data", str(data)]) == 0
    assert not data.exists()


def test_the_status_of_nothing_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", "--data", str(tmp_path / "x")]) == 1
    assert "There is no stack at" in capsys.readouterr().out
    assert not (tmp_path / "x").exists()


def test_stopping_what_never_ran_is_harmless(tmp_path: Path) -> None:
    assert cli.main(["down", "--data", str(tmp_path / "x")]) == 0
    assert not (tmp_path / "x").exists()


def test_the_end_of_each_log_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/nginx.log").write_text("\n".join(f"line {number}" for number in range(100)))
    (tmp_path / "logs/portal.log").write_text("other")
    assert cli.main(["logs", "--data", str(tmp_path), "nginx"]) == 0
    said = capsys.readouterr().out
    assert "line 99" in said
    assert "line 10\n" not in said
    assert "other" not in said


def test_a_folder_that_the_parts_could_not_be_told_of_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["up", "--data", str(tmp_path / "with space")]) == 2
    assert "cannot be used here" in capsys.readouterr().err
