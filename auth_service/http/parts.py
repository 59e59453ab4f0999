"""Read the parts of a multipart body (RFC 2387) into files, as they come."""

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import NamedTemporaryFile, _TemporaryFileWrapper

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from auth_service.errors import Invalid, Unsupported
from auth_service.http.bodies import gathered
from auth_service.vocabulary import LineFailure

DICOM = "application/dicom"

MOST_USELESS = 1000
"""Parts that are no file at all: each costs little to send, and a line of the report."""

SMALLEST = 132
"""Bytes before which nothing is a DICOM file (PS3.10, section 7.1)."""

_KINDS = (DICOM, "application/octet-stream", "")
"""What a part may call itself; whether it is DICOM is looked at when it is there."""


def boundary_of(content_type: str) -> bytes:
    """Return the boundary of a body of DICOM files.

    Raises
    ------
    Unsupported
        If it is something else.

    """
    kind, options = parse_options_header(content_type)
    of = options.get(b"type", DICOM.encode()).decode("latin-1").lower()
    boundary = options.get(b"boundary", b"")
    if kind.lower() != b"multipart/related" or of != DICOM or not boundary:
        raise Unsupported(known='multipart/related; type="application/dicom"; boundary=...')
    return boundary


class _Parts:
    """Writes each part into a file of its own; whole ones wait in ``whole``."""

    def __init__(self, boundary: bytes, folder: Path, *, largest: int) -> None:
        self.whole: list[Path | LineFailure] = []
        """Files, or why a part is none."""
        self.ended = False
        self._folder = folder
        self._largest = largest
        self._begun = bytearray()
        self._file: _TemporaryFileWrapper[bytes] | None = None
        self._size = 0
        self._header = [b"", b""]
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_begin": self._header_begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._all,
            },
        )

    def write(self, chunk: bytes) -> None:
        """Read on."""
        try:
            self._parser.write(chunk)
        except MultipartParseError:
            raise Invalid("body", "{field} is no multipart message.") from None

    def close(self) -> None:
        """Remove what is left."""
        if self._file is not None:
            self._file.close()
            Path(self._file.name).unlink(missing_ok=True)
        for one in self.whole:
            if isinstance(one, Path):
                one.unlink(missing_ok=True)

    def _begin(self) -> None:
        self._begun.clear()
        self._size = 0

    def _header_begin(self) -> None:
        self._header = [b"", b""]

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0] += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1] += data[start:end]

    def _header_end(self) -> None:
        name, value = self._header
        if name.lower() == b"content-type":
            kind, _ = parse_options_header(value)
            if kind.decode("latin-1").lower() not in _KINDS:
                # Metadata and bulk data apart (PS3.18, section 10.5.1.2) are not taken.
                raise Unsupported(known=DICOM)

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if self._size > self._largest:
            return
        if self._file is None:
            self._begun += data[start:end]
            if len(self._begun) < SMALLEST:
                # A body of many parts with nothing in them must not become as many files.
                return
            self._file = NamedTemporaryFile(dir=self._folder, prefix="part-", delete=False)  # noqa: SIM115 - until its end
            self._file.write(self._begun)
        else:
            self._file.write(data[start:end])

    def _end(self) -> None:
        if self._file is None:
            self.whole.append(LineFailure.NOT_DICOM)
            return
        file = Path(self._file.name)
        self._file.close()
        self._file = None
        if self._size > self._largest:
            file.unlink(missing_ok=True)
            self.whole.append(LineFailure.TOO_LARGE)
        else:
            self.whole.append(file)

    def _all(self) -> None:
        self.ended = True


async def parts(
    request: Request, folder: Path, *, largest: int, total: int, most: int
) -> AsyncIterator[Path | LineFailure]:
    """Give the parts of a request's body, each as a file that is removed when the next is asked for.

    Parameters
    ----------
    request : Request
    folder : Path
        Where to write them.
    largest, total : int
        Bytes of one part, and of the body.
    most : int
        Parts.

    Yields
    ------
    Path or LineFailure
        Why a part is no file: it is larger than one may be, or too small to be one.

    Raises
    ------
    Unsupported
        If it is something else than DICOM files.
    Invalid
        If it is no multipart message, is cut off, or is larger, or of more parts, than it may be.

    """
    reading = _Parts(boundary_of(request.headers.get("content-type", "")), folder, largest=largest)
    came = given = useless = 0
    try:
        async for chunk in gathered(request):
            came += len(chunk)
            if came > total:
                raise Invalid("body", "{field} is too large.")
            await run_in_threadpool(reading.write, chunk)
            while reading.whole:
                one = reading.whole[0]
                given += 1
                useless += isinstance(one, LineFailure)
                if given > most or useless > MOST_USELESS:
                    raise Invalid("body", "{field} is too large.")
                yield one
                reading.whole.pop(0)
                if isinstance(one, Path):
                    one.unlink(missing_ok=True)
        if not reading.ended:
            raise Invalid("body", "{field} is cut off.")
    finally:
        reading.close()
