"""Countries as ISO 3166-1 alpha-2, from codes and from names in any language that CLDR has."""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
from babel import Locale, localedata

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
}  # fmt: skip
"""Everyday names that CLDR does not list."""


def countries(texts: np.ndarray, context: Context) -> Parsed:
    """Texts as alpha-2 codes; unknown ones are not converted."""
    values, reasons = one_by_one(
        texts, lambda text: (code, "") if (code := country(text)) else (None, "unknown country")
    )
    return Parsed(values, reasons)


def country(text: str) -> str:
    """The alpha-2 code that `text` names (code, alpha-3, numeric or name in any major language), or ""."""
    plain = text.strip()
    upper = plain.upper().replace(".", "").replace(" ", "")
    if len(upper) == 2 and upper in _codes():
        return upper
    if upper in ("UK", "EL"):
        return {"UK": "GB", "EL": "GR"}[upper]
    if upper in _alpha_3():
        return _alpha_3()[upper]
    for part in (plain, plain.split("(")[0], plain.split(",")[0]):
        if code := _names().get(_fold(part)):
            return code
    return ""


@cache
def _codes() -> frozenset[str]:
    return frozenset(
        code
        for code in Locale("en").territories
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
            found |= {_fold(name): code for code, name in territories.items() if code in _codes()}
    return found | _ALSO


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c if c.isalnum() else " " for c in text if not unicodedata.combining(c)).split())
