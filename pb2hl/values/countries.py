"""Countries as ISO 3166-1 alpha-2, from codes and from names in any language that CLDR has."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
from babel import Locale, localedata
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from pb2hl.values.fold import fold_marks
from pb2hl.values.parsed import Context, Parsed, one_by_one

_LANGUAGES = "en fr de es it pt nl sv da nb fi pl cs sk hu ro bg hr sl sr el tr ru uk ar he ja ko zh zh_Hant vi th id ms hi ca eu et lv lt is".split()
_ALSO = {
    "usa": "US", "u s a": "US", "u s": "US", "united states of america": "US", "america": "US", "the united states": "US",
    "uk": "GB", "u k": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB", "great britain": "GB",
    "britain": "GB", "uae": "AE", "holland": "NL", "the netherlands": "NL", "czech republic": "CZ", "south korea": "KR",
    "korea": "KR", "republic of korea": "KR", "north korea": "KP", "russia": "RU", "russian federation": "RU", "ivory coast": "CI",
    "vietnam": "VN", "viet nam": "VN", "brasil": "BR", "deutschland": "DE", "brd": "DE", "schweiz": "CH", "suisse": "CH", "svizzera": "CH",
    "turkey": "TR", "burma": "MM", "macedonia": "MK", "cape verde": "CV", "swaziland": "SZ", "eire": "IE", "republic of ireland": "IE",
    "hong kong": "HK", "hong kong sar": "HK", "macau": "MO", "taiwan": "TW", "peoples republic of china": "CN", "prc": "CN", "d": "DE", "a": "AT",
    "f": "FR", "i": "IT", "e": "ES", "b": "BE", "l": "LU", "bosnia": "BA", "palestine": "PS", "drc": "CD", "dr congo": "CD",
    "grossbritannien": "GB", "storbritannien": "GB", "grande bretagne": "GB", "gran bretagna": "GB", "gran bretana": "GB", "gra bretanha": "GB",
    "groot brittannie": "GB", "wielka brytania": "GB", "anglia": "GB", "angleterre": "GB", "inglaterra": "GB", "inghilterra": "GB", "engeland": "GB",
    "schottland": "GB", "ecosse": "GB", "escocia": "GB", "hollande": "NL", "olanda": "NL", "holanda": "NL", "holandia": "NL", "tschechische republik": "CZ",
    "tschechei": "CZ", "republique tcheque": "CZ", "republica checa": "CZ", "repubblica ceca": "CZ", "ceska republika": "CZ", "slovak republic": "SK",
    "slowakische republik": "SK", "amerika": "US", "etats unis d amerique": "US", "estados unidos de america": "US", "stati uniti d america": "US",
    "vereinigte staaten von amerika": "US", "verenigde staten van amerika": "US", "ee uu": "US", "eeuu": "US", "eua": "US", "e u a": "US", "сша": "US",
    "mazedonien": "MK", "weissrussland": "BY", "coree": "KR", "corea": "KR", "sudkorea": "KR", "elfenbeinkuste": "CI", "bresil": "BR", "hellas": "GR",
    "turkiye cumhuriyeti": "TR", "bundesrepublik deutschland": "DE", "republic of china": "TW", "brunei darussalam": "BN", "lao pdr": "LA",
}  # fmt: skip
"""Everyday names that CLDR does not list, and letters of car plates."""


_LONG_ENOUGH = 7
"""Letters from which one slip cannot make another country's name of it."""

_LONGEST = 40
_PARTED = re.compile(r"/|(?<!\s)\s++[-–:]\s+|\|")
_SUBDIVISION = re.compile(r"([A-Z]{2})-[A-Z0-9]{1,3}")


def countries(texts: np.ndarray, context: Context) -> Parsed:
    """Texts as alpha-2 codes; unknown ones are not converted."""
    values, reasons = one_by_one(
        texts, lambda text: (code, "") if (code := country(text)) else (None, "unknown country")
    )
    return Parsed(values, reasons)


_IN_USE = {"UK": "GB", "EL": "GR", "ČR": "CZ"}
"""Codes of two letters that people use → those of the standard."""


def country(text: str) -> str:
    """The alpha-2 code that `text` names (code, alpha-3, numeric or name in any major language), or ""."""
    plain = text.strip()
    upper = plain.upper().replace(".", "").replace(" ", "")
    if len(upper) == 2 and upper in _codes():
        return upper
    if upper in _IN_USE:
        return _IN_USE[upper]
    if upper in _alpha_3():
        return _alpha_3()[upper]
    for part in (plain, plain.split("(")[0], plain.split(",")[0]):
        if code := _names().get(fold_marks(part)):
            return code
    return _of_parts(plain) or _misspelt(fold_marks(plain))


def _of_parts(text: str) -> str:
    """`DE - Germany`, `Schweiz/Suisse`, `GB-ENG`: the one country that all parts name, or a code with its subdivision."""
    if (found := _SUBDIVISION.fullmatch(text)) and found[1] in _codes():
        return found[1]
    parts = [part.strip() for part in _PARTED.split(text)]
    codes = {country(part) for part in parts} if len(parts) == 2 and all(parts) else set()
    return codes.pop() if len(codes) == 1 else ""


def _misspelt(plain: str) -> str:
    """The country of the one name that `plain` is a slip of the keyboard away from (`Untied States`)."""
    if not _LONG_ENOUGH <= len(plain) <= _LONGEST or not plain.replace(" ", "").isalpha():
        return ""
    choices = _by_length_and_start().get((len(plain), plain[0]), ())
    near = process.extract(plain, choices, scorer=DamerauLevenshtein.distance, score_cutoff=1, limit=None)
    codes = {_names()[name] for name, _, _ in near}
    return codes.pop() if len(codes) == 1 else ""


@cache
def _by_length_and_start() -> dict[tuple[int, str], list[str]]:
    """Names that one slip after the first letter can make a text of (length, first letter) of: few enough for any column."""
    found: dict[tuple[int, str], list[str]] = {}
    for name in _names():
        for length in (len(name) - 1, len(name), len(name) + 1):
            found.setdefault((length, name[:1]), []).append(name)
    return found


@cache
def _codes() -> frozenset[str]:
    return frozenset(
        code
        for code in map(str, Locale("en").territories)
        if len(code) == 2 and code not in ("EU", "EZ", "UN", "XA", "XB", "ZZ", "QO")
    )


@cache
def _alpha_3() -> dict[str, str]:
    from babel.core import get_global

    aliases = get_global("territory_aliases")
    return {alias: found[0] for alias, found in aliases.items() if len(found) == 1 and found[0] in _codes()}


@cache
def _names() -> dict[str, str]:
    found: dict[str, str] = {}
    for language in reversed(_LANGUAGES):
        if localedata.exists(language):
            territories = Locale.parse(language).territories
            found |= {fold_marks(name): code for code, name in territories.items() if code in _codes()}
    return found | _ALSO
