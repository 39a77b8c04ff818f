"""Dates and times cut into parts, all of a column at once: regular expressions of RE2 over distinct texts."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from babel import Locale

from pb2hl.values.fold import unaccented

_TIME = (
    r"(?:[T ,]+(?:at |um |à |a las |às |om |kl\.? ?)?(?P<H>\d{1,2})[:hH.](?P<M>\d{2})(?:[:.mM](?P<S>\d{2})(?:[.,:](?P<f>\d{1,9}))?)?s?"
    r"(?: ?Uhr| h)?\s*(?P<ap>[AaPp]\.?\s?[Mm]\.?)?)?\s*\(?(?P<z>Z|[+\-−]\d{1,2}(?::?\d{2})?|[A-Za-z]{2,5}(?: ?[+\-−]\d{1,2}(?::?\d{2})?)?|[A-Z][A-Za-z]+/[A-Za-z_/]+|[+\-]\d{2}:?\d{2} ?\[[A-Za-z_/]+\])?\)?$"
)
_WEEKDAY = r"(?:\p{L}{2,13}\.?,? +)?"
FORMS = {
    "iso": rf"^(?P<y>\d{{4}})[-/.](?P<m>\d{{1,2}})[-/.](?P<d>\d{{1,2}})\.?{_TIME}",
    "numeric": rf"^{_WEEKDAY}(?P<a>\d{{1,2}}) ?[-/. ] ?(?P<b>\d{{1,2}}) ?[-/. ] ?'?(?P<y>\d{{4}}|\d{{2}})\.?{_TIME}",
    "compact": r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:[T ]?(?P<H>\d{2}):?(?P<M>\d{2})(?::?(?P<S>\d{2})(?:\.(?P<f>\d{1,9}))?)?(?P<z>Z|[+-]\d{2}:?\d{2})?)?$",
    "day_month": rf"^{_WEEKDAY}(?P<d>\d{{1,2}})(?:st|nd|rd|th|er|\.|º|ª)?[ \-/.]*(?:de |of )?(?P<n>\p{{L}}{{3,12}})\.?,?[ \-/.]+(?:de |del )?'?(?P<y>\d{{4}}|\d{{2}}){_TIME}",
    "month_day": rf"^{_WEEKDAY}(?P<n>\p{{L}}{{3,12}})\.?[ \-/.]*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?[ \-/]+'?(?P<y>\d{{4}}|\d{{2}}){_TIME}",
    "year_name": rf"^(?P<y>\d{{4}})[ \-/.]+(?P<n>\p{{L}}{{3,12}})\.?[ \-/.]+(?P<d>\d{{1,2}}){_TIME}",
    "unix": r"^\p{L}{3} (?P<n>\p{L}{3}) +(?P<d>\d{1,2}) (?P<H>\d{2}):(?P<M>\d{2}):(?P<S>\d{2}) (?P<z>[A-Z]{2,5}(?:[+-]\d{4})?)? ?(?P<y>\d{4})(?: .*)?$",
    "cjk": r"^(?P<y>\d{4})\s?[年년]\s?(?P<m>\d{1,2})\s?[月월]\s?(?P<d>\d{1,2})\s?[日일](?: ?(?P<H>\d{1,2})[:時时](?P<M>\d{2})分?(?::(?P<S>\d{2}))?)?$",
}  # fmt: skip
"""Forms of a date, tried in this order. Groups: y year, m month, d day, a b the two of unknown order, n a month's name."""

TIME_ONLY = r"^\d{1,2}[:hH]\d{2}(:\d{2})?\s*([AaPp]\.?[Mm]\.?)?$"
NUMBER = r"^-?\d{1,19}(\.\d+)?$"
_LANGUAGES = "en fr de es it pt nl sv da nb fi pl cs sk hu ro hr sl tr ru uk el ca et lv lt id ms".split()


@cache
def months() -> dict[str, int]:
    """Month names and abbreviations of the major languages, folded, to 1-12; ambiguous ones are English."""
    found: dict[str, int] = {}
    for language in reversed(_LANGUAGES):
        table = Locale.parse(language).months
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                found |= {
                    _month_key(name): number for number, name in table[context][width].items() if not name.isdigit()
                }
    return found | {
        "sept": 9,
        "maerz": 3,
        "mrz": 3,
        "janv": 1,
        "fevr": 2,
        "juil": 7,
        "set": 9,
        "out": 10,
        "ago": 8,
        "ene": 1,
        "dic": 12,
    }


def _month_key(name: str) -> str:
    """A month's name without case, accents and dots."""
    return unaccented(name).strip(" .")


class Parts:
    """The parts of many dates as integer arrays (-1: not there), filled form by form."""

    names = ("y", "m", "d", "a", "b", "H", "M", "S")

    def __init__(self, texts: np.ndarray):
        n = len(texts)
        self.values = {name: np.full(n, -1, dtype=np.int64) for name in self.names}
        self.micros = np.zeros(n, dtype=np.int64)
        self.zone = np.full(n, "", dtype=object)
        self.form = np.full(n, "", dtype=object)
        self.short_year = np.zeros(n, dtype=bool)
        column = pa.array(texts, pa.string())
        self.dotted = pc.match_substring_regex(column, r"^\d{1,2}\. ?\d{1,2}\. ?\d").to_numpy(zero_copy_only=False)
        for form, pattern in FORMS.items():
            left = np.flatnonzero(self.form == "")
            if not len(left):
                break
            self._take(form, pattern, left, column.take(pa.array(left)))

    def _take(self, form: str, pattern: str, rows: np.ndarray, column: pa.Array) -> None:
        found = pc.extract_regex(column, pattern)
        hit = found.is_valid().to_numpy(zero_copy_only=False)
        if not hit.any():
            return
        rows, found = rows[hit], found.filter(pa.array(hit))
        groups = {field.name: found.field(index) for index, field in enumerate(found.type)}
        if "n" in groups:
            numbers = np.array([months().get(_month_key(name), -1) for name in groups["n"].to_pylist()], dtype=np.int64)
            known = numbers > 0
            rows, numbers = rows[known], numbers[known]
            groups = {name: column.filter(pa.array(known)) for name, column in groups.items()}
            self.values["m"][rows] = numbers
        self.form[rows] = form
        for name in self.names:
            if name in groups:
                self.values[name][rows] = _integers(groups[name])
        self.short_year[rows] = pc.equal(pc.utf8_length(groups["y"]), 2).to_numpy(zero_copy_only=False)
        if "f" in groups:
            self.micros[rows] = _integers(pc.utf8_slice_codeunits(pc.utf8_rpad(groups["f"], 6, "0"), 0, 6))
        if "ap" in groups:
            self._twelve_hours(rows, groups["ap"])
        if "z" in groups:
            self.zone[rows] = groups["z"].to_pylist()

    def _twelve_hours(self, rows: np.ndarray, marks: pa.Array) -> None:
        first = pc.utf8_lower(pc.utf8_slice_codeunits(marks, 0, 1)).to_numpy(zero_copy_only=False)
        hours = self.values["H"]
        hours[rows[(first == "p") & (hours[rows] < 12)]] += 12
        hours[rows[(first == "a") & (hours[rows] == 12)]] = 0

    def set_order(self, day_first: np.ndarray) -> None:
        """Give the two parts of unknown order their meaning, text by text."""
        rows = self.form == "numeric"
        first, second = self.values["a"], self.values["b"]
        self.values["d"] = np.where(rows, np.where(day_first, first, second), self.values["d"])
        self.values["m"] = np.where(rows, np.where(day_first, second, first), self.values["m"])

    def widen_years(self, past_only: bool, this_year: int) -> None:
        """Two-digit years: 00-49 are this century unless the field lies in the past (birthdays)."""
        year = self.values["y"]
        pivot = this_year % 100 if past_only else 49
        self.values["y"] = np.where(self.short_year, np.where(year <= pivot, 2000 + year, 1900 + year), year)


def is_stamp(text: str) -> bool:
    """Whether `text` is nothing but a date with its weekday or its time, as reports print when they were made."""
    parts = Parts(np.array([text], dtype=object))
    return bool(parts.form[0]) and (parts.values["H"][0] >= 0 or (text[:1].isalpha() and text.count(",") > 1))


def _integers(column: pa.Array) -> np.ndarray:
    blank = pc.equal(column, "")
    return pc.cast(pc.if_else(blank, "-1", column), pa.int64()).to_numpy(zero_copy_only=False)
