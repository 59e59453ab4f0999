"""Write labels in Orthanc, many at a time: it has no call for many, and takes thousands a second.

Each is a request without a body and an answer without one, so that going back and forth is most of their
cost. They are sent ahead over one connection (pipelining, RFC 9112, section 9.3.2): Orthanc finds the next
one as it has done the last, and we have a processor left for those who wait for a decision.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from auth_service.errors import Unavailable

AHEAD = 32
"""Requests that are sent before the first of them is answered: with more it goes no faster, and as many may
be written after their sender has died."""

_BYTES = 64 * 1024


def unasked() -> None:
    """Let every label be written: nobody is asked before."""


class LabelWriter:
    """Orthanc over a connection that is opened for each batch: it cannot have gone stale.

    Parameters
    ----------
    url : str
        Orthanc's own address, without a trailing slash.
    username, password : str
        The gate's account.
    timeout : float
        Seconds that may pass without an answer.

    """

    def __init__(self, *, url: str, username: str, password: str, timeout: float) -> None:
        self._place = urlsplit(url)
        account = b64encode(f"{username}:{password}".encode()).decode()
        host = self._place.netloc.rpartition("@")[2]
        self._rest = (
            f" HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {account}\r\nContent-Length: 0\r\n\r\n"
        )
        self._timeout = timeout

    def write(self, method: str, paths: Sequence[str], *, before: Callable[[], None] = unasked) -> list[bool]:
        """Ask each of these, in their order; tell of which there is such a thing.

        Parameters
        ----------
        method : str
            One that may be repeated: ``PUT`` or ``DELETE``.
        paths : sequence of str
        before : callable
            Called before each is sent, and as answers come; what it raises ends it there.

        Raises
        ------
        Unavailable
            If Orthanc does not answer one of them; others may have been written by then.

        """
        found: list[bool] = []
        while len(found) < len(paths):
            some = self._over_one_connection(method, paths[len(found) :], before)
            # A server, or a proxy, may close after so many: what was sent to it in vain is asked again.
            found += some
        return found

    def _over_one_connection(
        self, method: str, paths: Sequence[str], before: Callable[[], None]
    ) -> list[bool]:
        """Ask until all is answered, or the other side has said that it answers no more here."""
        kind = HTTPSConnection if self._place.scheme == "https" else HTTPConnection
        connection = kind(self._place.hostname or "", self._place.port, timeout=self._timeout)
        answers = _Answers()
        sent = 0
        try:
            connection.connect()
            while len(answers.found) < len(paths):
                if sent - len(answers.found) <= AHEAD // 2:
                    some = paths[sent : len(answers.found) + AHEAD]
                    connection.sock.sendall(b"".join(self._request(method, path, before) for path in some))
                    sent += len(some)
                received = connection.sock.recv(_BYTES)
                if not received:
                    raise Unavailable("orthanc")
                answers.read(received)
                if answers.last:
                    break
                before()
        except (OSError, HttpParserError, HttpParserUpgrade) as error:
            raise Unavailable("orthanc") from error
        finally:
            connection.close()
        return answers.found

    def _request(self, method: str, path: str, before: Callable[[], None]) -> bytes:
        if not (path.isascii() and path.isprintable()) or " " in path:
            raise ValueError(f"this is no path: {path!r}")
        before()
        return f"{method} {self._place.path}{path}{self._rest}".encode()


class _Answers:
    """Reads answers as they come; the parser calls it back."""

    def __init__(self) -> None:
        self.found: list[bool] = []
        self.last = False
        """Whether no more is answered over this connection: what else was sent has not been looked at."""
        self._parser = HttpResponseParser(self)
        self._statuses: list[int] = []

    def read(self, received: bytes) -> None:
        self._parser.feed_data(received)
        for status in self._statuses:
            if status not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
                raise Unavailable("orthanc")
            self.found.append(status == HTTPStatus.OK)
        self._statuses.clear()

    def on_message_complete(self) -> None:
        self._statuses.append(self._parser.get_status_code())
        self.last = not self._parser.should_keep_alive()
