"""Word lists that ship with the package as text files: `[section]` lines, one term a line below each, `#` for comments.

A word is added, moved or taken out by a change of one line; the terms of a section are sorted, and a term that stands
twice, or says two things, fails the tests.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

VALUES = Path(__file__).parent / "data"
"""Folder of the lists of this room: words of statuses, consent, yes and no."""


@cache
def lines(path: Path) -> tuple[str, ...]:
    """The terms of a list without sections, in the file's order."""
    found = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return tuple(line for line in found if line and not line.startswith("#"))


@cache
def sections(path: Path) -> dict[str, tuple[str, ...]]:
    """Each section of a word list → its terms, in the file's order.

    Raises ValueError, with the line, for a section that comes twice or a term above the first section.
    """
    found: dict[str, list[str]] = {}
    name = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        term = line.strip()
        if not term or term.startswith("#"):
            continue
        if term.startswith("[") and term.endswith("]"):
            name = term[1:-1].strip()
            if name in found:
                raise ValueError(f"{path.name}:{number}: section [{name}] comes twice")
            found[name] = []
        elif not name:
            raise ValueError(f"{path.name}:{number}: {term!r} stands above the first [section]")
        else:
            found[name].append(term)
    return {name: tuple(terms) for name, terms in found.items()}


@cache
def listed(path: Path, section: str) -> frozenset[str]:
    """The terms of one section. Raises KeyError for a section that the list does not have."""
    return frozenset(sections(path)[section])
