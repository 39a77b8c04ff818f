"""What the operations of a delta make, in words: records are told from the links, tags and files that go with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pb2hl.operations import RECORD_TARGETS, Kind, Target
from pb2hl.values.counting import agree, counted, listed

_RECORDS: dict[str, str] = {Target.BUSINESS: "company", Target.OBJECT_RECORD: "record of a custom object"}
_BESIDE: dict[str, str] = {
    Target.LINK: "link to a company", Target.CONTACT_TAGS: "contact's tags", Target.RELATION: "link between records", Target.MEDIA: "file",
    Target.FILE: "file", Target.UNREAD: "unread counter",
}  # fmt: skip
"""What is no record of its own and goes with one."""
_SEVERAL = {
    "link to a company": "links to companies", "contact's tags": "contacts' tags", "link between records": "links between records",
    "record of a custom object": "records of custom objects",
}  # fmt: skip


def is_record(target: str, kind: str) -> bool:
    """Whether an operation makes a record of its own."""
    return target in RECORD_TARGETS and kind == Kind.CREATE


def told(operations: Iterable[tuple[str, str]]) -> str:
    """How many records operations of these (target, kind) make, of which kinds, and what goes with them: `2 records (1 contact, 1 note)
    and 1 link to a company`."""
    every = [(target, kind) for target, kind in operations if kind != Kind.SKIP]
    new = Counter(_RECORDS.get(target, target) for target, kind in every if is_record(target, kind))
    there = sum(target in RECORD_TARGETS and kind != Kind.CREATE for target, kind in every)
    beside = Counter(_BESIDE[target] for target, _ in every if target in _BESIDE)
    kinds = ", ".join(_several(count, what) for what, count in new.items())
    parts = [
        counted(new.total(), "record") + (f" ({kinds})" if kinds else ""),
        f"what {counted(there, 'row')} {agree(there, 'says', 'say')} of records that are there already"
        if there
        else "",
        *(_several(count, what) for what, count in beside.items()),
    ]
    return listed(filter(None, parts))


def _several(count: int, what: str) -> str:
    return f"{count:,} {_SEVERAL[what]}" if count != 1 and what in _SEVERAL else counted(count, what)
