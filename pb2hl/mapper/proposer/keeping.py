"""Columns by which tables that join others are kept, and which say nothing of the records that they join."""

from __future__ import annotations

from pb2hl.mapper.knowledge.lists import heading_words
from pb2hl.mapper.knowledge.signals import signals
from pb2hl.mapper.knowledge.text import tokens
from pb2hl.mapper.proposer.flags import answers, is_flag
from pb2hl.mapper.proposer.references import KeyedTable, each_once

_KEEPING = heading_words("of joins")


def keeping(mine: KeyedTable, heading: str) -> bool:
    """Whether a column of a table that joins others only keeps it: its own ids, flags, times and which is the main one."""
    words = tokens(mine.said[heading])
    own = words[-1:] in (("id",), ("uuid",), ("guid",)) and each_once(mine.raw.frame[heading])  # the row's own
    keeping = set(words) <= _KEEPING and not _says_more(mine, heading)
    return own or keeping or is_flag(mine.said[heading]) or is_main(mine, heading)


def _says_more(mine: KeyedTable, heading: str) -> bool:
    """Whether a column headed like book-keeping holds words (`position`: CEO), not times, numbers or yes and no."""
    seen = signals(mine.raw.frame[heading])
    return bool(seen.filled) and not seen.looks("date", "datetime", "number", "boolean", "digit", at_least=_PLAINLY)


_PLAINLY = 0.8
"""Share (0-1) of times, numbers or yes and no that makes a column one of book-keeping."""


_MAIN = heading_words("of main ones")


def is_main(mine: KeyedTable, heading: str) -> bool:
    """Whether a column says which of several a record uses first."""
    return bool(_MAIN & set(tokens(mine.said[heading]))) and answers(mine.raw.frame[heading])
