"""Dates as eight digits, year first, so that a typo is an edit and a swapped day and month is seen."""

from __future__ import annotations

import re

import numpy as np

_YEAR_FIRST = re.compile(r"^(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})(?:[T ].*)?$")
_YEAR_LAST = re.compile(r"^(\d{1,2})[-/. ]+(\d{1,2})[-/. ]+(\d{4}|\d{2})(?:[T ].*)?$")
_NOT_DIGIT = re.compile(r"\D")
_FILLERS = frozenset(
    {"19000101", "19000100", "18991230", "18991231", "18000101", "19010101", "19040101", "19700101", "00010101", "00000000", "99991231",
     "11111111", "19111111", "22222222", "12121212", "12345678", "01011900"}
)  # fmt: skip
"""Dates that systems write where nobody knows one."""
_NAMES_OF_ONE_DAY = 5
"""Different names behind one date from which it can be a placeholder."""
_TIMES_USUAL = 10.0
"""How many times as many names as behind other dates stand behind a placeholder."""
_FIRST_OF_YEAR = "0101"
_BORN_FIRST_OF_YEAR = 0.01
"""Share of dates that are a first of January up to which it is a birthday as any other (by chance 0.0027)."""


_LATEST = 2029
"""The year up to which two digits are of this century where no date of the column has four."""


def normalise(texts: np.ndarray) -> np.ndarray:
    """The distinct `texts` as digits `YYYYMMDD`; "" for no date. Whether the day comes first, and the century of years of
    two digits, is decided over all of them."""
    stripped = [text.strip() for text in texts]
    day_first, latest = _day_first(stripped), _latest_year(stripped)
    return np.array([_digits(text, day_first, latest) for text in stripped], dtype=object)


def _day_first(texts: list[str]) -> bool:
    first = second = 0
    for text in texts:
        match = _YEAR_LAST.match(text)
        if match:
            first += int(match[1]) > 12
            second += int(match[2]) > 12
    return first > second


def _latest_year(texts: list[str]) -> int:
    """The latest year of four digits up to `_LATEST`; two digits above it are of the century before."""
    found = [match[1] for match in map(_YEAR_FIRST.match, texts) if match]
    found += [match[3] for match in map(_YEAR_LAST.match, texts) if match and len(match[3]) == 4]
    return max((int(year) for year in found if 1900 < int(year) <= _LATEST), default=_LATEST)


def _digits(text: str, day_first: bool, latest: int) -> str:
    match = _YEAR_FIRST.match(text)
    if match:
        digits = f"{match[1]}{int(match[2]):02}{int(match[3]):02}"
    elif match := _YEAR_LAST.match(text):
        day, month = (match[1], match[2]) if day_first else (match[2], match[1])
        year = int(match[3]) if len(match[3]) == 4 else latest - (latest - int(match[3])) % 100
        digits = f"{year}{int(month):02}{int(day):02}"
    else:
        digits = _NOT_DIGIT.sub("", text.removesuffix(".0"))
    return "" if digits in _FILLERS or digits[4:] == "0000" or not digits.strip("0") else digits


def swapped(text: str) -> str:
    """`YYYYMMDD` with day and month changed over; other texts as they are."""
    return f"{text[:4]}{text[6:8]}{text[4:6]}" if len(text) == 8 else text


def swapped_codes(values: np.ndarray) -> np.ndarray:
    """For each of the (sorted, distinct) dates the position of the one with day and month changed over; -1 for none."""
    at = {value: code for code, value in enumerate(values.tolist())}
    return np.array([at.get(swapped(value), -1) for value in values.tolist()], dtype=np.int64)


def placeholders(names_behind: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Which of the (sorted, distinct) dates stand in the table for "not known": far more names are behind them than usual.

    `names_behind`: number of different names of each date. A year without a day is no placeholder: its first of January is
    as full as those of other years.
    """
    day = np.array([value[4:] for value in values.tolist()], dtype=object)
    usual = max(float(names_behind.mean()), 1.0) if len(values) else 1.0
    many = (names_behind >= _NAMES_OF_ONE_DAY) & (names_behind >= _TIMES_USUAL * usual)
    for at in np.flatnonzero(many).tolist():
        others = names_behind[(day == day[at]) & (np.arange(len(values)) != at)]
        typical = float(np.median(others)) if len(others) > 1 else 0.0
        many[at] = names_behind[at] >= _TIMES_USUAL * typical
    return many


def to_the_year(codes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Which of the distinct dates tell no more than a year, the last item (index -1, a missing date) not: firsts of January
    where these are far more than birthdays make them, and dates of fewer than eight digits. `codes`: a code a record."""
    first = np.array([value[4:] in ("", _FIRST_OF_YEAR) for value in values.tolist()] + [False])
    short = np.array([len(value) < 8 for value in values.tolist()] + [False])
    share = first[codes].sum() / max((codes >= 0).sum(), 1)
    return short | (first & (share > _BORN_FIRST_OF_YEAR))
