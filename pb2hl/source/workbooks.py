"""Spreadsheets (xlsx, xlsm, xlsb, xls, ods) → grids, through calamine, after a look that they cannot hurt."""

from __future__ import annotations

import html
import io
import re
import zipfile
from datetime import date, datetime, time, timedelta

import numpy as np
import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, ZipError

from pb2hl.errors import ExportError, Problem
from pb2hl.source import formulas
from pb2hl.source.limits import MIB, Limits
from pb2hl.source.tables import TEXT, Grid, problem

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
Unsaved = dict[str, list[tuple[str, str]]]
"""(cell, formula) of formula cells without a value, by the sheet's path inside the archive."""

_CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3})(\d{1,7})"')


def read_workbook(raw: bytes, file: str, limits: Limits) -> tuple[list[tuple[str, Grid]], list[Problem]]:
    """(sheet name, its cells) of every sheet that holds cells, and what is wrong with the book.

    Raises ExportError when it is password-protected, damaged, or too large unpacked.
    """
    unsaved = _inspect(raw, file, limits) if raw[:2] == b"PK" else {}
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
            problems.append(
                problem(
                    "sheet_unreadable", f"cannot be read: {str(error)[:120]}", file, meta.name, treatment="left out"
                )
            )
            continue
        if grid is not None:
            grids.append((meta.name, grid))
    problems += _formulas(raw, file, dict(grids), unsaved)
    return grids, problems


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
        found = dict(re.findall(r'([\w:]+)="([^"]*)"', sheet))
        target = targets.get(found.get("r:id", ""), "")
        path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        named[path] = html.unescape(found.get("name", ""))
    return named


def _inspect(raw: bytes, file: str, limits: Limits) -> Unsaved:
    """Refuse a book that unpacks into too much; the formula cells without a value, by part."""
    unsaved: Unsaved = {}
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            infos = archive.infolist()
            if sum(info.file_size for info in infos) > limits.file_bytes or len(infos) > limits.entries:
                raise ExportError(
                    f"{file} unpacks into more than {limits.file_bytes // MIB} MiB", hint="split it into several files"
                )
            for info in infos:
                if info.file_size > 100 * MIB and info.file_size > limits.zip_ratio * max(1, info.compress_size) * 2:
                    raise ExportError(
                        f"{file} is packed {info.file_size // max(1, info.compress_size)} to 1: a zip bomb, not a spreadsheet"
                    )
                is_sheet = re.search(r"worksheets/[^/]+\.xml$", info.filename)
                if is_sheet and (cells := _inspect_sheet(archive, info, file, limits)):
                    unsaved[info.filename] = cells
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise ExportError(f"{file} is damaged: {str(error)[:120]}", hint="export it again") from error
    return unsaved


def _inspect_sheet(archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: str, limits: Limits) -> list[tuple[str, str]]:
    """Measure the box around the sheet's cells (the reader allocates all of it) and find formulas without a value."""
    width = height = 0
    unsaved: list[tuple[str, str]] = []
    lengths: set[bytes] = set()
    tail = b""
    with archive.open(info) as handle:
        while chunk := handle.read(4 * MIB):
            chunk = tail + chunk
            cut = chunk.rfind(b"<c ") if len(chunk) > 64 else -1
            body, tail = (chunk[:cut], chunk[cut:]) if cut > 0 and len(chunk) - cut < MIB else (chunk, b"")
            height, width = _box(body, height, width, lengths)
            unsaved += formulas.without_value(body) if len(unsaved) < formulas.MOST else []
    height, width = _box(tail, height, width, lengths)
    unsaved += formulas.without_value(tail)
    if height * width > limits.sheet_cells:
        raise ExportError(
            f"{file}: a sheet reaches to row {height} and column {width}, which is {height * width:,} cells",
            hint="delete the stray cells far from the data, or export it as CSV",
        )
    return unsaved


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


def _grid(sheet, file: str, name: str, limits: Limits) -> Grid | None:
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
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e17 else repr(cell)
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
