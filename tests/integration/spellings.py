"""All that bytes may say: as they are, and as whoever receives them may unpack, unescape or decode them."""

import base64
import gzip
import html
import io
import json
import re
import sys
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import unquote_to_bytes

import pydicom

DEPTH = 5
"""How many wrappings are taken off, one within the other."""

_PREAMBLE = 128
_BOUNDARY = re.compile(rb"(?:\A|\r\n)--([0-9A-Za-z'()+_,./:=? -]{1,70})\r\n")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-][A-Za-z0-9+/_\r\n-]{14,}={0,2}")
_HEXADECIMAL = re.compile(rb"(?:[0-9A-Fa-f]{2}){10,}")
_ESCAPE = re.compile(rb"\\+(?:u\{?([0-9A-Fa-f]{1,6})\}?|x([0-9A-Fa-f]{2})|([/\"'\\]))")
_PRINTABLE = re.compile(rb"[\t\r\n\x20-\x7e]{6,}")
_WIDE = re.compile(rb"(?:[\x20-\x7e]\0){6,}|(?:\0[\x20-\x7e]){6,}")
_QUOTED = re.compile(rb"=([0-9A-F]{2})")


class UnreadableError(AssertionError):
    """An answer is packed in a way that is not known here: what it says was not read."""


def readings(data: bytes) -> Iterator[bytes]:
    """Yield the bytes, and whatever can be got out of them; no reading twice."""
    seen: set[bytes] = set()
    waiting = [(data, 0)]
    while waiting:
        reading, depth = waiting.pop()
        if reading in seen or not reading:
            continue
        seen.add(reading)
        yield reading
        if depth < DEPTH:
            waiting += [(inner, depth + 1) for unwrap in _CONTAINERS for inner in unwrap(reading)]
            text = _text(reading)
            waiting += [(inner, depth + 1) for unescape in _ESCAPES for inner in unescape(text)]


def _text(data: bytes) -> bytes:
    """Return what is text: all of it, or of what is binary the runs that can be printed.

    Escapes are written in ASCII; what pixels hold by chance looks like them everywhere.
    """
    try:
        data.decode()
    except UnicodeDecodeError:
        return b"\n".join(_PRINTABLE.findall(data))
    return b"\n".join(_PRINTABLE.findall(data)) if b"\0" in data else data


def decoded(content_encoding: str, body: bytes) -> bytes:
    """Take the content codings off that a header names (RFC 9110, section 8.4).

    Raises
    ------
    UnreadableError
        If one is not known.

    """
    for coding in reversed([one.strip().lower() for one in content_encoding.split(",") if one.strip()]):
        if coding in ("gzip", "x-gzip"):
            body = gzip.decompress(body) if body else body
        elif coding == "deflate":
            body = _inflated(body) if body else body
        elif coding != "identity":
            raise UnreadableError(f"Content-Encoding: {content_encoding}")
    return body


def _inflated(body: bytes) -> bytes:
    """Undo ``deflate``, which some send without zlib's own header."""
    try:
        return zlib.decompress(body)
    except zlib.error:
        return zlib.decompress(body, -zlib.MAX_WBITS)


def _compressed(data: bytes) -> Iterator[bytes]:
    if data[:2] == b"\x1f\x8b" or data[:1] == b"\x78":
        with suppress(zlib.error):
            yield zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data)


def _members(data: bytes) -> Iterator[bytes]:
    if not data.startswith(b"PK\x03\x04"):
        return
    with suppress(zipfile.BadZipFile, NotImplementedError), zipfile.ZipFile(io.BytesIO(data)) as archive:
        yield "\n".join(archive.namelist()).encode()
        yield archive.comment
        for member in archive.infolist():
            yield archive.read(member)


def _parts(data: bytes) -> Iterator[bytes]:
    if data[:2] != b"--" and not data.startswith(b"\r\n--"):
        return
    if found := _BOUNDARY.match(data):
        for part in data.split(b"--" + found[1]):
            yield part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")


def _elements(data: bytes) -> Iterator[bytes]:
    """Give the values of all elements of a DICOM file, of nested ones and of those that hold bytes too."""
    if data[_PREAMBLE : _PREAMBLE + 4] != b"DICM":
        return
    # Another reading of a file (its NULs taken out, say) looks like one and is none: it was read as it is.
    with warnings.catch_warnings(action="ignore"), suppress(Exception):
        dataset = pydicom.dcmread(io.BytesIO(data))
        for part in (dataset.file_meta, dataset):
            values = [element.value for element in part.iterall()]
            yield "\n".join(str(value) for value in values if not isinstance(value, bytes)).encode()
            yield from (value for value in values if isinstance(value, bytes))


def _strings(data: bytes) -> Iterator[bytes]:
    r"""Give what JSON's strings say: a character in two ``\u`` escapes is one."""
    if b"\\u" in data and data.lstrip()[:1] in (b"[", b"{", b'"'):
        with suppress(ValueError, RecursionError):
            yield json.dumps(json.loads(data), ensure_ascii=False).encode("utf-8", "surrogatepass")


def _unescaped(data: bytes) -> Iterator[bytes]:
    if b"\\" in data:
        yield _ESCAPE.sub(_character, data)
        yield _ESCAPE.sub(lambda one: bytes.fromhex(one[2].decode()) if one[2] else _character(one), data)


def _character(escape: re.Match[bytes]) -> bytes:
    if escape[3]:
        return escape[3]
    number = int(escape[1] or escape[2], 16)
    return chr(number).encode("utf-8", "surrogatepass") if number <= sys.maxunicode else escape[0]


def _from_percent(data: bytes) -> Iterator[bytes]:
    if b"%" in data:
        yield unquote_to_bytes(data)
        yield unquote_to_bytes(data.replace(b"+", b" "))


def _from_quoted_printable(data: bytes) -> Iterator[bytes]:
    if _QUOTED.search(data):
        yield _QUOTED.sub(lambda one: bytes([int(one[1], 16)]), data.replace(b"=\r\n", b""))


def _from_entities(data: bytes) -> Iterator[bytes]:
    if b"&" in data:
        yield html.unescape(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogatepass")


def _wide(data: bytes) -> Iterator[bytes]:
    """Read UTF-16, as far as it writes what ASCII has."""
    if found := _WIDE.findall(data):
        yield b"\n".join(word.replace(b"\0", b"") for word in found)


def _from_base64(data: bytes) -> Iterator[bytes]:
    words = [re.sub(rb"[\r\n=]", b"", word) for word in _BASE64.findall(data)]
    if words:
        # What is sought may begin at any of the four places of a group.
        yield from (b"\n".join(_base64_from(word[start:]) for word in words) for start in range(4))


def _base64_from(word: bytes) -> bytes:
    whole = word[: len(word) // 4 * 4]
    rest = word[len(whole) :]
    padded = rest + b"=" * (-len(rest) % 4) if len(rest) > 1 else b""
    return base64.b64decode((whole + padded).translate(bytes.maketrans(b"-_", b"+/")))


def _from_hexadecimal(data: bytes) -> Iterator[bytes]:
    words = _HEXADECIMAL.findall(data)
    if words:
        yield b"\n".join(bytes.fromhex(word.decode()) for word in words)


_CONTAINERS: tuple[Callable[[bytes], Iterator[bytes]], ...] = (
    _compressed,
    _members,
    _parts,
    _elements,
    _strings,
    _wide,
)
_ESCAPES: tuple[Callable[[bytes], Iterator[bytes]], ...] = (
    _unescaped,
    _from_percent,
    _from_quoted_printable,
    _from_entities,
    _from_base64,
    _from_hexadecimal,
)
