"""Exports of usual systems in their own shape, with the right answers: read by tests and by `benchmarks/mapping.py`.

A file of `tests/mapper/systems` is one system; `[file name]` opens a table, `= object` says what it is (several where
either is right, `unknown` where a person must say), and each line below is `heading | right fields | values …`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

_BETWEEN = re.compile(r" \|(?= )")
SYSTEMS = Path(__file__).parent / "systems"


@dataclass(frozen=True)
class SystemTable:
    """One exported table: what a raw table has (file, sheet, headings, frame), and the right answers."""

    system: str
    file: str
    objects: tuple[str, ...]
    headings: list[str]
    frame: pd.DataFrame
    fields: dict[str, tuple[str, ...]]
    sheet: str = ""


def tables(folder: Path = SYSTEMS) -> list[SystemTable]:
    """Every table of the corpus."""
    return [table for path in sorted(folder.glob("*.txt")) for table in _of_system(path)]


def _of_system(path: Path) -> list[SystemTable]:
    found: list[SystemTable] = []
    file, objects, rows = "", (), []
    for line in [*path.read_text(encoding="utf-8").splitlines(), "[]"]:
        if line.startswith("[") and line.endswith("]") and " | " not in line:
            if rows:
                found.append(_table(path.stem, file, objects, rows))
            file, objects, rows = line[1:-1], (), []
        elif line.startswith("= "):
            objects = tuple("" if word == "unknown" else word for word in line[2:].split())
        elif " | " in line and file:
            rows.append([cell.strip() for cell in _BETWEEN.split(f"{line} ")])
    return found


def _table(system: str, file: str, objects: tuple[str, ...], rows: list[list[str]]) -> SystemTable:
    height = max(len(row) for row in rows)
    columns = {row[0]: (row[2:] + [""] * height)[: height - 2] for row in rows}
    fields = {row[0]: tuple(row[1].split()) for row in rows if row[1] != "-"}
    frame = pd.DataFrame(columns, dtype="str")
    return SystemTable(system, file, objects, list(columns), frame, fields)
