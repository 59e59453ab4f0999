"""Take an uploaded file apart: a zip file is the files in it, as far as the bounds of an upload allow.

A few kilobytes of zip can hold gigabytes, and say otherwise of themselves: what is counted is what comes out.
"""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from auth_service.vocabulary import LineFailure

LARGEST_DIRECTORY = 16 * 1024**2
"""Bytes of a zip file's own directory: some hundred thousand names."""

_PIECE = 1 << 20
_ENCRYPTED = 0x1
_ZIPPED = b"PK\x03\x04"
_EMPTY = b"PK\x05\x06"
_PASSED_OVER = ("__MACOSX/", ".DS_Store", "Thumbs.db")
"""What systems put beside people's files."""


@dataclass(slots=True, kw_only=True)
class Room:
    """What an upload may still hold; it gets less as things are taken out."""

    largest: int
    """Bytes of one file."""
    total: int
    """Bytes of all."""
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One file that came, or came out of a zip file: where it is, or why it is not taken."""

    name: str
    file: Path | None = None
    size: int = 0
    why: LineFailure | None = None


def pieces(file: Path, name: str, room: Room, *, folder: Path) -> Iterator[Piece]:
    """Give the files that an uploaded file holds; each is gone when the next is asked for.

    Parameters
    ----------
    file : Path
    name : str
        What it is called.
    room : Room
    folder : Path
        Where to unpack, one file at a time.

    """
    with file.open("rb") as stream:
        start = stream.read(4)
    if start not in (_ZIPPED, _EMPTY):
        yield _taken(Piece(name=name, file=file, size=file.stat().st_size), room)
        return
    if _directory_size(file) > LARGEST_DIRECTORY:
        yield Piece(name=name, why=LineFailure.TOO_MANY)
        return
    try:
        with zipfile.ZipFile(file) as archive:
            for entry in archive.infolist():
                if entry.is_dir() or _is_passed_over(entry.filename):
                    continue
                if room.files <= 0:
                    # One line says it of all the rest.
                    yield Piece(name=f"{name}/{entry.filename}", why=LineFailure.TOO_MANY)
                    return
                yield from _out_of(archive, entry, f"{name}/{entry.filename}", room, folder)
    except (zipfile.BadZipFile, UnicodeError, ValueError, OSError):
        # Of a directory that contradicts itself nothing more can be known.
        yield Piece(name=name, why=LineFailure.BROKEN)


def _directory_size(file: Path) -> int:
    """Return how large a zip file's directory is: all of it is read into memory at once."""
    with file.open("rb") as stream:
        # As ZipFile itself reads it, so that both see the same.
        end = zipfile._EndRecData(stream)  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public way
    return int(end[zipfile._ECD_SIZE]) if end else 0  # type: ignore[attr-defined]  # noqa: SLF001 - the same


def _out_of(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, room: Room, folder: Path
) -> Iterator[Piece]:
    if entry.flag_bits & _ENCRYPTED:
        room.files -= 1
        yield Piece(name=name, why=LineFailure.SEALED)
        return
    with NamedTemporaryFile(dir=folder, prefix="unpacked-") as out:
        try:
            with archive.open(entry) as packed:
                size = _copied(packed, out, min(room.largest, room.total))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError):
            room.files -= 1
            yield Piece(name=name, why=LineFailure.BROKEN)
            return
        out.flush()
        if size is None:
            # It took the time all the same.
            room.files -= 1
            room.total -= min(room.largest, room.total)
            yield Piece(name=name, why=LineFailure.TOO_LARGE)
        else:
            yield _taken(Piece(name=name, file=Path(out.name), size=size), room)


def _taken(piece: Piece, room: Room) -> Piece:
    """Take a file's share of the room, or say that there is none for it."""
    if room.files <= 0:
        return Piece(name=piece.name, why=LineFailure.TOO_MANY)
    if piece.size > min(room.largest, room.total):
        return Piece(name=piece.name, why=LineFailure.TOO_LARGE)
    room.files -= 1
    room.total -= piece.size
    return piece


def _copied(packed: IO[bytes], out: IO[bytes], most: int) -> int | None:
    """Copy what comes out, and count it; ``None``: it is more than there is room for."""
    size = 0
    while chunk := packed.read(_PIECE):
        size += len(chunk)
        if size > most:
            return None
        out.write(chunk)
    return size


def _is_passed_over(name: str) -> bool:
    return name.startswith(_PASSED_OVER[0]) or name.rpartition("/")[2] in _PASSED_OVER[1:]
