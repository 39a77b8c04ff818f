"""Records that a later export hangs on another contact: HighLevel moves none, so they are made anew there and taken away here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from pb2hl.apply.batches import batched
from pb2hl.apply.context import RunContext
from pb2hl.apply.references import UnresolvedReference, fill_references
from pb2hl.apply.undo import Undo, UndoPlan
from pb2hl.diff.overlay import is_overlay
from pb2hl.errors import Problem, Severity
from pb2hl.highlevel import PORTS, Client
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import Kind, Operation, Target, references
from pb2hl.steps.delta import conflicts
from pb2hl.steps.delta.conflicts import KEEP, SOURCE, Decisions
from pb2hl.steps.delta.known_rows import known_rows
from pb2hl.steps.shared.readback import read_records
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Workspace

HUNG = (Target.OPPORTUNITY, Target.NOTE, Target.TASK, Target.APPOINTMENT)
"""Records whose contact no update of HighLevel's changes (BEHAVIOUR: neither PUT takes a `contactId`)."""

HOST = "contactId"
"""The field by which a move stands in conflicts.csv."""

TAKEN_AWAY = "taken_away"
"""The fact that names, before anything is deleted, what is about to be taken away: after a kill nobody else removed it."""

POINTERS = ("contact_id", "contact_email", "company_id", "deal_id")
CHUNK = 500


@dataclass(frozen=True)
class Move:
    """A record, where it hangs (a record id), and where the later export wants it ("" for a contact that is not made yet)."""

    op: Operation
    entry: Entry
    was: str
    wanted: str


@dataclass
class Moved:
    """What came of the moves: `gone` were taken away and are made anew, `stay` hang where they are, for the reason given."""

    gone: list[Move] = field(default_factory=list)
    stay: list[tuple[Move, str]] = field(default_factory=list)
    """For a person to decide."""
    refused: set[tuple[str, str, str]] = field(default_factory=set)
    """Those of `stay` that HighLevel would not let go: nobody in HighLevel had a hand in it, and the next delta tries again."""

    def conflicts(self) -> list[tuple[Any, ...]]:
        """Rows of conflicts.CONFLICT_COLUMNS."""
        return [
            (*_key(move)[:2], move.entry.destination_id, HOST, move.was, move.wanted, move.was, "", "", "", why)
            for move, why in self.stay
        ]

    def taken(self) -> set[tuple[str, str, str]]:
        """Conflicts that are settled by what was done."""
        return {_key(move) for move in self.gone}

    def problems(self) -> list[Problem]:
        """What a person should know."""
        found = []
        if self.gone:
            found.append(Problem("moved", f"{counted(len(self.gone), 'record')} {agree(len(self.gone), 'hangs', 'hang')} on another contact in the later export", Severity.INFO,
                                 count=len(self.gone), treatment="made anew there, the old ones are taken away"))  # fmt: skip
        found += [
            Problem("not_moved", f"{move.op.object} {move.op.source_id} hangs on another contact in the later export, and stays: {why}",
                    field=HOST, treatment="decide it in sheets/conflicts.csv, or move it by hand")
            for move, why in self.stay
        ]  # fmt: skip
        return found

    def was_refused(self, move: Move) -> bool:
        """Whether it stays since HighLevel would not let it go."""
        return _key(move) in self.refused


def host_of(payload: Mapping[str, Any]) -> str:
    """The id of the record that a payload (or record) hangs on; "" when it is a reference that means none yet."""
    where = payload.get("$url") or payload
    found = where.get("contactId") or where.get("businessId") or ""
    return found if isinstance(found, str) else ""


def moves(ledger: LedgerPort, later: Iterable[Operation], rows: Mapping[str, Set[str]]) -> list[Move]:
    """What hangs elsewhere in the later plan although its own row (`rows`: by object) now points elsewhere."""
    found = []
    for chunk in batched((op for op in later if op.target in HUNG and op.kind is Kind.CREATE), CHUNK):
        entries = ledger.entries(op.op_id for op in chunk)
        known = ledger.entries({ref for op in chunk for ref in references(_where(op))}).get
        for op in chunk:
            entry = entries.get(op.op_id)
            if entry is None or entry.state is not State.DONE or entry.kind is not Kind.CREATE:
                continue
            try:
                wanted = host_of(fill_references(_where(op), known))
            except UnresolvedReference:
                wanted = ""
            was = host_of(entry.payload)
            if wanted != was and op.source_id in rows.get(op.object, frozenset()):
                found.append(Move(op, entry, was, wanted))
    return found


def _where(op: Operation) -> Mapping[str, Any]:
    return {key: op.payload[key] for key in ("$url", "contactId") if key in op.payload}


def pointing_elsewhere(ws: Workspace, second: Workspace) -> dict[str, set[str]]:
    """By object, the source ids of rows that name another contact, company or deal than before, or a deal that does; and
    of those that were found to by an earlier delta and wait for a decision."""
    found: dict[str, set[str]] = {}
    waiting = conflicts.asked(ws)
    for object_ in ("deals", "notes", "activities", "tasks", "appointments"):
        later, known = second.table(object_), known_rows(ws, object_)
        if later.empty or known.empty:
            continue
        later, known = (frame.drop_duplicates("source_id").set_index("source_id") for frame in (later, known))
        ids = later.index.intersection(known.index)
        differs = pd.Series(False, index=ids)
        for name in POINTERS:
            differs |= _comparable(later, name, ids).ne(_comparable(known, name, ids))
        if "deal_id" in later.columns:
            differs |= later.loc[ids, "deal_id"].astype(str).isin(found.get("deals", set()))
        found[object_] = set(ids[differs].astype(str)) | {
            one for name, one, field_ in waiting if (name, field_) == (object_, HOST)
        }
    return found


def _comparable(frame: pd.DataFrame, name: str, ids: pd.Index) -> pd.Series:
    if name not in frame.columns:
        return pd.Series("", index=ids)
    return frame.loc[ids, name].map(lambda item: "|".join(item) if hasattr(item, "__len__") and not isinstance(item, str) else item).fillna("").astype(str)  # fmt: skip


async def take_away(context: RunContext, wanted: Sequence[Move], decided: Decisions, one_open: bool) -> Moved:
    """Delete what is to be made anew elsewhere. What people edited stays, unless it was decided that the export wins.

    `one_open`: the location allows a contact one open deal a pipeline.
    """
    found, going = Moved(), []
    client = context.client
    records = await read_records(client, [move.entry for move in wanted], context.progress)
    begun = set(context.ledger.recall(TAKEN_AWAY) or ())
    for move in wanted:
        record = records[move.entry.op_id]
        if record is None and move.op.op_id in begun:
            going.append(move)
        elif record is None:
            found.stay.append((move, "people removed it"))
        elif move.wanted and host_of(record) == move.wanted:
            continue  # people moved it there
        elif one_open and (why := await _in_the_way(client, move)):
            found.stay.append((move, why))
        elif decided.get(_key(move)) != (KEEP, move.wanted):
            going.append(move)
    context.ledger.remember(TAKEN_AWAY, sorted(begun | {move.op.op_id for move in going}))
    for force in (False, True):
        mine = [move for move in going if force is _forced(move, decided)]
        if mine:
            await _undo(context, mine, force, found)
    context.ledger.remember(TAKEN_AWAY, [])
    return found


def _key(move: Move) -> tuple[str, str, str]:
    return move.op.object, move.op.source_id, HOST


def _forced(move: Move, decided: Decisions) -> bool:
    return decided.get(_key(move), ("", ""))[0] == SOURCE


async def _undo(context: RunContext, mine: Sequence[Move], force: bool, found: Moved) -> None:
    ids = {move.entry.destination_id for move in mine}
    entries = [
        entry for entry in context.ledger.by_destination(ids) if entry.state is State.DONE and entry.target in HUNG
    ]
    entries.sort(key=lambda entry: not is_overlay(entry))
    done = await Undo(context, force=force).run(UndoPlan(tuple(entries)))
    kept = {row[3]: row[4] for row in done.kept} | {row[3]: row[6] for row in done.outcomes if row[5] != "undone" and row[6]}  # fmt: skip
    failed = {row[3] for row in done.outcomes if row[5] in ("failed", "held")}
    for move in mine:
        if why := kept.get(move.entry.destination_id):
            found.stay.append((move, why))
            found.refused |= {_key(move)} if move.entry.destination_id in failed else set()
        else:
            found.gone.append(move)


async def _in_the_way(client: Client, move: Move) -> str:
    """An open opportunity that keeps a deal from its new contact, where the location allows one a pipeline."""
    if move.op.target is not Target.OPPORTUNITY or move.op.payload.get("status") != "open" or not move.wanted:
        return ""
    pipeline = move.entry.payload.get("pipelineId")
    async for page in PORTS[Target.OPPORTUNITY].pages(client, contactId=move.wanted):
        for record in page:
            if record.get("status") == "open" and record.get("pipelineId") == pipeline:
                return f"its new contact has an open deal in that pipeline already ({record['id']})"
    return ""
