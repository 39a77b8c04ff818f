"""Dates as eight digits, year first, so that a typo is an edit and a swapped day and month is seen."""

from __future__ import annotations

import re

import numpy as np

_YEAR_FIRST = re.compile(r"^(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})(?:[T ].*)?$")
_YEAR_LAST = re.compile(r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(?:[T ].*)?$")
_NOT_DIGIT = re.compile(r"\D")
_FILLERS = frozenset({"19000101", "19700101", "00010101", "00000000", "99991231"})
"""Dates that systems write where nobody knows one."""


def normalise(texts: np.ndarray) -> np.ndarray:
    """The distinct `texts` as digits `YYYYMMDD`; "" for no date. Whether the day comes first is decided over all of them."""
    day_first = _day_first(texts)
    return np.array([_digits(text.strip(), day_first) for text in texts], dtype=object)


def _day_first(texts: np.ndarray) -> bool:
    first = second = 0
    for text in texts:
        match = _YEAR_LAST.match(text.strip())
        if match:
            first += int(match[1]) > 12
            second += int(match[2]) > 12
    return first > second


def _digits(text: str, day_first: bool) -> str:
    match = _YEAR_FIRST.match(text)
    if match:
        digits = f"{match[1]}{int(match[2]):02}{int(match[3]):02}"
    elif match := _YEAR_LAST.match(text):
        day, month = (match[1], match[2]) if day_first else (match[2], match[1])
        digits = f"{match[3]}{int(month):02}{int(day):02}"
    else:
        digits = _NOT_DIGIT.sub("", text.removesuffix(".0"))
    return "" if digits in _FILLERS else digits


def swapped(text: str) -> str:
    """`YYYYMMDD` with day and month changed over; other texts as they are."""
    return f"{text[:4]}{text[6:8]}{text[4:6]}" if len(text) == 8 else text


def swapped_codes(values: np.ndarray) -> np.ndarray:
    """For each of the (sorted, distinct) dates the position of the one with day and month changed over; -1 for none."""
    at = {value: code for code, value in enumerate(values.tolist())}
    return np.array([at.get(swapped(value), -1) for value in values.tolist()], dtype=np.int64)
