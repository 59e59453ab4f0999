"""Ask an ASGI application in this process, as a server: `httpx.Client(transport=InProcess(app))`."""

import asyncio

import httpx
from fastapi import FastAPI


class InProcess(httpx.BaseTransport):
    """Each request has an event loop of its own, so that several threads can ask at once."""

    def __init__(self, app: FastAPI) -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run(self._ask(request))

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        content = request.read()
        sent = httpx.Request(
            request.method,
            request.url,
            headers=request.headers,
            content=content,
            extensions=request.extensions,
        )
        answer = await self._transport.handle_async_request(sent)
        body = await answer.aread()
        return httpx.Response(answer.status_code, headers=answer.headers, content=body)
