"""What runs: for each part its process, port, health, memory and log file."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from deploy.native.processes import ProcessInfo
from deploy.native.programs import Program

_MEGABYTE = 1024 * 1024
_HEADINGS = ("part", "state", "pid", "port", "health", "memory", "log")


@dataclass(frozen=True)
class PartStatus:
    """One row of the status."""

    name: str
    running: bool
    state: str
    pid: int | None
    port: int | None
    health: str
    memory_mb: float | None
    log: str


def memory(pid: int) -> float:
    """Return the memory of a process and its children in MB.

    Shared pages are divided among those who share them (PSS), so that the rows of a stack may be added up.
    """
    total = 0
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return 0.0
    for process in family:
        try:
            total += int(process.memory_full_info().pss)
        except psutil.Error:
            continue
    return round(total / _MEGABYTE, 1)


def of_part(program: Program, info: ProcessInfo | None, log: Path) -> PartStatus:
    """Look at one part now."""
    running = info is not None and info.running
    pid = info.pid if info is not None and running else None
    trouble = program.probe.trouble() if running else "not running"
    return PartStatus(
        name=program.name,
        running=running,
        state=info.state.lower() if info else "stopped",
        pid=pid,
        port=program.port,
        health=trouble or "ok",
        memory_mb=memory(pid) if pid else None,
        log=str(log),
    )


def as_json(rows: Iterable[PartStatus]) -> dict[str, dict[str, object]]:
    """Return the rows by name, for scripts."""
    return {row.name: {key: value for key, value in asdict(row).items() if key != "name"} for row in rows}


def as_text(rows: list[PartStatus]) -> str:
    """Return the rows as a table for people, with the sum of their memory."""
    table = [_HEADINGS, *[_cells(row) for row in rows]]
    widths = [max(len(line[column]) for line in table) for column in range(len(_HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in table]
    total = sum(row.memory_mb or 0 for row in rows)
    return "\n".join([*(line.rstrip() for line in lines), f"memory of all: {total:.0f} MB"])


def _cells(row: PartStatus) -> tuple[str, ...]:
    size = f"{row.memory_mb:.0f} MB" if row.memory_mb is not None else "-"
    return (row.name, row.state, str(row.pid or "-"), str(row.port or "-"), row.health, size, row.log)
