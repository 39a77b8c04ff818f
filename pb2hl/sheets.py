"""Review sheets: small CSV files that a person edits in Excel, JupyterLab, a widget or git.

Written so that Excel changes nothing by itself: UTF-8 with a byte-order mark, every cell quoted, and a cell that a
spreadsheet would run as a formula or rewrite as a number or date (`=1+1`, `007`, `03/04`) guarded by a leading
apostrophe. Read back whatever Excel made of it: `,` `;` or tab, with or without mark and guards.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol, cast

import pandas as pd

from pb2hl.errors import Problem, Severity, SheetError
from pb2hl.whole import write_text

_EXECUTED = re.compile(
    r"^[\s\u200b-\u200f\u2060\ufeff]*[=+\-@\t\r|%\uff1d\uff0b\uff0d\uff20\uff5c\uff05\ufe66\ufe62\ufe63\ufe6b\ufe6a\u207c\u207a\u207b\u208c\u208a\u208b\u2212]"
    r"|^#[A-Z0-9/!?]+$|^'"
)
"""How formulas, commands and error values begin, the signs also in full width, small and raised as some spreadsheets read them."""

_PLAIN_INTEGER = re.compile(r"0|[1-9]\d{0,10}")
_NO_LETTERS = re.compile(r"\W*\d[\W\d]*")
_MONTHS = "jan|feb|fév|fev|mar|mär|mrt|apr|avr|abr|may|mai|mag|maj|mei|jun|jui|giu|jul|lug|aug|aoû|ago|sep|set|oct|okt|out|ott|nov|dec|dez|déc|dic"
_CURRENCIES = "eur|usd|cad|aud|nzd|gbp|chf|sek|nok|dkk|pln|zł|kr|fr|kč|r"
_TRUTHS = "true|false|wahr|falsch|vrai|faux|verdadero|verdadeiro|falso|vero|waar|onwaar|sant|falskt|prawda|fałsz"
_REWRITTEN = re.compile(
    rf"\d[\d.,]*e[+-]?\d+|\d[\d:. ]*[ap]m?|(?=.*\d)(\d{{1,4}}[ ./-]*)?({_MONTHS})[^\W\d_]*[ ./-]*"
    rf"(,[ ,./-]*\d{{2,4}}|\d{{1,4}}([ ,./-]+\d{{2,4}})?)?"
    rf"|({_CURRENCIES})\W*\d[\W\d]*|\d[\W\d]*({_CURRENCIES})\.?|{_TRUTHS}",
    re.IGNORECASE,
)
"""Words that a spreadsheet takes for an exponent, a time, a date, an amount or a truth value and spells anew."""

_EXACT = 1e11
"""Numbers below this are shown in full by a spreadsheet."""


class TableRow(Protocol):
    """A row of a sheet or of a step's table, by the names of its columns: what counts is a number, all else is text."""

    accounted: int
    cells: int
    count: int
    filled: int
    no_answer: int
    not_converted: int
    records: int
    rows: int

    def __getattr__(self, column: str) -> str: ...


def table_rows(frame: pd.DataFrame) -> Iterator[TableRow]:
    """The rows of `frame` from the first to the last, without its index."""
    return cast("Iterator[TableRow]", frame.itertuples(index=False))


def guard(text: str) -> str:
    """`text` with a leading apostrophe if a spreadsheet of any language would run or rewrite it."""
    return f"'{text}" if _risky(text) else text


def _risky(text: str) -> bool:
    if not text or _PLAIN_INTEGER.fullmatch(text):
        return False
    if _EXECUTED.match(text):
        return True
    plain = text.strip()
    return " | " not in plain and bool(_NO_LETTERS.fullmatch(plain) or _REWRITTEN.fullmatch(plain))


def unguard(text: str) -> str:
    """`text` without the apostrophe that `guard` put before it."""
    return text[1:] if text.startswith("'") else text


def to_csv(frame: pd.DataFrame) -> str:
    """`frame` (all cells as text; missing as empty) as guarded CSV text."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([guard(str(column)) for column in frame.columns])
    writer.writerows(zip(*(_cells(frame.iloc[:, at]) for at in range(frame.shape[1])), strict=True))
    return out.getvalue()


def _cells(column: pd.Series) -> list[str]:
    """The cells of a column; what repeats, as file names and verdicts do by the hundred thousand, is looked at once."""
    known: dict[str, str] = {}
    found = []
    for value in column.tolist():
        text = known.get(value) if isinstance(value, str) else _cell(value)
        if text is None:
            text = known[value] = _cell(value)
        found.append(text)
    return found


def _cell(value: object) -> str:
    if value is None or value is pd.NA or value != value:
        return ""
    if isinstance(value, int | float) and abs(value) < _EXACT:
        return str(value)  # a number stays one, so that a column with -300 can be summed
    return guard(str(value))


def write_sheet(path: Path, frame: pd.DataFrame) -> None:
    """Write `frame` as a review sheet, whole or not at all."""
    write_text(path, to_csv(frame), encoding="utf-8-sig", newline="")


_INTERNATIONAL = re.compile(r"\+\d{6,15}(, \+\d{6,15})*")


def write_upload(path: Path, frame: pd.DataFrame) -> int:
    """Write `frame` (all cells text) for a program that takes cells as they are, whole or not at all.

    Only what a spreadsheet would run is guarded, since the program keeps the apostrophe: gives how many cells that were. Phone
    numbers in international form run nothing.
    """
    cells = [
        [text if _INTERNATIONAL.fullmatch(text) or not _EXECUTED.match(text) else f"'{text}" for text in row]
        for row in frame.to_numpy(str)
    ]
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(frame.columns)
    writer.writerows(cells)
    write_text(path, out.getvalue(), encoding="utf-8-sig", newline="")
    return sum(
        after != before
        for row, as_was in zip(cells, frame.to_numpy(str), strict=True)
        for after, before in zip(row, as_was, strict=True)
    )


def read_sheet(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """The sheet at `path` as a frame of text with at least `columns` (missing cells are ""); blank rows are left out.

    Raises SheetError, naming every missing and every repeated column at once, or when the file is not a table.
    """
    if not path.exists():
        raise SheetError(f"{path.name} is missing", hint="run the step that writes it, then review it")
    rows = _rows(path)
    if not rows:
        raise SheetError(f"{path.name} is empty", hint="delete it and run the step that writes it again")
    header = [unguard(cell.strip()) for cell in rows[0]]
    problems = [(name, f"column {name} is missing") for name in columns if name not in header]
    problems += [(name, f"column {name} is there twice") for name in columns if header.count(name) > 1]
    if problems:
        raise SheetError(
            f"{path.name} lost its columns",
            hint="put the columns back, or delete the sheet and run its step again",
            problems=[
                Problem("sheet_column", message, Severity.CRITICAL, file=path.name, field=name)
                for name, message in problems
            ],
        )
    kept = [at for at, name in enumerate(header) if name and header.index(name) == at]
    width = len(header)
    body = [[unguard((row + [""] * width)[at]) for at in kept] for row in rows[1:]]
    return pd.DataFrame(body, columns=[header[at] for at in kept], dtype="str")


def _rows(path: Path) -> list[list[str]]:
    """The filled rows of the file, however a spreadsheet saved it."""
    text = _decoded(path.read_bytes())
    first = text.split("\n", 1)[0]
    if first.lower().startswith("sep="):
        text = text.partition("\n")[2]
        first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        found = [row for row in _parsed(text, delimiter) if any(cell.strip() for cell in row)]
        if found and _in_one_cell(found):
            found = [next(_parsed(row[0], ","), []) for row in found]
    except csv.Error as error:
        raise SheetError(
            f"{path.name} is no table: {error}",
            hint="save it as CSV, or delete it and run the step that writes it again",
        ) from error
    return found


def _parsed(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _in_one_cell(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a spreadsheet whose list separator is `;` opened commas as one column, and saved it so."""
    return "," in rows[0][0] and all(not cell.strip() for row in rows for cell in row[1:])


def _decoded(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")  # five bytes mean nothing in Windows-1252
