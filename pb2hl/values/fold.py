"""Texts made comparable: without case and extra spaces, or without accents and punctuation as well."""

from __future__ import annotations

import unicodedata


def fold(text: str | None) -> str:
    """`text` (None: nothing) without case and extra spaces, as HighLevel compares names."""
    return " ".join((text or "").casefold().split())


def fold_marks(text: str) -> str:
    """`text` without case, accents, punctuation and extra spaces, as people compare names."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c)).split())
