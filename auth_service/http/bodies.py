"""Read bodies that may be long, as they come: within bounds, and never whole in memory."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread
from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from auth_service.errors import Invalid, TooMany
from auth_service.policy.model import Actor

_AT_ONCE = 1024**2
"""Bytes that are written to a disk at once."""


Answer = TypeVar("Answer")

OF_ONE = 6
"""Files of one person that are looked through at once: the page sends four."""

AT_ONCE = 8
"""Files that are looked through at once: decisions about images have threads and connections besides."""


async def looked_through(request: Request, actor: Actor, look: Callable[[], Answer]) -> Answer:
    """Look through what has come, in a thread, when it is its turn.

    Raises
    ------
    TooMany
        If as many of this person's are being looked through, or wait for it, as one person's may.

    """
    limiter: anyio.CapacityLimiter = request.app.state.looking_through
    under_way: Counter[str] = request.app.state.under_way
    if under_way[actor.key] >= OF_ONE:
        raise TooMany("Too many of your files are being looked through: wait a moment.")
    under_way[actor.key] += 1
    try:
        return await anyio.to_thread.run_sync(look, limiter=limiter)
    finally:
        under_way[actor.key] -= 1
        if not under_way[actor.key]:
            del under_way[actor.key]


def install(app: FastAPI) -> None:
    """Let so many files be looked through at once."""
    app.state.looking_through = anyio.CapacityLimiter(AT_ONCE)
    app.state.under_way = Counter()


async def gathered(request: Request) -> AsyncIterator[bytes]:
    """Give a body in pieces that are worth a thread's turn."""
    pending = bytearray()
    async for chunk in request.stream():
        pending += chunk
        if len(pending) >= _AT_ONCE:
            yield bytes(pending)
            pending.clear()
    if pending:
        yield bytes(pending)


async def appended(request: Request, file: Path, *, most: int) -> None:
    """Write a body to the end of a file; what came before the client left stays.

    Raises
    ------
    Invalid
        If it is longer than it may be: nothing of it is kept.

    """
    before = await run_in_threadpool(lambda: file.stat().st_size if file.exists() else 0)
    written = 0
    async with await anyio.open_file(file, "ab") as out:
        await run_in_threadpool(file.chmod, 0o600)
        try:
            async for chunk in gathered(request):
                written += len(chunk)
                if written > most:
                    await out.truncate(before)
                    raise Invalid("body", "{field} is too large.")
                await out.write(chunk)
        except ClientDisconnect:
            # The next request asks how much there is, and goes on from there.
            return
