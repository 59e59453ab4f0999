"""Many labels over a few plain connections: each answer belongs to its question, and silence is told."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from auth_service.archive.labels import AHEAD, LabelWriter
from auth_service.errors import Unavailable

ACCOUNT = "Basic Z2F0ZTpzZWNyZXQ="


class Orthanc(ThreadingHTTPServer):
    """Answers as Orthanc does, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, str | None]] = []
        self.connections: set[tuple[str, int]] = set()
        self.lock = threading.Lock()
        self.closes_after = 0
        """So many answers it gives over one connection; 0: any number."""

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that have gone."""


class Handler(BaseHTTPRequestHandler):
    """404 for what is gone, 500 for what is broken, and no word of HTTP for what is strange."""

    protocol_version = "HTTP/1.1"
    answered = 0

    def _answer(self) -> None:
        assert isinstance(self.server, Orthanc)
        with self.server.lock:
            self.server.asked.append((self.command, self.path, self.headers["Authorization"]))
            self.server.connections.add(self.client_address)
        strange = {
            "strange": b"Welcome!",
            "upgraded": b"HTTP/1.1 101 x\r\nUpgrade: y\r\n\r\n",
            "hung-up": b"",
        }
        for word, answer in strange.items():
            if word in self.path:
                self.wfile.write(answer)
                self.close_connection = True
                return
        self.answered += 1
        self.send_response(404 if "gone" in self.path else 500 if "broken" in self.path else 200)
        self.send_header("Content-Length", "2")
        if self.answered == self.server.closes_after:
            self.send_header("Connection", "close")
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


@pytest.mark.parametrize("count", [0, 1, AHEAD, 3 * AHEAD + 1])
def test_each_answer_belongs_to_its_question(orthanc: Orthanc, count: int) -> None:
    paths = [f"/series/{'gone' if number % 3 == 1 else 'there'}-{number}" for number in range(count)]
    assert writer(orthanc).write("PUT", paths) == [number % 3 != 1 for number in range(count)]
    assert orthanc.asked == [("PUT", f"/below{path}", ACCOUNT) for path in paths]
    assert len(orthanc.connections) == min(count, 1)


def test_who_closes_after_some_is_asked_the_rest_again(orthanc: Orthanc) -> None:
    """What it says, it closes by: what was sent ahead to it in vain is asked over another connection."""
    orthanc.closes_after = 3
    paths = [f"/series/{'gone' if number % 7 == 1 else 'there'}-{number}" for number in range(8)]
    assert writer(orthanc).write("DELETE", paths) == [number % 7 != 1 for number in range(8)]
    assert len(orthanc.connections) == 3


@pytest.mark.parametrize("wrong", ["broken", "strange", "upgraded", "hung-up"])
def test_what_is_no_answer_is_told(orthanc: Orthanc, wrong: str) -> None:
    with pytest.raises(Unavailable):
        writer(orthanc).write("PUT", ["/series/1", f"/series/{wrong}"])


def test_who_does_not_answer_is_told() -> None:
    silent = LabelWriter(url="http://127.0.0.1:9", username="gate", password="secret", timeout=1)
    with pytest.raises(Unavailable):
        silent.write("PUT", ["/series/1"])


def test_before_each_it_is_asked_whether_to_go_on(orthanc: Orthanc) -> None:
    asked: list[bool] = []

    def before() -> None:
        asked.append(True)
        if len(asked) > 2 * AHEAD:
            raise LookupError

    with pytest.raises(LookupError):
        writer(orthanc).write("PUT", [f"/series/{number}" for number in range(4 * AHEAD)], before=before)
    assert len(asked) == 2 * AHEAD + 1
    assert 0 < len(orthanc.asked) < 2 * AHEAD


def test_who_is_replaced_while_answers_come_slowly_sends_no_more(orthanc: Orthanc) -> None:
    def before() -> None:
        if orthanc.asked:
            raise LookupError

    with pytest.raises(LookupError):
        writer(orthanc).write("PUT", [f"/series/{number}" for number in range(4 * AHEAD)], before=before)
    assert len(orthanc.asked) <= AHEAD


def test_a_word_that_would_end_a_request_is_not_sent(orthanc: Orthanc) -> None:
    with pytest.raises(ValueError, match="path"):
        writer(orthanc).write("PUT", ["/series/1 HTTP/1.1\r\nX: y\r\n\r\nDELETE /studies/2"])
    assert not orthanc.asked
