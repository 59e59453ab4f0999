"""Pass on what another part answers, as it comes, and give its connection back whatever the client does."""

from collections.abc import Iterator, Mapping

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from auth_service.archive import Streamed


class _PassedOn(StreamingResponse):
    """An answer that closes what it reads from.

    An iterator that was never begun runs no ``finally``, and one that was is closed when it is collected, at
    some time or other: each answer that is left open holds one of the few connections.
    """

    def __init__(
        self, answer: Streamed, chunks: Iterator[bytes], *, media_type: str, headers: Mapping[str, str]
    ) -> None:
        super().__init__(chunks, media_type=media_type, headers=headers)
        self._answer = answer
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(self._close)

    def _close(self) -> None:
        close = getattr(self._chunks, "close", None)
        try:
            if close is not None:
                close()
        finally:
            self._answer.close()


def passed_on(
    answer: Streamed,
    *,
    chunks: Iterator[bytes] | None = None,
    media_type: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> StreamingResponse:
    """Answer with what is read from another part.

    Parameters
    ----------
    answer : Streamed
        What is open when the answer begins, and is closed when it ends; closing twice must be harmless.
    chunks : iterator of bytes, optional
        What is made of it, where it is not passed on as it is. A generator is closed too.
    media_type : str, optional
        The answer's own if it is not given.
    headers : mapping of str to str, optional

    """
    return _PassedOn(
        answer,
        answer.chunks if chunks is None else chunks,
        media_type=media_type or answer.headers.get("content-type", "application/octet-stream"),
        headers=headers or {},
    )
