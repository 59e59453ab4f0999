"""Move dates by whole days: what lay so many days apart still does, and no date is a real one."""

import re
from datetime import date, timedelta

DUMMY_DATE = "19000101"
DUMMY_DATETIME = "19000101000000"
DUMMY_TIME = "000000"

_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})|(\d{4})\.(\d{2})\.(\d{2})")
_TIME = re.compile(r"\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?|\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?")
_OFFSET = re.compile(r"[+-]\d{4}")
_DATETIME = re.compile(r"(\d{4})(\d{2})?(\d{2})?((?:\d{2}){0,3}(?:\.\d{1,6})?)([+-]\d{4})?")

_MIDDLE = 15
"""Day of a month that is known alone: moved, and its month kept."""
_SUMMER = 7
"""Month of a year that is known alone."""


def moved(vr: str, value: str, days: int) -> str | None:
    """Move one value of DA or DT; a TM stays as it is, and so does an offset from UTC (an SH).

    Returns
    -------
    str or None
        As precise as the value was; ``None`` if it is no date or time, or would leave the calendar.

    """
    value = value.strip(" \0")
    if vr == "TM":
        return value if _TIME.fullmatch(value) else None
    if vr == "SH":
        return value if _OFFSET.fullmatch(value) else None
    try:
        return _moved_date(value, days) if vr == "DA" else _moved_datetime(value, days)
    except (ValueError, OverflowError):
        return None


def _moved_date(value: str, days: int) -> str | None:
    found = _DATE.fullmatch(value)
    if found is None:
        return None
    year, month, day = (int(part) for part in found.groups() if part is not None)
    return _written(date(year, month, day) + timedelta(days))


def _moved_datetime(value: str, days: int) -> str | None:
    found = _DATETIME.fullmatch(value)
    if found is None:
        return None
    year, month, day, time, zone = found.groups(default="")
    if time and not day:
        return None
    whole = _written(
        date(int(year), int(month or _SUMMER), int(day or _MIDDLE)) + timedelta(days),
    )
    return whole[: len(year) + len(month) + len(day)] + time + zone


def _written(day: date) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"
