"""Days in the site's zone: those near the ends of the calendar are refused by name, or have no end."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from auth_service.days import LAST_DAY, end_of, moment, moment_after
from auth_service.errors import Invalid

WEST, EAST = ZoneInfo("Etc/GMT+12"), ZoneInfo("Etc/GMT-14")
TORONTO = ZoneInfo("America/Toronto")


def test_a_right_ends_as_the_next_day_of_the_zone_begins() -> None:
    assert end_of(date(2026, 3, 7), TORONTO) == datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert end_of(date(2026, 3, 8), TORONTO) == datetime(2026, 3, 9, 4, tzinfo=UTC)
    assert end_of(None, TORONTO) is None


@pytest.mark.parametrize("zone", [WEST, TORONTO, EAST])
def test_every_day_has_an_end_or_none_in_every_zone(zone: ZoneInfo) -> None:
    for until in (date.min, LAST_DAY):
        end = end_of(until, zone)
        assert end is not None
        assert end.astimezone(zone).date() == until + timedelta(days=1)
    assert end_of(LAST_DAY + timedelta(days=1), zone) is end_of(date.max, zone) is None


def test_a_day_is_its_first_moment_or_the_first_of_the_next_and_a_moment_is_itself() -> None:
    day, at = date(2026, 3, 8), datetime(2026, 3, 8, 12, tzinfo=TORONTO)
    assert moment("from", day, TORONTO) == datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert moment_after("to", day, TORONTO) == datetime(2026, 3, 9, 4, tzinfo=UTC)
    assert moment("from", at, EAST) == moment_after("to", at, EAST) == at


@pytest.mark.parametrize(
    ("read", "given", "zone"),
    [
        (moment, date.min, EAST),
        (moment, datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))), TORONTO),
        (moment, datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))), TORONTO),
        (moment_after, date.max, EAST),
        (moment_after, datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))), TORONTO),
    ],
)
def test_what_cannot_be_counted_is_refused_by_the_name_of_its_field(
    read: Callable[[str, date, ZoneInfo], datetime], given: date, zone: ZoneInfo
) -> None:
    with pytest.raises(Invalid) as refused:
        read("when", given, zone)
    assert refused.value.field == "when"
