"""JSON and JSON Lines → tables, under whatever wrapper the lists sit."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pandas as pd

from pb2hl.errors import ExportError, Problem, Severity
from pb2hl.limits import Limits, remedy
from pb2hl.source.dialects import of_stream, reduced
from pb2hl.source.encoding import decode
from pb2hl.source.flatten import Number, frame_of, whole
from pb2hl.source.json_lists import Document, by_kind, find_lists
from pb2hl.source.nested import Lists, unnest
from pb2hl.source.stage_lists import spread_stages
from pb2hl.source.tables import Dropped, RawTable, problem, unique_headings


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
        body = loads(text)
    except RecursionError as error:
        raise ExportError(f"{file} is nested too deeply to be an export", hint="export it again") from error
    except ValueError as error:
        return _lines_or_raise(text, file, limits, error)
    document = find_lists(body)
    found = Lists()
    for name, records in document.lists.items():
        found.add(_unnested(name, file, records, list(range(1, len(records) + 1))))
    return _tables(found, file, limits, _told(document, file))


def _unnested(name: str, file: str, records: list[dict], places: list[int]) -> Lists:
    """The records of a list and those inside them; a pipeline is a row a stage."""
    parent = name or _stem(file)
    return unnest(name, parent, *spread_stages(parent, records, places))


def _told(document: Document, file: str) -> tuple[Problem, ...]:
    """What an answer says of itself that matters: errors, and pages that follow."""
    found = []
    if document.errors:
        message = "errors that the answer tells of itself: it may be incomplete"
        found.append(
            problem(
                "answer_errors",
                message,
                file,
                count=document.errors,
                treatment="export it again where records are missing",
            )
        )
    if document.more:
        message = f"says that further pages follow ({document.more})"
        found.append(problem("more_pages", message, file, treatment="see that the export has them all"))
    return tuple(found)


def read_json_lines(raw: bytes, file: str, limits: Limits) -> list[RawTable]:
    """A file of one JSON record a line; lines that are none are reported and dropped."""
    text, _, _ = decode(raw)
    return _lines(text.lstrip("\ufeff").replace("\x00", ""), file, limits)


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
    found = Lists()
    for name, records, places in by_kind("", salvaged, list(range(1, len(salvaged) + 1))):
        found.add(_unnested(name, file, records, places))
    return _tables(found, file, limits, (truncated,))


def _salvage(text: str) -> list[dict]:
    """The whole records of a list that breaks off."""
    text = _LONE.sub(r"\\ufffd", text)
    at = text.find("[")
    found: list[dict] = []
    while 0 <= at < len(text):
        begin = text.find("{", at)
        if begin < 0 or text[at + 1 : begin].strip(" \t\r\n,"):
            break
        try:
            record, end = _DECODER.raw_decode(text, begin)
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
            record = loads(line)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict) and not of_stream(record):
            records.append(record)
            rows.append(number)
        else:
            why = "says something of the stream, no record" if isinstance(record, dict) else "not a JSON record"
            dropped.append(Dropped(file, "", number, why, (line[:1000],)))
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
    found = Lists()
    for name, of_kind, places in by_kind("", records, rows):
        found.add(_unnested(name, file, of_kind, places))
    return _tables(found, file, limits, tuple(problems), tuple(dropped))


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=whole, object_hook=reduced)
_LONE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
"""Half a character, as programs that cut texts leave it: nothing can be written with it."""


def loads(text: str) -> Any:
    """JSON as what it means (`dialects.reduced`), numbers as they were written. ValueError, RecursionError."""
    return _DECODER.decode(_LONE.sub(r"\\ufffd", text) if "\\u" in text else text)
