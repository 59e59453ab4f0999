"""Many labels over a few plain connections: each answer belongs to its question, and silence is told."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from auth_service.errors import Unavailable
from auth_service.labels import CONNECTIONS, LabelWriter

ACCOUNT = "Basic Z2F0ZTpzZWNyZXQ="


class Orthanc(ThreadingHTTPServer):
    """Answers as Orthanc does, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, str | None]] = []
        self.connections: set[tuple[str, int]] = set()
        self.lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    """404 for what is gone, 500 for what is broken."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        assert isinstance(self.server, Orthanc)
        with self.server.lock:
            self.server.asked.append((self.command, self.path, self.headers["Authorization"]))
            self.server.connections.add(self.client_address)
        self.send_response(404 if "gone" in self.path else 500 if "broken" in self.path else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_PUT = do_DELETE = _answer  # noqa: N815 - the names that the server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def orthanc() -> Iterator[Orthanc]:
    server = Orthanc()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def writer(orthanc: Orthanc) -> LabelWriter:
    url = f"http://127.0.0.1:{orthanc.server_port}/below"
    return LabelWriter(url=url, username="gate", password="secret", timeout=5)


def test_each_answer_belongs_to_its_question(orthanc: Orthanc) -> None:
    paths = [f"/series/{'gone' if number % 3 == 1 else 'there'}-{number}" for number in range(20)]
    assert writer(orthanc).write("PUT", paths) == [number % 3 != 1 for number in range(20)]
    assert sorted(orthanc.asked) == sorted(("PUT", f"/below{path}", ACCOUNT) for path in paths)
    assert len(orthanc.connections) == CONNECTIONS


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_are_asked_over_as_few_connections(orthanc: Orthanc, count: int) -> None:
    paths = [f"/studies/{number}" for number in range(count)]
    assert writer(orthanc).write("DELETE", paths) == [True] * count
    assert len(orthanc.connections) == count


def test_what_is_no_answer_is_told(orthanc: Orthanc) -> None:
    with pytest.raises(Unavailable):
        writer(orthanc).write("PUT", ["/series/1", "/series/broken"])
    silent = LabelWriter(url="http://127.0.0.1:9", username="gate", password="secret", timeout=1)
    with pytest.raises(Unavailable):
        silent.write("PUT", ["/series/1"])


def test_before_each_it_is_asked_whether_to_go_on(orthanc: Orthanc) -> None:
    asked: list[bool] = []

    def before() -> None:
        asked.append(True)
        if len(asked) > 4:
            raise LookupError

    with pytest.raises(LookupError):
        writer(orthanc).write("PUT", [f"/series/{number}" for number in range(30)], before=before)
    assert len(orthanc.asked) == 4
