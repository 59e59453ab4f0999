"""Write labels in Orthanc, many at a time: it has no call for many, and takes thousands a second.

Each is a request without a body and an answer without one, so that what a client does around them is most of
their cost: the standard library's plain connection does least.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from auth_service.errors import Unavailable

CONNECTIONS = 3
"""With more, Orthanc's database is what all of them wait for."""


def unasked() -> None:
    """Let every label be written: nobody is asked before."""


class LabelWriter:
    """Orthanc over a few connections, which are opened for each batch: none of them can have gone stale.

    Parameters
    ----------
    url : str
        Orthanc's own address, without a trailing slash.
    username, password : str
        The gate's account.
    timeout : float
        Seconds that one label may take.

    """

    def __init__(self, *, url: str, username: str, password: str, timeout: float) -> None:
        self._place = urlsplit(url)
        account = b64encode(f"{username}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {account}", "Content-Length": "0"}
        self._timeout = timeout

    def write(self, method: str, paths: Sequence[str], *, before: Callable[[], None] = unasked) -> list[bool]:
        """Ask each of these, in any order; tell in their order of which there is such a thing.

        Parameters
        ----------
        method : str
        paths : sequence of str
        before : callable
            Called before each, from any thread; what it raises ends it there.

        Raises
        ------
        Unavailable
            If Orthanc does not answer one of them; others may have been written by then.

        """
        shares = [paths[start::CONNECTIONS] for start in range(min(CONNECTIONS, len(paths)))]
        if not shares:
            return []
        with ThreadPoolExecutor(len(shares)) as pool:
            answers = list(pool.map(lambda share: self._one_after_the_other(method, share, before), shares))
        found = [False] * len(paths)
        for start, share in enumerate(answers):
            found[start::CONNECTIONS] = share
        return found

    def _one_after_the_other(
        self, method: str, paths: Sequence[str], before: Callable[[], None]
    ) -> list[bool]:
        kind = HTTPSConnection if self._place.scheme == "https" else HTTPConnection
        connection = kind(self._place.hostname or "", self._place.port, timeout=self._timeout)
        found = []
        try:
            for path in paths:
                before()
                found.append(self._ask(connection, method, path))
        except (OSError, HTTPException) as error:
            raise Unavailable("orthanc") from error
        finally:
            connection.close()
        return found

    def _ask(self, connection: HTTPConnection, method: str, path: str) -> bool:
        connection.request(method, f"{self._place.path}{path}", headers=self._headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
            raise Unavailable("orthanc")
        return answer.status == HTTPStatus.OK
