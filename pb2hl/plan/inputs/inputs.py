"""What a plan is made of. Every field is the frozen result of a step below; nothing here reads or asks anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd

from pb2hl import mapper
from pb2hl.highlevel import Destination
from pb2hl.highlevel.capabilities import Capabilities
from pb2hl.matching import Merges
from pb2hl.workspace import Config


@dataclass(frozen=True)
class ExportFile:
    """Bytes that came with the export: a path inside the workspace, its size in bytes and its SHA-256 (hex)."""

    path: str
    size: int
    sha256: str = ""


@dataclass(frozen=True)
class Gone:
    """Rows that were loaded and are in this export no more, as an earlier one had them (a staged table), and the source id
    of the loaded row whose record each went to."""

    rows: pd.DataFrame
    owner: Mapping[str, str]


def _empty() -> pd.DataFrame:
    return pd.DataFrame()


@dataclass(frozen=True)
class PlanInputs:
    """Everything that decides a plan.

    `staged` holds the staged tables by object; contacts and companies are taken from `merges`. `columns`,
    `not_converted` (references that mean no record included) and `dropped` are the tables that staging leaves beside them; `source_cells` (object, file, sheet, heading, cells) is what reading counted. `files` are the export's files by relative name.
    `export_date` is the newest date of the export (None: taken from the tables). `inline_files` is the folder into which
    images that lie inside note bodies are written under their content hash (None: they are told and left out).
    `conflicts` says for (model, label case-folded) of a field that exists and does not fit whether one is made `beside` it or it is put to `use`.
    `aliases`: (object, source id) of a row whose record was made for another row, to that row's source id.
    `gone`: by object, loaded rows that this export lacks and that its rows may name.
    `loaded`: source ids of deals that this migration made opportunities of, and whether each hangs on a stand-in: no other deal takes their place.
    `logged`: activity that was loaded → whether as a message (else as a note): it stays what it is. `counted`: messages (operations) that
    the counter of their conversation was put back for.
    `noted`: activity that stands in a note already → the activity whose note that is: it stays there while both hang on the same record.
    `capabilities`: what a probe proved of the location; ways that none has seen are not planned.
    """

    staged: Mapping[str, pd.DataFrame]
    merges: Merges
    mapping: mapper.Mapping
    destination: Destination
    config: Config
    columns: pd.DataFrame = field(default_factory=_empty)
    not_converted: pd.DataFrame = field(default_factory=_empty)
    dropped: pd.DataFrame = field(default_factory=_empty)
    source_cells: pd.DataFrame = field(default_factory=_empty)
    files: Mapping[str, ExportFile] = field(default_factory=dict)
    export_date: date | None = None
    inline_files: Path | None = None
    conflicts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    aliases: Mapping[tuple[str, str], str] = field(default_factory=dict)
    gone: Mapping[str, Gone] = field(default_factory=dict)
    loaded: Mapping[str, bool] = field(default_factory=dict)
    logged: Mapping[str, bool] = field(default_factory=dict)
    counted: frozenset[str] = frozenset()
    noted: Mapping[str, str] = field(default_factory=dict)
    capabilities: Capabilities = field(default_factory=Capabilities)

    def table(self, name: str) -> pd.DataFrame:
        """The rows of `name` to migrate: survivors of contacts and companies, every staged row of the rest."""
        if name == "contacts":
            return self.merges.contacts
        if name == "companies":
            return self.merges.companies
        return self.staged.get(name, pd.DataFrame())

    def named(self, name: str) -> pd.DataFrame:
        """`table(name)` with the loaded rows that this export lacks: what a row may name."""
        frame, gone = self.table(name), self.gone.get(name)
        return frame if gone is None else pd.concat([frame, gone.rows], ignore_index=True)

    def newest(self) -> date:
        """The day of the export: given, else the newest created or updated moment in any table."""
        return self.export_date or newest_day(self.staged) or date(1970, 1, 1)


def newest_day(staged: Mapping[str, pd.DataFrame], until: date | None = None) -> date | None:
    """The newest day a record was created or updated; days after `until` are errors of the source and do not count."""
    found = []
    for name in sorted(staged):
        for column in ("created_at", "updated_at"):
            if column in staged[name].columns:
                moments = pd.to_datetime(staged[name][column], utc=True, errors="coerce")
                if until is not None:
                    moments = moments[moments < pd.Timestamp(until, tz="UTC") + pd.Timedelta(days=1)]
                if not pd.isna(newest := moments.max()):
                    found.append(newest)
    return max(found).date() if found else None
