import os
from pathlib import Path

import pytest

from deploy.native import environment, paths
from deploy.native.errors import CannotGoOn
from deploy.native.paths import Cache, DataFolder


@pytest.fixture
def shared_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shm"
    folder.mkdir()
    monkeypatch.setattr(paths, "_MEMORY", folder)
    return folder


@pytest.mark.parametrize("name", ["", "Demo", "a b", "../x", "-a", "a" * 41])
def test_a_name_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(CannotGoOn, match="no name for a stack"):
        DataFolder.of(name, None)


def test_one_folder_has_one_spelling(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert DataFolder.of("x", tmp_path / "link").root == tmp_path / "real"
    assert (
        DataFolder.of("x", tmp_path / "y" / ".." / "real").digest
        == DataFolder.of("x", tmp_path / "real").digest
    )


def test_two_stacks_never_share_their_memory(tmp_path: Path) -> None:
    assert DataFolder.of("x", tmp_path / "a").memory != DataFolder.of("x", tmp_path / "b").memory


def test_the_folder_in_memory_is_private(tmp_path: Path, shared_memory: Path) -> None:
    folder = DataFolder.of("x", tmp_path / "data").make_memory()
    assert folder.parent == shared_memory
    assert folder.stat().st_mode & 0o777 == 0o700
    assert DataFolder.of("x", tmp_path / "data").make_memory() == folder


def test_a_folder_in_memory_that_others_may_enter_is_refused(tmp_path: Path, shared_memory: Path) -> None:
    data = DataFolder.of("x", tmp_path / "data")
    data.memory.mkdir(mode=0o755)
    data.memory.chmod(0o755)
    with pytest.raises(CannotGoOn, match="not a private folder"):
        data.make_memory()


def test_a_link_in_memory_is_refused(tmp_path: Path, shared_memory: Path) -> None:
    data = DataFolder.of("x", tmp_path / "data")
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    data.memory.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CannotGoOn, match="not a private folder"):
        data.make_memory()


def test_a_folder_in_memory_of_somebody_else_is_refused(
    tmp_path: Path, shared_memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = DataFolder.of("x", tmp_path / "data")
    data.memory.mkdir(mode=0o700)
    stranger = os.getuid() + 1
    shared = data.memory
    monkeypatch.setattr(os, "getuid", lambda: stranger)
    monkeypatch.setattr(DataFolder, "memory", property(lambda _: shared))
    with pytest.raises(CannotGoOn, match="not a private folder"):
        data.make_memory()


def test_downloads_go_where_the_person_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "CALLER", {"XDG_CACHE_HOME": "/somewhere"})
    assert Cache.default().root == Path("/somewhere/paradim")
    monkeypatch.setattr(environment, "CALLER", {"XDG_CACHE_HOME": "relative"})
    assert Cache.default().root == Path.home() / ".cache/paradim"
