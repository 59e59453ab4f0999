"""Read days in the site's time zone: when one begins, and when a right that runs through one is over.

Python counts from year 1 to 9999, so that near both ends a day may begin at a moment that cannot be written
in UTC. What is asked is then refused by the name of its field; what is stored must never stop a decision.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from auth_service.errors import Invalid

LAST_DAY = date(9999, 12, 30)
"""The last day that a right can end with: in every time zone the next one begins within year 9999 of UTC."""


def end_of(until: date | None, zone: ZoneInfo) -> datetime | None:
    """Return the first moment at which a right that runs through a day is over.

    Parameters
    ----------
    until : date, optional
        The last day; ``None``, or a day after `LAST_DAY`: no end.
    zone : ZoneInfo
        The site's time zone.

    """
    if until is None or until > LAST_DAY:
        return None
    return moment("until", until + timedelta(days=1), zone)


def last_day_of(end: datetime | None, zone: ZoneInfo) -> date | None:
    """Return the last day of a right that is over at this moment: what `end_of` made an end of.

    Parameters
    ----------
    end : datetime, optional
        The first moment at which it is over; ``None``: no end.
    zone : ZoneInfo
        The site's time zone.

    """
    if end is None:
        return None
    # Not by the clock on the wall, which on some days and in some zones knows no midnight.
    return (end.astimezone(UTC) - timedelta(microseconds=1)).astimezone(zone).date()


def moment(field: str, given: date, zone: ZoneInfo) -> datetime:
    """Return the moment that is meant: of a day, its first.

    Parameters
    ----------
    field : str
        What the person who asks knows it by.
    given : date or datetime
        A day in the zone, or a moment with its offset.
    zone : ZoneInfo
        The site's time zone.

    Raises
    ------
    Invalid
        If it is before year 1 or after year 9999 of UTC.

    """
    at = given if isinstance(given, datetime) else datetime.combine(given, time.min, zone)
    try:
        at.astimezone(UTC)  # as the database keeps it
    except OverflowError:
        raise _uncountable(field) from None
    return at


def moment_after(field: str, given: date, zone: ZoneInfo) -> datetime:
    """Return the first moment that is not meant any more: of a day, the first of the next one.

    The parameters and what is raised are those of `moment`.
    """
    if isinstance(given, datetime):
        return moment(field, given, zone)
    if given > LAST_DAY:
        raise _uncountable(field)
    return moment(field, given + timedelta(days=1), zone)


def _uncountable(field: str) -> Invalid:
    return Invalid(field, "{field} is not a day that we can count from.")
