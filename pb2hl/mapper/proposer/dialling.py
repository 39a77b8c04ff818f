"""Columns that hold the beginning of the phone numbers beside them (`Dial Code`, `Vorwahl`, `DDD`): the numbers get it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import phonenumbers

from pb2hl.mapper.knowledge.lists import listed
from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.values.phones import number

if TYPE_CHECKING:
    from pb2hl.source.tables import RawTable

_PHONES = frozenset({"phone", "mobile", "fax", "whatsapp", "home phone", "work phone", "mobile phone"})
_CODE = re.compile(r"[^\d+]{0,40}(?:\+|00)?(\d{1,3})[^\d]{0,40}")
_AREA = re.compile(r"\(?(\d{1,5})\)?")
_LETTERS = re.compile(r"\s*[A-Za-z]{2}\s*")
_WHOLE = re.compile(r"\s*(?:\+|00)")
_MOSTLY = 0.8
"""Share of the filled cells (0-1) that must be codes, and that codes must make numbers of."""


def with_codes(raw: RawTable) -> RawTable:
    """`raw` with the codes of towns and countries before the numbers that they belong to; itself where it has none."""
    phones = [name for name in raw.headings if _PHONES & set(terms(name)) and not _asked(name)]
    changed: dict[str, pd.Series] = {}
    for kind, put in (("area", _with_area), ("country", _with_country)):
        columns = [name for name in raw.headings if phones and kind in _asked(name)]
        for name, whose in _all_of_a_row(columns, phones) or [*_pairs(raw.headings, columns, phones).items()]:
            numbers = changed.get(whose, raw.frame[whose])
            if kind == "country" and not _PHONES & set(terms(name)) and raw.frame[name].str.fullmatch(_LETTERS).any():
                continue  # the country of an address
            if (found := put(raw.frame[name], numbers)) is not None:
                changed[whose] = found
    return replace(raw, frame=raw.frame.assign(**changed)) if changed else raw


def _all_of_a_row(columns: list[str], phones: list[str]) -> list[tuple[str, str]]:
    """Each phone with Brazil's one code of the row (`DDD`), which mobiles have as well; [] for others."""
    return [(columns[0], phone) for phone in phones] if len(columns) == 1 and tokens(columns[0]) == ("ddd",) else []


def _asked(heading: str) -> set[str]:
    """Which codes a heading may mean."""
    words = [word for word in tokens(heading) if not _PHONES & set(terms(word))]
    said = {" ".join(words), " ".join(tokens(heading))}
    return {kind for kind in ("country", "area") if said & listed("dialling", kind)}


def _pairs(headings: list[str], columns: list[str], phones: list[str]) -> Mapping[str, str]:
    """{column of codes: the phone that it begins}: the one that it names, else the nearest behind it, else before it."""
    found: dict[str, str] = {}
    for name in columns:
        free = [phone for phone in phones if phone not in found.values()]
        named = [phone for phone in free if set(terms(phone)) & set(terms(name)) & (_PHONES - {"phone"})]
        at = headings.index(name)
        near = sorted(free, key=lambda phone: (headings.index(phone) < at, abs(headings.index(phone) - at)))
        if named or near:
            found[name] = (named or near)[0]
    return found


def _with_country(codes: pd.Series, numbers: pd.Series) -> pd.Series | None:
    """Numbers with the codes of their countries; None where the column holds none, or they make no numbers."""
    digits = codes.str.strip().map(_country_code)
    filled = codes.str.strip() != ""
    if not filled.any() or (digits[filled] != "").mean() < _MOSTLY:
        return None
    asked = (digits != "") & (numbers.str.strip() != "") & ~numbers.str.match(_WHOLE)
    whole = ["+" + code + " " + text.strip() for code, text in zip(digits[asked], numbers[asked], strict=True)]
    good = [number(text, "ZZ") is not None for text in whole]
    if not good or sum(good) < _MOSTLY * len(good):
        return None
    joined = [new if valid else old for new, old, valid in zip(whole, numbers[asked], good, strict=True)]
    out = numbers.copy()
    out[asked] = joined
    return out


def _country_code(text: str) -> str:
    found = _CODE.fullmatch(text)
    if found:
        return found[1] if int(found[1]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE else ""
    known = phonenumbers.country_code_for_region(text.upper()) if len(text) == 2 else 0
    return str(known) if known else ""


def _with_area(codes: pd.Series, numbers: pd.Series) -> pd.Series | None:
    """Numbers with the codes of their towns, but for those that begin with it; None where the column holds none."""
    digits = codes.str.strip().map(lambda text: found[1] if (found := _AREA.fullmatch(text)) else "")
    filled = codes.str.strip() != ""
    said = ~codes[filled].str.match(_WHOLE)
    if not filled.any() or not said.all() or (digits[filled] != "").mean() < _MOSTLY:
        return None
    bare = numbers.str.replace(r"\D", "", regex=True)
    begun = [
        one.startswith(two) or (len(two.lstrip("0")) > 1 and one.startswith(two.lstrip("0")))
        for one, two in zip(bare, digits, strict=True)
    ]
    asked = (
        (digits != "")
        & (bare != "")
        & ~numbers.str.match(_WHOLE)
        & ~bare.str.startswith("0")
        & ~pd.Series(begun, index=bare.index)
    )
    out = numbers.copy()
    out[asked] = digits[asked] + " " + numbers[asked].str.strip()
    return out
