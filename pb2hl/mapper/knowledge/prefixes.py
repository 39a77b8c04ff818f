"""Prefixes that a system puts before every heading of a table (`pbk_first_name`, `acme.email`): they say nothing of a column."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.text import PLAIN_WORDS, phrases, tokens

_SHARE = 0.8  # of a table's headings: some columns are the database's own
_LEAST = 4  # headings: fewer begin alike by chance
_WORDS = 2  # a prefix such as `acme_crm_`


def without_prefix(headings: Sequence[str]) -> list[str]:
    """`headings` without the words that most of them begin with and that mean nothing in any language we know."""
    said = _untyped(_uncontained(headings))
    for _ in range(_WORDS):
        parts = [tokens(heading) for heading in said]
        firsts = Counter(words[0] for words in parts if len(words) > 1)
        prefix, count = firsts.most_common(1)[0] if firsts else ("", 0)
        if count < max(_LEAST, _SHARE * len(said)) or prefix.isdigit() or prefix in words_we_know():
            break
        cut = re.compile(rf"^[\W_]*{re.escape(prefix)}[\W_]*", re.IGNORECASE)
        said = [
            cut.sub("", heading, count=1) if len(words) > 1 and words[0] == prefix else heading
            for heading, words in zip(said, parts, strict=True)
        ]
    return said


_CONTAINERS, _INSIDE = heading_words("containers"), heading_words("inside containers")


def _uncontained(headings: Sequence[str]) -> list[str]:
    """Dotted headings of nested records without what only wraps them (`properties.name.value`), where no two become one."""
    bare = [_bare(heading) for heading in headings]
    counts = Counter(map(tokens, bare))
    return [short if counts[tokens(short)] == 1 else whole for short, whole in zip(bare, headings, strict=True)]


_TYPES = heading_words("types in brackets")
_TYPED = re.compile(r"^(.*\S)\s*\(([^()]+)\)$")
_TYPED_COLUMNS = 2  # one bracket alone may mean something


def _untyped(headings: Sequence[str]) -> list[str]:
    """Headings without the type of their column in brackets (`Deal value (currency)`), where several of a table have one."""
    typed = [match for heading in headings if (match := _TYPED.match(heading)) and " ".join(tokens(match[2])) in _TYPES]
    if len(typed) < _TYPED_COLUMNS:
        return list(headings)
    bare = {match[0]: match[1] for match in typed}
    counts = Counter(tokens(bare.get(heading, heading)) for heading in headings)
    return [
        bare[heading] if heading in bare and counts[tokens(bare[heading])] == 1 else heading for heading in headings
    ]


def _bare(heading: str) -> str:
    parts = heading.split(".")
    while len(parts) > 1 and "".join(tokens(parts[0])) in _CONTAINERS:
        parts = parts[1:]
    while len(parts) > 1 and "".join(tokens(parts[-1])) in _INSIDE:
        parts = parts[:-1]
    return ".".join([*(_ID.sub("", part) or part for part in parts[:-1]), parts[-1]])


_ID = re.compile(r"(?<=\w)(?:_id|Id|_ID)$")
"""Behind the key of a record inside another (`person_id.name`): it is told whole there."""


@lru_cache(maxsize=1)
def words_we_know() -> frozenset[str]:
    """Every word that means something in a heading, in any language: none of them is a prefix."""
    return frozenset(word for phrase in phrases() for word in phrase) | PLAIN_WORDS
