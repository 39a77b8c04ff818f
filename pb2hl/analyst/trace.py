"""One record's way: the cells as exported, as staged, what was decided, what was sent, what HighLevel stores, with times."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from pb2hl.errors import ConfigError
from pb2hl.ledger import Entry, Ledger
from pb2hl.model import OBJECTS
from pb2hl.register import results
from pb2hl.results import StepResult
from pb2hl.sheets import read_sheet
from pb2hl.workspace import Workspace

COLUMNS = ("stage", "at", "where", "field", "value")
"""`stage` is exported, staged, decided, sent or stored; `at` the time (UTC) where one is known; `where` the file, sheet or operation."""
RAW = "raw."
_ORIGIN = ("source_file", "source_sheet", "source_row")


def trace(ws: Workspace, object_: str, source_id: str) -> pd.DataFrame:
    """Every cell of one record on its way from the export to HighLevel (`COLUMNS`), in that order.

    `object_` is a staged table's name, `source_id` the record's id in it. Raises ConfigError when there is no such record.
    """
    if object_ not in OBJECTS:
        raise ConfigError(f"there is no object {object_!r}", hint=f"one of: {', '.join(OBJECTS)}")
    table = ws.table(object_)
    wanted = str(source_id)
    found = table[table["source_id"].astype("str") == wanted] if len(table) else table
    if found.empty:
        raise ConfigError(
            f"{object_} has no record {wanted!r} among {len(table):,}",
            hint=f'its ids are in ws.table("{object_}")["source_id"]',
        )
    row = found.iloc[0].to_dict()
    rows = [*_staged(row), *_decided(ws, object_, wanted), *_sent(ws, object_, wanted), *_stored(ws, object_, wanted)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _staged(row: dict[Any, Any]) -> Iterator[tuple[str, str, str, str, str]]:
    """The cells as exported, then as typed."""
    where = ", ".join(text for text in (_text(row.get(name)) for name in _ORIGIN) if text)
    cells = [(str(name), _text(value)) for name, value in row.items() if str(name) not in _ORIGIN and _text(value)]
    yield from (("exported", "", where, name[len(RAW) :], text) for name, text in cells if name.startswith(RAW))
    yield from (("staged", "", where, name, text) for name, text in cells if not name.startswith(RAW))


def _decided(ws: Workspace, object_: str, source_id: str) -> Iterator[tuple[str, str, str, str, str]]:
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


def _sent(ws: Workspace, object_: str, source_id: str) -> Iterator[tuple[str, str, str, str, str]]:
    """What was sent for it, or why not, by operation."""
    if not ws.ledger_path.exists():
        return
    with Ledger.open(ws) as ledger:
        walk = ledger.columns(("op_id", "object", "source_id"))
        entries = ledger.entries([op_id for op_id, of, about in walk if of == object_ and about == source_id])
    for entry in sorted(entries.values(), key=lambda entry: entry.sequence):
        where = f"{entry.kind} {entry.target}" + (f" {entry.part}" if entry.part else "")
        yield "sent", entry.intended_at, where, "outcome", _outcome(entry)
        yield from (
            ("sent", entry.intended_at, where, str(name), _text(value)) for name, value in entry.payload.items()
        )


def _outcome(entry: Entry) -> str:
    as_id = f", in HighLevel {entry.destination_id}" if entry.destination_id else ""
    return f"{entry.state}{as_id}" + (f": {entry.error}" if entry.error else "")


def _stored(ws: Workspace, object_: str, source_id: str) -> Iterator[tuple[str, str, str, str, str]]:
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
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    if hasattr(value, "tolist") and not isinstance(value, str):
        value = value.tolist()
        return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list) else str(value)
    missing = value is None or value is pd.NA or value != value
    return "" if missing else str(value)
