"""The child process that reads foreign formats: one request a line on its standard input, one answer a line on its output.

It can be killed, or die by itself, without taking anything along. Tables go back as Arrow files, never as pickles: nothing
that a hostile file makes of this process is run by its parent.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pb2hl.errors import ExportError, Problem, Severity
from pb2hl.limits import Limits
from pb2hl.source import embedded
from pb2hl.source.formats import read_tables
from pb2hl.source.tables import TEXT, Dropped, RawTable

_ABOUT = b"about"
_ROW = "row"


def main() -> None:
    """Answer requests until the input ends. What native code prints goes nowhere."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), file=answers, flush=True)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    name, out = request["name"], Path(request["out"])
    try:
        tables, problems = read_tables(
            Path(request["bytes"]).read_bytes(),
            name,
            Limits(**request["limits"]),
            partial(embedded.keep, Path(request["into"])),
            Path(request["bytes"]),
        )
        for number, table in enumerate(tables):
            write_table(out / f"{number}.arrow", table)
    except ExportError as error:
        return {"refused": error.message, "hint": error.hint}
    except (OSError, ValueError, MemoryError, RecursionError) as error:
        return {"failed": str(error)[:200] or type(error).__name__}
    return {"tables": len(tables), "problems": [records.as_dict() for records in problems]}


def write_table(path: Path, table: RawTable) -> None:
    """A raw table as an Arrow file: its columns by position, then the source row of each row; the rest as metadata."""
    about = {
        "file": table.file,
        "sheet": table.sheet,
        "headings": table.headings,
        "problems": [records.as_dict() for records in table.problems],
        "dropped": [asdict(row) for row in table.dropped],
    }
    columns = [pa.array(table.frame.iloc[:, index], pa.large_string()) for index in range(len(table.headings))]
    names = [str(index) for index in range(len(columns))]
    arrow = pa.table([*columns, pa.array(table.rows, pa.int64())], names=[*names, _ROW])
    arrow = arrow.replace_schema_metadata({_ABOUT: json.dumps(about)})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, arrow.schema) as writer:
        writer.write_table(arrow)


def read_table(path: Path) -> RawTable:
    """The raw table that `write_table` wrote."""
    import pandas as pd

    with pa.OSFile(str(path), "rb") as source:
        arrow = pa.ipc.open_file(source).read_all()
    about = json.loads(arrow.schema.metadata[_ABOUT])
    headings = list(about["headings"])
    frame = pd.DataFrame(
        {name: pd.Series(pd.array(arrow.column(index), dtype=TEXT)) for index, name in enumerate(headings)}
    )
    rows = np.array(arrow.column(_ROW).to_numpy(), dtype=np.int64)
    frame.columns = pd.Index(headings, dtype=object)
    dropped = tuple(Dropped(**{**row, "cells": tuple(row["cells"])}) for row in about["dropped"])
    return RawTable(about["file"], about["sheet"], headings, frame, rows, problems_of(about["problems"]), dropped)


def problems_of(records: list[dict[str, Any]]) -> tuple[Problem, ...]:
    """Problems as they were before they went through JSON."""
    return tuple(Problem(**{**item, "severity": Severity(item["severity"])}) for item in records)


if __name__ == "__main__":
    main()
