"""What a wrong cell is told: what stands there, the nearest allowed word, and every allowed one."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import fuzz, process, utils

NEAR = 60
"""Likeness (rapidfuzz ratio, 0-100) from which a word is worth suggesting."""


def nearest(seen: str, allowed: Sequence[str]) -> str:
    """The allowed word most like `seen`, case, spaces and `_` apart; "" when none is like it."""
    found = process.extractOne(seen, allowed, scorer=fuzz.ratio, processor=_words, score_cutoff=NEAR)
    return found[0] if found else ""


def _words(text: str) -> str:
    return utils.default_process(text.replace("_", " "))


def not_allowed(
    column: str, seen: str, allowed: Sequence[str], why: str = "unknown", *, near: str = "", or_empty: bool = False
) -> str:
    """One sentence about a cell of `column`: what was seen, the nearest suggestion (`near` when given), what is allowed."""
    near = near if near in allowed else nearest(seen, allowed)
    suggestion = f"; did you mean {near!r}?" if near else ";"
    return f"{column} {seen.strip()!r} is {why}{suggestion} allowed: {', '.join(allowed)}{', or empty' if or_empty else ''}"
