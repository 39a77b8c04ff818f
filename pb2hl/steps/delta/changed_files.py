"""Attachments whose bytes a later export changed: the old file is taken away, so that the plan's own upload sends the new one."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pb2hl.apply.context import RunContext
from pb2hl.apply.undo import Undo, UndoPlan
from pb2hl.errors import NotFound, Problem, Severity
from pb2hl.highlevel import PORTS, Client
from pb2hl.ledger import Entry, LedgerPort, Outcome, State
from pb2hl.operations import Operation, Target

FILES = (Target.MEDIA, Target.FILE)


def stale(ledger: LedgerPort, later: Iterable[Operation]) -> list[Entry]:
    """Uploads whose file has other bytes or another name in the later export. A file that only has an address is not told."""
    planned = [op for op in later if op.target in FILES and op.payload.get("$file")]
    entries = ledger.entries(op.op_id for op in planned)
    pairs = [(op, entries[op.op_id]) for op in planned if op.op_id in entries]
    return [
        entry
        for op, entry in pairs
        if entry.state is State.DONE and _differs(op.payload["$file"], entry.payload["$file"])
    ]


def _differs(now: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    old, new = digest(before), digest(now)
    return bool(old and new) and (old, before.get("name")) != (new, now.get("name"))


def digest(file: Mapping[str, Any]) -> str:
    """SHA-256 of a payload's file: as planned, else of the copy in the workspace; "" when neither tells."""
    if file.get("sha256") or not file.get("path"):
        return str(file.get("sha256") or "")
    path = Path(file["path"])
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


async def take_away(context: RunContext, old: Sequence[Entry]) -> list[Problem]:
    """Delete the old files. HighLevel empties a contact's file field only as a whole: what we put there goes along and is
    uploaded again; where people put a file of their own, the field is left as it is and the old file stays beside the new."""
    media = [entry for entry in old if entry.target is Target.MEDIA]
    ledger = context.ledger
    fields, beside = await _fields(context.client, ledger, [entry for entry in old if entry.target is Target.FILE])
    going = [*media, *fields]
    if going:
        await Undo(context).run(UndoPlan(tuple(going)))
    ledger.finish(context.run, [Outcome(entry.op_id, State.UNDONE) for entry in beside])
    problems = [
        Problem("file_replaced", f"{len(old)} attachments have other bytes in the later export", Severity.INFO, count=len(old),
                treatment="the old file is taken away, the new one uploaded")
    ] if old else []  # fmt: skip
    problems += [
        Problem("file_kept", f"{entry.object} {entry.source_id}: people put files into the same field, which HighLevel empties only whole",
                treatment="the old file stays beside the new one")
        for entry in beside
    ]  # fmt: skip
    return problems


async def _fields(client: Client, ledger: LedgerPort, old: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """(uploads into fields that hold only files of ours, uploads into fields where people put some too)."""
    if not old:
        return [], []
    ours: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in ledger.iterate(state=State.DONE, target=Target.FILE):
        ours[_field(entry)].append(entry)
    going, beside = [], []
    for field in dict.fromkeys(map(_field, old)):
        if await _foreign(client, ours[field]):
            beside += [entry for entry in old if _field(entry) == field]
        else:
            going += ours[field]
    return going, beside


def _field(entry: Entry) -> tuple[str, str]:
    where = entry.payload["$url"]
    return str(where["contactId"]), str(where["fieldId"])


async def _foreign(client: Client, ours: Sequence[Entry]) -> bool:
    try:
        record = await PORTS[Target.FILE].get(client, ours[0].destination_id)
    except NotFound:
        return False
    held = record["files"]
    known = {entry.destination_id.rsplit("/", 1)[-1] for entry in ours}
    return not set(held) <= known if isinstance(held, Mapping) else len(held) > len(ours)
