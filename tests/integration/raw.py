"""Send a request exactly as it is written: clients of the ordinary kind tidy paths and headers up."""

import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPResponse

VOLATILE = frozenset({"date", "x-request-id"})
"""Headers that differ from answer to answer by their nature."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    head: bytes = b""
    """Status line and every header as they came, those that stand twice too."""

    @property
    def stable_headers(self) -> dict[str, str]:
        """The headers that two equal answers share."""
        return {name: value for name, value in self.headers.items() if name not in VOLATILE}


def somewhere() -> str:
    """Return one of loopback's many addresses: what is slowed or counted there slows nobody elsewhere."""
    return f"127.0.{secrets.randbelow(250) + 1}.{secrets.randbelow(250) + 2}"


def send(
    port: int,
    method: str,
    target: str,
    headers: Sequence[tuple[str, str]] = (),
    *,
    body: bytes = b"",
    timeout: float = 30,
    source: str = "127.0.0.1",
) -> Answer:
    """Send one request to loopback; target and headers go over the wire as they are, ``Host`` included.

    Parameters
    ----------
    source : str
        The address that it comes from: one of loopback's.

    """
    names = {name.lower() for name, _ in headers}
    lines = [f"{method} {target} HTTP/1.1"]
    if "host" not in names:
        lines.append(f"Host: 127.0.0.1:{port}")
    lines += [f"{name}: {value}" for name, value in headers if value != "-"]
    if body or method in ("POST", "PUT"):
        lines.append(f"Content-Length: {len(body)}")
    if "connection" not in names:
        lines.append("Connection: close")
    request = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    with socket.create_connection(("127.0.0.1", port), timeout, (source, 0)) as connection:
        connection.sendall(request)
        response = HTTPResponse(connection, method=method)
        response.begin()
        content = response.read()
    named = response.getheaders()
    head = [f"HTTP/1.1 {response.status} {response.reason}", *(f"{name}: {value}" for name, value in named)]
    return Answer(
        status=response.status,
        headers={name.lower(): value for name, value in named},
        body=content,
        head="\r\n".join(head).encode("latin-1"),
    )
