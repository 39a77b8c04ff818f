"""What an export may cost: bounds that no honest export reaches, each a setting of `[limits]` in migration.toml."""

from __future__ import annotations

from dataclasses import field

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

MIB = 1024 * 1024

FILE_SECONDS = 2.0
"""Further processor seconds a MiB of a file, unpacked."""

FILE_MEMORY = 16
"""Bytes of memory a byte of a file, unpacked, before the file is taken for one that was made to burst."""

_START_MEMORY = 1024 * MIB


@dataclass(frozen=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class Limits:
    """Bounds in MiB, counts and seconds of processor time. `0` means: as much as the machine has."""

    file_mib: int = field(default=6 * 1024)
    """One file of the export, unpacked."""
    json_mib: int = field(default=1024)
    """One JSON file, which becomes about eight times its size in memory."""
    unpacked_mib: int = field(default=0)
    """All zips of an export together, unpacked; 0: as much as the machine has."""
    memory_mib: int = field(default=0)
    """Memory for one file while it is read; 0: as much as the machine has."""
    seconds: int = field(default=120)
    """Processor time to read one file; further ones are given for every MiB of it."""
    entries: int = field(default=200_000)
    """Files of a folder or zip."""
    tables: int = field(default=2_000)
    """Tables of one file."""
    columns: int = field(default=4_000)
    """Columns of one table."""
    rows: int = field(default=20_000_000)
    """Rows of one table."""
    cell_mib: int = field(default=36)
    """One cell; a file of 25 MB in base64 has 34 MiB."""
    sheet_cells: int = field(default=120_000_000)
    """The bounding box of one spreadsheet sheet."""

    @property
    def file_bytes(self) -> int:
        return self.file_mib * MIB

    @property
    def json_bytes(self) -> int:
        return self.json_mib * MIB

    @property
    def cell_chars(self) -> int:
        return self.cell_mib * MIB

    def time_for(self, size: int) -> float:
        """Processor seconds that reading a file of `size` bytes may take."""
        return self.seconds + FILE_SECONDS * size / MIB

    def memory_for(self, size: int) -> int:
        """Bytes of memory that reading a file of `size` bytes may take: in proportion to it, never more than the setting
        or three quarters of the machine."""
        import psutil  # only where a file is read

        most = self.memory_mib * MIB or int(psutil.virtual_memory().total * 0.75)
        return min(most, _START_MEMORY + FILE_MEMORY * size) if not self.memory_mib else most


LIMITS = Limits()


def remedy(setting: str) -> str:
    """The edit that raises a bound, as messages name it."""
    return f"if you trust it, raise {setting} under [limits] in migration.toml"
