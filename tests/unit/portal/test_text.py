"""Numbers, days and moments in two languages, and text that others wrote."""

import html
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from markdown_it import MarkdownIt

from portal.text import Text, markup, one_line, plain

TORONTO = ZoneInfo("America/Toronto")
NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)
EN = Text("en", TORONTO, NOW)
FR = Text("fr", TORONTO, NOW)

HOSTILE = (
    "**x** *y* __z__ ~~w~~",
    "<script>alert(1)</script>",
    ":red[x] :blue-background[y]",
    "$x$ $$y$$",
    "[a](javascript:alert(1)) ![b](http://203.0.113.9/b.png)",
    "http://203.0.113.9/ and <http://203.0.113.9/>",
    "`x` ```y```",
    "# not a heading",
    "1. not a list",
    "- not a list",
    "> not a quotation",
    "a | b",
    "back\\slash &amp; &lt;",
    "Doe^Jane=X (v1.2) {t} é 漢",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_what_others_wrote_as_it_is(text: str) -> None:
    rendered = MarkdownIt("gfm-like", {"linkify": False}).render(plain(text))
    assert rendered.startswith("<p>")
    assert "<" not in rendered.removeprefix("<p>").removesuffix("</p>\n")
    shown = html.unescape(rendered.removeprefix("<p>").removesuffix("</p>\n"))
    assert shown.replace("\u2060", "") == text


@pytest.mark.parametrize(
    "text", [":smile:", ":material/home:", ":+1:", "a -> b", "a <- b", "a -- b", ">=", "~="]
)
def test_what_streamlit_rewrites_after_escapes_is_kept_apart(text: str) -> None:
    kept = plain(text).replace("\\", "")
    assert kept != text
    assert kept.replace("\u2060", "") == text


@pytest.mark.parametrize("text", HOSTILE)
def test_html_shows_what_others_wrote_as_it_is(text: str) -> None:
    assert html.unescape(markup(text)) == text
    assert not set(markup(text)) & set("<>\"'")


def test_what_others_wrote_is_one_line_without_hidden_characters() -> None:
    assert one_line("a\nb\t c\x00d\u202ee\u2066f") == "a b c d e f"
    assert plain("a\n\n# b") == "a \\# b"


def test_numbers_are_written_as_the_language_does() -> None:
    assert EN.number(1248) == "1,248"
    assert FR.number(1248).split() == ["1", "248"]


def test_counts_have_the_right_form() -> None:
    def count(t: Text, number: int) -> str:
        return t.plural("{count} study", "{count} studies", number)

    assert [count(EN, number) for number in (0, 1, 2)] == ["0 studies", "1 study", "2 studies"]
    assert [count(FR, number) for number in (0, 1, 2)] == ["0 étude", "1 étude", "2 études"]


@pytest.mark.parametrize(
    ("ago", "english", "french"),
    [
        (timedelta(hours=1), "today 10:30 a.m.", "aujourd\u2019hui 10 h 30"),
        (timedelta(hours=12), "yesterday", "hier"),
        (timedelta(days=3), "3 days ago", "il y a 3 jours"),
        (timedelta(days=6), "6 days ago", "il y a 6 jours"),
        (timedelta(days=20), "Feb 18, 2026", "18 févr. 2026"),
        (timedelta(days=-3), "Mar 13, 2026", "13 mars 2026"),
    ],
)
def test_moments_are_told_as_people_do(ago: timedelta, english: str, french: str) -> None:
    assert " ".join(EN.moment(NOW - ago).split()) == english
    assert " ".join(FR.moment(NOW - ago).split()) == french


def test_a_moments_day_is_the_persons_day() -> None:
    late = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
    assert EN.day(late) == "Mar 9, 2026"
    assert Text("en", UTC, NOW).day(late) == "Mar 10, 2026"
    assert EN.day(date(2027, 1, 31)) == "Jan 31, 2027"
    assert EN.instant(late).startswith("Mar 9, 2026, ")


def test_words_are_joined_as_the_language_does() -> None:
    assert EN.together(["a", "b", "c"]) == "a, b and c"
    assert FR.together(["a", "b", "c"]) == "a, b et c"
    assert EN.together([]) == ""


def test_values_are_never_read_as_places() -> None:
    assert EN("until {day}", day="{day} {x.__class__}") == "until {day} {x.__class__}"
