"""The tables that suites judge: staged ones with their facts, what the audit read back, and tables of the export that are no object."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Protocol

import pandas as pd

from pb2hl import mapper
from pb2hl.clock import Clock
from pb2hl.errors import ConfigError, SheetError
from pb2hl.highlevel import Destination
from pb2hl.ledger import Ledger
from pb2hl.markers import SINGULAR
from pb2hl.model import OBJECTS, PROVENANCE, RAW_PREFIX
from pb2hl.progress import Cancel
from pb2hl.results import StepResult
from pb2hl.sheets import table_rows
from pb2hl.steps.check.recount import audited_against_export, staged_against_export
from pb2hl.steps.proposal.decisions import config_in_force
from pb2hl.steps.shared.intake import take_in
from pb2hl.suites import CheckFacts, Suite, cross_after, cross_before, prepare
from pb2hl.suites.consents import ConsentColumn
from pb2hl.suites.joins import joined
from pb2hl.values.consents import FIELDS as CONSENTS
from pb2hl.values.fold import fold
from pb2hl.whole import column_names, read_frame
from pb2hl.workspace import Workspace

CROSS = "cross"
STAGED = "staged."
"""Before an object's name: the export's own table, for rules about what arrived."""


class Tables(Protocol):
    """What a stage's suites judge."""

    def frame(self, name: str) -> pd.DataFrame | None:
        """The table that suites call `name`; None when this migration has none."""

    def known(self, name: str) -> bool:
        """Whether `name` means a table at all, in this migration or another."""

    def books(self) -> dict[str, pd.DataFrame]:
        """Evidence beside the rules."""


def judged(tables: Tables, suite: Suite) -> pd.DataFrame | None:
    """The table of `suite` with the columns that it joins from others; None when there is none."""
    frame = tables.frame(suite.object)
    return frame if frame is None else joined(frame, suite.joins, suite.named, tables.frame)


class Staged:
    """Staged tables with their facts, each read when asked for; `suites` say which raw texts they need."""

    def __init__(self, ws: Workspace, suites: Collection[Suite], clock: Clock, cancel: Cancel | None):
        names = sorted(name for name in OBJECTS if ws.has_table(name))
        if not names:
            raise ConfigError("there are no staged tables to check", hint=f"pb2hl inventory {ws.path}")
        self._ws, self._cancel = ws, cancel
        asked = " ".join(suite.named for suite in suites)
        consents = _consents(ws)
        raw = {f"{RAW_PREFIX}{column.heading}" for column in consents}
        with Ledger.open(ws) as ledger:
            policy = config_in_force(ws, ledger).policy
        self._facts = CheckFacts(
            tables={
                name: _read(ws.staged / f"{name}.parquet", raw if name == "contacts" else (), asked) for name in names
            },
            consents=consents,
            owners=_owners(ws),
            stages=_stages(ws),
            fallback=_fallback(ws),
            made_keys=policy.made_keys == "accept",
            not_converted=ws.table("not_converted"),
            files=dict(_files(ws)),
            now=pd.Timestamp(clock.now()),
        )

    def frame(self, name: str) -> pd.DataFrame | None:
        """The table of object `name` with its facts, or a table of the export that is no object, as text by its headings."""
        if name == CROSS:
            cells = staged_against_export(self._ws, cancel=self._cancel)
            return cross_before(self._facts, self._ws.table("columns"), self._ws.table("dropped"), cells)
        if name in self._facts.tables:
            return prepare(name, self._facts)
        return None if name in OBJECTS else self._others.get(fold(name))

    def known(self, name: str) -> bool:
        """Whether `name` is an object, `cross`, or a table of this export."""
        return name == CROSS or name in OBJECTS or fold(name) in self._others

    @cached_property
    def _others(self) -> dict[str, pd.DataFrame]:
        """Tables of the export that are no object, by file name with and without its ending, and by sheet."""
        if self._ws.table("unassigned").empty:
            return {}
        found: dict[str, pd.DataFrame] = {}
        for item in take_in(
            self._ws.export_path,
            into=self._ws.files,
            limits=self._ws.config.limits,
            sheet=self._ws.sheets / "tables.csv",
            cancel=self._cancel,
        ).tables:
            if not item.object:
                frame = item.raw.frame.replace("", pd.NA).reset_index(drop=True)
                located = frame.assign(
                    source_file=item.raw.file,
                    source_sheet=item.raw.sheet,
                    source_row=item.raw.rows,
                    source_id=pd.Series(item.raw.rows).astype("str"),
                )
                names = (item.raw.label, item.raw.file, item.raw.sheet, Path(item.raw.file).stem)
                found |= {fold(name): located for name in names if name and fold(name) not in found}
        return found

    def books(self) -> dict[str, pd.DataFrame]:
        """The legal edition's reconciliation, as evidence; nothing for other editions."""
        return self._facts.books().tables()


ARRIVED = "arrived_"
"""What the audit's tables of records that were read back are called, before the object."""


class Arrived:
    """What the audit read back, one table an object, with the place of each record in the export."""

    def __init__(self, ws: Workspace, cancel: Cancel | None):
        result = StepResult.load(ws.results("audit"))
        tables: Mapping[str, pd.DataFrame] = result.tables if result is not None else {}
        self._tables = {name.removeprefix(ARRIVED): tables[name] for name in sorted(tables) if name.startswith(ARRIVED)}
        if not self._tables:
            raise ConfigError("nothing has been read back yet", hint=f"pb2hl audit {ws.path}")
        self._ws, self._cancel = ws, cancel
        self._refused = tables["not_landed"] if "not_landed" in tables else pd.DataFrame()

    def frame(self, name: str) -> pd.DataFrame | None:
        """What arrived of object `name`, or, as `staged.<object>`, what the export had; None when there is nothing of it."""
        if name == CROSS:
            cells = audited_against_export(self._ws, cancel=self._cancel)
            return cross_after(self._tables, {"deals": self._ws.table("deals")}, cells, self._refused)
        if name.startswith(STAGED):
            table = self._ws.table(name.removeprefix(STAGED))
            return table if len(table.columns) else None
        return self._placed(name) if name in self._tables else None

    def known(self, name: str) -> bool:
        """Whether `name` is an object, its staged table, or `cross`."""
        return name == CROSS or name.removeprefix(STAGED) in OBJECTS

    def books(self) -> dict[str, pd.DataFrame]:
        """Nothing: the books are reconciled before the load."""
        return {}

    def _placed(self, name: str) -> pd.DataFrame:
        """The table with file, sheet and row of the source record behind each: `deal:12` is row 12 of deals, `7 20260703T1515` of row 7."""
        frame = self._tables[name]
        ids = frame["source_id"].astype("str")
        objects = pd.Series(name, index=frame.index)
        for object_, one in SINGULAR.items():
            stands_in = ids.str.startswith(f"{one}:")
            objects = objects.mask(stands_in, object_)
            ids = ids.mask(stands_in, ids.str.removeprefix(f"{one}:"))
        places = pd.concat([self._places(object_) for object_ in objects.unique()])
        whole, part = (objects + "\0" + key for key in (ids, ids.str.rsplit(" ", n=1).str[0]))
        located = places.reindex(whole.where(whole.isin(places.index), part)).set_axis(frame.index)
        return pd.concat([frame[[column for column in frame.columns if column not in _PLACE]], located], axis=1)

    def _places(self, object_: str) -> pd.DataFrame:
        table = self._ws.table(object_)
        if not {"source_id", *_PLACE} <= set(table.columns):
            return pd.DataFrame(columns=list(_PLACE), dtype="str")
        found = table[["source_id", *_PLACE]].astype("str").drop_duplicates("source_id")
        return found.set_index(object_ + "\0" + found.pop("source_id"))


_PLACE = tuple(name for name in PROVENANCE if name not in {"source_id", "row_hash"})


def _read(path: Path, raw: Collection[str], asked: str) -> pd.DataFrame:
    """A staged table without row hashes and raw texts, but for the columns `raw` and those that the text `asked` names."""
    names = column_names(path)
    kept = {name for name in names if name in raw or (name.startswith(RAW_PREFIX) and name in asked)}
    columns = [name for name in names if name in kept or not (name.startswith(RAW_PREFIX) or name == "row_hash")]
    return read_frame(path, columns=columns).reset_index(drop=True)


def _consents(ws: Workspace) -> tuple[ConsentColumn, ...]:
    """Columns of contacts that hold consent: those that were decided so, and those that the mapper took for it whatever was decided."""
    sheet = _sheet(ws, "fields", ("object", "column", "proposal", "decision", "transform"))
    if sheet is None:
        return ()
    typed = ws.table("columns")
    turned = set(typed.loc[typed["decision"].str.contains('"inverted": true'), "heading"]) if len(typed) else set()
    found = []
    for row in table_rows(sheet[sheet["object"] == "contacts"]):
        field = row.decision if row.decision in CONSENTS else row.proposal
        if field in CONSENTS:
            found.append(ConsentColumn(row.column, field, row.column in turned or "inverted" in row.transform))
    return tuple(found)


def _fallback(ws: Workspace) -> bool:
    """Whether there is a fallback owner: a user of the location, as far as that was read."""
    place = Destination.load(ws.path)
    named = ws.config.fallback_owner
    return bool(named if place is None else mapper.fallback_user(named, place.users))


def _owners(ws: Workspace) -> frozenset[str] | None:
    """The owners that have a user or a decision, folded; None before there is a sheet.

    Who approves the mapping approves with it that records without an owner stay so: then the blank one is settled too.
    """
    sheet = _sheet(ws, "owners", ("owner", "user_id", "decision"))
    if sheet is None:
        return None
    decided = sheet[(sheet["user_id"].str.strip() + sheet["decision"].str.strip()) != ""]
    spellings = [decided[name] for name in ("owner", "name", "email") if name in decided.columns]
    known = frozenset(pd.concat(spellings).str.strip().str.casefold()) - {""}
    return known | {""} if _mapping_approved(ws) else known


def _mapping_approved(ws: Workspace) -> bool:
    if not Ledger.exists(ws):
        return False
    with Ledger.open(ws) as ledger:
        return ledger.approval("mapping") is not None


def _stages(ws: Workspace) -> frozenset[tuple[str, str]] | None:
    sheet = _sheet(ws, "stages", ("pipeline", "stage", "target_stage"))
    if sheet is None:
        return None
    mapped = sheet[sheet["target_stage"].str.strip() != ""]
    return frozenset(zip(mapped["pipeline"].str.strip(), mapped["stage"].str.strip(), strict=True))


def _sheet(ws: Workspace, name: str, columns: tuple[str, ...]) -> pd.DataFrame | None:
    if not (ws.sheets / f"{name}.csv").exists():
        return None
    try:
        return ws.sheet(name, columns)
    except SheetError as error:
        if "is empty" in error.message:
            return None
        raise


def _files(ws: Workspace) -> Iterable[tuple[str, int]]:
    """Path and bytes of every file in the export and of those copied out of it."""
    for root in (ws.export_path, ws.files):
        if root.is_dir():
            yield from (
                (p.relative_to(root).as_posix(), p.stat().st_size) for p in sorted(root.rglob("*")) if p.is_file()
            )
    if ws.export_path.is_file() and zipfile.is_zipfile(ws.export_path):
        with zipfile.ZipFile(ws.export_path) as bundle:
            yield from ((item.filename, item.file_size) for item in bundle.infolist() if not item.is_dir())
