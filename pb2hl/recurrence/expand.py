"""Recurring appointments expanded into single ones: RFC 5545 rules and the plain words that exports use instead.

An occurrence keeps its wall-clock time in the series' zone over daylight saving. `until` is inclusive. A finite series comes
whole, an endless one up to `until_limit`; no series has more than `MOST_OCCURRENCES`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil import rrule as dr

from pb2hl.recurrence.words import Words, date_text, read_words
from pb2hl.values.counting import agree, counted

MOST_OCCURRENCES = 1_000
"""Bound on one series: an export that asks for more is told so, not obeyed."""

_SCAN_LIMIT = 20_000
"""Occurrences looked at when a rule is searched; rules that never match are stopped by dateutil at year 9999."""

_LATEST = 2200
_FINEST = ("SECONDLY", "MINUTELY", "HOURLY")
_MOMENT = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ]?(\d{2}):?(\d{2})(?::?(\d{2}))?(?:\.\d+)?\s*(Z|[+-]\d{2}:?\d{2})?)?",
    re.IGNORECASE,
)
_KNOWN = {
    "FREQ", "UNTIL", "COUNT", "INTERVAL", "BYSECOND", "BYMINUTE", "BYHOUR", "BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH",
    "BYSETPOS", "WKST",
}  # fmt: skip


@dataclass(frozen=True)
class Series:
    """The single appointments of a series, in order: aware (start, end) pairs in the series' zone.

    `finite` says whether the rule ends by itself; `truncated` whether occurrences were left out (beyond `until_limit` of an
    endless rule, or beyond MOST_OCCURRENCES); `problems` says in words what was not understood or left out.
    """

    occurrences: tuple[tuple[datetime, datetime], ...]
    finite: bool
    truncated: bool = False
    problems: tuple[str, ...] = ()


def expand(
    start: datetime,
    end: datetime | None,
    zone: str | ZoneInfo,
    rule: str,
    exceptions: str | Iterable[str | date] = (),
    *,
    until_limit: date | datetime,
) -> Series:
    """Expand the appointment from `start` to `end` by `rule`; `exceptions` are dates or moments that do not happen.

    `start` and `end` may be aware (any zone) or wall-clock times of `zone`. A rule that cannot be read gives the first
    appointment alone, with a problem that says so.
    """
    series_zone = zone if isinstance(zone, ZoneInfo) else ZoneInfo(zone)
    first = _wall(start, series_zone)
    length = _length(start, end, series_zone)
    problems: list[str] = []
    words, more_dates, left_out = _read(rule, problems)
    if words is None:
        return Series((_pair(first, length, series_zone),), True, False, tuple(problems))
    skipping = [*_split(exceptions, problems), *left_out]
    limit = _limit(until_limit, series_zone)
    until = _until(words.until, series_zone, problems)
    finite = until is not None or words.count > 0
    found, truncated = _occurrences(words, first, until, limit, finite, problems)
    extra = [moment for moment, _ in _moments(more_dates, series_zone, problems, first)]
    walls = sorted({*found, *extra})
    skipped = _moments([_day(text, walls) for text in skipping], series_zone, problems)
    kept = [moment for moment in walls if not _is_skipped(moment, skipped)]
    if truncated:
        problems.append(_truncation(finite, kept, limit))
    return Series(tuple(_pair(moment, length, series_zone) for moment in kept), finite, truncated, tuple(problems))


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.replace(tzinfo=None) if moment.tzinfo is None else moment.astimezone(zone).replace(tzinfo=None)


def _length(start: datetime, end: datetime | None, zone: ZoneInfo) -> timedelta:
    if end is None:
        return timedelta(0)
    return max(_wall(end, zone) - _wall(start, zone), timedelta(0))


def _pair(wall: datetime, length: timedelta, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return _at_wall(wall, zone), _at_wall(wall + length, zone)


def _at_wall(wall: datetime, zone: ZoneInfo) -> datetime:
    """A wall-clock time as a moment: in a gap it moves on by the gap, in an overlap it is the first of the two."""
    local = wall.replace(tzinfo=zone, fold=0)
    return local.astimezone(UTC).astimezone(zone)


def _read(rule: str, problems: list[str]) -> tuple[Words | None, list[str], list[str]]:
    """(what the rule says, RDATEs, EXDATEs); None for the first when it cannot be read."""
    text = rule.strip().replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";")
    more: list[str] = []
    left_out: list[str] = []
    for name, values in re.findall(r"^[ \t]*(RDATE|EXDATE)[^:\n]*:([^\n]*)$", text, re.IGNORECASE | re.MULTILINE):
        (more if name.upper() == "RDATE" else left_out).extend(values.split(","))
    match = re.search(r"FREQ\s*=[^\n]*", text, re.IGNORECASE)
    if match is None:
        words = read_words(text)
        if words is None:
            problems.append(
                f"the recurrence {rule.strip()[:80]!r} is not understood; only its first appointment is made"
            )
        return words, more, left_out
    line = next(line for line in text.splitlines() if "FREQ" in line.upper())
    parts = line.split(":", 1)[-1] if re.match(r"\s*RRULE", line, re.IGNORECASE) else line[line.upper().index("FREQ") :]
    before = line[: line.upper().index("FREQ")] if not re.match(r"\s*RRULE", line, re.IGNORECASE) else ""
    return _words_of(f"{parts};{before}", rule, problems), more, left_out


def _words_of(parts: str, rule: str, problems: list[str]) -> Words | None:
    fields = {}
    for part in parts.split(";"):
        name, separator, value = part.strip().partition("=")
        if separator and name.strip().upper() in _KNOWN:
            fields[name.strip().upper()] = value.strip().upper()
        elif part.strip() and not part.strip().upper().startswith("DTSTART"):
            problems.append(f"{part.strip()[:40]!r} of the recurrence is not understood and left out")
    until = fields.pop("UNTIL", "")
    try:
        count = int(fields.pop("COUNT", 0) or 0)
        text = ";".join(f"{name}={value}" for name, value in fields.items())
        dr.rrulestr(text, dtstart=datetime(2024, 1, 1))
        if int(fields.get("INTERVAL", 1)) < 1:
            raise ValueError("an interval below 1")
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        problems.append(f"the recurrence {rule.strip()[:80]!r} is not valid; only its first appointment is made")
        return None
    if fields.get("FREQ") in _FINEST:
        problems.append(
            f"a recurrence finer than daily ({fields['FREQ'].lower()}) is no appointment; only its first is made"
        )
        return None
    return Words(text, until, max(count, 0))


def _until(text: str, zone: ZoneInfo, problems: list[str]) -> datetime | None:
    """The last wall-clock moment that still belongs to the series."""
    if not text:
        return None
    match = _MOMENT.fullmatch(text.strip())
    moment = _moment(match, zone) if match else None
    if moment is None:
        problems.append(f"the end {text[:40]!r} of the recurrence is not understood; it is taken as endless")
        return None
    wall, whole_day = moment
    return datetime.combine(wall.date(), time.max) if whole_day else wall


def _limit(until_limit: date | datetime, zone: ZoneInfo) -> datetime:
    if isinstance(until_limit, datetime):
        return _wall(until_limit, zone)
    return datetime.combine(until_limit, time.max)


def _occurrences(
    words: Words, first: datetime, until: datetime | None, limit: datetime, finite: bool, problems: list[str]
) -> tuple[list[datetime], bool]:
    """(wall-clock starts, whether some were left out). The first appointment always belongs to the series (RFC 5545)."""
    count = words.count
    found: list[datetime] = [first]
    try:
        moments: Iterator[datetime] = iter(dr.rrulestr(words.rule, dtstart=first))
        for moment in itertools.islice(moments, _SCAN_LIMIT):
            if moment == first:
                continue
            if (until is not None and moment > until) or (count and len(found) >= count):
                return found, False
            if moment.year > _LATEST or (not finite and moment > limit):
                return found, not finite or moment.year > _LATEST
            if len(found) >= MOST_OCCURRENCES:
                return found, True
            found.append(moment)
    except (ValueError, OverflowError) as error:
        problems.append(f"the recurrence ends early: {error}")
    return found, False


def _truncation(finite: bool, kept: list[datetime], limit: datetime) -> str:
    if len(kept) >= MOST_OCCURRENCES - 1 or finite:
        return f"the series is longer than {MOST_OCCURRENCES} appointments; only the first {len(kept)} are made"
    return f"the series never ends; {counted(len(kept), 'appointment')} up to {limit:%Y-%m-%d} {agree(len(kept), 'is', 'are')} made"


def _split(exceptions: str | Iterable[str | date], problems: list[str]) -> list[str]:
    if not isinstance(exceptions, str):
        return [item.isoformat() if isinstance(item, date) else str(item) for item in exceptions]
    text = re.sub(r"EXDATE[^:]*:", ",", exceptions, flags=re.IGNORECASE)
    return [
        item.strip(" '\"[]()")
        for item in re.split(r",(?!\s*\d{4}(?![-\d./T]))|[;|\n]+", text)
        if item.strip(" '\"[]()")
    ]


def _moments(
    texts: Iterable[str], zone: ZoneInfo, problems: list[str], like: datetime | None = None
) -> list[tuple[datetime, bool]]:
    """(wall-clock moment, whether it names a whole day) of each text; a day takes the time of `like` when given."""
    found = []
    for text in texts:
        match = _MOMENT.fullmatch(text.strip())
        moment = _moment(match, zone) if match else None
        if moment is None:
            if text.strip():
                problems.append(f"the date {text.strip()[:40]!r} of the recurrence is not understood and left out")
            continue
        wall, whole_day = moment
        if whole_day and like is not None:
            wall = datetime.combine(wall.date(), like.time())
        found.append((wall, whole_day))
    return found


def _moment(match: re.Match[str], zone: ZoneInfo) -> tuple[datetime, bool] | None:
    year, month, day, hour, minute, second, offset = match.groups()
    try:
        if hour is None:
            return datetime(int(year), int(month), int(day)), True
        wall = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0))
        if not offset:
            return wall, False
        aware = datetime.fromisoformat(f"{wall.isoformat()}{'+00:00' if offset.upper() == 'Z' else offset}")
        return _wall(aware, zone), False
    except (ValueError, OverflowError):
        return None


_SLASHED = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})")


def _day(text: str, walls: Iterable[datetime]) -> str:
    """A day as people write it (`14.12.2026`, `14 December 2026`) in ISO; of two ways to read it the one on which the series falls."""
    plain = date_text(text.strip().casefold())
    match = _SLASHED.fullmatch(plain)
    if match is None:
        return plain if _MOMENT.fullmatch(plain) else text
    one, two, year = (int(part) for part in match.groups())
    days = {moment.date().isoformat() for moment in walls}
    found = {f"{year:04d}-{month:02d}-{day:02d}" for day, month in ((one, two), (two, one))} & days
    return found.pop() if len(found) == 1 else text


def _is_skipped(moment: datetime, skipped: list[tuple[datetime, bool]]) -> bool:
    return any(moment.date() == wall.date() if whole_day else moment == wall for wall, whole_day in skipped)
