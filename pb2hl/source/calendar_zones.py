"""The time zones of iCalendar files: names that nobody else knows mean what the file's own VTIMEZONE says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from pb2hl.source.card_lines import Component, Line, is_moment, moment
from pb2hl.values.zones import zone

_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)(?:\d\d)?")
_RULE = re.compile(r"(?:BYDAY=([+-]?\d)SU|BYMONTH=(\d{1,2}))")
_YEARS = (2024, 2025, 2029)
"""Years in which a zone must change its clocks as a VTIMEZONE says, to be the zone that it means."""


class Zones:
    """Reads moments of a file whose VTIMEZONE components are `given`."""

    def __init__(self, given: Sequence[Component]):
        self._given = {item.first("TZID").text: item for item in given}
        self._known: dict[str, str] = {}

    def name(self, tzid: str) -> str:
        """The zone that `tzid` means, as everybody knows it; `tzid` itself where nobody does."""
        if tzid not in self._known:
            self._known[tzid] = self._meant(tzid)
        return self._known[tzid]

    def _meant(self, tzid: str) -> str:
        parts = tzid.strip("/").split("/")
        for name in (tzid, *("/".join(parts[-count:]) for count in (3, 2))):
            if zone(name):
                return name
        item = self._given.get(tzid)
        if item is None:
            return tzid
        lived = item.first("X-LIC-LOCATION").text
        return lived if zone(lived) else _by_rules(item) or tzid

    def start(self, line: Line, calendar: str = "") -> tuple[str, str]:
        """(moment as ISO 8601, zone) of a property; `calendar` is the zone of moments that name none."""
        text, said = moment(line.value), line.parameters.get("TZID", "")
        if not is_moment(line.value) or "T" not in text or text.endswith("Z"):
            return text, said
        return text, self.name(said) if said else calendar

    def end(self, line: Line, begin: Line) -> str:
        """When something ends, told in the zone that it begins in."""
        text, said = self.start(line)
        begun = self.name(begin.parameters.get("TZID", ""))
        if not said or not begun or said == begun or "T" not in text or text.endswith("Z"):
            return text
        return self.aware(text, said)

    def aware(self, text: str, said: str) -> str:
        """A local moment with its offset; as it is where its zone is not known."""
        known = zone(said) if said and "T" in text and not text.endswith("Z") else ""
        try:
            return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(known)).isoformat() if known else text
        except ValueError:
            return text


def _by_rules(item: Component) -> str:
    """A zone with the offsets of a VTIMEZONE, whose clocks change on the same days; "" where none does, or not every year."""
    parts = [part for part in item.inside if part.kind in ("STANDARD", "DAYLIGHT")]
    offsets = {_minutes(part.first("TZOFFSETTO").text) for part in parts}
    if None in offsets or not offsets:
        return ""
    if len(offsets) == 1:
        return _fixed(next(iter(offsets)) or 0)
    rules = []
    for part in parts:
        if rule := part.first("RRULE").value:
            found = {
                key: value
                for pair in _RULE.findall(rule)
                for key, value in zip(("day", "month"), pair, strict=True)
                if value
            }
            if len(found) < 2:
                return ""
            rules.append(
                (
                    int(found["month"]),
                    int(found["day"]),
                    _minutes(part.first("TZOFFSETFROM").text),
                    _minutes(part.first("TZOFFSETTO").text),
                )
            )
    return _changing(tuple(rules)) if len(rules) == 2 else ""


def _minutes(text: str) -> int | None:
    found = _OFFSET.fullmatch(text.strip())
    return (-1 if found[1] == "-" else 1) * (int(found[2]) * 60 + int(found[3])) if found else None


def _fixed(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


@cache
def _changing(rules: tuple[tuple[int, int, int | None, int | None], ...]) -> str:
    usual = (
        "Europe/Berlin",
        "Europe/London",
        "Europe/Athens",
        "America/New_York",
        "America/Chicago",
        "America/Denver",
        "America/Los_Angeles",
    )
    for name in (*usual, *sorted(available_timezones())):
        if (
            "/" in name
            and not name.startswith("Etc/")
            and all(_changes(name, year, *rule) for year in _YEARS for rule in rules)
        ):
            return name
    return ""


def _changes(name: str, year: int, month: int, nth: int, before: int | None, then: int | None) -> bool:
    """Whether a zone's clocks go from `before` to `then` (minutes) on the nth Sunday of a month."""
    day = date(year, month, 1) + timedelta((6 - date(year, month, 1).weekday()) % 7 + 7 * (max(nth, 1) - 1))
    if nth < 0:
        last = date(year + month // 12, month % 12 + 1, 1) - timedelta(1)
        day = last - timedelta((last.weekday() + 1) % 7 + 7 * (-nth - 1))
    around = (datetime(day.year, day.month, day.day) + timedelta(hours=hours) for hours in (-12, 36))
    seen = [(ZoneInfo(name).utcoffset(at) or timedelta()).total_seconds() / 60 for at in around]
    return seen == [before, then]
