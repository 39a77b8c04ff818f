"""The mapper's word lists: files of `pb2hl/mapper/data`, read when they are first asked for."""

from __future__ import annotations

from pathlib import Path

from pb2hl.values import wordlists

DATA = Path(__file__).parent.parent / "data"
"""Folder of the mapper's word lists."""


def sections(name: str) -> dict[str, tuple[str, ...]]:
    """Every section of the list `name` → its terms."""
    return wordlists.sections(DATA / f"{name}.txt")


def listed(name: str, section: str) -> frozenset[str]:
    """The terms of one section of the list `name`. Raises KeyError for a section that it does not have."""
    return wordlists.listed(DATA / f"{name}.txt", section)


def heading_words(section: str) -> frozenset[str]:
    """Words of headings of one kind (`heading_words.txt`)."""
    return listed("heading_words", section)
