"""The audit on the command line: verify, export, heads, and their exit statuses."""

import csv
import json
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from auth_service import audit, cli
from auth_service.audit.chaining import Chainer
from auth_service.policy.model import SYSTEM
from tests.world import TestWorld


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestWorld]:
    """Five records of three days, all but the last one linked, and the environment of a command."""
    world = TestWorld.make(tmp_path)
    monkeypatch.setattr(cli, "read", lambda: world.settings)
    linking = Chainer(settings=world.settings, store=world.store, clock=world.clock)
    for reason in ("=1+1", "person", "Émilie", "person"):
        sign_out(world, reason)
        linking.link_due()
        world.wait(hours=18)
    sign_out(world, "person")
    yield world
    world.store.close()


def sign_out(world: TestWorld, reason: str) -> None:
    with world.store.write() as tx:
        audit.signout(tx, at=world.clock(), actor=SYSTEM, reason=reason)


def change(world: TestWorld) -> None:
    connection = sqlite3.connect(world.settings.database_url.removeprefix("sqlite:///"))
    connection.execute("DROP TRIGGER audit_is_never_changed")
    connection.execute("UPDATE audit SET reason = 'other' WHERE id = 2")
    connection.commit()
    connection.close()


def exported(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main(["audit", "export", *arguments]) == 0
    return capsys.readouterr().out


def test_verify_says_that_all_is_good(world: TestWorld, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["audit", "verify", "--unlinked-after", "99999999"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "the audit is good"
    assert all(line.endswith(" records: good") for line in lines[:-1])


def test_verify_says_what_was_changed(world: TestWorld, capsys: pytest.CaptureFixture[str]) -> None:
    change(world)
    assert cli.main(["audit", "verify", "--unlinked-after", "0"]) == 1
    out = capsys.readouterr().out
    assert "changed record: 2" in out
    assert "record 5 is in no chain yet, though old" in out
    assert out.endswith("THE AUDIT IS NOT GOOD\n")


def test_kept_ends_are_compared(world: TestWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "heads.json"
    assert cli.main(["audit", "heads"]) == 0
    kept = json.loads(capsys.readouterr().out)
    file.write_text(f"2026-03-02 INFO audit heads: {json.dumps(kept)}\n")
    assert cli.main(["audit", "verify", "--unlinked-after", "99999999", "--heads", str(file)]) == 0
    name = next(iter(kept))
    file.write_text(json.dumps({name: [kept[name][0] + 1, kept[name][1]]}))
    assert cli.main(["audit", "verify", "--unlinked-after", "99999999", "--heads", str(file)]) == 1
    assert "kept end not found" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, "nothing\n"])
def test_verify_cannot_begin_without_the_ends_that_it_was_given(
    world: TestWorld, tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "heads").write_text(content)
    assert cli.main(["audit", "verify", "--heads", str(tmp_path / "heads")]) == 2


def test_verify_cannot_begin_without_a_database(
    world: TestWorld, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = world.settings.model_copy(update={"database_url": "sqlite:////proc/nowhere.sqlite"})
    monkeypatch.setattr(cli, "read", lambda: nowhere)
    assert cli.main(["audit", "verify"]) == 2
    assert capsys.readouterr().err.endswith("database does not answer.\n")


def test_an_export_can_be_checked_by_itself(
    world: TestWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "audit.jsonl"
    file.write_text("".join(exported(capsys).splitlines(keepends=True)[:4]), encoding="utf-8")
    assert cli.main(["audit", "verify", "--export", str(file)]) == 0
    text = file.read_text(encoding="utf-8")
    for old, new in (("Émilie", "Emilie"), ('"position": 1', '"position": 7'), ('"count": 1', '"count": 2')):
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")
        assert cli.main(["audit", "verify", "--export", str(file)]) == 1, new
    file.write_text("{}\n[]\n")
    assert cli.main(["audit", "verify", "--export", str(file)]) == 2


def test_a_part_of_an_export_is_enough(
    world: TestWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = (world.clock() - timedelta(hours=36)).astimezone(world.settings.zone).date().isoformat()
    part = exported(capsys, "--from", day, "--to", day)
    assert 0 < len(part.splitlines()) < 5
    file = tmp_path / "audit.jsonl"
    file.write_text(part, encoding="utf-8")
    assert cli.main(["audit", "verify", "--export", str(file)]) == 0


@pytest.mark.parametrize("options", [("--to", "9999-12-31"), ("--from", "0001-01-01")])
def test_a_day_that_cannot_be_counted_from_is_refused_in_our_words(
    world: TestWorld,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, str],
) -> None:
    east = world.settings.model_copy(update={"time_zone": "Asia/Tokyo"})
    monkeypatch.setattr(cli, "read", lambda: east)
    assert cli.main(["audit", "export", *options]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"{options[0]} is not a day that we can count from.\n")


def test_records_that_are_in_no_chain_show_in_an_export(
    world: TestWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "audit.jsonl"
    file.write_text(exported(capsys), encoding="utf-8")
    assert cli.main(["audit", "verify", "--export", str(file)]) == 1
    assert "line 5: record 5 is in no chain" in capsys.readouterr().out


def test_a_table_opens_safely(world: TestWorld, capsys: pytest.CaptureFixture[str]) -> None:
    text = exported(capsys, "--format", "csv")
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(text.removeprefix("\ufeff").splitlines()))
    assert [row["reason"] for row in rows] == ["'=1+1", "person", "Émilie", "person", "person"]
    assert [len(row["digest"]) for row in rows] == [64, 64, 64, 64, 0]
