"""The list of DICOM senders is looked at without a service, a database or settings."""

from pathlib import Path

import pytest

from auth_service import cli


def test_a_good_list_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "peers.jsonc"
    file.write_text(
        '{"ae_title": "PARADIM", "peers": [{"ae_title": "CT1", "address": "192.0.2.1", "rules": ['
        '{"album": "mr", "modalities": ["MR", "SR"]}, {"album": "rest"}]}]}',
        encoding="utf-8",
    )
    assert cli.main(["dicom", "check", str(file)]) == 0
    assert capsys.readouterr().out == (
        "CT1 at 192.0.2.1: MR, SR into mr; everything into rest; the rest is to be filed\n"
    )


def test_every_problem_of_a_bad_one_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "peers.jsonc"
    file.write_text('{"ae_title": "A*", "peers": []}', encoding="utf-8")
    assert cli.main(["dicom", "check", str(file)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(": line 1, ")[0] for line in said] == [str(file)] * 2
