"""`read_export`: whatever lies there → raw tables, attachment bytes, and everything that is wrong with it."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from pb2hl.errors import ExportError, Problem, Severity
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.source import embedded, encoding, html_tables, json_tables, sqlite_tables, workbooks
from pb2hl.source.containers import Item, open_container
from pb2hl.source.delimited import read_delimited
from pb2hl.source.files import ExportFiles
from pb2hl.source.headings import tabulate
from pb2hl.source.limits import LIMITS, MIB, Limits
from pb2hl.source.tables import Export, RawTable, problem

_DELIMITED = (".csv", ".tsv", ".tab", ".psv", ".txt")
_JSON = (".json",)
_JSON_LINES = (".jsonl", ".ndjson")
_SQLITE = (".db", ".sqlite", ".sqlite3", ".db3")
TABLE_SUFFIXES = (*_DELIMITED, *_JSON, *_JSON_LINES, *_SQLITE, *workbooks.SUFFIXES, ".htm", ".html", "")
_ATTACHED = re.compile(
    r"(?i)(^|/)(files?|attachments?|uploads?|documents?|media|images?|dateien|anh[aä]nge|fichiers|pi[eè]ces[_ -]jointes|archivos|adjuntos)/"
)
_PROSE = re.compile(r"(?i)(^|/)(read[_ -]?me|licen[sc]e|manifest|notice|instructions?)\b[^/]*$")


def read_export(
    path: Path | str, *, into: Path, limits: Limits = LIMITS, progress: Progress = SILENT, cancel: Cancel | None = None
) -> Export:
    """Read an export: a folder, a zip, or one file of any known kind.

    `into` is where attachment bytes are copied when asked for, and large binary cells at once; nothing else is written anywhere.
    Raises ExportError when nothing there can be read, with the reason for every file.
    """
    path = Path(path)
    items, problems = open_container(path, limits)
    files = ExportFiles(into)
    tables: list[RawTable] = []
    unread: list[tuple[str, str]] = []
    candidates = [item for item in items if _may_be_table(item)]
    if not candidates:
        candidates = [item for item in items if Path(item.name).suffix.lower() in TABLE_SUFFIXES[:-1]]
    chosen = {item.name for item in candidates}
    for item in items:
        if item.name not in chosen:
            files.add(item.name, item.size, item.read)
    progress.start("reading the export", len(candidates), "files")
    for item in candidates:
        if cancel is not None:
            cancel.check()
        progress.note(item.name)
        read, told, why = _read_item(item, limits, partial(embedded.keep, into))
        tables += read
        problems += told
        if why:
            unread.append((item.name, why))
            problems.append(
                problem("unreadable", why, item.name, severity=Severity.CRITICAL, treatment="listed, not migrated")
            )
        if not read:
            files.add(item.name, item.size, item.read)
        progress.advance()
    progress.finish()
    if not tables:
        raise ExportError(
            f"{path.name} holds no table that can be read",
            hint="give the folder, .zip or file that Perfect Books exported",
            problems=problems,
        )
    problems += [told for table in tables for told in table.problems]
    return Export(str(path), tables, files, tuple(problems), tuple(unread))


def open_files(path: Path | str, *, into: Path, limits: Limits = LIMITS) -> ExportFiles:
    """The export's files by name, without reading any table: for steps that only want attachment bytes."""
    items, _ = open_container(Path(path), limits)
    files = ExportFiles(into)
    for item in items:
        files.add(item.name, item.size, item.read)
    return files


def _may_be_table(item: Item) -> bool:
    suffix = Path(item.name).suffix.lower()
    if suffix not in TABLE_SUFFIXES or _ATTACHED.search(item.name):
        return False
    return not (_PROSE.search(item.name) and suffix in ("", ".txt", ".htm", ".html", ".json"))


def _read_item(item: Item, limits: Limits, keep: embedded.Keep) -> tuple[list[RawTable], list[Problem], str]:
    """(tables, problems, why it could not be read) of one file."""
    if item.size > limits.file_bytes:
        return [], [], f"is larger than {limits.file_bytes // MIB} MiB"
    try:
        raw = item.read()
        tables, problems = _dispatch(raw, item, limits, keep)
    except ExportError as error:
        return (
            [],
            [],
            str(error.message).removeprefix(item.name).strip(" :") + (f"; {error.hint}" if error.hint else ""),
        )
    except (OSError, ValueError, MemoryError, RecursionError) as error:
        return [], [], f"cannot be read: {str(error)[:200] or type(error).__name__}"
    if not tables and not problems:
        problems = [problem("empty", "is empty", item.name, treatment="nothing to migrate")]
    return tables, problems, ""


def _dispatch(raw: bytes, item: Item, limits: Limits, keep: embedded.Keep) -> tuple[list[RawTable], list[Problem]]:
    """Read bytes by what they are; the name's suffix decides only where the bytes do not."""
    name, suffix = item.name, Path(item.name).suffix.lower()
    if not raw.strip(b"\x00 \t\r\n"):
        return [], []
    if raw.startswith(sqlite_tables.MAGIC):
        return sqlite_tables.read_sqlite(raw, name, limits, keep, item.path)
    if raw.startswith(workbooks.OLE) or raw.startswith(b"PK\x03\x04") or suffix in (".xlsx", ".xlsm", ".xlsb", ".ods"):
        grids, problems = workbooks.read_workbook(raw, name, limits)
        return _tabulated(grids, name, limits), problems
    if html_tables.looks_like_html(raw) and suffix not in (".json", ".jsonl", ".csv", ".tsv"):
        return _tabulated(html_tables.read_html(raw, limits), name, limits), []
    if encoding.is_binary(raw):
        raise ExportError(f"{name} is binary data, not a table")
    if suffix in _JSON_LINES:
        return json_tables.read_json_lines(raw, name, limits), []
    head = raw[:4096].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1]
    if suffix in _JSON or (head in (b"{", b"[") and suffix not in (".csv", ".tsv")):
        return json_tables.read_json(raw, name, limits), []
    table = tabulate(read_delimited(raw, name, limits), name, "", limits)
    return ([table] if table else []), []


def _tabulated(grids, name: str, limits: Limits) -> list[RawTable]:
    return [table for sheet, grid in grids if (table := tabulate(grid, name, sheet, limits)) is not None]
