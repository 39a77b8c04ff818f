"""Checks: the Great Expectations suites on what is about to be loaded (before) or on what arrived (after)."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Collection, Iterable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from pb2hl.clock import SYSTEM_CLOCK, Clock
from pb2hl.errors import ConfigError, Problem, Severity, SheetError
from pb2hl.ledger import Ledger
from pb2hl.model import OBJECTS, PROVENANCE, RAW_PREFIX
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.resources import resource
from pb2hl.results import Status, StepResult
from pb2hl.steps.recount import audited_against_export, staged_against_export
from pb2hl.suites import (
    CheckFacts,
    Suite,
    Verdict,
    cross_after,
    cross_before,
    load_suite,
    load_suites,
    prepare,
    validate,
)
from pb2hl.suites.consents import ConsentColumn
from pb2hl.suites.facts import shows
from pb2hl.suites.validate import BROKEN, FAILED, PASSED, SKIPPED
from pb2hl.values.consents import FIELDS as CONSENTS
from pb2hl.workspace import Workspace

STAGES = ("before", "after")
CROSS = "cross"
SAMPLE = 5
"""Failing rows that a rule's line names; all of them are in the table `failing`."""
RULE_COLUMNS = (
    "rule_id",
    "suite",
    "object",
    "rule",
    "severity",
    "verdict",
    "checked",
    "failing",
    "sample",
    "reason",
    "treatment",
)
FAILING_COLUMNS = (
    "rule_id", "object", "rule", "severity", "column", "value", "source_id", "source_file", "source_sheet", "source_row",
)  # fmt: skip
_MAPPED = {"check.stage_mapped", "check.owner_resolved"}
"""Facts that the mapping sheets hold."""
NEXT = {"before": "pb2hl schema", "after": "pb2hl report"}


def check(
    ws: Workspace,
    *,
    stage: str = "before",
    suite: Path | None = None,
    data_docs: bool = False,
    clock: Clock = SYSTEM_CLOCK,
    progress: Progress = SILENT,
    cancel: Cancel | None = None,
) -> StepResult:
    """Run the suites of `stage`, or only the one in the file `suite`; saved as `check-before` or `check-after`.

    Suites are those that ship with the package, plus those in `WS/expectations/<stage>/` (a file of the same name
    replaces a shipped one). FAILED when a critical rule found bad data or a rule is broken.
    """
    if stage not in STAGES:
        raise ConfigError(f"there is no stage {stage!r}", hint="before or after")
    if stage == "before":
        ws.require_staged()
    progress.start("reading suites, starting Great Expectations", None, "suites")
    suites = (
        [load_suite(Path(suite))]
        if suite
        else load_suites(resource(f"expectations/{stage}"), ws.path / "expectations" / stage)
    )
    tables = _Staged(ws, clock, cancel) if stage == "before" else _Arrived(ws, cancel)
    progress.start(f"checks {stage}", len(suites), "suites")
    verdicts: list[Verdict] = []
    failing: list[pd.DataFrame] = []
    for item in suites:
        if cancel is not None:
            cancel.check()
        progress.note(item.name)
        frame = tables.frame(item.object)
        found = validate(item, frame)
        verdicts += found
        failing += [_failing(verdict, frame) for verdict in found if verdict.verdict == FAILED and frame is not None]
        progress.advance()
    progress.finish()
    if data_docs:
        _data_docs(ws, stage, suites, tables)
    result = _result(stage, verdicts, failing, tables.books())
    with ws.lock(f"check {stage}"):
        result.save(ws.results(result.step))
    return result


class _Staged:
    """Staged tables with their facts, each read when asked for."""

    def __init__(self, ws: Workspace, clock: Clock, cancel: Cancel | None):
        names = sorted(path.stem for path in ws.staged.glob("*.parquet") if path.stem in OBJECTS)
        if not names:
            raise ConfigError("there are no staged tables to check", hint=f"pb2hl inventory {ws.path}")
        self._ws, self._cancel = ws, cancel
        consents = _consents(ws)
        raw = {f"{RAW_PREFIX}{column.heading}" for column in consents}
        self._facts = CheckFacts(
            tables={name: _read(ws.staged / f"{name}.parquet", raw if name == "contacts" else ()) for name in names},
            consents=consents,
            owners=_owners(ws),
            stages=_stages(ws),
            fallback=bool(ws.config.fallback_owner),
            not_converted=ws.table("not_converted"),
            files=dict(_files(ws)),
            now=pd.Timestamp(clock.now()),
        )

    def frame(self, name: str) -> pd.DataFrame | None:
        """The table of object `name` with its facts; None when the export has none."""
        if name == CROSS:
            cells = staged_against_export(self._ws, cancel=self._cancel)
            return cross_before(self._facts, self._ws.table("columns"), self._ws.table("dropped"), cells)
        return prepare(name, self._facts) if name in self._facts.tables else None

    def books(self) -> dict[str, pd.DataFrame]:
        """The legal edition's reconciliation, as evidence; nothing for other editions."""
        return self._facts.books().tables()


class _Arrived:
    """What the audit read back, one table an object."""

    def __init__(self, ws: Workspace, cancel: Cancel | None):
        folder = ws.results("audit")
        self._tables = {
            p.stem.removeprefix("arrived_"): pd.read_parquet(p) for p in sorted(folder.glob("arrived_*.parquet"))
        }
        if not self._tables:
            raise ConfigError("nothing has been read back yet", hint=f"pb2hl audit {ws.path}")
        self._ws, self._cancel = ws, cancel

    def frame(self, name: str) -> pd.DataFrame | None:
        """What arrived of object `name`; None when nothing of it was expected."""
        if name == CROSS:
            cells = audited_against_export(self._ws, cancel=self._cancel)
            return cross_after(self._tables, {"deals": self._ws.table("deals")}, cells)
        return self._tables.get(name)

    def books(self) -> dict[str, pd.DataFrame]:
        """Nothing: the books are reconciled before the load."""
        return {}


def _read(path: Path, raw: Collection[str] = ()) -> pd.DataFrame:
    """A staged table without row hashes and raw texts, but for the columns `raw`."""
    names = pq.read_schema(path).names
    columns = [name for name in names if name in raw or not (name.startswith(RAW_PREFIX) or name == "row_hash")]
    return pd.read_parquet(path, columns=columns).reset_index(drop=True)


def _consents(ws: Workspace) -> tuple[ConsentColumn, ...]:
    """Columns of contacts that hold consent: those that were decided so, and those that the mapper took for it whatever was decided."""
    sheet = _sheet(ws, "fields", ("object", "column", "proposal", "decision", "transform"))
    if sheet is None:
        return ()
    typed = ws.table("columns")
    turned = set(typed.loc[typed["decision"].str.contains('"inverted": true'), "heading"]) if len(typed) else set()
    found = []
    for row in sheet[sheet["object"] == "contacts"].itertuples(index=False):
        field = row.decision if row.decision in CONSENTS else row.proposal
        if field in CONSENTS:
            found.append(ConsentColumn(row.column, field, row.column in turned or "inverted" in row.transform))
    return tuple(found)


def _owners(ws: Workspace) -> frozenset[str] | None:
    """The owners that have a user or a decision, folded; None before there is a sheet.

    Who approves the mapping approves with it that records without an owner stay so: then the blank one is settled too.
    """
    sheet = _sheet(ws, "owners", ("owner", "user_id", "decision"))
    if sheet is None:
        return None
    settled = sheet[(sheet["user_id"].str.strip() + sheet["decision"].str.strip()) != ""]
    spellings = [settled[name] for name in ("owner", "name", "email") if name in settled.columns]
    known = frozenset(pd.concat(spellings).str.strip().str.casefold()) - {""}
    return known | {""} if _mapping_approved(ws) else known


def _mapping_approved(ws: Workspace) -> bool:
    if not ws.ledger_path.exists():
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


def _label(verdict: Verdict) -> str:
    rule = verdict.rule
    words = rule.type.removeprefix("expect_").replace("_", " ")
    return rule.title or (f"{', '.join(rule.columns)}: {words}" if rule.columns else words)


def _id(verdict: Verdict) -> str:
    return f"{verdict.suite.name}.{verdict.rule.number}"


def _failing(verdict: Verdict, frame: pd.DataFrame) -> pd.DataFrame:
    """Every failing row of a rule with where it is in the source."""
    if verdict.rows is None or not len(verdict.rows):
        return pd.DataFrame(columns=list(FAILING_COLUMNS))
    rows = frame.iloc[verdict.rows]
    column = shows(verdict.rule.columns[0], frame) if verdict.rule.columns else ""
    value = rows[column] if column in rows.columns else pd.Series(pd.NA, index=rows.index)
    told = pd.DataFrame(
        {
            "rule_id": _id(verdict),
            "object": verdict.suite.object,
            "rule": _label(verdict),
            "severity": str(verdict.rule.severity),
            "column": column,
            "value": value.map(_text).to_numpy(dtype=object),
        }
    )
    for name in (name for name in PROVENANCE if name != "row_hash"):
        told[name] = rows[name].astype("str").to_numpy() if name in rows.columns else ""
    return told[list(FAILING_COLUMNS)]


def _text(value: object) -> str:
    if hasattr(value, "__len__") and not isinstance(value, str):
        return ", ".join(map(str, value))
    return "" if value is None or value is pd.NaT or value is pd.NA or value != value else str(value)


def _result(
    stage: str, verdicts: list[Verdict], failing: list[pd.DataFrame], books: dict[str, pd.DataFrame]
) -> StepResult:
    rows = pd.concat(failing, ignore_index=True) if failing else pd.DataFrame(columns=list(FAILING_COLUMNS))
    places = ("file " + rows["source_file"] + " row " + rows["source_row"]).where(
        rows["source_row"] != "", rows["source_id"]
    )
    samples = places.groupby(rows["rule_id"]).agg(lambda few: "; ".join(few.head(SAMPLE))) if len(rows) else {}
    rules = pd.DataFrame(
        [
            (
                _id(v), v.suite.file, v.suite.object, _label(v), str(v.rule.severity), v.verdict, v.checked, v.failing,
                samples.get(_id(v), v.observed if v.verdict == FAILED else ""), v.reason, v.rule.treatment,
            )
            for v in verdicts
        ],
        columns=list(RULE_COLUMNS),
    )  # fmt: skip
    counts = {name: int((rules["verdict"] == name).sum()) for name in (PASSED, FAILED, BROKEN, SKIPPED)}
    stops = [v for v in verdicts if _stops(v)]
    problems = tuple(_problem(v, samples.get(_id(v), "")) for v in verdicts if v.verdict in {FAILED, BROKEN})
    return StepResult(
        step=f"check-{stage}",
        status=Status.FAILED if stops else Status.DONE,
        headline=_headline(stage, counts, len(stops)),
        counts={name.replace(" ", "_"): n for name, n in counts.items()}
        | {"critical": len(stops), "failing_rows": len(rows)},
        tables={"rules": rules, "failing": rows.astype("str"), **books},
        problems=problems,
        next_step="mend what is critical, then run this again" if stops else NEXT[stage],
    )


def _stops(verdict: Verdict) -> bool:
    return verdict.verdict == BROKEN or (verdict.verdict == FAILED and verdict.rule.severity is Severity.CRITICAL)


def _headline(stage: str, counts: dict[str, int], stops: int) -> str:
    ran = counts[PASSED] + counts[FAILED]
    what = "the data to be loaded" if stage == "before" else "what arrived"
    if stops:
        return f"{stops} of {ran + counts[BROKEN]} rules about {what} stop the migration: {counts[BROKEN]} broken, the others failed."
    if counts[FAILED]:
        return f"Nothing critical: {counts[PASSED]} of {ran} rules about {what} hold; the {counts[FAILED]} others have a stated treatment."
    return f"All {ran} rules about {what} hold."


def _problem(verdict: Verdict, sample: str) -> Problem:
    rule = verdict.rule
    if verdict.verdict == BROKEN:
        message = f"rule broken: {_label(verdict)}: {verdict.reason}"
        mend = "run pb2hl mapping first" if set(rule.columns) & _MAPPED else "mend the rule in its suite"
        return Problem("rule_broken", message, Severity.CRITICAL, file=verdict.suite.file, treatment=mend)
    where = f" ({sample})" if sample else f" (found {verdict.observed})" if verdict.observed else ""
    column = rule.columns[0] if rule.columns else ""
    return Problem(
        "check", f"{verdict.suite.object}: {_label(verdict)}{where}", rule.severity, file=verdict.suite.file, field=column,
        count=max(verdict.failing, 1), treatment=rule.treatment,
    )  # fmt: skip


def _data_docs(ws: Workspace, stage: str, suites: list[Suite], tables: _Staged | _Arrived) -> None:
    """Great Expectations' own pages, which ask the network for their styles: only on request, never the shared report."""
    from pb2hl.suites.docs import build

    folder = ws.reports / f"checks-{stage}-data-docs"
    shutil.rmtree(folder, ignore_errors=True)
    build(folder, [(item, tables.frame(item.object)) for item in suites])
