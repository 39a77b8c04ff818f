"""How a deal in a stage stands, and when two names are one."""

from __future__ import annotations

from pb2hl.mapper.knowledge.text import fold, tokens
from pb2hl.values.statuses import deal_status


def stage_outcome(stage: str, declared: str = "") -> str:
    """How a deal in `stage` stands: what the pipeline declares, else what the stage's own name says ("" when neither)."""
    said = deal_status(declared)
    if said:
        return said
    own = deal_status(stage)
    return own if own in ("won", "lost", "abandoned") else ""


def same(one: str, other: str) -> bool:
    """Whether two names are one name for HighLevel: case and outer or doubled spaces do not matter."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def plain(text: str) -> str:
    """A name as it is compared: folded words, single spaces."""
    return " ".join(tokens(text)) or fold(text).strip()
