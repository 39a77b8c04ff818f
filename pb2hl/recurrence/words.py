"""Recurrences in plain words: `weekly until 2024-05-01`, `every 2 weeks on Mon, Wed`, `daily for 10 times`, `jeden Montag`.

English first, with the usual words of French, German, Spanish, Italian, Portuguese and Dutch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from pb2hl.values.date_parts import months
from pb2hl.values.fold import unaccented


@dataclass(frozen=True, slots=True)
class Words:
    """A recurrence taken apart: `rule` (RFC 5545 without UNTIL and COUNT), `until` (text, "" for none), `count` (0: none)."""

    rule: str
    until: str = ""
    count: int = 0


_FREQUENCIES: dict[str, tuple[str, int]] = {
    word: (frequency, interval)
    for frequency, interval, words in (
        (
            "DAILY",
            1,
            "daily everyday quotidien quotidienne täglich taeglich diario diaria diariamente giornaliero dagelijks",
        ),
        ("WEEKLY", 1, "weekly hebdomadaire wöchentlich woechentlich semanal semanalmente settimanale wekelijks"),
        (
            "WEEKLY",
            2,
            "biweekly bi-weekly fortnightly fortnight bimensuel quinzenal zweiwöchentlich 14-tägig tweewekelijks",
        ),
        ("MONTHLY", 1, "monthly mensuel mensuelle monatlich mensual mensal mensile maandelijks"),
        ("MONTHLY", 3, "quarterly trimestriel trimestrielle vierteljährlich quartalsweise trimestral trimestrale"),
        ("YEARLY", 1, "yearly annually annual annuel annuelle jährlich jaehrlich anual anualmente annuale jaarlijks"),
    )
    for word in words.split()
}
_UNITS: dict[str, str] = {
    word: frequency
    for frequency, words in (
        ("DAILY", "day days jour jours tag tage tagen día días dia dias giorno giorni dag dagen"),
        ("WEEKLY", "week weeks wk wks semaine semaines woche wochen semana semanas settimana settimane weken"),
        ("MONTHLY", "month months mois monat monate monaten mes meses mês mese mesi maand maanden"),
        ("YEARLY", "year years an ans année années jahr jahre jahren año años ano anos anno anni jaar"),
    )
    for word in words.split()
}
_DAYS: dict[str, str] = {
    word: code
    for code, words in (
        ("MO", "monday mondays mon lundi lundis montag montags lunes lunedì lunedi segunda maandag"),
        ("TU", "tuesday tuesdays tue tues mardi mardis dienstag dienstags martes martedì martedi terça dinsdag"),
        (
            "WE",
            "wednesday wednesdays wed mercredi mercredis mittwoch mittwochs miércoles miercoles mercoledì mercoledi quarta woensdag",
        ),
        (
            "TH",
            "thursday thursdays thu thur thurs jeudi jeudis donnerstag donnerstags jueves giovedì giovedi quinta donderdag",
        ),
        ("FR", "friday fridays fri vendredi vendredis freitag freitags viernes venerdì venerdi sexta vrijdag"),
        ("SA", "saturday saturdays sat samedi samedis samstag samstags sonnabend sábado sabado sabato zaterdag"),
        ("SU", "sunday sundays sun dimanche dimanches sonntag sonntags domingo domenica zondag"),
    )
    for word in words.split()
}
_EVERY = r"(?:every|each|per|chaque|tou(?:s|tes) les|toute?s?|jede[rnms]?|alle|cada|todos? (?:los|os)|todas? (?:las|as)|ogni|elke?|iedere?)"
_UNTIL = r"(?:until|till|til|through|thru|up to|ending(?: on)?|ends?(?: on)?|jusqu['’]?(?:au|à)?|bis(?: zum)?|hasta(?: el)?|até|fino (?:a|al)|tot(?: en met)?)"
_TIMES = r"(?:times|occurrences|x|fois|mal|veces|vezes|volte|keer)"
_NUMBERS = {"other": 2, "second": 2, "two": 2, "deux": 2, "zwei": 2, "dos": 2, "due": 2, "dois": 2, "third": 3, "three": 3, "trois": 3,
            "drei": 3, "tres": 3, "tre": 3, "four": 4, "fourth": 4, "quatre": 4, "vier": 4, "six": 6}  # fmt: skip
_POSITIONS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "last": -1}


def read_words(text: str) -> Words | None:
    """What `text` says; None when it says nothing that we know."""
    lowered = re.sub(r"\s+", " ", text.lower().strip().rstrip(".")).strip()
    lowered, until = _take_until(lowered)
    lowered, count = _take_count(lowered)
    rule = _rule(lowered)
    return None if rule is None else Words(rule, until, count)


def _take_until(text: str) -> tuple[str, str]:
    match = re.search(rf"\b{_UNTIL}\b[:\s]*(.+)$", text)
    if match is None:
        return text, ""
    return text[: match.start()].strip(" ,;"), date_text(match[1].strip(" ,;"))


def date_text(text: str) -> str:
    """A date in words as ISO; left as it is when it already is one (or is not understood: the caller says so)."""
    numbers = [int(item) for item in re.findall(r"\d+", text)]
    named = (months().get(unaccented(word), 0) for word in re.findall(r"[^\W\d_]{3,}", text))
    month = next((number for number in named if number), 0)
    if month and len(numbers) == 2:
        day, year = sorted(numbers)
        return _iso(year, month, day) or text
    match = re.fullmatch(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})", text)
    if match:
        one, two, year = int(match[1]), int(match[3]), int(match[4])
        if match[2] == "." or one > 12:
            return _iso(year, two, one) or text
        if two > 12 or one == two:
            return _iso(year, one, two) or text
    return text


def _iso(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""


def _take_count(text: str) -> tuple[str, int]:
    match = re.search(rf"(?:\b(?:for|pour|für|por|per)\b )?\b(\d{{1,6}}) ?{_TIMES}\b", text)
    if match is None:
        return text, 0
    return (text[: match.start()] + text[match.end() :]).strip(" ,;"), int(match[1])


def _rule(text: str) -> str | None:
    tokens = re.findall(r"[^\W_]+(?:-[^\W_]+)*", text)
    days = list(dict.fromkeys(_DAYS[token] for token in tokens if token in _DAYS))
    if any(token in ("weekday", "weekdays", "workday", "workdays", "werktags") for token in tokens):
        days = ["MO", "TU", "WE", "TH", "FR"]
    frequency, interval = _frequency(text, tokens, bool(days))
    if not frequency:
        return None
    parts = [f"FREQ={frequency}"] + ([f"INTERVAL={interval}"] if interval != 1 else [])
    position = next((_POSITIONS[token] for token in tokens if token in _POSITIONS), 0)
    if days and frequency == "MONTHLY" and position:
        parts.append(f"BYDAY={','.join(f'{position}{day}' for day in days)}")
    elif days and frequency in ("WEEKLY", "DAILY"):
        parts.append(f"BYDAY={','.join(days)}")
    month_day = re.search(r"\bday (\d{1,2})\b|\bthe (\d{1,2})(?:st|nd|rd|th)\b", text)
    if month_day and frequency == "MONTHLY" and not days:
        parts.append(f"BYMONTHDAY={month_day[1] or month_day[2]}")
    return ";".join(parts)


def _frequency(text: str, tokens: list[str], has_days: bool) -> tuple[str, int]:
    match = re.search(rf"\b{_EVERY} (?:(\d{{1,3}})|([^\W\d_]+)) ?([^\W\d_]+)?", text)
    if match:
        interval = int(match[1]) if match[1] else _NUMBERS.get(match[2], 1)
        for word in (match[2], match[3]):
            if word in _UNITS:
                return _UNITS[word], max(interval, 1)
        if match[3] in _DAYS and interval > 1:
            return "WEEKLY", interval
    if "of the month" in text or "of each month" in text or "of every month" in text:
        return "MONTHLY", 1
    for token in tokens:
        if token in _FREQUENCIES:
            return _FREQUENCIES[token]
    return ("WEEKLY", 1) if has_days else ("", 1)
