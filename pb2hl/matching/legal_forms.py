"""Company names without the words that only say what kind of company it is, in many countries' spelling."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from pb2hl.values.fold import fold, unaccented

_FORMS = Path(__file__).parent / "data" / "legal_forms.txt"
_DOTTED = re.compile(r"\b(?:\w[./]\s?){1,}\w?\b\.?")
_APOSTROPHE = re.compile(r"['’`´.]")
_NOT_WORD = re.compile(r"[\W_]+")
_NOISE = frozenset({"the", "and", "of", "der", "die", "das", "le", "la", "les", "et", "und", "de", "du", "y"})
"""Little words that spellings of one name have or leave out."""


@lru_cache
def forms() -> tuple[tuple[str, ...], ...]:
    """Every known legal form as its folded words, longest first."""
    lines = _FORMS.read_text(encoding="utf-8").splitlines()
    found = {tuple(_letters(line).split()) for line in lines if line.strip() and not line.startswith("#")}
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


@lru_cache
def _by_last() -> dict[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for form in forms():
        found.setdefault(form[-1], []).append(form)
    return {word: tuple(items) for word, items in found.items()}


@lru_cache
def _by_first() -> dict[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for form in forms():
        if len(form) > 1 or form[0] in ("ooo", "oao", "zao", "pao", "ao", "pt", "ooo", "tov", "uab", "sia"):
            found.setdefault(form[0], []).append(form)
    return {word: tuple(items) for word, items in found.items()}


def _letters(text: str) -> str:
    text = unaccented(text).replace("&", " and ")
    text = _DOTTED.sub(lambda match: re.sub(r"[./\s]", "", match[0]) + " ", text)
    return _NOT_WORD.sub(" ", _APOSTROPHE.sub("", text)).strip()


def core_name(name: str) -> str:
    """The words that tell the company from others: folded, without legal form and little words.

    A name of nothing else keeps a word (`The Company` → `company`). "" for what stands for nothing.
    """
    if fold(name) in ("", "null", "none", "nan", "n/a", "na", "-", "--", "unknown", "#n/a", "<na>"):
        return ""
    letters = _letters(name)
    tokens = letters.split()
    while len(tokens) > 1:
        form = next((form for form in _by_last().get(tokens[-1], ()) if tuple(tokens[-len(form) :]) == form), None)
        if form is None or all(token in _NOISE for token in tokens[: -len(form)]):
            break
        tokens = tokens[: -len(form)]
    form = (
        next((form for form in _by_first().get(tokens[0], ()) if tuple(tokens[: len(form)]) == form), None)
        if tokens
        else None
    )
    if form is not None and len(form) < len(tokens):
        tokens = tokens[len(form) :]
    kept = [token for token in tokens if token not in _NOISE]
    return " ".join(kept or tokens) or letters
