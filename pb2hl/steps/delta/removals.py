"""Rows, and occurrences of a series, that a later export no longer has: told always, deleted in HighLevel on request, never what people touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

import pandas as pd

from pb2hl.apply import UndoPlan, plan_undo
from pb2hl.apply.undo import OUTCOME_COLUMNS, Undo
from pb2hl.diff.overlay import DELTA_PART
from pb2hl.errors import Problem, Severity
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import SCHEMA_TARGETS, Kind, Operation, Target, rows_in
from pb2hl.steps.delta.known_rows import known_rows
from pb2hl.steps.shared.outcomes import RECORD_OF
from pb2hl.steps.shared.writing import Session
from pb2hl.values.counting import agree, counted
from pb2hl.whole import read_frame
from pb2hl.workspace import Workspace

STEP = "delta"

MOST_GONE = 0.5
"""Share of an object's rows above which an export looks incremental or broken: then nothing of it is deleted."""


@dataclass(frozen=True)
class Deleted:
    """What was deleted (apply.undo.OUTCOME_COLUMNS), and what was not and why. `asked`: the object of everything that was to go, before
    anything went; `kept`: of what stays since something needs it, or since too much of an object is gone."""

    table: pd.DataFrame
    problems: Sequence[Problem]
    asked: Sequence[str] = ()
    kept: Sequence[str] = ()


WHOLE_ROW = "*"
"""Stands for every part of a removed row, where a removed occurrence names its own."""
SHARED = "in a note with others"
"""The target of a removed row whose note tells of rows that are still there: nothing is deleted for it."""


def removed_rows(
    ws: Workspace,
    second: Workspace,
    ledger: LedgerPort,
    aliases: Mapping[tuple[str, str], str],
    planned: Iterable[Operation],
) -> pd.DataFrame:
    """What was in an earlier export and is not in the later one: object, source_id, target, part, share (of the object, 0-1).

    An object that the later export has no table of is not looked at. Rows whose record another row stands for
    (`aliases`, steps.later) are not gone. Of a row that is still there, what the later plan (`planned`) does not make any
    more is gone: appointments of a series that ends earlier or whose times moved, the note that stood for a second open
    deal, the contact that stood in for a missing one; their share is 0. A row that shares a note with rows
    which are still there is `SHARED`.
    """
    rows: list[tuple[str, str, str, str, float]] = []
    beside = [(op.op_id, op.object, rows_in(op)) for op in planned if op.target in _BESIDE]
    left = _left_over(ledger, {op_id for op_id, *_ in beside})
    shared = {(object_, one) for _, object_, held in beside if len(held) > 1 for one in held}
    for object_ in RECORD_OF:
        later = second.table(object_)
        if later.empty:
            continue
        there = {*later["source_id"].astype(str), *_collapsed(second, object_)}
        there |= {one for (named, _), one in aliases.items() if named == object_}
        before = {*_ids(ws, object_), *_brought(ledger, object_)}
        gone = sorted(before - there)
        targets = ((item, SHARED if (object_, item) in shared else WHOLE_ROW) for item in gone)
        rows += [(object_, item, target, WHOLE_ROW, len(gone) / len(before)) for item, target in targets]
        rows += [(object_, *item, 0.0) for item in left.get(object_, ()) if item[0] in there]
    return pd.DataFrame(rows, columns=["object", "source_id", "target", "part", "share"])


def _left_over(ledger: LedgerPort, made: Set[str]) -> dict[str, list[tuple[str, str, str]]]:
    """By object: (source id, target, part) of records that this migration made beside, or as part of, a row's own and that
    are not planned (`made`: op ids) any more."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    names = ["op_id", "object", "source_id", "target", "part", "kind"]
    for target in _BESIDE:
        for op_id, object_, source_id, kind_of, part, kind in ledger.columns(names, state=State.DONE, target=target):
            own = target is Target.CONTACT and object_ == "contacts"
            if kind == Kind.CREATE and not own and op_id not in made and not part.startswith(DELTA_PART):
                found.setdefault(object_, []).append((source_id, str(kind_of), part))
    return {object_: sorted(items) for object_, items in found.items()}


_BESIDE = (Target.APPOINTMENT, Target.NOTE, Target.CONTACT)


def missing_tables(ws: Workspace, second: Workspace) -> list[Problem]:
    """Objects that the first export had rows of and the later one has not at all."""
    return [
        Problem("no_table", f"the later export has no {object_}; those of the first stay as they are", Severity.WARNING,
                treatment="not compared")
        for object_ in RECORD_OF
        if len(_ids(ws, object_)) and second.table(object_).empty
    ]  # fmt: skip


def _ids(ws: Workspace, object_: str) -> set[str]:
    frame = known_rows(ws, object_)
    return set(frame["source_id"].astype(str)) if "source_id" in frame.columns else set()


def _collapsed(second: Workspace, object_: str) -> set[str]:
    path = second.staged / "dropped.parquet"
    if not path.exists():
        return set()
    frame = read_frame(path)
    return set(frame.loc[frame["object"] == object_, "kept_source_id"].astype(str))


def _brought(ledger: LedgerPort, object_: str) -> set[str]:
    """Rows that earlier deltas brought."""
    target = RECORD_OF[object_]
    return {
        entry.source_id
        for run in ledger.runs()
        if run.step == STEP
        for entry in ledger.iterate(run=run.run_id, target=target)
        if entry.object == object_ and entry.kind is Kind.CREATE and not entry.undone_by
    }


def _needed(ledger: LedgerPort, going: Sequence[Entry]) -> dict[str, str]:
    """Records that are to go and that a row which stays still hangs on, or stands for: record id → that row."""
    leaving = {entry.op_id for entry in going}
    ids = {entry.destination_id for entry in going if entry.kind is Kind.CREATE}
    found: dict[str, str] = {}
    links: dict[str, Entry] = {}
    for entry in ledger.iterate(state=State.DONE) if ids else ():
        if entry.op_id in leaving or entry.target in SCHEMA_TARGETS:
            continue
        if entry.target is Target.LINK:
            links[str(entry.payload.get("contactId"))] = entry
            continue
        where = entry.payload.get("$url") or {}
        refers = {entry.destination_id, str(entry.payload.get("contactId")), str(where.get("contactId"))}
        found |= {one: f"{entry.object} {entry.source_id}" for one in refers & ids}
    for contact, entry in links.items():
        business = str(entry.payload.get("businessId"))
        if business in ids and contact not in ids:
            found[business] = f"contact {entry.source_id}"
    return found


def _going(ledger: LedgerPort, few: pd.DataFrame) -> list[Entry]:
    """What this migration made of the rows."""
    wanted = set(few[["object", "source_id", "target", "part"]].itertuples(index=False, name=None))
    if not wanted:
        return []
    return [
        entry
        for entry in plan_undo(ledger).entries
        if not wanted.isdisjoint(
            (entry.object, entry.source_id, *which)
            for which in ((WHOLE_ROW, WHOLE_ROW), (str(entry.target), entry.part))
        )
        and entry.target not in SCHEMA_TARGETS
    ]


def leaving(ledger: LedgerPort, removed: pd.DataFrame) -> list[Entry]:
    """What is deleted of removed rows, unless people touched it."""
    going = _going(ledger, removed[removed["share"] <= MOST_GONE])
    needed = _needed(ledger, going)
    return [entry for entry in going if entry.destination_id not in needed]


def delete(session: Session, removed: pd.DataFrame) -> Deleted:
    """Delete what this migration made of the removed rows; what people touched since is kept and told."""
    ledger = session.ledger
    few = removed[removed["share"] <= MOST_GONE]
    problems = [
        Problem("removed_kept", f"{len(group)} {object_} are gone, more than half of them: nothing of it is deleted",
                Severity.CRITICAL, count=len(group), treatment="looks like an export of changes only, or a broken one")
        for object_, group in removed[removed["share"] > MOST_GONE].groupby("object")
    ]  # fmt: skip
    going = _going(ledger, few)
    needed = _needed(ledger, going)
    entries = [entry for entry in going if entry.destination_id not in needed]
    problems += [
        Problem("kept", f"{entry.target} {entry.source_id} ({entry.destination_id}) is kept: {needed[entry.destination_id]} still needs it",
                treatment="left as it is")
        for entry in going if entry.destination_id in needed and entry.kind is Kind.CREATE
    ]  # fmt: skip
    stay = [object_ for object_, target in zip(few["object"], few["target"], strict=True) if target == SHARED]
    if stay:
        text = f"{counted(len(stay), 'activity')} that the export no longer has {agree(len(stay), 'stands in a note with others and stays', 'stand in notes with others and stay')} there"
        problems.append(Problem("removed_kept", text, count=len(stay), treatment="take what is to go out of the note by hand"))  # fmt: skip
    too_many = list(removed.loc[removed["share"] > MOST_GONE, "object"])
    kept = [*too_many, *stay, *(entry.object for entry in going if entry.destination_id in needed)]
    asked = [*too_many, *stay, *(entry.object for entry in going)]
    if not entries:
        return Deleted(pd.DataFrame(columns=list(OUTCOME_COLUMNS)), problems, asked, kept)
    session.progress.start("deleting what the export no longer has", len(entries), "operations")
    done = session.do(lambda context: Undo(context).run(UndoPlan(tuple(entries))))
    session.ending.update(removed=len(few), kept=len(done.kept))
    problems += [
        Problem("kept", f"{row[0]} {row[2]} ({row[3]}) is kept: {row[4]}", treatment="left as it is")
        for row in done.kept
    ]
    problems += [
        Problem("not_deleted", f"{row[0]} {row[2]} ({row[3]}) could not be deleted: {row[6]}", Severity.CRITICAL, treatment="the next delta tries it again")
        for row in done.outcomes if row[5] == "failed"
    ]  # fmt: skip
    return Deleted(pd.DataFrame(done.outcomes, columns=list(OUTCOME_COLUMNS)), problems, asked, kept)
