"""Joining multipart answers: whatever the chunks, no part is lost, changed, or taken for the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_service.archive import Streamed
from auth_service.multipart import boundary_of, joined


def answer(parts: list[bytes], boundary: bytes, size: int, *, whole: bool = True) -> Streamed:
    body = b"".join(b"--" + boundary + b"\r\n\r\n" + part + b"\r\n" for part in parts)
    if whole:
        body += b"--" + boundary + b"--\r\n"
    chunks = iter([body[at : at + size] for at in range(0, len(body), size)])
    kind = f'multipart/related; type="application/dicom"; boundary="{boundary.decode()}"'
    return Streamed(headers={"content-type": kind}, chunks=chunks)


def parts_of(body: bytes, boundary: bytes) -> list[bytes]:
    first, *parts, last = body.split(b"--" + boundary)
    assert (first, last) == (b"", b"--\r\n")
    return [part.removeprefix(b"\r\n\r\n").removesuffix(b"\r\n") for part in parts]


bytes_with_dashes = st.lists(st.sampled_from([b"--", b"-", b"\r\n", b"b1", b"b2", b"x", b"\0"])).map(b"".join)


@given(
    st.lists(st.lists(bytes_with_dashes, min_size=1, max_size=3), min_size=1, max_size=3),
    st.integers(1, 40),
)
def test_the_parts_are_those_of_all_answers_whatever_the_chunks(parts: list[list[bytes]], size: int) -> None:
    answers = [answer(some, b"their-%d" % number, size) for number, some in enumerate(parts)]
    assert parts_of(b"".join(joined(answers, b"ours")), b"ours") == [part for some in parts for part in some]


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_an_answer_that_ends_in_the_middle_does_not_come_out_whole(size: int) -> None:
    given = [answer([b"one"], b"a", size), answer([b"two"], b"b", size, whole=False)]
    came: list[bytes] = []
    with pytest.raises(ValueError, match="ends in the middle"):
        came.extend(joined(given, b"ours"))
    assert b"one" in b"".join(came)
    assert b"--ours--" not in b"".join(came)


def test_answers_are_closed_also_when_nobody_reads_on() -> None:
    closed: list[str] = []
    one, two = (
        Streamed(headers=made.headers, chunks=made.chunks, close=lambda name=name: closed.append(name))  # type: ignore[misc]
        for name, made in (("one", answer([b"x"], b"a", 3)), ("two", answer([b"y"], b"b", 3)))
    )
    reading = joined([one, two], b"ours")
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert closed == ["one"]


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ('multipart/related; type="application/dicom"; boundary=abc-1', b"abc-1"),
        ('multipart/related; Boundary="abc"; type=x', b"abc"),
    ],
)
def test_the_boundary_is_read_from_the_content_type(content_type: str, boundary: bytes) -> None:
    assert boundary_of(content_type) == boundary


@pytest.mark.parametrize(
    "content_type", ["multipart/related", "multipart/related; boundary=", "application/json"]
)
def test_a_multipart_answer_without_a_boundary_is_refused(content_type: str) -> None:
    with pytest.raises(ValueError, match="without a boundary"):
        boundary_of(content_type)
