"""Finding and ending processes of a stack that nobody supervises any more.

A process is ours if it carries the stack's mark in its environment. nginx writes over its environment; such a
process is ours if its working folder is below the stack's data folder and its program below our cache. Never
by name alone, never another person's.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import psutil

from deploy.native.environment import MARKER, PART

SUPERVISOR = "supervisor"


def of_stack(data: Path, cache: Path, part: str | None = None) -> list[psutil.Process]:
    """Return the processes of a stack (or of one part of it), this process and its ancestors excepted."""
    me = psutil.Process()
    spared = {me.pid, *(parent.pid for parent in me.parents())}
    return [
        process
        for process in psutil.process_iter()
        if process.pid not in spared and _is_ours(process, data, cache, part)
    ]


def _is_ours(process: psutil.Process, data: Path, cache: Path, part: str | None) -> bool:
    try:
        if process.uids().real != os.getuid() or process.status() == psutil.STATUS_ZOMBIE:
            return False
        environment = process.environ()
        if environment.get(MARKER) == str(data):
            return part is None or environment.get(PART) == part
        if MARKER in environment:
            return False
        folder = Path(process.cwd().removesuffix(" (deleted)"))
        below = data if part is None else data / "run" / part
        return folder.is_relative_to(below) and Path(process.exe()).is_relative_to(cache)
    except (psutil.Error, OSError):
        return False


def end(processes: Iterable[psutil.Process], *, patience: float = 10.0) -> int:
    """Ask processes to end, then make them; return how many there were.

    psutil compares start times before it sends a signal: a process id used again is not hit.
    """
    living = list(processes)
    for process in living:
        try:
            process.terminate()
        except psutil.Error:
            continue
    _, stubborn = psutil.wait_procs(living, timeout=patience)
    for process in stubborn:
        try:
            process.kill()
        except psutil.Error:
            continue
    psutil.wait_procs(stubborn, timeout=5)
    return len(living)


def wait_gone(data: Path, cache: Path, *, seconds: float) -> None:
    """Give the processes of a stack that is ending by itself the time for it."""
    psutil.wait_procs(of_stack(data, cache), timeout=seconds)


def end_all(data: Path, cache: Path) -> int:
    """End everything that is left of a stack: its supervisor first, which would start the others again."""
    ended = end(of_stack(data, cache, SUPERVISOR))
    # What was just being started when the first look was taken is found by another look.
    while found := of_stack(data, cache):
        ended += end(found)
    return ended
