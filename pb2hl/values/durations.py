"""Durations in seconds: `mm:ss`, `1h 20m`, `1h30`, ISO 8601, or plain numbers whose unit the heading names."""

from __future__ import annotations

import re

import numpy as np

from pb2hl.values.dates import datetimes
from pb2hl.values.parsed import Context, Parsed, one_by_one

UNIT_WORDS = {
    3600: r"h|hr|hrs|hour|hours|std|stunde|stunden|heure|heures|hora|horas|ora|ore|uur|uren|tim|timme|timmar|time|timer|godz|godziny|godzina|tunti|tuntia|時間|小时|시간",
    60: r"m|min|mins|minute|minutes|minuten|minuto|minutos|minuti|minuut|minuter|minutter|minut|minuta|minuty|minuuttia|perc|dakika|分|分間|分钟|분",
    1: r"s|sec|secs|second|seconds|sek|sekunde|sekunden|sekunder|sekund|sekundy|sekunda|sekuntia|seconde|secondes|seconden|seg|segs|segundo|segundos|secondi|secunde|mp|masodperc|saniye",
    0.001: r"ms|msec|millisecond|milliseconds|millis",
}
_PART = re.compile(r"(?<!\d)(\d++(?:[.,]\d++)?)\s*+([^\W\d_]+)\.?", re.IGNORECASE)
_HALVED = re.compile(r"^\s*(\d{1,2})\s?h\s?(\d{1,2})\s*$", re.IGNORECASE)
LENGTH = "length"
"""The field of appointments that says how long they are: in minutes where nothing names a unit, and `1:30` are hours."""
_ISO = re.compile(r"^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$", re.IGNORECASE)


def days_between(begun: np.ndarray, ended: np.ndarray) -> np.ndarray:
    """How many days lie between moments as texts, row by row, where both are given."""
    ends = [datetimes(texts.astype(object), Context()).values for texts in (begun, ended)]
    between = (ends[1] - ends[0]) / np.timedelta64(1, "D")
    return between[~np.isnan(between)]


def durations(texts: np.ndarray, context: Context) -> Parsed:
    """Texts as float seconds. Plain numbers take the heading's unit, else seconds; appointments last minutes."""
    unit = unit_of(context.heading) or (_of_appointments(texts) if context.field == LENGTH else 1)
    in_hours = context.field == LENGTH or unit == 3600

    def convert(text: str) -> tuple[float, str]:
        seconds = duration(text, unit, in_hours=in_hours)
        return (np.nan, "not a duration") if seconds is None else (seconds, "")

    values, reasons = one_by_one(texts, convert)
    return Parsed(
        values.astype(float),
        reasons,
        {"unit": {3600: "hours", 60: "minutes", 1: "seconds", 0.001: "milliseconds"}[unit]},
    )


def _of_appointments(texts: np.ndarray) -> float:
    """Seconds in the unit of plain numbers that say how long appointments are: minutes, unless one would last more than a day."""
    longest = max((float(text) for text in texts if text.strip().isdecimal()), default=0.0)
    return 60 if longest <= _DAY / 60 else 1 if longest <= _DAY else 0.001


_DAY = 86_400


def unit_of(heading: str) -> float:
    """Seconds in the unit that a heading such as `Duration (min)` names; 0 when it names none."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", heading).casefold())
    for seconds, names in UNIT_WORDS.items():
        if any(re.fullmatch(names, word) for word in words):
            return seconds
    return 0


def duration(text: str, unit: float, *, in_hours: bool = False) -> float | None:
    """Seconds that `text` says; a bare number counts in `unit` seconds, `1:30` in hours where it is `in_hours`, else in minutes.
    None when it is no duration."""
    text = text.strip()
    if re.fullmatch(r"\d+([.,]\d+)?", text):
        return float(text.replace(",", ".")) * unit
    if match := re.fullmatch(r"(?:(\d+):)?(\d+):(\d{2})(?:\.\d+)?", text):
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        if match[1] is None and in_hours:
            return minutes * 3600 + seconds * 60
        return hours * 3600 + minutes * 60 + seconds
    if (match := _ISO.match(text)) and any(match.groups()):
        return sum(float(part or 0) * unit_s for part, unit_s in zip(match.groups(), (86400, 3600, 60, 1), strict=True))
    if match := _HALVED.match(text):
        return int(match[1]) * 3600 + int(match[2]) * 60
    parts = _PART.findall(text)
    if not parts or re.sub(r"[\s,.and]+", "", _PART.sub("", text)):
        return None
    total = 0.0
    for number, word in parts:
        unit_found = next((s for s, names in UNIT_WORDS.items() if re.fullmatch(names, word, re.IGNORECASE)), None)
        if unit_found is None:
            return None
        total += float(number.replace(",", ".")) * unit_found
    return total
