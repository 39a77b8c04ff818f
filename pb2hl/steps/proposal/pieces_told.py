"""What a list of pieces of schema is, in words and numbers: `66 fields, 1 folder, 8 tags and 2 pipelines`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pb2hl.operations import SCHEMA_TARGETS, Kind, Operation, Target
from pb2hl.values.counting import counted, listed

_WORDS = {Target.OBJECT: "custom object"}
_GROWN = {Target.FIELD: "field that gets options", Target.PIPELINE: "pipeline that gets stages"}


def pieces_told(operations: Iterable[Operation]) -> str:
    """How many of each kind `operations` make, in the order of the schema, and what of those that are there grows; "nothing" for none."""
    found = Counter((op.kind is Kind.UPDATE, op.target) for op in operations if op.kind is not Kind.SKIP)
    parts = [_told(found[grown, target], target, grown) for grown in (False, True) for target in SCHEMA_TARGETS if found[grown, target]]  # fmt: skip
    return listed(parts) or "nothing"


def _told(count: int, target: Target, grown: bool) -> str:
    word = _GROWN.get(target, "") if grown else ""
    if not word:
        return counted(count, _WORDS.get(target, str(target)))
    noun, rest = word.split(" ", 1)
    return f"{counted(count, noun)} {rest if count == 1 else rest.replace('gets', 'get')}"
