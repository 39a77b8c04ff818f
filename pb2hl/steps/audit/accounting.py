"""Zero-loss accounting: what the plan meant for every cell that was read, corrected by what HighLevel did with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from pb2hl.diff import Class, flatten_payload
from pb2hl.diff.flatten import CUSTOM
from pb2hl.diff.overlay import DELTA_PART
from pb2hl.diff.owner_sync import WHY
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import BESIDE, Kind, Target
from pb2hl.plan.cells.lineage import BLANK, SUMMARY_COLUMNS, Fates, bucket_of_line, columns_of, source_ids
from pb2hl.plan.fields.findings import Bucket
from pb2hl.sheets import table_rows
from pb2hl.steps.audit.cells_beside import archive_beside
from pb2hl.steps.audit.compare import Comparison
from pb2hl.steps.balance.pieces import planned_rows, shared_rows
from pb2hl.steps.delta.later_export import aliases_of
from pb2hl.steps.shared.outcomes import RECORD_OF, records_of
from pb2hl.steps.shared.readback import field_names
from pb2hl.whole import read_frame
from pb2hl.workspace import Workspace

NOT_THERE = (State.REFUSED, State.PLANNED, State.IN_DOUBT, State.INTENDED, State.UNDONE)
UNBALANCED_COLUMNS = ("object", "column", "filled", "accounted")
ROW_COLUMNS = ("object", "bucket", "where", "rows")
NOWHERE = "not accounted for"
ROWS = "(rows)"
"""What stands for a column where whole rows do not balance."""

Key = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Accounting:
    """`cells` (plan.lineage.SUMMARY_COLUMNS), `rows` (ROW_COLUMNS), and `off`: what does not balance (UNBALANCED_COLUMNS)."""

    cells: pd.DataFrame
    rows: pd.DataFrame
    off: pd.DataFrame


class _Planned(NamedTuple):
    """What the plan said of one object's cells."""

    rules: pd.DataFrame
    exceptions: pd.DataFrame
    merged: pd.DataFrame


def accounting(ws: Workspace, ledger: LedgerPort, found: Comparison) -> Accounting:
    """Every cell and every row of the export of `ws` in exactly one bucket; `found` is what the audit saw in the location."""
    names = ("lineage_summary", "lineage_rules", "lineage_exceptions", "lineage_balance", "lineage_merged")
    if not all((ws.plan / f"{name}.parquet").exists() for name in names):
        return Accounting(*(pd.DataFrame(columns=list(c)) for c in (SUMMARY_COLUMNS, ROW_COLUMNS, UNBALANCED_COLUMNS)))
    summary, rules, exceptions, balance, merged = (read_frame(ws.plan / f"{name}.parquet") for name in names)
    archive_beside(ws, rules, exceptions)
    aliases, sharing, planned = aliases_of(ws), shared_rows(ws), planned_rows(ws)
    cells: Counter[Key] = Counter()
    for row in table_rows(summary):
        cells[row.object, row.heading, row.column, row.bucket, row.where] += int(row.cells)
    known = read_frame(ws.staged / "columns.parquet") if (ws.staged / "columns.parquet").exists() else pd.DataFrame()
    rows: Counter[tuple[str, str, str]] = Counter()
    for object_ in RECORD_OF:
        frame = ws.table(object_)
        mine = _Planned(*(table[table["object"] == object_] for table in (rules, exceptions, merged)))
        if frame.empty or (mine.rules["bucket"] == Bucket.REPORTED).all():
            continue
        stands = aliases.get(object_, {})
        sent = ledger.source_ids(object_)
        lost = _lost(ledger, object_, found, mine.merged, planned.get(object_, set()) - sent)
        lost |= {item: lost[one] for item, one in stands.items() if one in lost}
        within = sharing.get(object_, {})
        lost = {item: why for item, why in lost.items() if item not in within} | {
            item: lost[one] for item, one in within.items() if one in lost
        }
        ids = source_ids(frame)
        for column, *moved, count in _moves(columns_of(known, object_, frame), ids, lost, mine):
            for sign, (bucket, where) in zip((-1, 1), moved, strict=True):
                cells[object_, column.heading, column.name, bucket, where] += sign * count
        fates = _rows(sent | stands.keys() | within.keys(), ids, lost, mine)
        rows.update({(object_, *fate): count for fate, count in fates.items()})
    rows.update(_dropped_rows(ws))
    _judge(cells, rules, [*_fates(found), *_not_brought(ledger)])
    table = pd.DataFrame([(*key, n) for key, n in cells.items() if n], columns=list(SUMMARY_COLUMNS))
    row_table = pd.DataFrame([(*key, n) for key, n in sorted(rows.items()) if n], columns=list(ROW_COLUMNS))
    return Accounting(table, row_table, _unbalanced(balance, table, row_table))


def _lost(
    ledger: LedgerPort, object_: str, found: Comparison, merged: pd.DataFrame, unsent: Collection[str]
) -> dict[str, tuple[Bucket, str]]:
    """Source id → (bucket, why) of rows whose record is not in the location, `unsent` ones that no command sent included; rows merged
    into it share its fate."""
    lost: dict[str, tuple[Bucket, str]] = dict.fromkeys(unsent, (Bucket.WAITS, "no command has sent it"))
    for target in records_of(object_):
        for entry in ledger.iterate(state=NOT_THERE, target=target):
            if entry.object == object_ and entry.part != BESIDE and not entry.part.startswith(DELTA_PART):
                lost[entry.source_id] = _why(entry)
    if object_ == "deals":
        lost |= _lost_notes(ledger)
    for source_id in found.gone.get(object_, ()):
        lost[source_id] = (Bucket.REFUSED, "not in the location any more")
    for row in table_rows(merged):
        if row.survivor in lost:
            lost[row.source_id] = lost[row.survivor]
    return lost


def _lost_notes(ledger: LedgerPort) -> dict[str, tuple[Bucket, str]]:
    """Deals that are a note on their contact, and whose note is not there (any more)."""
    alone = ledger.columns(["object", "source_id"], state=State.SKIPPED, target=Target.OPPORTUNITY)
    linked_deals = {source_id for object_, source_id in alone if object_ == "deals"}
    return {
        entry.source_id: _why(entry)
        for entry in ledger.iterate(state=NOT_THERE, target=Target.NOTE)
        if entry.object == "deals" and entry.source_id in linked_deals
    }


def _why(entry: Entry) -> tuple[Bucket, str]:
    if entry.state is State.UNDONE:
        return Bucket.SKIPPED, "rolled back"
    return Bucket.REFUSED, f"{entry.state}: {entry.error}"[:200]


def _moves(
    columns: Iterable[Any], ids: pd.Series, lost: Mapping[str, tuple[Bucket, str]], planned: _Planned
) -> Iterator[tuple[Any, tuple[str, str], tuple[str, str], int]]:
    """(column, where the plan put cells, where they ended, how many) of the rows `ids` that did not land."""
    if not lost:
        return
    fates = Fates(planned.exceptions, planned.merged)
    ids = ids[ids.isin(lost)]
    groups = [(fate, ids[[lost[item] == fate for item in ids]]) for fate in dict.fromkeys(lost.values())]
    rule_of = {row.heading: (row.bucket, row.where) for row in table_rows(planned.rules)}
    for column in columns:
        for fate, group in groups:
            for (bucket, where), count in fates.count(column, rule_of[column.heading], group).items():
                if bucket not in (Bucket.SKIPPED, Bucket.REFUSED) and where != BLANK:
                    yield column, (bucket, where), (str(fate[0]), fate[1]), count


def _rows(
    known: Collection[str], ids: pd.Series, lost: Mapping[str, tuple[Bucket, str]], planned: _Planned
) -> Counter[tuple[str, str]]:
    """Rows by (bucket, where). A row that no operation, merge or decision speaks of is accounted for nowhere."""
    into = set(planned.merged["source_id"])
    whole = planned.exceptions[planned.exceptions["column"] == "*"]
    apart = {row.source_id: (row.bucket, row.where) for row in table_rows(whole)}
    counts: Counter[tuple[str, str]] = Counter()
    for fates in (
        {item: (str(bucket), why) for item, (bucket, why) in lost.items()},
        dict.fromkeys(into, (str(Bucket.MERGED), "the surviving record")),
        apart,
        dict.fromkeys(known, (str(Bucket.LANDED), "the location")),
    ):
        here = ids.isin(fates)
        counts.update(tuple(fate) for fate in ids[here].map(fates))
        ids = ids[~here]
    counts[NOWHERE, ""] += len(ids)
    return counts


def _dropped_rows(ws: Workspace) -> Counter[tuple[str, str, str]]:
    """Rows that are in no staged table: another row stands for them, or they are no records."""
    path = ws.staged / "dropped.parquet"
    frame = read_frame(path) if path.exists() else pd.DataFrame()
    if frame.empty:
        return Counter()
    kept, reasons = frame["kept_source_id"].fillna(""), frame["reason"]
    buckets = map(bucket_of_line, kept, reasons)
    return Counter(zip(frame["object"], buckets, reasons, strict=True))


def _judge(cells: Counter[Key], rules: pd.DataFrame, fates: Iterable[tuple[str, str, Bucket, str, int]]) -> None:
    """What the location holds otherwise than sent is kept by decision, normalised or refused: the audit overrules the plan."""
    by_field: dict[tuple[str, str], tuple[str, str, str, str]] = {}
    for row in table_rows(rules):
        label = str(row.where).removeprefix("custom field ")
        by_field.setdefault((row.object, label), (row.heading, row.column, row.bucket, row.where))
    for object_, label, bucket, where, count in fates:
        if (object_, label) in by_field:
            heading, column, planned, place = by_field[object_, label]
            key = (object_, heading, column, planned, place)
            moving = min(count, cells[key])
            cells[key] -= moving
            cells[object_, heading, column, str(bucket), where or place] += moving


def _fates(found: Comparison) -> Iterator[tuple[str, str, Bucket, str, int]]:
    """(object, field, bucket, where, values) of what is not simply equal; where it was planned to be, when not told."""
    kept: Counter[tuple[str, str]] = Counter()
    for (object_, label, who), count in found.kept.items():
        kept[object_, label] += count
        yield (
            object_,
            label,
            Bucket.SKIPPED,
            f"HighLevel's value is kept: sheets/conflicts.csv, by {who or 'nobody named'}",
            count,
        )
    for (object_, label, kind), count in found.fields.items():
        if kind == Class.NORMALISED:
            yield object_, label, Bucket.NORMALISED, "", count - kept[object_, label]
        elif kind == Class.SYNCED:
            yield object_, label, Bucket.REFUSED, WHY, count
        elif kind in (Class.CHANGED, Class.MISSING):
            words = "no" if kind == Class.MISSING else "another"
            yield object_, label, Bucket.REFUSED, f"HighLevel holds {words} value", count


def _not_brought(ledger: LedgerPort) -> Iterator[tuple[str, str, Bucket, str, int]]:
    """The same for values that the last delta about them could not write: the location still holds the earlier ones."""
    names, last = field_names(ledger), {}
    for entry in ledger.iterate(part=DELTA_PART):
        if entry.kind is Kind.UPDATE:
            for name, value in flatten_payload(entry.payload).items():
                last[entry.destination_id or entry.existing_id, name] = (entry, value)
    for (_, name), (entry, value) in last.items():
        if entry.state in NOT_THERE and entry.state is not State.UNDONE and value is not None:
            label = names.get(name.removeprefix(CUSTOM), name) if name.startswith(CUSTOM) else name
            yield entry.object, label, Bucket.REFUSED, f"the change is {entry.state}: {entry.error}"[:200], 1


def _unbalanced(balance: pd.DataFrame, cells: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    sums = dict(cells.groupby(["object", "heading"])["cells"].sum()) if len(cells) else {}
    off = [
        (row.object, row.heading, int(row.filled), int(sums.get((row.object, row.heading), 0)))
        for row in table_rows(balance)
        if int(row.filled) != int(sums.get((row.object, row.heading), 0))
    ]
    lost = cells[cells["bucket"] == str(Bucket.LOST)] if len(cells) else cells
    off += [(row.object, row.heading, int(row.cells), 0) for row in table_rows(lost)]
    nowhere = rows[rows["bucket"] == NOWHERE]
    off += [(row.object, ROWS, int(row.rows), 0) for row in table_rows(nowhere)]
    return pd.DataFrame(off, columns=list(UNBALANCED_COLUMNS))
