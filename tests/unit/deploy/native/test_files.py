import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.native.files import locked, private_folder, published_folder, remove_tree, write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_private_file_is_readable_by_its_owner_alone_and_leaves_no_temporary_one(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    write_private(file, "one")
    write_private(file, "two")
    assert file.read_text() == "two"
    assert mode(file) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_private_folder_that_was_open_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)
    assert mode(private_folder(folder)) == 0o700


def test_a_folder_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "cache" / "tree"
    with published_folder(target) as work:
        (work / "file").write_text("x")
        assert not target.exists()
    assert (target / "file").read_text() == "x"
    assert list(target.parent.iterdir()) == [target]


def test_a_failure_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "tree"

    def fail() -> None:
        with published_folder(target) as work:
            (work / "half").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_predecessor_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".tree.123.tmp"
    left.mkdir()
    (left / "half").write_text("x")
    with published_folder(tmp_path / "tree") as work:
        (work / "whole").write_text("x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tree"]


def test_a_tree_with_read_only_folders_can_be_removed(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "inner").mkdir(parents=True)
    (tree / "inner" / "file").write_text("x")
    (tree / "inner").chmod(0o500)
    remove_tree(tree)
    assert not tree.exists()
    assert tmp_path.exists()


def test_a_lock_is_held_by_one_at_a_time_and_the_second_is_told(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from deploy.native.files import locked\n"
        "def told(): print(1, flush=True)\n"
        "with locked(Path(sys.argv[1]), waiting=told): print(2, flush=True)"
    )
    file = tmp_path / "lock"
    told: list[str] = []
    with locked(file, waiting=lambda: told.append("waiting")):
        other = subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE, text=True)
        assert other.stdout is not None
        assert other.stdout.readline() == "1\n"
    assert other.communicate(timeout=20)[0] == "2\n"
    assert told == []
