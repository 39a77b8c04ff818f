"""What every piece of a run shares, in one frozen record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pb2hl.ledger import LedgerPort
from pb2hl.progress import SILENT, Cancel, Progress


@dataclass(frozen=True)
class RunContext:
    """One run against one location: where it is recorded (`ledger`, `run`; "" for one that only looks and records nothing), what it talks to (`client`, a `highlevel.Client`),
    in which country phones are read (`region`, ISO 3166-1 alpha-2), whom it tells and who may stop it."""

    ledger: LedgerPort
    client: Any
    run: str
    region: str = ""
    progress: Progress = SILENT
    cancel: Cancel = field(default_factory=Cancel)
