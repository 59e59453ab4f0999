"""Join several multipart answers into one (RFC 2046, section 5.1), as they come: none is in memory whole."""

from collections.abc import Iterable, Iterator

from auth_service.archive import Streamed


def boundary_of(content_type: str) -> bytes:
    """Return the boundary that a multipart answer names.

    Raises
    ------
    ValueError
        If it names none.

    """
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "boundary" and value:
            return value.strip().strip('"').encode("ascii")
    raise ValueError("a multipart answer without a boundary")


def joined(answers: Iterable[Streamed], boundary: bytes) -> Iterator[bytes]:
    """Yield the parts of all answers under one boundary.

    Raises
    ------
    ValueError
        If one ends before its closing delimiter: what was sent must not look whole.

    """
    for answer in answers:
        try:
            yield from _renamed(answer.chunks, boundary_of(answer.headers["content-type"]), boundary)
        finally:
            answer.close()
    yield b"--" + boundary + b"--\r\n"


def _renamed(chunks: Iterable[bytes], theirs: bytes, ours: bytes) -> Iterator[bytes]:
    """Yield the parts with our delimiter in the place of theirs, and without the closing one."""
    delimiter = b"--" + theirs
    pending = b""
    for chunk in chunks:
        pending += chunk
        while (at := pending.find(delimiter)) >= 0:
            after = at + len(delimiter)
            if len(pending) < after + 2:
                break
            if pending[after : after + 2] == b"--":
                yield pending[:at]
                return
            yield pending[:at] + b"--" + ours
            pending = pending[after:]
        # What may be the beginning of a delimiter waits for the next chunk.
        safe = at if at >= 0 else max(len(pending) - len(delimiter) + 1, 0)
        if safe:
            yield pending[:safe]
            pending = pending[safe:]
    raise ValueError("a multipart answer that ends in the middle")
