import os
from pathlib import Path

from deploy.native import health, status
from deploy.native.health import Answer, Probe
from deploy.native.processes import ProcessInfo
from deploy.native.programs import Program


def part(probe: Probe) -> Program:
    return Program(
        name="portal",
        command=("x",),
        environment={},
        directory=Path("/"),
        priority=1,
        probe=probe,
        port=8501,
        url="http://127.0.0.1:8501",
        patience=1,
    )


NOBODY = Probe("http://127.0.0.1:9/", health.is_success)


def test_memory_is_what_this_process_has_at_least() -> None:
    assert status.memory(os.getpid()) > 5


def test_memory_of_nobody_is_nothing() -> None:
    assert status.memory(2**22 + 1) == 0


def test_a_part_that_does_not_run_is_said_so() -> None:
    row = status.of_part(part(NOBODY), None, Path("/logs/portal.log"))
    assert (row.running, row.pid, row.health, row.memory_mb) == (False, None, "not running", None)


def test_a_part_that_runs_and_does_not_answer_is_not_well() -> None:
    info = ProcessInfo("portal", "RUNNING", os.getpid(), 1, "")
    row = status.of_part(part(NOBODY), info, Path("/logs/portal.log"))
    assert row.running
    assert row.health == "no answer (ConnectionRefusedError)"


def test_scripts_get_every_column_by_name() -> None:
    row = status.of_part(part(NOBODY), None, Path("/logs/portal.log"))
    assert status.as_json([row]) == {
        "portal": {
            "running": False,
            "state": "stopped",
            "pid": None,
            "port": 8501,
            "health": "not running",
            "memory_mb": None,
            "log": "/logs/portal.log",
        }
    }


def test_people_get_a_table_with_a_sum() -> None:
    rows = [status.PartStatus(f"p{n}", True, "running", n, n, "ok", 10.4, f"/l{n}") for n in (1, 22)]
    lines = status.as_text(rows).splitlines()
    assert lines[0].split() == ["part", "state", "pid", "port", "health", "memory", "log"]
    assert lines[1].split() == ["p1", "running", "1", "1", "ok", "10", "MB", "/l1"]
    assert lines[-1] == "memory of all: 21 MB"


def test_streamlits_page_is_not_taken_for_its_health() -> None:
    assert health.says_ok(Answer(200, "ok"))
    assert not health.says_ok(Answer(200, "<html>ok</html>"))


def test_waiting_ends_when_the_process_is_given_up() -> None:
    assert health.wait(NOBODY, seconds=60, still_alive=lambda: False) == "no answer (ConnectionRefusedError)"
