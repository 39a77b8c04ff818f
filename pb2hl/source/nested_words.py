"""What the keys inside JSON records are called in English, for exports in other languages."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pb2hl.values.fold import unaccented
from pb2hl.values.wordlists import sections


@lru_cache(maxsize=1)
def _words() -> dict[str, str]:
    lists = sections(Path(__file__).parent / "data" / "nested_words.txt")
    return {word: english for english, words in lists.items() for word in words}


@lru_cache(maxsize=4096)
def in_english(key: str) -> str:
    """`key` in lower case without joints, in English where it is a word of another language (`Teléfonos` → `phones`)."""
    plain = _plain(key)
    return _words().get(plain, plain)


@lru_cache(maxsize=4096)
def speaks_of(key: str, english: str) -> bool:
    """Whether a word for `english` stands in `key`, whatever it is joined with (`ärPrimär`, `es_principal`)."""
    plain = _plain(key)
    return english in plain or any(told == english and word in plain for word, told in _words().items())


def _plain(key: str) -> str:
    return "".join(char for char in unaccented(key) if char.isalnum())
