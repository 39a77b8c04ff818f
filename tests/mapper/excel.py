"""What a spreadsheet does to a CSV file: open it in a language, keep it as a real workbook, save it as CSV again."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl

Rows = list[list[Any]]


@dataclass(frozen=True)
class Language:
    """How a spreadsheet of one language reads and writes cells."""

    decimal: str
    group: str
    separator: str
    order: tuple[str, ...]  # of dates, as strptime patterns
    true: str
    false: str
    shown: str  # how a date is written


ENGLISH = Language(
    ".",
    ",",
    ",",
    ("%m/%d/%Y", "%m/%d/%y", "%m/%d", "%Y-%m-%d", "%d-%b", "%b %d", "%b%d", "%d %b %Y"),
    "TRUE",
    "FALSE",
    "%m/%d/%Y",
)
GERMAN = Language(
    ",",
    ".",
    ";",
    ("%d.%m.%Y", "%d.%m", "%d/%m/%Y", "%m/%d", "%Y-%m-%d", "%d-%b", "%b %d", "%b%d"),
    "WAHR",
    "FALSCH",
    "%d.%m.%Y",
)


def opened(path: Path, language: Language) -> Rows:
    """The cells as the spreadsheet understands them when it opens the file: numbers, dates, truths and formulas are its own."""
    text = path.read_bytes().decode("utf-8-sig")
    return [[understood(cell, language) for cell in row] for row in csv.reader(io.StringIO(text, newline=""))]


def understood(text: str, language: Language) -> Any:
    """A cell's value: what looks like a number, date or truth in the language becomes one, a formula is run."""
    plain = text.strip()
    if re.match(r"[=+\-@]", plain) and not re.fullmatch(r"[+-]?[\d.,]+", plain):
        return "#NAME?"
    if plain.upper() in (language.true, language.false):
        return plain.upper() == language.true
    group, decimal = re.escape(language.group), re.escape(language.decimal)
    if re.fullmatch(
        rf"\(?[$€£]?[+-]?(\d+|\d{{1,3}}({group}\d{{3}})+)({decimal}\d*)?(e[+-]?\d+)?[%€]?\)?", plain, re.IGNORECASE
    ):
        number = re.sub(r"[^\d.e+-]", "", plain.casefold().replace(language.group, "").replace(language.decimal, "."))
        return float(number) / (100 if plain.endswith("%") else 1)
    for pattern in language.order:
        try:
            return (
                datetime.strptime(plain, pattern).replace(year=2026).date()
                if "%Y" not in pattern
                else datetime.strptime(plain, pattern).date()
            )
        except ValueError:
            continue
    return text


def as_workbook(rows: Rows, path: Path) -> Rows:
    """`rows` written to a real XLSX file and read back."""
    book = openpyxl.Workbook()
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row, 1):
            cell = book.active.cell(number, column)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"
    book.save(path)
    return [list(row) for row in openpyxl.load_workbook(path).active.iter_rows(values_only=True)]


def saved(rows: Rows, path: Path, language: Language, encoding: str = "utf-8-sig") -> None:
    """The rows as the spreadsheet's `Save as CSV` writes them: its separator, quotes only where needed, CRLF."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=language.separator, lineterminator="\r\n")
    writer.writerows([shown(value, language) for value in row] for row in rows)
    path.write_bytes(out.getvalue().encode(encoding, errors="replace"))


def shown(value: Any, language: Language) -> str:
    """A value as a cell without a format of its own shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return language.true if value else language.false
    if isinstance(value, datetime | date):
        return value.strftime(language.shown)
    if isinstance(value, int | float):
        return f"{value:.10g}".replace(".", language.decimal)
    return value


def round_trip(
    path: Path, language: Language, encoding: str = "utf-8-sig", change: Callable[[Rows], Rows] = lambda rows: rows
) -> None:
    """Open the sheet, let a person `change` its rows, and save it over itself."""
    saved(change(as_workbook(opened(path, language), path.with_suffix(".xlsx"))), path, language, encoding)
