"""Write tables (name → list of rows as dicts) in the containers that EXPORT.md lists, so that one export can be read many ways."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

Rows = Sequence[Mapping[str, Any]]
Tables = Mapping[str, Rows]


def headings(rows: Rows) -> list[str]:
    """The headings of all rows, in the order in which they come up."""
    return list(dict.fromkeys(name for row in rows for name in row))


def delimited(rows: Rows, delimiter: str = ",") -> str:
    """The rows as CSV text with CRLF line ends."""
    out = io.StringIO()
    writer = csv.DictWriter(out, headings(rows), restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def csv_folder(
    folder: Path, tables: Tables, *, delimiter: str = ",", encoding: str = "utf-8", suffix: str = ".csv"
) -> Path:
    """One delimited file a table."""
    folder.mkdir(parents=True)
    for name, rows in tables.items():
        (folder / f"{name}{suffix}").write_bytes(delimited(rows, delimiter).encode(encoding))
    return folder


def workbook(path: Path, tables: Tables, *, titles: bool = False, totals: bool = False) -> Path:
    """One workbook, one sheet a table; `titles` puts a title and a blank row above, `totals` a totals row below."""
    book = Workbook()
    book.remove(book.active)
    for name, rows in tables.items():
        page = book.create_sheet(name)
        names = headings(rows)
        if titles:
            page.append([f"Perfect Books: {name}"])
            page.append([])
        page.append(names)
        for row in rows:
            page.append([row.get(heading) for heading in names])
        if totals:
            page.append(["Total", len(rows)])
    book.save(path)
    return path


def json_lines(folder: Path, tables: Tables) -> Path:
    """One JSON Lines file a table."""
    folder.mkdir(parents=True)
    for name, rows in tables.items():
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return folder


def database(path: Path, tables: Tables) -> Path:
    """A SQLite database, one table a table, every column of the type of its values."""
    with sqlite3.connect(path) as db:
        for name, rows in tables.items():
            names = headings(rows)
            quoted = ", ".join('"' + heading.replace('"', '""') + '"' for heading in names)
            db.execute(f'create table "{name}" ({quoted})')
            marks = ", ".join("?" for _ in names)
            db.executemany(f'insert into "{name}" values ({marks})', [[row.get(h) for h in names] for row in rows])
    return path
