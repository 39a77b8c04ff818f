"""JSON and JSON Lines → tables, under whatever wrapper the lists sit."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pandas as pd

from pb2hl.errors import ExportError, Problem, Severity
from pb2hl.limits import Limits, remedy
from pb2hl.source.encoding import decode
from pb2hl.source.flatten import Number, frame_of, whole
from pb2hl.source.nested import Lists, unnest
from pb2hl.source.tables import Dropped, RawTable, problem, unique_headings

_WRAPPERS = frozenset(
    "data items item results result records record rows row value values list payload response export page pages entries content objects body d embedded _embedded hits docs root elements".split()
)
_DEPTH = 6


def read_json(raw: bytes, file: str, limits: Limits) -> list[RawTable]:
    """Every list of records in a JSON file as a table of its own, named after the key it sits under.

    Raises ExportError when the text is not JSON, or nested so deep that it is an attack.
    """
    if len(raw) > limits.json_bytes:
        raise ExportError(
            f"{file} is larger than {limits.json_bytes // 2**20} MiB of JSON", hint="export it as JSON Lines or CSV"
        )
    text, _, _ = decode(raw)
    text = text.strip().lstrip("\ufeff").replace("\x00", "")
    if not text:
        return []
    try:
        body = _loads(text)
    except RecursionError as error:
        raise ExportError(f"{file} is nested too deeply to be an export", hint="export it again") from error
    except ValueError as error:
        return _lines_or_raise(text, file, limits, error)
    found = Lists()
    for name, records in find_lists(body):
        found.add(unnest(name, name or _stem(file), records, list(range(1, len(records) + 1))))
    return _tables(found, file, limits)


def read_json_lines(raw: bytes, file: str, limits: Limits) -> list[RawTable]:
    """A file of one JSON record a line; lines that are none are reported and dropped."""
    text, _, _ = decode(raw)
    return _lines(text.lstrip("\ufeff").replace("\x00", ""), file, limits)


def find_lists(body: Any) -> list[tuple[str, list[dict]]]:
    """(name, records) of every list of records in `body`; the name is "" when only wrappers name it."""
    found: list[tuple[str, list[dict]]] = []
    _walk(body, "", 0, found)
    merged: dict[str, list[dict]] = {}
    for name, records in found:
        merged.setdefault(name, []).extend(records)
    return list(merged.items())


def _walk(body: Any, name: str, depth: int, found: list) -> None:
    if depth > _DEPTH:
        return
    if isinstance(body, list):
        if records := [item for item in body if isinstance(item, dict)]:
            pages = [_page(item) for item in records]
            if all(page is not None for page in pages):
                for item in records:
                    _walk(item, name, depth + 1, found)
            else:
                found.append((name, records))
    elif isinstance(body, dict):
        _walk_object(body, name, depth, found)


def _walk_object(body: dict, name: str, depth: int, found: list) -> None:
    if records := _columns(body) or _keyed(body):
        found.append((name, records))
        return
    lists = {key: item for key, item in body.items() if isinstance(item, list | dict) and item}
    if depth and not any(isinstance(item, list) or _holds_list(item, 3) for item in lists.values()):
        found.append((name, [body]))
        return
    before = len(found)
    for key, item in lists.items():
        _walk(item, name if key.casefold() in _WRAPPERS else str(key), depth + 1, found)
    if len(found) == before and body and depth == 0:
        found.append((name, [body]))


def _holds_list(item: Any, depth: int) -> bool:
    if isinstance(item, list):
        return any(isinstance(part, dict) for part in item)
    return depth > 0 and isinstance(item, dict) and any(_holds_list(part, depth - 1) for part in item.values())


def _page(item: dict) -> list | None:
    """The records of a page such as `{"page": 1, "items": [...]}`, or None when `item` is a record itself."""
    inner = [
        key
        for key, value in item.items()
        if key.casefold() in _WRAPPERS and isinstance(value, list) and any(isinstance(part, dict) for part in value)
    ]
    others = [key for key in item if key not in inner]
    paging = re.compile(
        r"(?i)page|total|count|next|prev|offset|limit|cursor|more|size|links|meta|status|success|object|type"
    )
    return item[inner[0]] if len(inner) == 1 and all(paging.search(key) for key in others) else None


def _columns(body: dict) -> list[dict]:
    """Records of a table written by columns: `{"id": [1, 2], "name": ["a", "b"]}`."""
    values = list(body.values())
    if (
        len(values) < 2
        or not all(isinstance(value, list) and value for value in values)
        or len({len(value) for value in values}) > 1
    ):
        return []
    if any(isinstance(part, dict | list) for value in values for part in value):
        return []
    return [dict(zip(body, row, strict=True)) for row in zip(*values, strict=True)]


def _keyed(body: dict) -> list[dict]:
    """Records of an object keyed by id: `{"17": {...}, "18": {...}}`."""
    if not body or not all(isinstance(value, dict) and value for value in body.values()):
        return []
    if not all(re.fullmatch(r"\d+|[0-9a-fA-F-]{16,}|[A-Za-z]{0,4}[-_]?\d+", str(key)) for key in body):
        return []
    return [
        value if any(key.casefold() == "id" for key in value) else {"id": str(name), **value}
        for name, value in body.items()
    ]


def _stem(file: str) -> str:
    return file.rsplit("/", 1)[-1].split(".", 1)[0]


def _tables(
    found: Lists, file: str, limits: Limits, problems: tuple[Problem, ...] = (), dropped: tuple[Dropped, ...] = ()
) -> list[RawTable]:
    """A raw table a list; what is wrong with the file is told by the first."""
    if len(found.records) > limits.tables:
        raise ExportError(
            f"{file} holds {len(found.records):,} lists of records, more than {limits.tables:,}", hint=remedy("tables")
        )
    tables: list[RawTable] = []
    for name, records, places in found:
        frame, extra = frame_of(records, limits.columns)
        first = not tables
        findings = problems if first else ()
        if extra:
            findings = (*findings, _too_many(file, name, extra, limits))
        headings = unique_headings([str(column) for column in frame.columns])
        frame.columns = pd.Index(headings, dtype=object)
        rows = np.array(places, dtype=np.int64)
        tables.append(RawTable(file, name, headings, frame, rows, findings, dropped if first else ()))
    return tables


def _too_many(file: str, name: str, extra: int, limits: Limits) -> Problem:
    message = f"{extra} headings beyond the first {limits.columns}"
    return problem("too_many_columns", message, file, name, severity=Severity.CRITICAL, count=extra)


def _lines_or_raise(text: str, file: str, limits: Limits, error: ValueError) -> list[RawTable]:
    tables = _lines(text, file, limits)
    if len(tables[0].frame) > len(tables[0].dropped):
        return tables
    salvaged = _salvage(text)
    if not salvaged:
        raise ExportError(
            f"{file} is not JSON: {str(error)[:120]}", hint="export it again, or mend the place it names"
        ) from error
    truncated = problem(
        "truncated_json",
        f"is not whole JSON ({str(error)[:80]})",
        file,
        severity=Severity.CRITICAL,
        count=1,
        treatment=f"the {len(salvaged)} whole records were read",
    )
    found = unnest("", _stem(file), salvaged, list(range(1, len(salvaged) + 1)))
    return _tables(found, file, limits, (truncated,))


def _salvage(text: str) -> list[dict]:
    """The whole records of a list that breaks off."""
    decoder = json.JSONDecoder(parse_float=Number, parse_int=whole)
    at = text.find("[")
    found: list[dict] = []
    while 0 <= at < len(text):
        begin = text.find("{", at)
        if begin < 0 or text[at + 1 : begin].strip(" \t\r\n,"):
            break
        try:
            record, end = decoder.raw_decode(text, begin)
        except (ValueError, RecursionError):
            break
        found.append(record)
        at = end - 1
    return found


def _lines(text: str, file: str, limits: Limits) -> list[RawTable]:
    records, rows, dropped = [], [], []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = _loads(line)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            records.append(record)
            rows.append(number)
        else:
            dropped.append(Dropped(file, "", number, "not a JSON record", (line[:1000],)))
    problems = (
        [
            problem(
                "bad_lines",
                "lines that are no JSON records",
                file,
                row=dropped[0].row,
                count=len(dropped),
                treatment="listed, not migrated",
            )
        ]
        if dropped
        else []
    )
    found = unnest("", _stem(file), records, rows)
    return _tables(found, file, limits, tuple(problems), tuple(dropped))


def _loads(text: str) -> Any:
    return json.loads(text, parse_float=Number, parse_int=whole)
