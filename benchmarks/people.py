"""People at work while a part of the stack is gone, at a steady rate: what hangs delays nothing else."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

LONGEST = 330.0
"""Seconds after which a request is given up: longer than any timeout of nginx."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """Something that is asked for again and again.

    Parameters
    ----------
    kind : str
        What it is called in the tables.
    of_everybody : bool
        Answered 200 to whoever signed in, with what is his: his account, a search that finds nothing.

    """

    kind: str
    path: str
    body: Mapping[str, Any] | None = None
    of_everybody: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What became of one request; times are seconds since the beginning."""

    request: Request
    asked: float
    took: float
    status: int
    """0: the connection was refused, or broke."""
    told: bool
    """Whether anything of what is hidden was in it."""

    @property
    def fine(self) -> bool:
        """Whether it brought what was asked for."""
        return self.status == httpx.codes.OK


@dataclass(kw_only=True)
class Person:
    """Somebody who asks at a steady rate, whatever becomes of what he asked before."""

    name: str
    url: str
    headers: Mapping[str, str]
    requests: Sequence[Request]
    per_second: float
    hidden: Sequence[bytes]
    """What must not be in an answer to whom it is hidden from."""
    answers: list[Answer] = field(default_factory=list)

    async def work(self, began: float, over: asyncio.Event) -> None:
        """Ask until it is over, and wait for what is still open."""
        turns: Iterator[Request] = itertools.cycle(self.requests)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=16)
        async with (
            httpx.AsyncClient(
                base_url=self.url, headers=self.headers, timeout=LONGEST, limits=limits, trust_env=False
            ) as client,
            asyncio.TaskGroup() as asking,
        ):
            for number in itertools.count():
                if over.is_set():
                    return
                asking.create_task(self._ask(client, next(turns), began))
                await asyncio.sleep(max(0, began + (number + 1) / self.per_second - time.monotonic()))

    async def _ask(self, client: httpx.AsyncClient, request: Request, began: float) -> None:
        asked = time.monotonic()
        content = b""
        try:
            if request.body is None:
                answer = await client.get(request.path)
            else:
                answer = await client.post(request.path, json=request.body)
            status, content = answer.status_code, answer.content
        except httpx.HTTPError:
            status = 0
        self.answers.append(
            Answer(
                request=request,
                asked=asked - began,
                took=time.monotonic() - asked,
                status=status,
                told=any(part in content for part in self.hidden),
            )
        )


def at_work(people: Sequence[Person], meanwhile: Callable[[float], Awaitable[None]]) -> None:
    """Have people work while something happens to the stack; returns when it is over and all is answered.

    Parameters
    ----------
    people : sequence of Person
    meanwhile : callable
        Given the beginning on the monotonic clock; people stop when it is done.

    """

    async def together() -> None:
        began, over = time.monotonic(), asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for person in people:
                tasks.create_task(person.work(began, over))
            try:
                await meanwhile(began)
            finally:
                over.set()

    asyncio.run(together())
