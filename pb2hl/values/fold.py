"""Texts made comparable: without case and extra spaces, or without accents and punctuation as well."""

from __future__ import annotations

import unicodedata

_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ß": "ss"})
"""Letters that Unicode does not take apart, as people write them without their marks."""


def fold(text: str | None) -> str:
    """`text` (None: nothing) without case and extra spaces, as HighLevel compares names."""
    return " ".join((text or "").casefold().split())


def unaccented(text: str) -> str:
    """`text` in lower case without accents (`Prénom` → `prenom`, `Straße` → `strasse`); the marks of kana stay, they make words."""
    text = text.casefold()
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    kept = (c for c in apart if not unicodedata.combining(c) or "\u3099" <= c <= "\u309a")
    return unicodedata.normalize("NFC", "".join(kept))


def fold_marks(text: str) -> str:
    """`text` without case, accents, punctuation and extra spaces, as people compare names."""
    return " ".join("".join(c if c.isalnum() else " " for c in unaccented(text)).split())
