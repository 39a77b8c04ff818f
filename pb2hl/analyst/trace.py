"""One record's way: its fate and why, the cells as exported, as staged, what was decided, what was sent, what HighLevel stores, with times."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

import pandas as pd

from pb2hl.analyst.lines import Lines
from pb2hl.errors import ConfigError
from pb2hl.ledger import Entry, Ledger, LedgerPort
from pb2hl.model import OBJECTS
from pb2hl.register import AUDIT, results
from pb2hl.results import StepResult
from pb2hl.sheets import read_sheet
from pb2hl.steps.balance.merged_rows import of_record
from pb2hl.steps.balance.pieces import MERGED, RECORDS, Fate, shared_notes
from pb2hl.whole import read_frame
from pb2hl.workspace import Workspace

COLUMNS = ("stage", "at", "where", "field", "value")
"""`stage` is fate, exported, staged, decided, sent or stored; `at` the time (UTC) where one is known; `where` the file, sheet or operation."""
RAW = "raw."
_ORIGIN = ("source_file", "source_sheet", "source_row")
_OWN = (*_ORIGIN, "row_hash")
"""Columns of a staged table that are no cells of the export."""
MOST_NAMED = 5

Line: TypeAlias = tuple[str, str, str, str, str]


def trace(ws: Workspace, object_: str, source_id: str = "", *, row: int = 0, file: str = "") -> pd.DataFrame:
    """Every cell of one record on its way from the export to HighLevel (`COLUMNS`); first of all its fate, with the reason.

    `object_` is a staged table's name. The record is named by its `source_id`, or by the `row` of the export's file as a spreadsheet
    counts it (from 1, the heading included); `file` says which file where several have that row. Rows that were left out on reading
    are found as well. Raises ConfigError when there is no such record, or several.
    """
    if object_ not in OBJECTS:
        raise ConfigError(f"there is no object {object_!r}", hint=f"one of: {', '.join(OBJECTS)}")
    if bool(str(source_id)) == bool(row):
        raise ConfigError("a record is traced by its id or by its row", hint=f'trace("{object_}", "1042") or trace("{object_}", row=1042)')  # fmt: skip
    table = ws.table(object_)
    if row:
        dropped = _dropped(ws, object_, row, file)
        here = _at_row(table, object_, row, file, len(dropped))
        if here is None:
            return Lines(_left_out(dropped[0]), columns=list(COLUMNS))
        source_id = str(here["source_id"])
    else:
        here = _by_id(table, object_, str(source_id))
    wanted = str(source_id)
    rows = [*_fate(ws, object_, wanted), *_staged(here), *_decided(ws, object_, wanted), *_sent(ws, object_, wanted), *_stored(ws, object_, wanted)]  # fmt: skip
    return Lines(rows, columns=list(COLUMNS))


def _by_id(table: pd.DataFrame, object_: str, wanted: str) -> dict[Any, Any]:
    found = table[table["source_id"].astype("str") == wanted] if len(table) else table
    if found.empty:
        raise ConfigError(
            f"{object_} has no record {wanted!r} among {len(table):,}",
            hint=f'its ids are in ws.table("{object_}")["source_id"]; a row of the file: ws.trace("{object_}", row=…)',
        )
    return dict(found.iloc[0])


def _at_row(table: pd.DataFrame, object_: str, row: int, file: str, dropped: int) -> dict[Any, Any] | None:
    """The staged record of that row; None where it is a row left out on reading. Raises ConfigError for none and for several."""
    found = table[table["source_row"].eq(row)] if len(table) else table
    found = found[found["source_file"].astype("str").eq(file)] if file else found
    if len(found) + dropped == 1:
        return dict(found.iloc[0]) if len(found) else None
    if not len(found) + dropped:
        of = f" of {file}" if file else ""
        called = len(table) and table["source_id"].astype("str").eq(str(row)).any()
        meant = f'; the record whose id is {row}: ws.trace("{object_}", "{row}")' if called else ""
        hint = f"rows are counted as a spreadsheet does, the heading is row 1{meant}"
        raise ConfigError(f"{object_} has no row {row}{of}", hint=hint)
    places = [", ".join(filter(None, map(_text, (line.get("source_file"), line.get("source_sheet"))))) for line in found.head(MOST_NAMED).to_dict("records")]  # fmt: skip
    same = f'ws.trace("{object_}", id) with one of: {", ".join(found["source_id"].astype("str").head(MOST_NAMED))}'
    hint = (
        same
        if len(set(places)) < len(places)
        else f'ws.trace("{object_}", row={row}, file={_text(found.iloc[0]["source_file"])!r})'
    )
    raise ConfigError(f"{len(found) + dropped} rows of {object_} are row {row}: in {'; '.join(places)}", hint=hint)


def _dropped(ws: Workspace, object_: str, row: int, file: str) -> list[dict[Any, Any]]:
    """Rows that reading left out, at that place."""
    path = ws.staged / "dropped.parquet"
    if not path.exists():
        return []
    every = read_frame(path)
    own = every[(every["object"] == object_) & (every["row"] == row)]
    return [line for line in own.to_dict("records") if not file or str(line["file"]) == file]


def _left_out(line: dict[Any, Any]) -> Iterator[Line]:
    """What there is of a row that never became a record: why, and its cells."""
    where = ", ".join(filter(None, (_text(line["file"]), _text(line["sheet"]), _text(line["row"]))))
    kept = _text(line["kept_source_id"])
    yield (
        "fate",
        "",
        where,
        "",
        f"left out on reading: {line['reason']}" + (f"; record {kept} was kept" if kept else ""),
    )
    cells = json.loads(line["cells"] or "{}")
    pairs = (
        cells.items() if isinstance(cells, dict) else ((f"column {at}", cell) for at, cell in enumerate(cells, start=1))
    )
    yield from (("exported", "", where, str(name), _text(cell)) for name, cell in pairs if _text(cell))


def _fate(ws: Workspace, object_: str, source_id: str) -> Iterator[Line]:
    """What became of the record and of what hangs on it, with the reason and who decided; what the audit did not find comes last."""
    if not Ledger.exists(ws) or not (ws.plan / "data").exists():
        yield "fate", "", "", "", "not planned yet: run the steps up to the schema"
        return
    with Ledger.open(ws) as ledger:
        pieces = of_record(ws, ledger, object_, source_id)
        sent = ledger.entries(_operations(ledger, object_, source_id)).values()
    answered = max(
        (entry.finished_at for entry in sent if not entry.part), default=""
    )  # owners and tags travel with it
    survivors = _survivors(ws, object_)
    if not len(pieces):
        yield "fate", "", "", "", f"{object_} become no records of their own"
    for line in pieces.to_dict("records"):
        why = str(line["why"] or "")
        why += f" {survivors[source_id]}" if why == MERGED and source_id in survivors else ""
        by = f", by {line['who']}" if line["who"] else ""
        what = "" if line["what"] == RECORDS else str(line["what"])
        when = answered if line["what"] != "links" and line["fate"] not in (Fate.HELD, Fate.LEFT_OUT) else ""
        yield "fate", when, "plan and ledger", what, str(line["fate"]) + (f": {why}" if why else "") + by
    audit = StepResult.load(ws.results(AUDIT.result()))
    found = audit.tables.get("open", pd.DataFrame()) if audit else pd.DataFrame()
    if audit and len(found):
        own = found[
            (found["object"] == object_)
            & (found["source_id"].astype("str") == source_id)
            & (found["fate"] == str(Fate.MISSING))
        ]
        yield from (("fate", audit.at, "audit", str(line["what"]), f"{line['fate']}: {line['why']}") for line in own.to_dict("records"))  # fmt: skip


def _operations(ledger: LedgerPort, object_: str, source_id: str) -> set[str]:
    """The ids of the operations of one row."""
    rows = ledger.columns(("op_id", "object", "source_id"))
    return {op_id for op_id, of, about in rows if (of, about) == (object_, source_id)}


def _survivors(ws: Workspace, object_: str) -> dict[str, str]:
    """Merged row → the record that it became part of."""
    path = ws.plan / "lineage_merged.parquet"
    if not path.exists():
        return {}
    merged = read_frame(path, columns=["object", "source_id", "survivor"])
    own = merged[merged["object"] == object_]
    return dict(zip(own["source_id"].astype("str"), own["survivor"].astype("str"), strict=True))


def _staged(row: dict[Any, Any]) -> Iterator[Line]:
    """The cells as exported, then as typed."""
    where = ", ".join(text for text in (_text(row.get(name)) for name in _ORIGIN) if text)
    cells = [(str(name), _text(value)) for name, value in row.items() if str(name) not in _OWN and _text(value)]
    yield from (("exported", "", where, name[len(RAW) :], text) for name, text in cells if name.startswith(RAW))
    yield from (("staged", "", where, name, text) for name, text in cells if not name.startswith(RAW))


def _decided(ws: Workspace, object_: str, source_id: str) -> Iterator[Line]:
    """What sheets decide about this very record."""
    for path in sorted(ws.sheets.glob("*.csv")):
        sheet = read_sheet(path, ())
        if not {"source_id", "decision"} <= set(sheet.columns):
            continue
        own = sheet[sheet["source_id"] == source_id]
        if "object" in sheet.columns:
            own = own[own["object"] == object_]
        elif OF_SHEET.get(path.stem, object_) != object_:
            continue
        for line in own.to_dict("records"):
            what = f"{line['decision'] or 'undecided'}" + (
                f", cluster {line['cluster']}" if line.get("cluster") else ""
            )
            who = f" by {line['who']}" if line.get("who") else ""
            yield "decided", str(line.get("when", "")), path.name, str(line.get("field", "")), what + who


OF_SHEET = {"duplicates": "contacts", "companies": "companies"}
"""Sheets without a column `object`, and the object whose records they are about."""


def _sent(ws: Workspace, object_: str, source_id: str) -> Iterator[Line]:
    """What was sent for it, or why not, by operation."""
    if not Ledger.exists(ws):
        return
    with Ledger.open(ws) as ledger:
        own = _operations(ledger, object_, source_id)
        own |= {op_id for op_id, of, _, about in shared_notes(ws) if of == object_ and source_id in about}
        entries = ledger.entries(own)
    for entry in sorted(entries.values(), key=lambda entry: entry.sequence):
        where = f"{entry.kind} {entry.target}" + (f" {entry.part}" if entry.part else "")
        yield "sent", entry.intended_at, where, "outcome", _outcome(entry)
        yield from (
            ("sent", entry.intended_at, where, str(name), _text(value)) for name, value in entry.payload.items()
        )


def _outcome(entry: Entry) -> str:
    as_id = f", in HighLevel {entry.destination_id}" if entry.destination_id else ""
    return f"{entry.state}{as_id}" + (f": {entry.error}" if entry.error else "")


def _stored(ws: Workspace, object_: str, source_id: str) -> Iterator[Line]:
    """What a step that read it back found, field by field."""
    for name in results():
        result = StepResult.load(ws.results(name))
        for table, frame in result.tables.items() if result else ():
            if not {"object", "source_id", "field", "stored"} <= set(frame.columns):
                continue
            own = frame[(frame["object"] == object_) & (frame["source_id"].astype("str") == source_id)]
            for line in own.to_dict("records"):
                verdict = f" ({line['class']})" if line.get("class") else ""
                yield (
                    "stored",
                    result.at if result else "",
                    f"{name}, {table}",
                    str(line["field"]),
                    _text(line["stored"]) + verdict,
                )


def _text(value: Any) -> str:
    if hasattr(value, "tolist") and not isinstance(value, str):
        value = value.tolist()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    missing = value is None or value is pd.NA or value != value
    return "" if missing else str(value)
