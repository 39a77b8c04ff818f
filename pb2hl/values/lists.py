"""Lists in one cell: tags, multi-picklists, several references. The separator is decided per column."""

from __future__ import annotations

import csv
import json
import re

import numpy as np

from pb2hl.values.parsed import Context, Parsed, one_by_one

SEPARATORS = (":::", ";", "|", "\n", ",", "•", "\t")
"""Candidates in order of how rarely they stand inside an item (` ::: ` is the address books' of Google)."""

_FIRM = (":::", ";", "|")
"""Separators that always part two items."""

_QUOTED = re.compile(r'\s*+"[^"]+"\s*')
"""One item in quotes: they belong to the list's way of writing, not to the item."""

COMMA_SHARE = 0.2
"""Of the cells with several tags, the share without any `;` or `|` from which on a comma is a separator as well."""


def lists(texts: np.ndarray, context: Context) -> Parsed:
    """Texts as lists of distinct items (ignoring case), in order; JSON arrays are understood."""
    separator = decide_separator(texts)
    values, reasons = one_by_one(texts, lambda text: (split(text, separator), ""))
    return Parsed(values, reasons, {"separator": separator} if separator else {})


def tags(texts: np.ndarray, context: Context) -> Parsed:
    """Texts as lists of tags. Rows of one column may use different separators: `;` and `|` always part two tags, a comma
    when cells of the column are separated by nothing else, or when what it parts stands alone elsewhere. Declared options
    are a list of their own in every cell."""
    if context.field == "options":
        values, reasons = one_by_one(texts, lambda text: (split(text, decide_separator(np.array([text]))), ""))
        return Parsed(values, reasons)
    firm = np.empty(len(texts), dtype=object)
    firm[:] = [_firm_parts(text) for text in texts]
    commas = any(len(parts) == 1 and "," in parts[0] for parts in firm) and _commas_part(firm)
    alone = {part.casefold() for parts in firm for part in parts if "," not in part}
    values, reasons = one_by_one(texts, lambda text: (_tags_of(text, commas, alone), ""))
    return Parsed(values, reasons, {"separator": "; |" + (" ," if commas else "")})


def _firm_parts(text: str) -> list[str]:
    if _json_items(text) is not None:
        return []
    if '"' in text:
        return split(text, decide_separator(np.array([text])))
    return [part for mark in split(text, ":::") for piece in split(mark, "|") for part in split(piece, ";")]


def _commas_part(firm: np.ndarray) -> bool:
    only_commas = sum(len(parts) == 1 and "," in parts[0] for parts in firm)
    several = sum(len(parts) > 1 for parts in firm)
    return only_commas >= COMMA_SHARE * (only_commas + several)


def _tags_of(text: str, commas: bool, alone: set[str]) -> list[str]:
    if _json_items(text) is not None:
        return split(text, "")
    found: dict[str, str] = {}
    for part in _firm_parts(text):
        pieces = split(part, ",") if "," in part and '"' not in text else [part]
        parted = commas or any(piece.casefold() in alone for piece in pieces)
        for piece in pieces if parted else [part]:
            found.setdefault(piece.casefold(), piece)
    return list(found.values())


def decide_separator(texts: np.ndarray) -> str:
    """The separator that most cells of the column use, or "" when none does."""
    counts = dict.fromkeys(SEPARATORS, 0)
    for text in texts[:50_000]:
        if not text.startswith("["):
            for separator in SEPARATORS:
                counts[separator] += separator in text
    best = max(SEPARATORS, key=lambda item: (counts[item], -SEPARATORS.index(item)))
    rarest = [item for item in _FIRM if counts[item] >= max(1, 0.3 * counts[best])]
    return rarest[0] if rarest else best if counts[best] else ""


def split(text: str, separator: str) -> list[str]:
    """Items of one cell."""
    items = _json_items(text)
    if items is None:
        if not separator:
            items = [text.strip()[1:-1].replace('""', '"') if _QUOTED.fullmatch(text) else text]
        elif '"' in text and len(separator) == 1 and separator != "\n":
            items = next(csv.reader([text.replace("\n", " ")], delimiter=separator, skipinitialspace=True), [])
        else:
            items = text.split(separator)
    seen: dict[str, str] = {}
    for item in items:
        plain = " ".join(str(item).split()).strip(" ,;|")
        if plain:
            seen.setdefault(plain.casefold(), plain)
    return list(seen.values())


def _json_items(text: str) -> list[str] | None:
    if not (text.startswith("[") and text.endswith("]")):
        return None
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, list):
        return None
    return [item for part in body if (item := _item(part))]


def _item(part: object) -> str:
    if isinstance(part, dict):
        for key in ("name", "label", "value", "title", "tag", "id"):
            if part.get(key) not in (None, ""):
                return str(part[key])
        return json.dumps(part, ensure_ascii=False)
    return "" if part is None else str(part)
