"""How often Keycloak is asked for the sake of one credential that is in use."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from urllib.parse import urlsplit

import httpx

from benchmarks.table import Line
from benchmarks.world import World
from deploy.native.accounts import NAMES
from deploy.native.credentials import load_or_make
from tests.integration.replica import replica
from tests.integration.revocations import BEARER, COOKIE, PER_SECOND, TOKEN, holder_of

SECONDS = 30


def per_minute(world: World) -> list[Line]:
    """Use a session, a token and a bearer, one after the other, and count the questions to Keycloak."""
    secret = load_or_make(world.stack.data.secrets, NAMES).client_secret
    lines = []
    with (
        counted(world.info["internal"]["keycloak"]["url"]) as (url, questions),
        TemporaryDirectory() as folder,
        replica(world.stack, Path(folder), AUTH_KEYCLOAK_URL=url) as asked,
        holder_of(world.info, world.truth, secret, world.owner) as holder,
    ):
        for credential in (COOKIE, TOKEN, BEARER):
            _use(asked, holder.headers(credential), seconds=2)
            questions.clear()
            _use(asked, holder.headers(credential), seconds=SECONDS)
            lines.append(_line(credential, questions))
    return lines


def _use(asked: httpx.Client, headers: dict[str, str], *, seconds: int) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        asked.get("/api/me", headers=headers).raise_for_status()
        time.sleep(1 / PER_SECOND)


def _line(credential: str, questions: Counter[str]) -> Line:
    each = ", ".join(f"{what} {count * 60 // SECONDS}" for what, count in questions.most_common())
    return Line(
        what=f"questions to Keycloak a minute, {credential}",
        ours=f"{questions.total() * 60 // SECONDS}",
        other="",
        outcome="",
        target="",
        note=each,
    )


@contextmanager
def counted(upstream: str) -> Iterator[tuple[str, Counter[str]]]:
    """Pass requests on to Keycloak and count them by the last word of their path; return where to ask."""
    questions: Counter[str] = Counter()
    parts = urlsplit(upstream)
    client = httpx.Client(base_url=f"{parts.scheme}://{parts.netloc}", trust_env=False, timeout=30)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            questions[_kind(self.path)] += 1
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            answer = client.request(self.command, self.path, headers=headers, content=body)
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = _pass_on  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{parts.path}", questions
    finally:
        server.shutdown()
        server.server_close()
        client.close()
        thread.join()


def _kind(path: str) -> str:
    words = urlsplit(path).path.rstrip("/").split("/")
    if "group-by-path" in words:
        return "group by path"
    return "user" if words[-2] == "users" else words[-1]
