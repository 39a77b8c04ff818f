"""Cells that hold JSON, PostgreSQL arrays or Python's way of writing lists → columns and tables, as the same in a JSON document."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pb2hl.limits import Limits
from pb2hl.source.dialects import reduced
from pb2hl.source.flatten import frame_of
from pb2hl.source.json_tables import loads
from pb2hl.source.nested import marks, unnest
from pb2hl.source.numbered import gather
from pb2hl.source.tables import RawTable, problem, unique_headings
from pb2hl.values.counting import counted

_SHARE = 0.8  # of a column's filled cells that hold lists or objects: else one of them may be part of a text
_TRIED = 100  # distinct texts after which a column is given up of which hardly any can be read
_LONGEST = 1_000_000  # characters of a cell that is opened
_LONGEST_PYTHON = 50_000
_DEEPEST = 30  # brackets within brackets
_MOST = 60  # columns that the cells of one column may become
_PROGRAM = re.compile(
    r"(?i)(^|[\W_])(steps?|triggers?|actions?|conditions?|nodes|edges|graph|rules?|filters?|config\w*|settings|schema|layout|definition|flow|workflow|options|choices)$"
)
"""Headings of what programs wrote for themselves: workflows are told from it as it is."""

_STARTS = r"""[\[{]|"\s*[\[{]|\(\s*['")]"""
"""Of a list or object as JSON, as JSON in a JSON text, or as Python's tuple: `(415) 555-0111` is none."""
_PLAIN_LIST = r"""\[\s*(?:["\d-]|true|false|null)"""
_UNLIKE_JSON = r"""[{]|,\s*'"""
_GUID = re.compile(r"\{[0-9A-Fa-f-]{32,36}\}")
_ARRAY = re.compile(r'\{(?:[^{}",]*|"(?:[^"\\]|\\.)*")(?:,(?:[^{}",]*|"(?:[^"\\]|\\.)*"))*\}')
_ELEMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,]+)')
_NOTHING = frozenset({"", "set()", "null", "none", "NULL", "None", "\\N"})


class _Not(ValueError):
    """A cell holds no list or object."""


def open_cells(tables: Sequence[RawTable], limits: Limits) -> list[RawTable]:
    """`tables` with the columns that hold lists and objects opened: objects and typed lists as columns beside the others,
    records as tables of their own that point to the row they stood in, lists of plain values as JSON."""
    found: list[RawTable] = []
    taken = {table.sheet for table in tables}
    for table in map(gather, tables):
        opened = {
            heading: cells for heading in table.headings if (cells := _cells(heading, table.frame[heading])) is not None
        }
        table = _strays(table, opened)
        found += _opened(table, opened, limits, taken) if opened else [table]
    return found


def _strays(table: RawTable, opened: Collection[str]) -> RawTable:
    """`table` with a problem for each column of texts in which some cells hold JSON: nobody reads that in a note or a field."""
    found = []
    for heading in table.headings:
        if heading in opened or _PROGRAM.search(heading):
            continue
        texts = table.frame[heading]
        held = texts.str.slice(0, 1).isin(["{", "["]).to_numpy(dtype=bool).copy()
        if not held.any() or held.sum() >= _SHARE * (texts.str.strip() != "").sum():
            continue
        known = {text: _is_json(text.strip()) for text in texts[held].unique()}
        held[held] = texts[held].map(known).to_numpy(dtype=bool)
        if held.any():
            rows = ", ".join(map(str, table.rows[held][:_SHOWN]))
            message = f"column {heading!r} holds texts, but JSON in {counted(int(held.sum()), 'cell')} (row {rows})"
            found.append(
                problem(
                    "json_in_text", message, table.file, table.sheet, row=int(table.rows[held][0]), field=heading,
                    count=int(held.sum()), treatment="kept as it is written: put what it says into columns of their own where it matters",
                )
            )  # fmt: skip
    return replace(table, problems=(*table.problems, *found)) if found else table


_OBJECT = re.compile(r"(?:\{\s*\"|\[\s*[{\[\"])")
_SHOWN = 5


def _is_json(text: str) -> bool:
    if not _OBJECT.match(text):
        return False
    with suppress(_Not):
        return bool(_read(text, False))
    return False


def _cells(heading: str, texts: pd.Series) -> list[Any] | None:
    """What each cell of a column holds, plain texts as they are; None where the column is one of plain texts."""
    if _PROGRAM.search(heading) or not len(texts):
        return None
    if not texts.str.slice(0, 8).str.contains(r"[\[{\"(]", regex=True).any():
        return None
    trimmed = texts.str.strip()
    filled = trimmed[~trimmed.isin(_NOTHING)]
    starts = filled.str.match(_STARTS) & filled.str.slice(-1).isin(list(']})"'))
    if filled.empty or starts.mean() < _SHARE:
        return None
    if not filled.str.contains(_UNLIKE_JSON, regex=True).any() and filled.str.match(_PLAIN_LIST).all():
        return None  # lists of plain values as JSON has them: nothing to open
    distinct = filled.unique()
    arrays = _are_arrays(distinct)
    read: dict[str, Any] = {}
    for at, text in enumerate(distinct):
        if at == _TRIED and len(read) < _SHARE / 2 * _TRIED:
            return None
        with suppress(_Not):
            read[text] = _read(text, arrays)
    if filled.isin(list(read)).mean() < _SHARE:
        return None
    pairs = zip(texts.astype(object), trimmed.astype(object), strict=True)
    return [read.get(text, "" if text in _NOTHING else whole_text) for whole_text, text in pairs]


def _are_arrays(texts: np.ndarray) -> bool:
    """Whether texts in braces are PostgreSQL's arrays: one of them shows it by a comma, quotes or emptiness."""
    return any(
        text == "{}" or ((("," in text) or '"' in text) and _ARRAY.fullmatch(text)) for text in texts
    ) and not any(_GUID.fullmatch(text) for text in texts)


def _read(text: str, arrays: bool) -> Any:
    """What a cell holds; `_Not` when it is neither a list nor an object."""
    if len(text) > _LONGEST or _depth(text) > _DEEPEST:
        raise _Not
    for _ in range(3):  # texts of JSON that were written as JSON texts again
        try:
            body = loads(text)
        except (ValueError, RecursionError):
            return _array(text) if arrays and _ARRAY.fullmatch(text) else _python(text)
        if not isinstance(body, str):
            break
        text = body.strip()
    if not isinstance(body, list | dict) and not text.startswith("{"):
        raise _Not
    if isinstance(body, dict) and body.get("type") == "Buffer":
        raise _Not  # bytes, which `embedded` takes out
    return body


def _depth(text: str) -> int:
    """How deep brackets stand within brackets, those in texts counted as well; 0 where there are few."""
    if text.count("[") + text.count("{") + text.count("(") <= _DEEPEST:
        return 0
    steps = [1 if char in "[{(" else -1 for char in re.findall(r"[\[\]{}()]", text)]
    return int(np.max(np.cumsum(steps))) if steps else 0


def _array(text: str) -> list[str | None]:
    items = [(re.sub(r"\\(.)", r"\1", quoted), plain) for quoted, plain in _ELEMENT.findall(text[1:-1])]
    return [quoted or (None if plain.strip() == "NULL" else plain.strip()) for quoted, plain in items]


def _python(text: str) -> Any:
    if len(text) > _LONGEST_PYTHON:
        raise _Not
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that Python does not know
            body = ast.parse(text, mode="eval").body
        value = _literal(body)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise _Not from error
    if not isinstance(value, list | dict) or (
        text.startswith("(") and not text[1:].lstrip().startswith(("'", '"', ")"))
    ):
        raise _Not  # an amount in brackets is a loss: `(1,200)`
    return value


def _literal(node: ast.expr) -> Any:
    """A literal of Python as JSON has it; nothing is run."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool | None):
        return node.value
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return [_literal(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return reduced({str(_literal(key)): _literal(value) for key, value in pairs if key is not None})
    if (
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.USub)
        and isinstance(value := _literal(node.operand), int | float)
    ):
        return -value
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("set", "Decimal", "ObjectId", "UUID")
    ):
        return _literal(node.args[0]) if node.args else []
    raise _Not


def _opened(table: RawTable, opened: dict[str, list[Any]], limits: Limits, taken: set[str]) -> list[RawTable]:
    keys = [heading for heading in marks(table.headings) if heading not in opened]
    rows = zip(*(table.frame[heading] for heading in keys), *opened.values(), strict=True)
    records = [dict(zip([*keys, *opened], row, strict=True)) for row in rows]
    name = table.sheet or table.file.rsplit("/", 1)[-1].split(".", 1)[0]
    lists = unnest("", name, records, [int(row) for row in table.rows])
    parts = [
        _columns(heading, lists.records[""], table.frame) if heading in opened else table.frame[[heading]]
        for heading in table.headings
    ]
    found = [_named(replace(table, frame=pd.concat(parts, axis=1)))]
    for inner, items, places in lists:
        if inner:
            sheet = inner if inner not in taken else f"{name}.{inner}"
            taken.add(sheet)
            frame, _ = frame_of(items, limits.columns)
            found.append(_named(RawTable(table.file, sheet, [], frame, np.array(places, dtype=np.int64))))
    return found


def _columns(heading: str, records: list[dict], frame: pd.DataFrame) -> pd.DataFrame:
    """What one column became; none where its lists are a table of their own, itself where it would be too many."""
    mine = [{heading: record[heading]} if heading in record else {} for record in records]
    if not any(mine):
        return pd.DataFrame(index=frame.index)
    found, extra = frame_of(mine, _MOST)
    return frame[[heading]] if extra else found.set_axis(frame.index)


def _named(table: RawTable) -> RawTable:
    headings = unique_headings([str(column) for column in table.frame.columns])
    return replace(table, headings=headings, frame=table.frame.set_axis(pd.Index(headings, dtype=object), axis=1))
