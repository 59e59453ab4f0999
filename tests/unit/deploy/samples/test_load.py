"""Loading: repeated harmlessly, patient with a busy Orthanc, and one clear sentence for what goes wrong."""

import base64
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pydicom
import pytest

from deploy.native.errors import CannotGoOn
from deploy.samples import load
from deploy.samples.load import OrthancAccess, orthanc_access, read_environment, send
from deploy.samples.progress import Progress
from tests.unit.deploy.samples.conftest import Made

PASSWORD = "gate-password"


@dataclass
class Archive:
    """What a small Orthanc holds, and how it behaves."""

    instances: dict[str, str] = field(default_factory=dict)
    posts: int = 0
    busy_every: int = 0
    refuses: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def store(self, content: bytes) -> tuple[int, object]:
        with self.lock:
            self.posts += 1
            if self.busy_every and self.posts % self.busy_every == 0:
                return 503, {"Message": "busy"}
            if self.refuses:
                return 400, {"Message": "Bad file format"}
            dataset = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)
            known = dataset.SOPInstanceUID in self.instances
            self.instances[dataset.SOPInstanceUID] = dataset.SeriesInstanceUID
        return 200, {"Status": "AlreadyStored" if known else "Success"}

    def find(self, question: dict[str, dict[str, str]]) -> tuple[int, object]:
        wanted = question["Query"]["SeriesInstanceUID"].split("\\")
        held = list(self.instances.values())
        tags = [
            {"SeriesInstanceUID": series, "NumberOfSeriesRelatedInstances": str(held.count(series))}
            for series in wanted
            if series in held
        ]
        return 200, [{"RequestedTags": item} for item in tags]


class Handler(BaseHTTPRequestHandler):
    """The two routes of Orthanc that loading uses, behind its password."""

    protocol_version = "HTTP/1.1"
    archive: ClassVar[Archive]

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        expected = base64.b64encode(f"gate:{PASSWORD}".encode()).decode()
        if self.headers["Authorization"] != f"Basic {expected}":
            status, body = 401, object()
        elif self.path == "/instances":
            status, body = self.archive.store(content)
        else:
            status, body = self.archive.find(json.loads(content))
        answer = json.dumps(body, default=str).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(archive: Archive) -> Iterator[str]:
    handler = type("OneArchive", (Handler,), {"archive": archive})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_FIRST_PAUSE", 0.0)


def access(url: str, password: str = PASSWORD) -> OrthancAccess:
    return OrthancAccess.model_validate({"url": url, "username": "gate", "password": password})


def quiet() -> Progress:
    return Progress("Loading", io.StringIO())


def test_everything_is_stored_once_and_nothing_is_sent_again(made: Made) -> None:
    archive = Archive()
    with serving(archive) as url:
        first = send(made.folder, access(url), quiet())
        posts = archive.posts
        second = send(made.folder, access(url), quiet())
    total = len(made.manifest.files)
    assert (first.stored, first.present) == (total, 0)
    assert (second.stored, second.present) == (0, total)
    assert archive.posts == posts == total


def test_what_an_interrupted_load_left_is_completed(made: Made) -> None:
    archive = Archive()
    for file in made.manifest.files[:20]:
        archive.store((made.folder / file).read_bytes())
    with serving(archive) as url:
        sent = send(made.folder, access(url), quiet())
    assert sent.stored == len(made.manifest.files) - 20
    assert len(archive.instances) == len(made.manifest.files)


def test_a_busy_orthanc_is_asked_again_until_everything_is_there(made: Made) -> None:
    archive = Archive(busy_every=3)
    with serving(archive) as url:
        send(made.folder, access(url), quiet())
    assert len(archive.instances) == len(made.manifest.files)


def test_an_orthanc_that_stays_busy_is_given_up_with_a_sentence(made: Made) -> None:
    with serving(Archive(busy_every=1)) as url, pytest.raises(CannotGoOn, match="does not answer"):
        send(made.folder, access(url), quiet())


def test_a_wrong_password_is_said_at_once(made: Made) -> None:
    archive = Archive()
    with serving(archive) as url, pytest.raises(CannotGoOn, match="refuses the credential") as told:
        send(made.folder, access(url, "wrong"), quiet())
    assert "wrong" not in str(told.value)


def test_a_refused_file_is_named(made: Made) -> None:
    with serving(Archive(refuses=True)) as url, pytest.raises(CannotGoOn, match=r"Orthanc refused .+\.dcm"):
        send(made.folder, access(url), quiet())


def test_nobody_listening_is_one_sentence(made: Made) -> None:
    with pytest.raises(CannotGoOn, match="does not answer"):
        send(made.folder, access("http://127.0.0.1:9"), quiet())


def test_a_file_that_is_gone_is_named(made: Made, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(made.manifest.model_dump_json())
    with serving(Archive()) as url, pytest.raises(CannotGoOn, match=r"\.dcm cannot be read"):
        send(tmp_path, access(url), quiet())


def test_the_stack_says_where_orthanc_is_and_the_password_prints_as_stars(tmp_path: Path) -> None:
    file = tmp_path / "stack.json"
    orthanc = {"url": "http://127.0.0.1:1", "username": "gate", "password": PASSWORD}
    file.write_text(json.dumps({"url": "x", "internal": {"orthanc": orthanc, "database": "y"}}))
    read = orthanc_access(file)
    assert (read.url, read.password.get_secret_value()) == ("http://127.0.0.1:1", PASSWORD)
    assert PASSWORD not in repr(read)


@pytest.mark.parametrize("content", ["", "{}", '{"internal": {"orthanc": {"url": "x"}}}'])
def test_a_stack_json_without_orthanc_is_one_sentence(content: str, tmp_path: Path) -> None:
    file = tmp_path / "stack.json"
    file.write_text(content)
    with pytest.raises(CannotGoOn, match="does not say where Orthanc is"):
        orthanc_access(file)


def test_a_missing_stack_json_says_to_start_the_stack(tmp_path: Path) -> None:
    with pytest.raises(CannotGoOn, match="cannot be read") as told:
        orthanc_access(tmp_path / "stack.json")
    assert "Start the stack" in told.value.remedy


def test_an_environment_file_is_lines_of_key_and_value(tmp_path: Path) -> None:
    file = tmp_path / "auth.env"
    file.write_text("# settings\n\nAUTH_URL=http://x/?a=b\nAUTH_EMPTY=\n")
    assert read_environment(file) == {"AUTH_URL": "http://x/?a=b", "AUTH_EMPTY": ""}


@pytest.mark.parametrize("line", ["no equals sign", "=value", "two words=x"])
def test_a_line_that_is_none_is_named_by_its_number_and_not_shown(line: str, tmp_path: Path) -> None:
    file = tmp_path / "auth.env"
    file.write_text(f"A=1\n{line}\n")
    with pytest.raises(CannotGoOn, match=r"Line 2 of .* is not KEY=VALUE"):
        read_environment(file)


def test_a_missing_environment_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CannotGoOn, match="cannot be read"):
        read_environment(tmp_path / "auth.env")


def fake_service(repository: Path, status: int) -> None:
    package = repository / "auth_service"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(
        "import json, os, pathlib, sys\n"
        "pathlib.Path('seen.json').write_text(json.dumps([sys.argv[1:], dict(os.environ)]))\n"
        f"sys.exit({status})\n"
    )


def test_albums_are_made_by_the_auth_service_with_the_given_environment_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_service(tmp_path, 0)
    monkeypatch.setattr(load, "_REPOSITORY", tmp_path)
    monkeypatch.setenv("STRANGER", "1")
    load.make_albums(tmp_path, {"AUTH_DATABASE_URL": "sqlite://"})
    words, environment = json.loads((tmp_path / "seen.json").read_text())
    assert words == ["albums", "load", str(tmp_path / "manifest.json")]
    assert environment["AUTH_DATABASE_URL"] == "sqlite://"
    assert environment["PYTHONPATH"] == str(tmp_path)
    assert "STRANGER" not in environment


def test_without_a_given_environment_the_callers_is_inherited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_service(tmp_path, 0)
    monkeypatch.setattr(load, "_REPOSITORY", tmp_path)
    monkeypatch.setenv("AUTH_DATABASE_URL", "sqlite:///mine")
    load.make_albums(tmp_path, None)
    _, environment = json.loads((tmp_path / "seen.json").read_text())
    assert environment["AUTH_DATABASE_URL"] == "sqlite:///mine"


def test_albums_that_could_not_be_made_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_service(tmp_path, 3)
    monkeypatch.setattr(load, "_REPOSITORY", tmp_path)
    with pytest.raises(CannotGoOn, match="exit status 3"):
        load.make_albums(tmp_path, {})
