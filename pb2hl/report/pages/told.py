"""What each step came to, in plain words: the first lines of its report, before any evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from pb2hl.results import StepResult
from pb2hl.values.counting import agree, counted

HIDDEN = ("rows_", "restaged", "dry_run", "audit_log_")
"""Counts that a page's tables tell better than a headline figure."""
LABELS = {
    "already": "Sent before", "held": "Waiting for another record", "total_done": "Done in all", "total_skipped": "Left as they were",
    "requests_used_today": "Requests used today", "wrong": "With a wrong value", "in_doubt": "Outcome unknown", "not_landed": "Not landed",
    "unbalanced_columns": "Columns with cells unaccounted", "values_equal": "Values equal", "values_normalised": "Values in HighLevel's writing",
    "not_as_planned": "Differing from the plan", "existed": "Already there", "extra": "Too many", "unlinked": "Links missing",
    "not_applicable": "Rules without data", "rule_broken": "Rules broken", "data_failed": "Rules failed", "passed": "Rules passed",
    "contact_rows_in_band": "Close calls, contacts", "company_rows_in_band": "Close calls, companies", "planned": "To take back",
}  # fmt: skip


def plain(result: StepResult) -> tuple[str, ...]:
    """Sentences that say what the step means for the client; none for a step without words of its own."""
    words = _WORDS.get(result.step)
    lines = words(result.counts, result.tables) if words else []
    return tuple(line for line in (*lines, _log_head(result.counts)) if line)


def _log_head(counts: Mapping[str, Any]) -> str:
    """The end of the audit log as a sentence to keep: whoever cuts the log cannot cut this page."""
    if not counts.get("audit_log_entries"):
        return ""
    entries, last = counts["audit_log_entries"], counts["audit_log_head"]
    return f"The audit log then held {counted(entries, 'entry')} and ended in {last}; pb2hl audit --verify-log checks that it still does."


def _total(frame: pd.DataFrame | None, column: str) -> int:
    return int(frame[column].sum()) if frame is not None and column in frame.columns else 0


def _inventory(counts: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[str]:
    moved = tables.get("will_not_move")
    lost = tables.get("relations")
    dangling = _total(lost, "dangling")
    return [
        f"{counted(len(moved), 'kind')} of data {agree(len(moved), 'has', 'have')} no equal place in HighLevel; each goes to a stated place instead." if moved is not None and len(moved) else "",
        f"{counted(dangling, 'reference')} {agree(dangling, 'leads', 'lead')} to records that the export does not hold; nothing is dropped for that." if dangling else "",
    ]  # fmt: skip


def _mapping(counts: Mapping[str, Any], _tables: Mapping[str, pd.DataFrame]) -> list[str]:
    without = counts.get("owners without a user", 0)
    return [
        f"{counted(counts.get('columns') or 0, 'column')} of the export: {counts.get('to standard fields', 0):,} {agree(counts.get('to standard fields', 0), 'goes', 'go')} to HighLevel's own fields, "
        f"{counts.get('custom fields', 0):,} {agree(counts.get('custom fields', 0), 'becomes a custom field', 'become custom fields')}, {counts.get('ignored', 0):,} left out by decision.",
        f"{counted(without, 'owner')} {agree(without, 'has', 'have')} no user in HighLevel; the owners page says where their records go." if without else "Every owner has a user.",
    ]  # fmt: skip


def _schema(counts: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[str]:
    diff, flows = tables.get("diff"), tables.get("workflows")
    states = (
        diff["state"].astype("str").value_counts().to_dict() if diff is not None and "state" in diff.columns else {}
    )
    return [
        "Planned: " + ", ".join(f"{n} {state}" for state, n in states.items()) + ". Nothing that exists is altered." if states else "",
        f"{counted(len(flows), 'published workflow')} could message people when records are created: pause before the load." if flows is not None and len(flows) else "",
    ]  # fmt: skip


def _load(counts: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[str]:
    outcomes = tables.get("outcomes")
    made = _total(outcomes[outcomes["state"] == "done"], "count") if outcomes is not None and len(outcomes) else 0
    bad = sum(int(counts.get(name, 0)) for name in ("refused", "held", "in_doubt"))
    return [
        f"{made:,} writes to HighLevel have succeeded so far, the sample's among them; sending this again would send nothing twice.",
        f"{counted(bad, 'write')} did not succeed: each is listed with HighLevel's answer." if bad else "HighLevel refused nothing.",
    ]  # fmt: skip


def _delta(_counts: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[str]:
    sizes = {name: len(tables.get(name, ())) for name in ("new", "updates", "conflicts", "removed")}
    if not sum(sizes.values()):
        return ["What people changed in HighLevel since the load is never overwritten unseen."]
    return [
        f"{counted(sizes['new'], 'new record')}, {counted(sizes['updates'], 'changed value')}, {counted(sizes['removed'], 'record')} gone from the source.",
        f"{counted(sizes['conflicts'], 'value')} changed on both sides: HighLevel's is kept until somebody decides." if sizes["conflicts"] else "No change clashes with work done in HighLevel.",
    ]  # fmt: skip


def _audit(counts: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[str]:
    account = tables.get("accounting")
    cells = _total(account, "cells")
    off = counts.get("unbalanced_columns", 0)
    return [
        f"Every record was read back from HighLevel and compared with what was sent: {counts.get('values_equal', 0):,} values are the same, "
        f"{counts.get('values_normalised', 0):,} are the same in HighLevel's own writing.",
        f"All {cells:,} filled cells of the export are accounted for." if cells and not off else f"{counted(off, 'column')} of the export {agree(off, 'has', 'have')} cells that are not accounted for." if off else "",
        f"{counted(counts['not_landed'], 'operation')} {agree(counts['not_landed'], 'was', 'were')} not sent or did not land; each is listed with its reason." if counts.get("not_landed") else "",
    ]  # fmt: skip


def _rollback(counts: Mapping[str, Any], _tables: Mapping[str, pd.DataFrame]) -> list[str]:
    if counts.get("dry_run"):
        return ["This is a rehearsal: nothing was sent to HighLevel."]
    kept = counts.get("kept", 0)
    return [
        "Created records were deleted and changed ones restored, the last one first.",
        f"{counted(kept, 'record')} stayed, because people have worked on them since." if kept else "Nothing of the migration was left behind." if not counts.get("failed") else "",
    ]  # fmt: skip


_WORDS: dict[str, Callable[[Mapping[str, Any], Mapping[str, pd.DataFrame]], list[str]]] = {
    "inventory": _inventory, "mapping": _mapping, "schema": _schema, "load": _load, "delta": _delta, "audit": _audit, "rollback": _rollback,
}  # fmt: skip
