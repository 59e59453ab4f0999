"""Serve the application on a socket of this user alone, and to Keycloak's back channel by TCP."""

import os
import socket
import stat
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import uvicorn

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]


def run(app: App, *, listen: str, backchannel_listen: str | None) -> None:
    """Serve until told to stop.

    Parameters
    ----------
    app : ASGI application
    listen : str
        ``unix:/path`` or ``host:port``: all routes.
    backchannel_listen : str, optional
        ``host:port``: Keycloak's back-channel logout, and nothing else.

    """
    sockets = [open_socket(listen)]
    if backchannel_listen:
        sockets.append(open_socket(backchannel_listen))
    config = uvicorn.Config(
        BackchannelOnly(app, backchannel_listen),
        log_level="info",
        # Named: otherwise it is whatever is installed, and what it takes of a long head differs.
        http="h11",
        # nginx has an access log; queries and headers never reach one.
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
    )
    uvicorn.Server(config).run(sockets=sockets)


class BackchannelOnly:
    """Answer 404 to everything but the back channel on the back channel's own address."""

    def __init__(self, app: App, listen: str | None) -> None:
        self._app = app
        self._port = int(listen.rpartition(":")[2]) if listen else None

    async def __call__(
        self,
        scope: Scope,
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        """Pass on what may come by this address."""
        server = scope.get("server")
        by_backchannel = server is not None and self._port is not None and server[1] == self._port
        if by_backchannel and not scope.get("path", "").startswith("/internal/backchannel/"):
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await self._app(scope, receive, send)


def open_socket(address: str) -> socket.socket:
    """Open a listening socket; a Unix one replaces what a killed predecessor left, and is of mode 0600."""
    if address.startswith("unix:"):
        return _open_unix(Path(address.removeprefix("unix:")))
    host, _, port = address.rpartition(":")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, int(port)))
    listener.listen(128)
    return listener


def _open_unix(path: Path) -> socket.socket:
    if path.exists() and stat.S_ISSOCK(path.lstat().st_mode):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Between bind and chmod the socket would be open to others: the mask closes that moment.
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    listener.listen(1024)
    return listener
