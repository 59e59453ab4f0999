"""JSON with comments: what it means is Python's to say; where it stands, ours."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth_service.policy import jsonc
from auth_service.policy.jsonc import Place, UnreadableError

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(values, st.sampled_from([None, 0, 1, 4]))
def test_whatever_json_is_read_as_python_reads_it_and_each_value_has_its_place(
    value: object, indent: int | None
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    document = jsonc.read(text)
    assert document.value == value
    assert document.repeated == ()
    lines = text.split("\n")
    for path, place in document.places.items():
        within: Any = value
        for step in path:
            within = within[step]
        written = path[-1] if path and isinstance(path[-1], str) else within
        start = lines[place.line - 1][place.column - 1 :]
        assert start.startswith(json.dumps(written, ensure_ascii=False)[:1])


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, // one\n "b": [2, 3]}',
        '{"a": /* { "x": */ 1, "b": [2, /* , */ 3,],}',
        '/* first\n */ {"a": 1, "b": [2, 3]} // last',
        '{"a":1,"b":[2,3 , // more\n ] ,\n}',
    ],
)
def test_comments_and_last_commas_are_passed_over(text: str) -> None:
    assert jsonc.read(text).value == {"a": 1, "b": [2, 3]}


@pytest.mark.parametrize("text", ["http://x", "/* no */", "a // b", ', ]"', '\\"//', ",}"])
def test_what_looks_like_a_comment_within_a_text_stays(text: str) -> None:
    assert jsonc.read(json.dumps({"a": text})).value == {"a": text}


def test_places_are_those_of_the_text_with_its_comments() -> None:
    document = jsonc.read('// é\n{ /* two\nlines */ "a": [1,\t\n  {"b": 2}]}')
    assert document.place(("a",)) == Place(3, 10)
    assert document.place(("a", 1, "b")) == Place(4, 4)
    assert document.place(("a", 1, "none", 7)) == Place(4, 3)


def test_a_key_that_stands_twice_is_told_where_it_does_so_again() -> None:
    document = jsonc.read('{"a": {"x": 1,\n "\\u0078": 2, "x": 3}, "b": 1}')
    assert document.repeated == ((("a", "x"), Place(2, 2)), (("a", "x"), Place(2, 15)))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", Place(1, 1)),
        ('{"a": 1} x', Place(1, 10)),
        ('{"a": 1', Place(1, 8)),
        ('{"a":\n  }', Place(2, 3)),
        ("{'a': 1}", Place(1, 2)),
        ('{"a": 1} /* no end', Place(1, 10)),
        ("/*/", Place(1, 1)),
        ('{"a": NaN}', Place(1, 1)),
        ('{"a": Infinity}', Place(1, 1)),
        ('{"a": "\\ud800"}', Place(1, 1)),
        ("[" * 100_000, Place(1, 1)),
        (" " * 1_000_001, Place(1, 1)),
        ("[" + "9" * 10_000 + "]", Place(1, 1)),
        ("# a\n{}", Place(1, 1)),
    ],
)
def test_what_is_no_json_is_refused_at_its_place(text: str, place: Place) -> None:
    with pytest.raises(UnreadableError) as refused:
        jsonc.read(text)
    assert refused.value.place == place


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='{}[]",:/* \n\\a1', max_size=30))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    try:
        document = jsonc.read(text)
    except UnreadableError:
        return
    assert () in document.places
