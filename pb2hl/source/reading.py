"""`read_export`: whatever lies there → raw tables, attachment bytes, and everything that is wrong with it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pb2hl.errors import ExportError, Problem, Severity
from pb2hl.limits import LIMITS, Limits, remedy
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.source import embedded, workbooks
from pb2hl.source.containers import ATTACHED, Item, open_container
from pb2hl.source.elsewhere import UNKNOWN, Elsewhere, elsewhere
from pb2hl.source.encoding import in_utf8, shared
from pb2hl.source.files import ExportFiles
from pb2hl.source.formats import HEAD, Format, format_of, read_tables
from pb2hl.source.guarded import Foreign, read_foreign
from pb2hl.source.sqlite_tables import LOGS
from pb2hl.source.tables import Export, RawTable, problem

_DELIMITED = (".csv", ".tsv", ".tab", ".psv", ".txt")
_JSON = (".json",)
_JSON_LINES = (".jsonl", ".ndjson")
_SQLITE = (".db", ".sqlite", ".sqlite3", ".db3")
_CARDS = (".vcf", ".vcard", ".ics", ".ical")
TABLE_SUFFIXES = (*_DELIMITED, *_JSON, *_JSON_LINES, *_SQLITE, *workbooks.SUFFIXES, *_CARDS, ".htm", ".html", "")
_QUICKLY = 2**20
"""Bytes of a packed text that is unpacked once more to see what the export's texts are in."""
_SMALL = 64 * 2**20
"""Bytes of a packed file that is unpacked only to say what it is."""
_PROSE = re.compile(r"(?i)(^|/)(read[_ -]?me|licen[sc]e|manifest|notice|instructions?)\b[^/]*$")


def read_export(
    path: Path | str, *, into: Path, limits: Limits = LIMITS, progress: Progress = SILENT, cancel: Cancel | None = None
) -> Export:
    """Read an export: a folder, a zip, or one file of any known kind.

    `into` is where attachment bytes are copied when asked for, and large binary cells at once; nothing else is written anywhere.
    Raises ExportError when nothing there can be read, with the reason for every file.
    """
    path = Path(path)
    check = cancel.check if cancel is not None else lambda: None
    items, problems = open_container(path, limits, into)
    files = ExportFiles(into)
    tables: list[RawTable] = []
    unread: list[tuple[str, str]] = []
    candidates = _candidates(items)
    logs = _logs(candidates, items)
    _keep(files, items, [*candidates, *(log for found in logs.values() for _, log in found)])
    encoding = shared([_head(item) for item in candidates if _is_small_text(item)])
    progress.start("reading the export", len(candidates), "files")
    for item in candidates:
        check()
        progress.note(item.name)
        read = _read_item(item, logs.get(item.name, ()), encoding, into, limits, check)
        tables += read.tables
        problems += read.problems
        if read.why:
            unread.append((item.name, read.why))
            problems.append(_unreadable(item.name, read.why))
        if not read.tables:
            files.add(item.name, item.size, item.read)
        progress.advance()
    progress.finish()
    problems += _not_read(items, tables, unread)
    if not tables:
        hint = "give the folder, .zip or file that Perfect Books exported"
        raise ExportError(f"{path.name} holds no table that can be read", hint=hint, problems=problems)
    problems += [item for table in tables for item in table.problems]
    return Export(str(path), tables, files, tuple(problems), tuple(unread))


def open_files(path: Path | str, *, into: Path, limits: Limits = LIMITS) -> ExportFiles:
    """The export's files by name, without reading any table: for steps that only want attachment bytes."""
    items, _ = open_container(Path(path), limits, into)
    files = ExportFiles(into)
    for item in items:
        files.add(item.name, item.size, item.read)
    return files


Logs = Sequence[tuple[str, Item]]
"""Files that lie beside a database, by what their names have more."""


def _keep(files: ExportFiles, items: Sequence[Item], read: Sequence[Item]) -> None:
    """Put the items that are not read as tables to the files."""
    names = {item.name for item in read}
    for item in items:
        if item.name not in names:
            files.add(item.name, item.size, item.read)


def _logs(candidates: Sequence[Item], items: Sequence[Item]) -> dict[str, Logs]:
    by_name = {item.name: item for item in items}
    found = {
        item.name: [(end, by_name[item.name + end]) for end in LOGS if item.name + end in by_name]
        for item in candidates
    }
    return {name: logs for name, logs in found.items() if logs}


@dataclass
class _Read:
    """What one file gave: its tables and what is wrong with it, or `why` it could not be read."""

    tables: list[RawTable] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    why: str = ""


def _not_read(items: list[Item], tables: Sequence[RawTable], unread: list[tuple[str, str]]) -> list[Problem]:
    """What to export instead of files of formats that are not read: of data always, of documents and archives (which are
    attachments beside tables) where there is nothing else."""
    known, others = {name for name, _ in unread}, bool(tables)
    foreign: list[tuple[Item, Elsewhere]] = []
    for item in items:
        if item.name in known or ATTACHED.search(item.name) or (not others and _may_be_table(item)):
            continue
        found = elsewhere(item.name, b"" if others and elsewhere(item.name) is None else _head(item))
        found = found or (None if others else UNKNOWN)
        if found is not None and (found.data or not others):
            foreign.append((item, found))
    attached = _attached([item.name for item, _ in foreign], tables)
    problems = []
    for item, found in foreign:
        if item.name not in attached:
            unread.append((item.name, f"is {found.what}, which is not read; {found.instead}"))
            said = f"is {found.what}, which is not read"
            problems.append(
                problem("foreign_format", said, item.name, severity=Severity.CRITICAL, treatment=found.instead)
            )
    return problems


def _attached(names: list[str], tables: Sequence[RawTable]) -> set[str]:
    """Those of the files that a cell of a table names, alone or in a list, by their path or only by their name: attachments."""
    suffixes = "|".join({re.escape(Path(name).suffix) for name in names if Path(name).suffix})
    if not suffixes:
        return set()
    there: set[str] = set()
    for table in tables:
        for heading in table.headings:
            cells = table.frame[heading]
            for text in cells[cells.str.contains(rf"(?i)(?:{suffixes})\b")].unique():
                there |= {re.split(r"[\\/]", part)[-1].strip().casefold() for part in re.split(r"[;,|\n]", str(text))}
    return {name for name in names if name.rpartition("/")[2].casefold() in there}


def _head(item: Item) -> bytes:
    if item.path is None:
        return item.read()[:HEAD] if item.size <= _SMALL else b""
    with open(item.path, "rb") as handle:
        return handle.read(HEAD)


def _unreadable(name: str, why: str) -> Problem:
    return problem("unreadable", why, name, severity=Severity.CRITICAL, treatment="listed, not migrated")


def _candidates(items: list[Item]) -> list[Item]:
    """The files that may be tables; where there are none, those that only their folder makes attachments."""
    found = [item for item in items if _may_be_table(item)]
    return found or [item for item in items if Path(item.name).suffix.lower() in TABLE_SUFFIXES[:-1]]


def _may_be_table(item: Item) -> bool:
    suffix = Path(item.name).suffix.lower()
    if suffix not in TABLE_SUFFIXES or ATTACHED.search(item.name):
        return False
    return not (_PROSE.search(item.name) and suffix in ("", ".txt", ".htm", ".html", ".json"))


def _is_small_text(item: Item) -> bool:
    """Whether a file is a text of which a look at its first lines costs little."""
    return Path(item.name).suffix.lower() in _DELIMITED and (item.path is not None or item.size <= _QUICKLY)


def _read_item(item: Item, logs: Logs, encoding: str, into: Path, limits: Limits, check: Callable[[], None]) -> _Read:
    """The tables of one file, or why it could not be read; `logs` are the files of a database that lie beside it, `encoding` what
    the export's texts are in."""
    if item.size > limits.file_bytes:
        return _Read(why=f"is larger than {limits.file_mib:,} MiB; {remedy('file_mib')}")
    try:
        tables, problems = _tables(item, logs, encoding, into, limits, check)
    except ExportError as error:
        why = str(error.message).removeprefix(item.name).strip(" :") + (f"; {error.hint}" if error.hint else "")
        return _Read(why=why)
    except (OSError, ValueError, MemoryError, RecursionError) as error:
        return _Read(why=f"cannot be read: {str(error)[:200] or type(error).__name__}")
    if not tables and not problems:
        problems = [problem("empty", "is empty", item.name, treatment="nothing to migrate")]
    return _Read(tables, problems)


def _tables(
    item: Item, logs: Logs, encoding: str, into: Path, limits: Limits, check: Callable[[], None]
) -> tuple[list[RawTable], list[Problem]]:
    if item.path is not None and format_of(_head(item), item.name) is not Format.DELIMITED:
        return read_foreign(Foreign(item.name, item.path, item.size), into, limits, check)
    raw = item.read()
    if format_of(raw[:HEAD], item.name) is Format.DELIMITED:
        return read_tables(in_utf8(raw, encoding), item.name, limits, partial(embedded.keep, into), item.path)
    with tempfile.TemporaryDirectory(prefix="pb2hl-") as folder:
        unpacked = Path(folder) / "file"
        unpacked.write_bytes(raw)
        del raw
        for end, log in logs:
            unpacked.with_name(unpacked.name + end).write_bytes(log.read())
        return read_foreign(Foreign(item.name, unpacked, item.size), into, limits, check)
