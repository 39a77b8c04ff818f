"""Series of appointments: RFC 5545, plain words, daylight saving, exceptions, bounds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from pb2hl.recurrence import MOST_OCCURRENCES, expand

ZONE = "America/Toronto"
START, END = datetime(2024, 3, 4, 9), datetime(2024, 3, 4, 10)
LIMIT = date(2024, 6, 30)


def days(rule: str, exceptions=(), start=START, end=END, zone=ZONE, limit=LIMIT) -> list[str]:
    """The days (month-day) of a series."""
    series = expand(start, end, zone, rule, exceptions, until_limit=limit)
    return [f"{first:%m-%d}" for first, _ in series.occurrences]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=WEEKLY;COUNT=3", ["03-04", "03-11", "03-18"]),
        ("RRULE:FREQ=WEEKLY;UNTIL=20240318", ["03-04", "03-11", "03-18"]),
        ("RRULE:FREQ=WEEKLY;UNTIL=20240318T090000", ["03-04", "03-11", "03-18"]),
        ("RRULE:FREQ=WEEKLY;UNTIL=20240318T130000Z", ["03-04", "03-11", "03-18"]),
        ("RRULE:FREQ=WEEKLY;UNTIL=20240318T125959Z", ["03-04", "03-11"]),
        ("FREQ=WEEKLY;UNTIL=2024-03-18", ["03-04", "03-11", "03-18"]),
        ("DTSTART;TZID=America/Toronto:20240304T090000\nRRULE:FREQ=DAILY;COUNT=2", ["03-04", "03-05"]),
        ("freq=weekly;interval=2;byday=mo,we;count=4", ["03-04", "03-06", "03-18", "03-20"]),
        ("FREQ=MONTHLY;BYDAY=1MO;COUNT=3", ["03-04", "04-01", "05-06"]),
        ("RRULE:FREQ=DAILY;COUNT=4\nEXDATE:20240305T140000Z", ["03-04", "03-06", "03-07"]),
        ("RRULE:FREQ=DAILY;COUNT=2\nRDATE:20240310", ["03-04", "03-05", "03-10"]),
        ("weekly until 2024-03-18", ["03-04", "03-11", "03-18"]),
        ("Weekly until March 18, 2024", ["03-04", "03-11", "03-18"]),
        ("every 2 weeks on Mon, Wed until 2024-03-20", ["03-04", "03-06", "03-18", "03-20"]),
        ("every other week until 2024-04-01", ["03-04", "03-18", "04-01"]),
        ("biweekly until 2024-04-01", ["03-04", "03-18", "04-01"]),
        ("daily for 3 times", ["03-04", "03-05", "03-06"]),
        ("monthly until 2024-05-04", ["03-04", "04-04", "05-04"]),
        ("every weekday until 2024-03-11", ["03-04", "03-05", "03-06", "03-07", "03-08", "03-11"]),
        ("first Monday of the month until 2024-05-06", ["03-04", "04-01", "05-06"]),
        ("jeden Montag bis 18.03.2024", ["03-04", "03-11", "03-18"]),
        ("wöchentlich bis 2024-03-11", ["03-04", "03-11"]),
        ("chaque semaine jusqu'au 2024-03-11", ["03-04", "03-11"]),
        ("toutes les 2 semaines jusqu'au 2024-03-18", ["03-04", "03-18"]),
        ("cada semana hasta el 2024-03-11", ["03-04", "03-11"]),
    ],
)
def test_finite_rules(rule, expected):
    """Each spelling of a finite series gives its days; `until` is inclusive."""
    series = expand(START, END, ZONE, rule, until_limit=date(2024, 3, 5))
    assert [f"{first:%m-%d}" for first, _ in series.occurrences] == expected
    assert series.finite and not series.truncated and series.problems == ()


def test_wall_clock_is_stable_over_daylight_saving():
    """Nine o'clock stays nine o'clock, one hour stays one hour on the clock."""
    series = expand(START, END, ZONE, "FREQ=WEEKLY;COUNT=2", until_limit=LIMIT)
    assert [f"{first:%H:%M%z}-{last:%H:%M%z}" for first, last in series.occurrences] == [
        "09:00-0500-10:00-0500",
        "09:00-0400-10:00-0400",
    ]


def test_gaps_and_overlaps():
    """A time that a spring night skips moves on an hour; one that an autumn night has twice is the first."""
    series = expand(datetime(2024, 3, 9, 2, 30), None, ZONE, "FREQ=DAILY;COUNT=3", until_limit=LIMIT)
    assert [f"{first:%d %H:%M}" for first, _ in series.occurrences] == ["09 02:30", "10 03:30", "11 02:30"]
    autumn = expand(datetime(2024, 11, 2, 1, 30), None, ZONE, "FREQ=DAILY;COUNT=2", until_limit=LIMIT)
    assert autumn.occurrences[1][0].utcoffset() == timedelta(hours=-4)


def test_an_aware_start_recurs_in_the_series_zone():
    """A start told in UTC recurs at the local hour, not at the UTC hour."""
    series = expand(datetime(2024, 3, 4, 14, tzinfo=UTC), None, ZONE, "FREQ=WEEKLY;COUNT=2", until_limit=LIMIT)
    assert [first.hour for first, _ in series.occurrences] == [9, 9]


@pytest.mark.parametrize(
    "exceptions",
    [
        "2024-03-11",
        "20240311T090000",
        "20240311T130000Z",
        "2024-03-11T09:00:00-04:00",
        "EXDATE;TZID=America/Toronto:20240311T090000",
        ["2024-03-11"],
        [date(2024, 3, 11)],
        [datetime(2024, 3, 11, 9)],
        '["2024-03-11"]',
    ],
)
def test_exceptions_in_every_spelling(exceptions):
    """A date takes out its day, a moment its occurrence."""
    assert days("FREQ=WEEKLY;COUNT=3", exceptions) == ["03-04", "03-18"]


def test_several_exceptions_and_one_that_is_not_understood():
    """Lists are split; what is no date is told."""
    assert days("FREQ=WEEKLY;COUNT=4", "2024-03-11; 2024-03-18") == ["03-04", "03-25"]
    assert expand(START, END, ZONE, "FREQ=DAILY;COUNT=2", "soon", until_limit=LIMIT).problems != ()


def test_an_endless_series_ends_at_the_limit_and_says_so():
    """Up to and including the limit's day."""
    series = expand(START, END, ZONE, "FREQ=WEEKLY", until_limit=date(2024, 3, 18))
    assert (
        len(series.occurrences) == 3 and not series.finite and series.truncated and "never ends" in series.problems[0]
    )


@pytest.mark.parametrize("rule", ["FREQ=DAILY;COUNT=999999999", "FREQ=DAILY;UNTIL=99991231", "FREQ=DAILY;COUNT=5000"])
def test_absurd_series_are_bounded(rule):
    """No export can ask for more than the bound, and the cut is told."""
    series = expand(START, END, ZONE, rule, until_limit=LIMIT)
    assert len(series.occurrences) == MOST_OCCURRENCES and series.truncated and series.problems


@pytest.mark.parametrize(
    "rule",
    ["", "sometimes", "FREQ=HOURLY", "FREQ=BANANA;COUNT=2", "FREQ=WEEKLY;INTERVAL=0", "FREQ=WEEKLY;BYDAY=XX", "RRULE:"],
)
def test_what_is_not_understood_gives_the_first_alone(rule):
    """The appointment itself is never lost."""
    series = expand(START, END, ZONE, rule, until_limit=LIMIT)
    assert len(series.occurrences) == 1 and series.problems


@settings(max_examples=100, deadline=None)
@given(
    freq=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]),
    interval=st.integers(1, 5),
    count=st.integers(1, 60),
    start=st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
    zone=st.sampled_from(["America/Toronto", "Europe/Berlin", "Asia/Kolkata", "Pacific/Apia", "UTC"]),
)
def test_finite_rules_agree_with_dateutil(freq, interval, count, start, zone):
    """The days are those of the reference implementation, in order, each once, in the series' zone."""
    series = expand(
        start, start + timedelta(hours=1), zone, f"FREQ={freq};INTERVAL={interval};COUNT={count}", until_limit=LIMIT
    )
    expected = list(rrulestr(f"FREQ={freq};INTERVAL={interval};COUNT={count}", dtstart=start))
    made = [first for first, _ in series.occurrences]
    assert len(made) == len(expected) and made == sorted(made)
    local = [wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for wall in expected]
    assert [moment.astimezone(UTC) for moment in made] == local


@given(st.text(max_size=60), st.text(max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_text_is_survived(rule, exceptions):
    """No rule and no list of exceptions crashes."""
    assert expand(START, END, ZONE, rule, exceptions, until_limit=LIMIT).occurrences is not None


@pytest.mark.parametrize(
    "said", ["14.12.2026", "14/12/2026", "12/14/2026", "14. Dezember 2026", "Dec 14, 2026", "2026-12-14"]
)
def test_a_day_that_is_left_out_is_read_as_people_write_it(said):
    """Exceptions in the words and orders of people's sheets; of two orders the one on which the series falls."""
    series = expand(
        datetime(2026, 12, 7, 9),
        datetime(2026, 12, 7, 10),
        "UTC",
        "FREQ=WEEKLY;COUNT=3",
        said,
        until_limit=date(2027, 1, 1),
    )
    assert [first.day for first, _ in series.occurrences] == [7, 21] and not series.problems


def test_a_day_that_could_be_two_leaves_nothing_out():
    """A day that falls on the series in either order is not guessed: nothing is left out, and it is said."""
    series = expand(
        datetime(2026, 3, 1, 9), None, "UTC", "FREQ=DAILY;UNTIL=20261231", "03/04/2026", until_limit=date(2027, 1, 1)
    )
    assert len(series.occurrences) == 306 and any("03/04/2026" in problem for problem in series.problems)
