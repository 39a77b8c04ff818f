"""Refusals and permissions: what an opt-out, opt-in or subscription column says of each person, on the strict side.

A word such as `unsubscribed` means the same in every column; `yes`, `x` or a date mean what the column asks: a refusal in
an opt-out column, a permission in an opt-in column (`inverted`). A text that says neither counts as a refusal and is told.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from pb2hl.field_map import REFUSALS
from pb2hl.values.booleans import FALSE, TRUE
from pb2hl.values.parsed import Context, Parsed, no_reasons
from pb2hl.values.statuses import word_key
from pb2hl.values.wordlists import VALUES, sections

FIELDS = frozenset(REFUSALS)
"""Canonical fields that hold a refusal."""

_DATE = re.compile(
    r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|^\d{1,2}[. -]+[^\W\d_]{3,9}\.?[, -]+\d{2,4}"
    r"|^[^\W\d_]{3,9}\.? \d{1,2}(st|nd|rd|th)?,? \d{4}|^1\d{9}(\d{3})?(\.0+)?$|^\d{4}年"
)
_NO_DATE = re.compile(r"^(0000-00-00|1900-01-0[01]|0001-01-01|1970-01-01)")


@cache
def _words() -> dict[str, str]:
    """Every word → refused, given, yes or no."""
    lists = sections(VALUES / "consents.txt")
    table = {word_key(word): meaning for meaning in ("refused", "given", "yes", "no") for word in lists[meaning]}
    for meaning, plain in (("yes", TRUE), ("no", FALSE)):
        for word in plain - set(lists["not an answer"]):
            table.setdefault(word_key(word), meaning)
    return table


@cache
def _phrases() -> tuple[tuple[str, str], ...]:
    """Refusals before permissions, as they are looked for inside longer texts (`Opted out via link`)."""
    table = _words()
    return tuple(
        (word, table[word])
        for meaning in ("refused", "given")
        for word in table
        if table[word] == meaning and len(word) > 4
    )


def says(text: str) -> str:
    """refused, given, yes, no, date or "" (nothing of these) for one text of a consent column."""
    plain = text.strip().strip("'\"[]().!")
    key = word_key(plain)
    if key in _words():
        return _words()[key]
    if _NO_DATE.match(plain):
        return "no"
    if _DATE.match(plain):
        return "date"
    padded = f" {key} "
    phrase, meaning = next(((phrase, meaning) for phrase, meaning in _phrases() if f" {phrase} " in padded), ("", ""))
    denied = meaning == "given" and _negations().intersection(padded.partition(f" {phrase} ")[0].split())
    return "refused" if denied else meaning


@cache
def _negations() -> frozenset[str]:
    return frozenset(sections(VALUES / "consents.txt")["negations"])


def refusals(texts: np.ndarray, context: Context) -> Parsed:
    """Texts as True (refused) or False. `context.inverted` for a column that asks for permission.

    `decision` has `consent_unclear` (texts that say neither: taken as refusals) and, for permissions that only ever say
    yes, `blank_refuses`: there an empty cell is a permission that nobody gave.
    """
    values = np.empty(len(texts), dtype=object)
    unclear, meanings = [], set()
    for at, text in enumerate(texts):
        meaning = says(text)
        meanings.add(meaning)
        if meaning in ("yes", "no", "date"):
            values[at] = (meaning != "no") != context.inverted
        else:
            values[at] = meaning != "given"
            if not meaning:
                unclear.append(text)
    decision: dict[str, object] = {"inverted": True} if context.inverted else {}
    if unclear:
        decision["consent_unclear"] = sorted(unclear)[:50]
    if context.inverted and meanings and meanings <= {"yes", "date", "given"}:
        decision["blank_refuses"] = True
    return Parsed(values, no_reasons(len(texts)), decision)
