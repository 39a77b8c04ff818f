"""How a deal in a stage stands, and when two names are one."""

from __future__ import annotations

import re

from pb2hl.mapper.knowledge.text import terms, tokens
from pb2hl.values.fold import fold, unaccented
from pb2hl.values.statuses import deal_status


def stage_outcome(stage: str, declared: str = "") -> str:
    """How a deal in `stage` stands: what the pipeline declares, else what the stage's own name says ("" when neither)."""
    said = deal_status(declared)
    if said:
        return said
    own = {end for part in _parts(stage) if (end := deal_status(part)) in ENDS}
    return own.pop() if len(own) == 1 else ""


ENDS = frozenset({"won", "lost", "abandoned"})
"""How a deal can end."""

_BRACKETED = re.compile(r"[(\[][^()\[\]]*[)\]]")
_BETWEEN = re.compile(r"\s[-–—]\s|[:|/,;•]|[-–—]{2,}")
_NUMBERED = re.compile(r"^\s*\d+\s*[.):\-]?\s+")


def _parts(stage: str) -> list[str]:
    """A stage's name, the same without brackets (`Closed Won (Sales Pipeline)`) and without the word for a deal (`Negócio perdido`), and
    what stands between dashes in it."""
    bare = _BRACKETED.sub(" ", stage).strip()
    own = " ".join(word for word in tokens(bare) if terms(word) != ("deal",))
    return [stage, bare, own, _NUMBERED.sub("", bare), *_BETWEEN.split(_NUMBERED.sub("", bare))]


def same(one: str, other: str) -> bool:
    """Whether two names are one name for HighLevel: case and outer or doubled spaces do not matter."""
    return fold(one) == fold(other)


def stage_key(text: str) -> str:
    """A name as it is compared: folded words, single spaces."""
    return " ".join(tokens(text)) or unaccented(text).strip()
