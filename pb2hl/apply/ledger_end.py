"""Beside a ledger that is a file: how far its audit log reached before each write left, so that a ledger which lost its end is noticed.

The location's seal names a point at the beginning of a run. A write-ahead log that was cut off behind that point, by a power loss or
a copy that left it out, shows nowhere else: what was changed, moved or deleted since would be taken for people's work.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from pb2hl.ledger import LedgerPort

_NOTED = re.compile(r"(\d{1,18}) ([0-9a-f]{64})\s*")
_WIDTH = 90


class LedgerEnd:
    """The note in `path`; None where the ledger is no file of the workspace. Written in place without waiting for the disk: a note that
    is older than the ledger says nothing, one that is newer tells."""

    def __init__(self, path: Path | None):
        self._path = path
        self._file: int | None = None
        self._last = ""

    def note(self, ledger: LedgerPort) -> None:
        """The ledger reached this far. Costs a read of the ledger and a write of one line."""
        if self._path is None:
            return
        number, head = ledger.log_head()
        if head == self._last:
            return
        if self._file is None:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(self._file, f"{number} {head}".ljust(_WIDTH).encode())
        os.lseek(self._file, 0, os.SEEK_SET)
        self._last = head

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def lost(self, ledger: LedgerPort) -> bool:
        """Whether the ledger does not hold what it held when the note was written."""
        if self._path is None or not self._path.exists():
            return False
        found = _NOTED.fullmatch(self._path.read_text(encoding="ascii", errors="replace"))
        return found is not None and not ledger.has_logged(int(found[1]), found[2])
