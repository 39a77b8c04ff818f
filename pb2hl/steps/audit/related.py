"""Whether what was related is: notes by the records they are on, relations by a share of them, since each takes a request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pb2hl.diff import Class
from pb2hl.highlevel import Client
from pb2hl.highlevel.records.notes import relations_in
from pb2hl.highlevel.records.relations import ends, relations_of
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import Target
from pb2hl.plan.building.estimate import relations_looked_at
from pb2hl.progress import Cancel

RELATED, UNRELATED, UNREAD = "related", "not related as planned", "relations not read back one by one"
"""Verdicts of relations."""


def off(entry: Entry, record: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any, Class, str]]:
    """The row of a diff that tells of a note which is not on all records it was put on; nothing where HighLevel does not say."""
    wanted = [item["recordId"] for item in relations_in(entry.payload)] if entry.target is Target.NOTE else []
    if len(wanted) < 2 or not isinstance(record.get("relations"), list):
        return
    held = [str(item.get("recordId")) for item in record["relations"] if isinstance(item, Mapping)]
    if set(wanted) - set(held):
        yield "relations", wanted, held, Class.MISSING, "it is not on every record it was put on"


async def check_relations(
    client: Client, ledger: LedgerPort, verdicts: Counter[str], absent: dict[str, str], cancel: Cancel
) -> None:
    """Look at a share of the relations that were made, evenly spread: counted in `verdicts`, op ids of missing ones into `absent`."""
    made = list(ledger.columns(["op_id"], state=State.DONE, target=Target.RELATION))
    looked = relations_looked_at(len(made))
    step = max(len(made) // looked, 1) if looked else 1
    chosen = [op_id for (op_id,) in made[::step]][:looked]
    for entry in ledger.entries(chosen).values():
        cancel.check()
        there = {ends(item) for item in await relations_of(client, str(entry.payload["$url"]["recordId"]))}
        if ends(entry.payload) in there:
            verdicts[RELATED] += 1
        else:
            verdicts[UNRELATED] += 1
            absent[entry.op_id] = ""
    if len(made) > looked:
        verdicts[UNREAD] += len(made) - looked
