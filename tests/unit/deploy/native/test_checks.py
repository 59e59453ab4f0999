import shutil
import socket
from pathlib import Path
from typing import NamedTuple

import pytest

from deploy.native import aptroot, checks, keycloak, ohif, tools
from deploy.native.errors import CannotGoOn
from deploy.native.paths import Cache


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_too_little_room_is_said_with_what_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10, 0, 300 * 2**20))
    with pytest.raises(CannotGoOn, match=r"300 MB free, 700 MB are needed"):
        checks.data_room(tmp_path / "not/there/yet")
    assert not (tmp_path / "not").exists()


def test_a_network_that_is_away_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aptroot, "proxies", list)
    monkeypatch.setattr(checks, "fetching", dict)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/debian"
    with pytest.raises(CannotGoOn, match="network"):
        checks.network(address)


def test_a_configured_proxy_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aptroot, "proxies", lambda: ['Acquire::http::Proxy "http://proxy.example";'])
    checks.network("http://127.0.0.1:9/debian")


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """A cache that has everything, on a machine that has Java."""
    cache = Cache(tmp_path)
    monkeypatch.setattr(tools, "host_java", lambda: "/usr/bin/java")
    for folder in (
        aptroot.place(cache, aptroot.ORTHANC),
        aptroot.place(cache, aptroot.NGINX),
        keycloak.place(cache),
        ohif.place(cache),
    ):
        folder.mkdir(parents=True)
    return cache


def test_a_full_cache_needs_neither_apt_nor_network(full: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aptroot, "available", lambda: False)
    assert checks.missing(full) == {}
    checks.before_fetching(full)


def test_what_is_missing_is_counted(full: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    ohif.place(full).rmdir()
    monkeypatch.setattr(tools, "host_java", lambda: None)
    assert set(checks.missing(full, (aptroot.CHROMIUM,))) == {"ohif", "java", "chromium"}


def test_a_host_name_that_nobody_knows_is_a_warning_with_the_line_to_add(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(_name: str) -> str:
        raise socket.gaierror

    monkeypatch.setattr(socket, "gethostname", lambda: "lonely")
    monkeypatch.setattr(socket, "gethostbyname", unknown)
    warning = checks.host_name_warning()
    assert warning is not None
    assert "127.0.1.1 lonely" in warning


def test_a_host_name_that_resolves_is_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostbyname", lambda _: "127.0.0.1")
    assert checks.host_name_warning() is None
