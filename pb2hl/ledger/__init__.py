"""The database that remembers every operation's intent, outcome, destination id and before-image.

`Ledger.open(workspace)` opens it; `LedgerPort` is what everything above asks of it, so that another database can serve.
"""

from __future__ import annotations

from pb2hl.ledger.port import DAILY, Approval, Entry, Intent, LedgerPort, LogEntry, Outcome, Run, State
from pb2hl.ledger.sqlite import Ledger

__all__ = ["DAILY", "Approval", "Entry", "Intent", "Ledger", "LedgerPort", "LogEntry", "Outcome", "Run", "State"]
