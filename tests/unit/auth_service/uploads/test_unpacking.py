"""What comes out of a zip file is bounded, whatever it says of itself."""

import zipfile
from pathlib import Path

import pytest

from auth_service.uploads import unpacking
from auth_service.uploads.unpacking import Room, pieces
from auth_service.vocabulary import LineFailure
from tests.fakes.files import zipped


def found(tmp_path: Path, content: bytes, room: Room) -> list[tuple[str, LineFailure | None]]:
    file = tmp_path / "file"
    file.write_bytes(content)
    return [(piece.name, piece.why) for piece in pieces(file, "f", room, folder=tmp_path)]


def room(**less: int) -> Room:
    return Room(**{"largest": 1000, "total": 10_000, "files": 10, **less})


def test_it_is_as_much_as_there_is_room_for(tmp_path: Path) -> None:
    content = zipped({"a": bytes(900), "b": bytes(1001), "c": bytes(900)})
    told = [("f/a", None), ("f/b", LineFailure.TOO_LARGE), ("f/c", None)]
    assert found(tmp_path, content, room()) == told
    assert found(tmp_path, content, room(total=1000))[2] == ("f/c", LineFailure.TOO_LARGE)
    # One line says it of all the rest.
    assert found(tmp_path, content, room(files=1))[1:] == [("f/b", LineFailure.TOO_MANY)]
    assert [one.name for one in tmp_path.iterdir()] == ["file"], "what was unpacked is gone"


def test_a_size_that_is_told_and_not_kept_helps_nobody(tmp_path: Path) -> None:
    content = zipped({"a": bytes(100_000)})
    # In the directory and before the file itself: 10 bytes.
    lying = content.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lying != content
    assert found(tmp_path, lying, room()) == [("f/a", LineFailure.BROKEN)]


def test_a_zip_file_in_a_zip_file_is_one_file(tmp_path: Path) -> None:
    inner = zipped({"bomb": bytes(100_000)})
    assert found(tmp_path, zipped({"inner.zip": inner}), room()) == [("f/inner.zip", None)]


def test_a_directory_without_end_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "LARGEST_DIRECTORY", 1000)
    many = zipped({f"{number}": b"" for number in range(100)})
    assert found(tmp_path, many, room()) == [("f", LineFailure.TOO_MANY)]


def test_what_is_no_zip_file_but_begins_like_one_is_broken(tmp_path: Path) -> None:
    assert found(tmp_path, b"PK\x03\x04" + bytes(100), room()) == [("f", LineFailure.BROKEN)]


def test_a_password_is_said(tmp_path: Path) -> None:
    content = bytearray(zipped({"a": b"text"}))
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1
    assert found(tmp_path, bytes(content), room()) == [("f/a", LineFailure.SEALED)]


def test_folders_and_what_systems_put_beside_files_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "file"
    with zipfile.ZipFile(file, "w") as archive:
        archive.mkdir("folder")
        for name in ("folder/a", "folder/.DS_Store", "__MACOSX/folder/._a", "Thumbs.db", "../outside"):
            archive.writestr(name, b"text")
    names = [piece.name for piece in pieces(file, "f", room(), folder=tmp_path)]
    assert names == ["f/folder/a", "f/../outside"]
    assert not (tmp_path.parent / "outside").exists()
