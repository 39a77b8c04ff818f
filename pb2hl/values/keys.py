"""Keys of business fields and of their options, made of labels: HighLevel takes lower-case Latin letters, digits and underscores."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_AGAIN = "__"
"""Before the number of a key that other labels have too; a key made of a label never holds two underscores in a row."""


def key_of(label: str) -> str:
    """`Perfect Books ID` → `perfect_books_id`; a label without a Latin letter or digit gets a stable number."""
    return re.sub(r"[^a-z0-9]+", "_", label.casefold()).strip("_") or f"field_{_number_of(label)}"


def keys_of(labels: Iterable[str]) -> list[str]:
    """A key for each label, no two the same: `C`, `C++` → `c`, `c__2`."""
    seen: Counter[str] = Counter()
    found = []
    for key in map(key_of, labels):
        seen[key] += 1
        found.append(key if seen[key] == 1 else f"{key}{_AGAIN}{seen[key]}")
    return found


def is_key_of(key: str, label: str) -> bool:
    """Whether `key` is what `keys_of` may have made of `label`."""
    return re.fullmatch(re.escape(key_of(label)) + rf"({_AGAIN}\d+)?", key) is not None


def _number_of(label: str) -> int:
    return sum((number + 1) * ord(char) for number, char in enumerate(label)) % 1_000_000
