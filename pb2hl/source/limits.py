"""How much of an export is read, so that a hostile one costs no more than a large honest one."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds in bytes, counts and ratios; each is far above any real export that one machine migrates."""

    file_bytes: int = 6 * 1024 * MIB  # one table's file, unpacked
    json_bytes: int = 1024 * MIB  # JSON becomes Python objects: about eight times its size in memory
    zip_total_bytes: int = 20 * 1024 * MIB  # all of a zip, unpacked
    zip_ratio: int = 200  # unpacked / packed of one entry, above 10 MiB; text rarely passes 30
    entries: int = 200_000  # files of a folder or zip
    columns: int = 4_000  # of one table
    cell_chars: int = 36 * MIB  # of one cell; a file of 25 MB in base64 has 34 MiB
    sheet_cells: int = 120_000_000  # the bounding box of one spreadsheet sheet
    rows: int = 20_000_000  # of one table
    sql_steps: int = 2_000_000_000  # SQLite virtual machine steps of one table or view


LIMITS = Limits()
