"""What is passed on as it comes gives its connection back, whenever the client leaves."""

from collections.abc import Iterator

import anyio
import pytest
from starlette.types import Message, Scope

from auth_service.archive import Streamed
from auth_service.http.streaming import passed_on
from auth_service.multipart import boundary_of, joined

SCOPES = [{"spec_version": "2.3"}, {"spec_version": "2.4"}]
"""From 2.4 on a server raises where the client has gone; before, it tells."""


class Upstream:
    """An answer of 100 pieces that knows whether it was closed."""

    def __init__(self) -> None:
        self.read = 0
        self.closed = False

    def chunks(self) -> Iterator[bytes]:
        for _ in range(100):
            self.read += 1
            yield b"piece"

    def close(self) -> None:
        self.closed = True

    def answer(self) -> Streamed:
        return Streamed(headers={"content-type": "application/zip"}, chunks=self.chunks(), close=self.close)


def served(answer: Streamed, chunks: Iterator[bytes], *, asgi: dict[str, str], leaves_at: int) -> int:
    """Serve it to a client that leaves after so many messages; returns how many were sent."""
    sent = 0

    async def run() -> None:
        nonlocal sent
        gone = anyio.Event()

        async def receive() -> Message:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(_: Message) -> None:
            nonlocal sent
            if sent >= leaves_at:
                gone.set()
                if asgi["spec_version"] >= "2.4":
                    raise OSError("the client has gone")
                await anyio.sleep_forever()
            sent += 1

        scope: Scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "asgi": asgi}
        response = passed_on(answer, chunks=chunks, media_type="application/zip")
        await response(scope, receive, send)

    try:
        anyio.run(run)
    except Exception:
        # That the client has gone is told to the server, which knows.
        if asgi["spec_version"] < "2.4":
            raise
    return sent


@pytest.mark.parametrize("asgi", SCOPES)
@pytest.mark.parametrize("leaves_at", [0, 1, 2, 50, 1000])
def test_the_answer_is_closed_whenever_the_client_leaves(asgi: dict[str, str], leaves_at: int) -> None:
    upstream = Upstream()
    answer = upstream.answer()
    served(answer, iter(answer.chunks), asgi=asgi, leaves_at=leaves_at)
    assert upstream.closed
    assert (upstream.read == 100) is (leaves_at == 1000)


@pytest.mark.parametrize("asgi", SCOPES)
@pytest.mark.parametrize("leaves_at", [0, 2])
def test_of_several_joined_the_one_that_is_read_is_closed(asgi: dict[str, str], leaves_at: int) -> None:
    closed: list[str] = []

    def part(name: str) -> Streamed:
        kind = f"multipart/related; boundary={name}"
        assert boundary_of(kind) == name.encode()
        pieces = [b"--" + name.encode() + b"\r\n\r\n", b"1" * 100, b"\r\n--" + name.encode() + b"--\r\n"]
        return Streamed(
            headers={"content-type": kind}, chunks=iter(pieces), close=lambda: closed.append(name)
        )

    first = part("first")
    whole = joined(iter([first, part("second")]), b"ours")
    served(first, whole, asgi=asgi, leaves_at=leaves_at)
    assert set(closed) == {"first"}
