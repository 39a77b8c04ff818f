"""Times of day that stand in a column of their own, beside one of days."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_CLOCK = re.compile(  # before it a spreadsheet's day zero
    r"(?i)^(?:(?:1899-12-3[01]|1900-01-0[01])[T ])?"
    r"(?P<h>\d{1,2})(?:\s?[:.hu]\s?(?P<m>\d{2})(?:[:.](?P<s>\d{2})(?:\.\d+)?)?)?\s*(?P<half>[ap]\.?\s?m\.?)?(?:\s?(?:uhr|h|hrs|kl\.?))?$"
)
_COMPACT = re.compile(r"^(?P<h>[01]\d|2[0-3])(?P<m>[0-5]\d)(?P<s>)(?P<half>)$")
_FRACTION = re.compile(r"^0?[.,]\d+$|^0$")
_MIDNIGHT = re.compile(r"(?i)[T ](?:0{1,2}:00(?::00(?:\.0+)?)?|12:00(?::00)? ?am)(?:\s?(?:Z|UTC|[+-]\d{2}:?\d{2}))?$")
_WITH_TIME = re.compile(r"\d{1,2}:\d{2}")


def clock(text: str) -> str:
    """A time of day (`9:30 PM`, `21h30`, `0930`, a spreadsheet's fraction of a day) as `21:30` or `21:30:15`; "" for anything else."""
    said = text.strip()
    if _FRACTION.match(said):
        moment = datetime(1900, 1, 1) + timedelta(days=float(said.replace(",", ".")))
        return f"{moment + timedelta(seconds=0.5):%H:%M}"
    found = _COMPACT.match(said) or _CLOCK.match(said)
    if found is None or not (found["m"] or found["half"]):
        return ""
    hour, minute = int(found["h"]), int(found["m"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            return ""
        hour = hour % 12 + (12 if found["half"][0] in "pP" else 0)
    second = f":{found['s']}" if found["s"] and found["s"] != "00" else ""
    return f"{hour:02}:{minute:02}{second}" if hour < 24 and minute < 60 else ""


def at_time(day: str, time: str) -> str:
    """A day with the time of day that stands beside it; the day alone where that is none, or where it has a time already."""
    day, hour = _MIDNIGHT.sub("", day.strip()), clock(time)
    return f"{day} {hour}" if day and hour and not _WITH_TIME.search(day) else day
