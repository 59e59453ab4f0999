"""Say things to one person: translation, numbers, days and moments, and text that others wrote.

`Text` is made anew for every run of a page and handed to whatever draws, so that two people with two
languages never share one. In code it is called ``t``: ``t("...")`` and ``t.plural("...", "...", n)`` are also
the marks by which the catalogues' entries are found.
"""

import html
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path

from babel.dates import format_date, format_time, format_timedelta
from babel.lists import format_list
from babel.numbers import format_decimal

from i18n import translation

LOCALE_FOLDER = Path(__file__).parent / "locale"
"""Where the portal's catalogues are."""

EXTRACTED = {"t": None, "plural": (1, 2)}
"""What marks a text for the catalogues, in Babel's notation of keywords."""

_LOCALES = {"en": "en_CA", "fr": "fr_CA"}
_WEEK = timedelta(days=7)
_ASCII_PUNCTUATION = re.compile(r"([!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~])")
_BLANKS = re.compile(r"\s+")
# Control characters, and those that reorder what stands around them.
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_WORD_JOINER = "\u2060"
_REWRITTEN = re.compile(r"(?<=:)(?=[\w+-])|(?<=[<>=~-])(?=[<>=~-])")


class Text:
    """What one person reads, in his language and time zone.

    Parameters
    ----------
    language : str
        ``"en"`` or ``"fr"``.
    zone : tzinfo
        In which moments are shown.
    now : datetime, optional
        Aware; what "today" is counted from.

    """

    def __init__(self, language: str, zone: tzinfo = UTC, now: datetime | None = None) -> None:
        self.language = language
        self._catalogue = translation(LOCALE_FOLDER, language)
        self._locale = _LOCALES[language]
        self._zone = zone
        self._now = (now or datetime.now(UTC)).astimezone(zone)

    def __call__(self, message: str, /, **values: object) -> str:
        """Translate a sentence and fill in its named places."""
        return self._catalogue.gettext(message).format(**values)

    def plural(self, one: str, many: str, count: int, /, **values: object) -> str:
        """Translate a sentence about a number; ``{count}`` is written the way the language writes numbers."""
        return self._catalogue.ngettext(one, many, count).format(count=self.number(count), **values)

    def number(self, value: int) -> str:
        """Write a whole number: ``1,248`` or ``1 248``."""
        return str(format_decimal(value, locale=self._locale))

    def decimal(self, value: float) -> str:
        """Write a number with one digit after the point where it is small: ``1.2``, ``12``; ``1,2``."""
        return str(format_decimal(round(value, 1 if value < 10 else 0), locale=self._locale))  # noqa: PLR2004

    def together(self, parts: Sequence[str]) -> str:
        """Join words into ``a, b and c``."""
        return format_list(parts, locale=self._locale)

    def day(self, value: date) -> str:
        """Write a day: ``Jan. 31, 2027`` or ``31 janv. 2027``; of a moment, the person's day."""
        local = value.astimezone(self._zone).date() if isinstance(value, datetime) else value
        return format_date(local, "medium", locale=self._locale)

    def moment(self, value: datetime) -> str:
        """Write a moment as near as people speak of it: today's time, yesterday, so many days ago, a day."""
        t, local = self, value.astimezone(self._zone)
        days = (self._now.date() - local.date()).days
        if days == 0:
            return t("today {time}", time=self._clock(local))
        if days == 1:
            return t("yesterday")
        if timedelta(0) < self._now - local < _WEEK:
            return format_timedelta(
                timedelta(days=-days),
                granularity="day",
                threshold=1.1,
                add_direction=True,
                locale=self._locale,
            )
        return self.day(local)

    def instant(self, value: datetime) -> str:
        """Write a moment in full: the day and the time."""
        t, local = self, value.astimezone(self._zone)
        return t("{day}, {time}", day=self.day(local), time=self._clock(local))

    def stamp(self, value: datetime) -> str:
        """Write a moment to the second, the same in all languages, for tables: ISO 8601 without the zone."""
        return f"{value.astimezone(self._zone):%Y-%m-%d %H:%M:%S}"

    def _clock(self, local: datetime) -> str:
        return format_time(local, "short", locale=self._locale)


def one_line(text: str) -> str:
    """Make a line of what others wrote: no control or reordering characters, blanks as one space."""
    return _BLANKS.sub(" ", _INVISIBLE.sub(" ", text)).strip()


def plain(text: str) -> str:
    """Make Streamlit's Markdown show what others wrote as it is.

    Every punctuation mark of ASCII is escaped. Emoji and icon names such as ``:smile:`` are looked for after
    escapes are resolved, and so are arrows and dashes: an invisible joiner keeps their characters apart.
    """
    guarded = _REWRITTEN.sub(_WORD_JOINER, one_line(text))
    return _ASCII_PUNCTUATION.sub(r"\\\1", guarded)


def markup(text: str) -> str:
    """Make HTML show what others wrote as it is, in content and in quoted attributes."""
    return html.escape(one_line(text), quote=True)
