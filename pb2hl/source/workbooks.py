"""Spreadsheets (xlsx, xlsm, xlsb, xls, ods) → grids, through calamine, after a look that they cannot hurt."""

from __future__ import annotations

import html
import io
import re
import zipfile
from datetime import date, datetime, time, timedelta

import numpy as np
import pandas as pd
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
    ZipError,
)

from pb2hl.errors import ExportError, Problem, Severity
from pb2hl.limits import MIB, Limits, remedy
from pb2hl.source import formulas, long_numbers
from pb2hl.source.tables import TEXT, Grid, problem

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
Unsaved = dict[str, list[tuple[str, str]]]
"""(cell, formula) of formula cells without a value, by the sheet's path inside the archive."""

_CELL = re.compile(rb'<(?:\w+:)?c\b[^<>]*?\br\s*=\s*["\']?([A-Z]{1,3})(\d{1,7})\b')


def read_workbook(raw: bytes, file: str, limits: Limits) -> tuple[list[tuple[str, Grid]], list[Problem]]:
    """(sheet name, its cells) of every sheet that holds cells, and what is wrong with the book.

    Raises ExportError when it is password-protected, damaged, or too large unpacked.
    """
    unsaved, rounded = _inspect(raw, file, limits) if raw[:2] == b"PK" else ({}, {})
    if raw.startswith(OLE) and "EncryptedPackage".encode("utf-16-le") in raw:
        raise ExportError(
            f"{file} is protected by a password", hint="open it, save it without a password, and export again"
        )
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
    except PasswordError as error:
        raise ExportError(
            f"{file} is protected by a password", hint="open it, save it without a password, and export again"
        ) from error
    except (CalamineError, ZipError, OSError, ValueError) as error:
        raise ExportError(
            f"{file} is no readable spreadsheet: {str(error)[:120]}",
            hint="open it in a spreadsheet program, save it as .xlsx, and export again",
        ) from error
    grids, problems = [], []
    for meta in book.sheets_metadata:
        if meta.typ != SheetTypeEnum.WorkSheet:
            continue
        try:
            grid = _grid(book.get_sheet_by_name(meta.name), file, meta.name, limits)
        except (CalamineError, ZipError, OSError, ValueError) as error:
            problems.append(_not_read(f"cannot be read: {str(error)[:120]}", file, meta.name))
            continue
        if grid is not None:
            grids.append((meta.name, grid))
            problems += _hidden(file, meta)
    problems += _formulas(raw, file, dict(grids), unsaved)
    problems += _rounded(raw, file, rounded)
    return grids, problems


def _not_read(why: str, file: str, sheet: str) -> Problem:
    return problem("sheet_unreadable", why, file, sheet, severity=Severity.CRITICAL, treatment="not read")


def _hidden(file: str, meta: SheetMetadata) -> list[Problem]:
    """A sheet that nobody sees in the workbook may be the system's own or an old copy of another: a person is told."""
    if meta.visible == SheetVisibleEnum.Visible:
        return []
    treatment = "read like the others; if it is an old copy, write leave out beside it in sheets/tables.csv"
    return [problem("hidden_sheet", "the sheet is hidden in the workbook", file, meta.name, treatment=treatment)]


def _formulas(raw: bytes, file: str, grids: dict[str, Grid], unsaved: Unsaved) -> list[Problem]:
    """Fill in what formulas without a value say themselves; one problem a sheet whose others stay blank."""
    if not unsaved:
        return []
    parts = _parts(raw)
    left = formulas.fill(grids, {parts.get(part, part): cells for part, cells in unsaved.items()})
    return [
        problem(
            "formula_without_value",
            f"formula cells hold no computed value: {', '.join(cells[: formulas.NAMED])}"
            + (f" and {len(cells) - formulas.NAMED} more" if len(cells) > formulas.NAMED else ""),
            file,
            sheet,
            row=int(re.sub(r"\D", "", cells[0])),
            count=len(cells),
            treatment="read as blank; open the file in a spreadsheet program and save it, then export again",
        )
        for sheet, cells in left.items()
    ]


def _rounded(raw: bytes, file: str, rounded: dict[str, list[str]]) -> list[Problem]:
    """One problem a sheet with numbers whose last digits the program that saved them has cut off."""
    parts = _parts(raw) if rounded else {}
    return [
        problem(
            "rounded_numbers",
            f"numbers of more than 15 digits have lost their last ones: {', '.join(cells[: formulas.NAMED])}",
            file,
            parts.get(part, part),
            row=int(re.sub(r"\D", "", cells[0])),
            count=len(cells),
            treatment="as the file has them; format that column as text before it is filled, or export as CSV",
        )
        for part, cells in rounded.items()
    ]


def _parts(raw: bytes) -> dict[str, str]:
    """{path inside the archive: sheet name} of a workbook's sheets."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
            links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    except KeyError:
        return {}
    targets = {}
    for link in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", links):
        found = dict(re.findall(r'\b(Id|Target)="([^"]*)"', link))
        targets[found.get("Id", "")] = found.get("Target", "")
    named = {}
    for sheet in re.findall(r"<(?:\w+:)?sheet\b[^>]*>", book):
        found = dict(re.findall(r'(?<![\w:])([\w:]++)="([^"]*)"', sheet))
        target = targets.get(found.get("r:id", ""), "")
        path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        named[path] = html.unescape(found.get("name", ""))
    return named


def _inspect(raw: bytes, file: str, limits: Limits) -> tuple[Unsaved, dict[str, list[str]]]:
    """Refuse a book that unpacks into too much. By part: cells whose value only the XML tells (formulas without a computed
    one, numbers that no float holds), and cells whose number was cut."""
    unsaved: Unsaved = {}
    rounded: dict[str, list[str]] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            infos = archive.infolist()
            if sum(info.file_size for info in infos) > limits.file_bytes or len(infos) > limits.entries:
                raise ExportError(
                    f"{file} unpacks into more than {limits.file_mib:,} MiB",
                    hint=f"split it into several files, or {remedy('file_mib')}",
                )
            for info in infos:
                if re.search(r"worksheets/[^/]+\.xml$", info.filename):
                    cells, cut = _inspect_sheet(archive, info, file, limits)
                    unsaved |= {info.filename: cells} if cells else {}
                    rounded |= {info.filename: cut} if cut else {}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise ExportError(f"{file} is damaged: {str(error)[:120]}", hint="export it again") from error
    return unsaved, rounded


def _inspect_sheet(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: str, limits: Limits
) -> tuple[list[tuple[str, str]], list[str]]:
    """Measure the box around the sheet's cells (the reader allocates all of it) and find what only its XML tells."""
    width = height = 0
    unsaved: list[tuple[str, str]] = []
    rounded: list[str] = []

    def look(part: bytes) -> None:
        if len(unsaved) < formulas.MOST:
            whole, cut = long_numbers.of_part(part)
            unsaved.extend([*formulas.without_value(part), *whole])
            rounded.extend(cut)

    lengths: set[bytes] = set()
    tail = b""
    with archive.open(info) as handle:
        while chunk := handle.read(4 * MIB):
            chunk = tail + chunk
            cut = chunk.rfind(b"<c ") if len(chunk) > 64 else -1
            body, tail = (chunk[:cut], chunk[cut:]) if cut > 0 and len(chunk) - cut < MIB else (chunk, b"")
            height, width = _box(body, height, width, lengths)
            look(body)
    height, width = _box(tail, height, width, lengths)
    look(tail)
    if height * width > limits.sheet_cells:
        raise ExportError(
            f"{file}: a sheet reaches to row {height} and column {width}, which is {height * width:,} cells",
            hint="delete the stray cells far from the data, or export it as CSV",
        )
    return unsaved, rounded


def _box(body: bytes, height: int, width: int, columns: set[bytes]) -> tuple[int, int]:
    found = _CELL.findall(body)
    if not found:
        return height, width
    for letters in {letters for letters, _ in found} - columns:
        columns.add(letters)
        width = max(width, _number(letters))
    return max(height, max(int(row) for _, row in found)), width


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _grid(sheet: CalamineSheet, file: str, name: str, limits: Limits) -> Grid | None:
    if not sheet.height or not sheet.width:
        return None
    start, left = sheet.start or (0, 0)
    if sheet.width > limits.columns * 4:
        raise ValueError(f"{sheet.width} columns")
    rows = sheet.to_python(skip_empty_area=True)
    columns = list(zip(*rows, strict=True))
    del rows
    frame = pd.DataFrame(
        {index: pd.Series([to_text(cell) for cell in column], dtype=TEXT) for index, column in enumerate(columns)}
    )
    return Grid(frame, np.arange(start + 1, start + 1 + len(frame)), left=left)


def to_text(cell: object) -> str:
    """A spreadsheet cell as text without loss: whole numbers without `.0`, dates as ISO 8601."""
    if isinstance(cell, str):
        return cell.replace("\x00", "").replace("_x000D_", "")
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < long_numbers.EXACT else repr(cell)
    if isinstance(cell, datetime):
        if cell.microsecond:
            cell = (
                (cell + timedelta(microseconds=500)).replace(microsecond=0)
                if cell.microsecond > 999_000 or cell.microsecond < 1000
                else cell
            )
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        seconds = int(cell.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return "" if cell is None else str(cell)
