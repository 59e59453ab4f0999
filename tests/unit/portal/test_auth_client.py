"""The client of auth_service against a real server on a Unix socket, and every kind of answer."""

import gc
import json
import threading
from collections.abc import Callable, Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any

import httpx
import pytest

from portal.answers import AlbumSearch, Selection
from portal.asking import LOOKING_SECONDS
from portal.audit import AuditSearch
from portal.auth_client import Account, HttpAuthService, connect
from portal.errors import Forbidden, Invalid, NotFound, Part, PortalError, SignedOut, Unavailable

SECRET = "s" * 32
ME = {
    "sub": "1",
    "username": "pi-a",
    "name": "",
    "email": None,
    "language": None,
    "roles": ["pi"],
    "groups": [{"id": "g", "path": "/lab"}],
    "session": {"id": "s", "created": "2026-01-01T00:00:00Z", "expires": "2026-01-01T10:00:00Z"},
    "albums": [{"slug": "a", "title": "A", "role": "owner", "actions": ["view"], "until": "2027-01-31"}],
    "something": "new",
}
ALBUM = {
    "slug": "a",
    "label": "album-a",
    "title": "A",
    "description": "",
    "role": "owner",
    "actions": ["view"],
    "until": None,
    "studies": 1,
    "series": 2,
    "instances": 3,
    "modalities": ["CT"],
    "created": "2026-01-01T00:00:00Z",
    "changed": "2026-01-01T00:00:00Z",
    "owners": ["Pi A"],
    "picture": None,
}
SESSION = {
    "id": "s/1",
    "created": "2026-01-01T00:00:00Z",
    "last_seen": "2026-01-01T00:00:00Z",
    "expires": "2026-01-01T00:00:00Z",
    "address": None,
    "user_agent": None,
    "current": True,
}


ENTRY = {
    "id": 1,
    "at": "2026-01-01T00:00:00Z",
    "event": "denied",
    "actor": "person:keycloak:1",
    "actor_name": "Test",
    "count": 2,
    "something": "new",
}


class _Handler(BaseHTTPRequestHandler):
    seen: list[tuple[str, str, dict[str, str], Any]]

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        self.seen.append((self.command, self.path, dict(self.headers), body))
        answers: dict[str, Any] = {
            "/internal/sessions/bearer": {"bearer": "b" * 40, "expires_in": 60, "me": ME},
            "/api/health": {"status": "degraded", "parts": {"auth_service": "up", "orthanc": "down"}},
            "/api/albums": {"items": [ALBUM], "total": 1},
            "/api/albums/a%2Fb": ALBUM,
            "/api/sessions": {"items": [SESSION], "total": 1},
            "/api/sessions/s%2F1": None,
            "/api/audit": {"items": [ENTRY], "total": 9},
            "/api/me": ME,
        }
        answer = answers[self.path.partition("?")[0]]
        content = json.dumps(answer).encode() if answer is not None else b""
        self.send_response(200 if content else 204)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names that http.server calls

    def address_string(self) -> str:
        return "socket"

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, list[tuple[str, str, dict[str, str], Any]]]]:
    seen: list[tuple[str, str, dict[str, str], Any]] = []
    handler = type("Handler", (_Handler,), {"seen": seen})
    with ThreadingUnixStreamServer(str(tmp_path / "auth.sock"), handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"unix:{tmp_path / 'auth.sock'}", seen
        serving.shutdown()
        thread.join()


def test_every_question_over_a_real_socket(
    server: tuple[str, list[tuple[str, str, dict[str, str], Any]]],
) -> None:
    address, seen = server
    with connect(address, secret=SECRET, timeout=5) as client:
        auth = HttpAuthService(client)
        entry = auth.enter("cookie", accept_language="fr-CA")
        assert entry.me.called == "pi-a"
        assert entry.me.albums[0].until is not None
        assert "b" * 40 not in repr(entry)
        assert auth.health().down() == (Part.ORTHANC,)
        account = auth.account(entry.bearer, address="192.0.2.1")
        search = AlbumSearch(search="a&b", modality="CT", mine=False, sort="title", limit=5, offset=10)
        assert account.albums(search).total == 1
        assert account.album("a/b").label == "album-a"
        assert account.sessions()[0].id == "s/1"
        account.end_session("s/1")
        asked = AuditSearch(event="denied", actor="a&b", album="a", target="1.2", first_day=date(2026, 1, 31))
        happened = account.audit(asked, limit=50, offset=100)
        assert (happened.total, happened.items[0].count) == (9, 2)
        account.set_language("fr")
    assert [(method, path) for method, path, _, _ in seen] == [
        ("POST", "/internal/sessions/bearer"),
        ("GET", "/api/health"),
        ("GET", "/api/albums?sort=title&limit=5&offset=10&search=a%26b&modality=CT&mine=false"),
        ("GET", "/api/albums/a%2Fb"),
        ("GET", "/api/sessions"),
        ("DELETE", "/api/sessions/s%2F1"),
        (
            "GET",
            "/api/audit?event=denied&actor=a%26b&album=a&target=1.2&from=2026-01-31&limit=50&offset=100",
        ),
        ("PATCH", "/api/me"),
    ]
    assert [headers.get("X-Gate-Address") for _, _, headers, _ in seen] == [None] * 2 + ["192.0.2.1"] * 6
    assert all(headers["X-Portal-Secret"] == SECRET for _, _, headers, _ in seen)
    assert [headers.get("Authorization") for _, _, headers, _ in seen] == [None] * 2 + [
        f"Bearer {'b' * 40}"
    ] * 6
    assert seen[0][3] == {"sid": "cookie", "accept_language": "fr-CA"}
    assert seen[-1][3] == {"language": "fr"}


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning"
)  # httpcore leaves the socket that met nobody to the collector
def test_nobody_at_the_socket_is_said(tmp_path: Path) -> None:
    with connect(f"unix:{tmp_path / 'no.sock'}", secret=SECRET, timeout=1) as client:
        with pytest.raises(Unavailable) as raised:
            HttpAuthService(client).health()
        assert raised.value.part is Part.AUTH_SERVICE
    del raised
    gc.collect()


def _account(answer: Callable[[httpx.Request], httpx.Response]) -> Account:
    client = httpx.Client(base_url="http://auth_service", transport=httpx.MockTransport(answer))
    return HttpAuthService(client).account("b" * 40, address="")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {}, SignedOut),
        (403, {"error": "forbidden"}, Forbidden),
        (404, {"error": "not_found"}, NotFound),
        (422, {"error": "invalid"}, Invalid),
        (400, {}, Invalid),
        (409, {}, Invalid),
        (500, {}, Unavailable),
        (502, {}, Unavailable),
        (302, {}, Unavailable),
        (200, {}, Unavailable),
        (200, {"items": "x", "total": 1}, Unavailable),
        (200, [], Unavailable),
    ],
)
def test_every_answer_that_is_none_is_an_error_of_ours(
    status: int, body: object, expected: type[PortalError]
) -> None:
    with pytest.raises(expected):
        _account(lambda _: httpx.Response(status, json=body)).albums(AlbumSearch())


@pytest.mark.parametrize(
    ("reason", "part"),
    [
        ("orthanc", Part.ORTHANC),
        ("keycloak", Part.KEYCLOAK),
        ("else", Part.AUTH_SERVICE),
        (None, Part.AUTH_SERVICE),
    ],
)
def test_the_part_that_auth_service_waits_for_is_named(reason: str | None, part: Part) -> None:
    def waiting(_: httpx.Request) -> httpx.Response:
        return httpx.Response(503, json={"error": "unavailable", "reason": reason})

    with pytest.raises(Unavailable) as raised:
        _account(waiting).album("a")
    assert raised.value.part is part


def test_an_answer_of_somebody_elses_is_none() -> None:
    with pytest.raises(Unavailable):
        _account(lambda _: httpx.Response(503, text="<html>")).album("a")


@pytest.mark.parametrize(
    "error", [httpx.ReadTimeout("x"), httpx.ConnectError("x"), httpx.RemoteProtocolError("x")]
)
def test_silence_is_an_error_of_ours(error: httpx.HTTPError) -> None:
    def silent(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(Unavailable):
        _account(silent).album("a")


SIZE = {"studies": 1, "series": 2, "instances": 3, "bytes": 4, "complete": False, "left_out": 1}


def test_what_is_searched_selected_and_taken_away_is_asked_for_as_agreed() -> None:
    seen: list[tuple[str, str, Any]] = []
    answers: dict[str, Any] = {
        "/api/searches": {"items": [{"id": 7, "name": "Heads", "query": "Modality=CT"}], "total": 1},
        "/api/selection": {"studies": ["1.1"], "series": [], "total": 1},
    }

    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        path = request.url.raw_path.decode()
        seen.append((request.method, path, body))
        return httpx.Response(200, json=answers.get(path, SIZE))

    account = _account(answer)
    assert account.album_size("a/b", study="1.1").left_out == 1
    assert account.size(["1.1"]).complete is False
    assert account.searches()[0].name == "Heads"
    account.save_search("Heads", "Modality=CT")
    account.forget_search(7)
    assert account.selection() == Selection(studies=("1.1",))
    account.change_selection(add=Selection(studies=("1.2",)), remove=Selection(series=("1.3",)))
    account.clear_selection()
    assert account.selection_size().bytes == 4
    assert seen == [
        ("GET", "/api/albums/a%2Fb/size?study=1.1", None),
        ("POST", "/api/archives/size", {"studies": ["1.1"]}),
        ("GET", "/api/searches", None),
        ("POST", "/api/searches", {"name": "Heads", "query": "Modality=CT"}),
        ("DELETE", "/api/searches/7", None),
        ("GET", "/api/selection", None),
        (
            "PATCH",
            "/api/selection",
            {"add": {"studies": ["1.2"], "series": []}, "remove": {"studies": [], "series": ["1.3"]}},
        ),
        ("DELETE", "/api/selection", None),
        ("GET", "/api/selection/size", None),
    ]


def test_what_looks_at_thousands_of_series_may_take_longer_than_other_questions() -> None:
    patience: dict[str, float] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        patience[request.url.path] = request.extensions["timeout"]["read"]
        return httpx.Response(200, json=ALBUM if request.url.path == "/api/albums/a" else SIZE)

    with httpx.Client(base_url="http://auth", transport=httpx.MockTransport(answer), timeout=5) as client:
        account = HttpAuthService(client).account("bearer", address="192.0.2.1")
        account.album("a")
        account.album_size("a")
        account.size(["1.2"])
        account.selection_size()
    assert patience.pop("/api/albums/a") == 5
    assert patience == dict.fromkeys(
        ["/api/albums/a/size", "/api/archives/size", "/api/selection/size"], LOOKING_SECONDS
    )
