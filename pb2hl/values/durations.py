"""Durations in seconds: `mm:ss`, `1h 20m`, ISO 8601, or plain numbers whose unit the heading names."""

from __future__ import annotations

import re

import numpy as np

from pb2hl.values.parsed import Context, Parsed, one_by_one

UNIT_WORDS = {
    3600: r"h|hr|hrs|hour|hours|std|stunde|stunden|heure|heures|hora|horas|ore|uur",
    60: r"m|min|mins|minute|minutes|minuten|minuto|minutos|minuti|minuut",
    1: r"s|sec|secs|second|seconds|sek|sekunde|sekunden|seconde|secondes|segundo|segundos|secondi",
    0.001: r"ms|msec|millisecond|milliseconds|millis",
}
_PART = re.compile(r"(?<!\d)(\d++(?:[.,]\d++)?)\s*+([a-z]+)\.?", re.IGNORECASE)
_ISO = re.compile(r"^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$", re.IGNORECASE)


def durations(texts: np.ndarray, context: Context) -> Parsed:
    """Texts as float seconds. Plain numbers take the heading's unit, else seconds."""
    unit = unit_of(context.heading) or 1

    def convert(text: str) -> tuple[float, str]:
        seconds = duration(text, unit)
        return (np.nan, "not a duration") if seconds is None else (seconds, "")

    values, reasons = one_by_one(texts, convert)
    return Parsed(
        values.astype(float),
        reasons,
        {"unit": {3600: "hours", 60: "minutes", 1: "seconds", 0.001: "milliseconds"}[unit]},
    )


def unit_of(heading: str) -> float:
    """Seconds in the unit that a heading such as `Duration (min)` names; 0 when it names none."""
    words = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", heading).casefold())
    for seconds, names in UNIT_WORDS.items():
        if any(re.fullmatch(names, word) for word in words):
            return seconds
    return 0


def duration(text: str, unit: float) -> float | None:
    """Seconds that `text` says; a bare number counts in `unit` seconds. None when it is no duration."""
    text = text.strip()
    if re.fullmatch(r"\d+([.,]\d+)?", text):
        return float(text.replace(",", ".")) * unit
    if match := re.fullmatch(r"(?:(\d+):)?(\d+):(\d{2})(?:\.\d+)?", text):
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        if match[1] is None and unit == 3600:
            return minutes * 3600 + seconds * 60
        return hours * 3600 + minutes * 60 + seconds
    if (match := _ISO.match(text)) and any(match.groups()):
        return sum(float(part or 0) * unit_s for part, unit_s in zip(match.groups(), (86400, 3600, 60, 1), strict=True))
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
