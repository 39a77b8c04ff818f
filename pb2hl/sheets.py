"""Review sheets: small CSV files that a person edits in Excel, JupyterLab, a widget or git.

Written so that Excel changes nothing by itself: UTF-8 with a byte-order mark, every cell quoted, and a cell that a
spreadsheet would run as a formula or rewrite as a number or date (`=1+1`, `007`, `03/04`) guarded by a leading
apostrophe. Read back whatever Excel made of it: `,` `;` or tab, with or without mark and guards.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pb2hl.errors import Problem, Severity, SheetError

_RISKY = re.compile(r"^\s*[=+\-@\t\r|%]|^0\d+$|^\d{12,}$|^\d+[-/.:]\d+([-/.:]\d+)?$|^\d+[eE]\d+$|^'")
"""Cells that a spreadsheet would execute or rewrite: formulas, leading zeros, long digits, dates, exponents."""


_EXACT = 1e11
"""Numbers below this are shown in full by a spreadsheet."""


def guard(text: str) -> str:
    """`text` with a leading apostrophe if a spreadsheet would run or rewrite it."""
    return f"'{text}" if _RISKY.match(text) else text


def unguard(text: str) -> str:
    """`text` without the apostrophe that `guard` put before it."""
    return text[1:] if text.startswith("'") else text


def to_csv(frame: pd.DataFrame) -> str:
    """`frame` (all cells as text; missing as empty) as guarded CSV text."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([guard(str(column)) for column in frame.columns])
    for row in frame.itertuples(index=False, name=None):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: object) -> str:
    if value is None or value is pd.NA or value != value:
        return ""
    if isinstance(value, int | float) and abs(value) < _EXACT:
        return str(value)  # a number stays one, so that a column with -300 can be summed
    return guard(str(value))


def write_sheet(path: Path, frame: pd.DataFrame) -> None:
    """Write `frame` as a review sheet, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(path.suffix + ".tmp")
    temporary.write_text(to_csv(frame), encoding="utf-8-sig", newline="")
    temporary.replace(path)


def read_sheet(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """The sheet at `path` as a frame of text with at least `columns` (missing cells are "").

    Raises SheetError, naming every missing column at once, or when the file is not a table.
    """
    if not path.exists():
        raise SheetError(f"{path.name} is missing", hint="run the step that writes it, then review it")
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        if encoding == "utf-16" and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            continue
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    first = text.split("\n", 1)[0]
    if first.lower().startswith("sep="):
        text = text.split("\n", 1)[1]
        first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    rows = [
        row
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        if any(cell.strip() for cell in row)
    ]
    if not rows:
        raise SheetError(f"{path.name} is empty", hint="delete it and run the step that writes it again")
    header = [unguard(cell.strip()) for cell in rows[0]]
    missing = [column for column in columns if column not in header]
    if missing:
        raise SheetError(
            f"{path.name} lost its columns",
            hint="put the columns back, or delete the sheet and run its step again",
            problems=[
                Problem("sheet_column", f"column {name} is missing", Severity.CRITICAL, file=path.name)
                for name in missing
            ],
        )
    width = len(header)
    body = [[unguard(cell) for cell in (row + [""] * width)[:width]] for row in rows[1:]]
    return pd.DataFrame(body, columns=header, dtype="str")
