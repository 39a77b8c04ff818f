"""Checks: the Great Expectations suites on what is about to be loaded (before) or on what arrived (after)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from pb2hl.clock import SYSTEM_CLOCK, Clock
from pb2hl.errors import ConfigError, Problem, Severity
from pb2hl.model import PROVENANCE
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.resources import resource
from pb2hl.results import Status, StepResult
from pb2hl.steps.check.tables import CROSS, Arrived, Staged, Tables, judged
from pb2hl.suites import Rule, Suite, Verdict, load_suite, load_suites, validate
from pb2hl.suites.facts import shows
from pb2hl.suites.load import great_expectations
from pb2hl.suites.validate import BROKEN, FAILED, PASSED, SKIPPED
from pb2hl.values.counting import agree, counted, predicate
from pb2hl.workspace import Workspace

STAGES = ("before", "after")
ONLY = "suite"
"""Ends the name of a check of one suite: the verdict of all of them, which the gate goes by, stays as it is."""
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
    """Run the suites of `stage` (saved as `check-before` or `check-after`), or only the one in the file `suite` (`check-suite`).

    Suites are those that ship with the package, plus those in `WS/expectations/<stage>/` (a file of the same name
    replaces a shipped one). FAILED when a critical rule found bad data, a rule is broken, or none could look at anything.
    """
    if stage not in STAGES:
        raise ConfigError(f"there is no stage {stage!r}", hint="before or after")
    if stage == "before":
        ws.require_staged()
    progress.start("starting Great Expectations, reading suites and tables", 3, "parts")
    great_expectations()
    progress.advance()
    shipped, own = resource(f"expectations/{stage}"), ws.path / "expectations" / stage
    suites = [load_suite(Path(suite))] if suite else load_suites(shipped, own)
    progress.advance()
    tables: Tables = Staged(ws, suites, clock, cancel) if stage == "before" else Arrived(ws, cancel)
    suites = [item if tables.known(item.object) else _of_nothing(item) for item in suites]
    progress.advance()
    verdicts, failing = _judge(stage, suites, tables, progress, cancel)
    if data_docs:
        _data_docs(ws, stage, suites, tables)
    less = [] if suite else _less(shipped, own)
    result = _result(stage, f"check-{ONLY if suite else stage}", verdicts, failing, tables.books(), less)
    if stage == "before":
        result = replace(result, facts={**result.facts, "tables": ws.staged_fingerprint()})
    with ws.lock(f"check {stage}"):
        result.save(ws.results(result.step))
    return result


def _judge(
    stage: str, suites: Sequence[Suite], tables: Tables, progress: Progress, cancel: Cancel | None
) -> tuple[list[Verdict], list[pd.DataFrame]]:
    """Every rule's verdict, and the failing rows of those that failed."""
    verdicts: list[Verdict] = []
    failing: list[pd.DataFrame] = []
    progress.start(f"checks {stage}", sum(len(item.rules) for item in suites), "rules")
    for item in suites:
        if cancel is not None:
            cancel.check()
        progress.note(item.name)
        frame = judged(tables, item)
        found = validate(item, frame)
        verdicts += found
        failing += [_failing(verdict, frame) for verdict in found if verdict.verdict == FAILED and frame is not None]
        progress.advance(len(item.rules))
    progress.finish()
    return verdicts, failing


def _of_nothing(suite: Suite) -> Suite:
    """A suite about a table that nobody knows: every rule is broken, for none will ever run."""
    why = f"there is no object or table {suite.object!r}: meta.object names it, or the name of the file"
    return replace(suite, rules=tuple(replace(rule, broken=rule.broken or why) for rule in suite.rules))


def _less(shipped: Path, own: Path) -> list[Problem]:
    """What shipped suites ask that suites of the same name in the workspace, which replace them, ask no more."""
    found = []
    for path in sorted(own.glob("*.json")) if own.is_dir() else ():
        if (shipped / path.name).is_file():
            ours, theirs = load_suite(shipped / path.name), {_asked(rule) for rule in load_suite(path).rules}
            gone = [rule for rule in ours.rules if _asked(rule) not in theirs]
            if gone:
                text = f"replaces the shipped suite and leaves out {len(gone)} of its rules: {'; '.join(rule.title for rule in gone)}"
                treatment = "name the file otherwise to add to the shipped rules"
                found.append(
                    Problem(
                        "rules_replaced", text, Severity.WARNING, file=path.name, treatment=treatment, count=len(gone)
                    )
                )
    return found


def _asked(rule: Rule) -> str:
    return json.dumps([rule.type, dict(rule.kwargs), str(rule.severity)], sort_keys=True, default=str)


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
    failing = pd.DataFrame(
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
        failing[name] = rows[name].astype("str").fillna("").to_numpy() if name in rows.columns else ""
    return failing[list(FAILING_COLUMNS)]


def _text(value: object) -> str:
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return "" if value is None or value is pd.NaT or value is pd.NA or value != value else str(value)


def _result(
    stage: str,
    step: str,
    verdicts: list[Verdict],
    failing: list[pd.DataFrame],
    books: dict[str, pd.DataFrame],
    less: list[Problem],
) -> StepResult:
    rows = pd.concat(failing, ignore_index=True) if failing else pd.DataFrame(columns=list(FAILING_COLUMNS))
    sheets = (" sheet " + rows["source_sheet"]).where(rows["source_sheet"] != "", "")
    places = ("file " + rows["source_file"] + sheets + " row " + rows["source_row"]).where(
        rows["source_row"] != "", rows["source_id"]
    )
    samples = {rule: "; ".join(few.head(SAMPLE)) for rule, few in places.groupby(rows["rule_id"])}
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
    blind = not counts[PASSED] + counts[FAILED]
    return StepResult(
        step=step,
        status=Status.FAILED if stops or blind else Status.DONE,
        headline=_headline(stage, counts, len(stops)),
        counts={name.replace(" ", "_"): n for name, n in counts.items()}
        | {"critical": len(stops), "failing_rows": len(rows)},
        tables={"rules": rules, "failing": rows.astype("str"), **books},
        problems=(*less, *_problems(verdicts, samples, _files(rows))),
        next_step="mend what is critical, then run this again" if stops or blind else NEXT[stage],
    )


def _problems(verdicts: list[Verdict], samples: dict[str, str], files: dict[str, str]) -> list[Problem]:
    told = [v for v in verdicts if v.verdict in {FAILED, BROKEN}]
    return [_problem(v, samples.get(_id(v), ""), files.get(_id(v), "")) for v in told]


def _files(failing: pd.DataFrame) -> dict[str, str]:
    """The one file of the export that holds all failing rows, by rule; rules whose rows stand in several have none."""
    names = failing.groupby("rule_id")["source_file"].unique()
    return {str(rule): found[0] for rule, found in names.items() if len(found) == 1}


def _stops(verdict: Verdict) -> bool:
    return verdict.verdict == BROKEN or (verdict.verdict == FAILED and verdict.rule.severity is Severity.CRITICAL)


def _headline(stage: str, counts: dict[str, int], stops: int) -> str:
    ran = counts[PASSED] + counts[FAILED]
    what = "the data to be loaded" if stage == "before" else "what arrived"
    if not ran and not counts[BROKEN]:
        return f"No rule about {what} had anything to look at: {counts[SKIPPED]} do not apply here. Nothing is proven."
    if stops:
        return f"{stops} of {ran + counts[BROKEN]} rules about {what} stop the migration: {counts[BROKEN]} broken, the others failed."
    if counts[FAILED]:
        return f"Nothing critical: {counts[PASSED]} of {ran} rules about {what} hold; {counted(counts[FAILED], 'other')} {agree(counts[FAILED], 'has', 'have')} a stated treatment."
    return f"All {ran} rules about {what} hold."


def _problem(verdict: Verdict, sample: str, file: str) -> Problem:
    """What a person should know: `file` is the one of the export that holds all failing rows; only a broken rule is told with its suite."""
    rule = verdict.rule
    if verdict.verdict == BROKEN:
        message = f"rule broken: {_label(verdict)}: {verdict.reason}"
        mend = "run pb2hl mapping first" if set(rule.columns) & _MAPPED else "mend the rule in its suite"
        return Problem("rule_broken", message, Severity.CRITICAL, file=verdict.suite.file, treatment=mend)
    where = f" ({sample})" if sample else f" (found {verdict.observed})" if verdict.observed else ""
    column = rule.columns[0] if rule.columns else ""
    return Problem(
        "check", found(verdict) + where, rule.severity, file=file, field=column,
        count=max(verdict.failing, 1), treatment=rule.treatment,
    )  # fmt: skip


def found(verdict: Verdict) -> str:
    """What a failed rule found, not what it wishes for; a rule that does not say what it finds is named."""
    objects = "comparisons" if verdict.suite.object == CROSS else verdict.suite.object.replace("_", " ")
    rows = f"{verdict.failing:,} of {verdict.checked:,} {objects}" if verdict.failing else objects
    return (
        f"{rows} {predicate(verdict.failing, verdict.rule.found or f'does|do not keep the rule “{_label(verdict)}”')}"
    )


def _data_docs(ws: Workspace, stage: str, suites: list[Suite], tables: Tables) -> None:
    """Great Expectations' own pages, which ask the network for their styles: only on request, never the shared report."""
    from pb2hl.suites.docs import build

    folder = ws.reports / f"checks-{stage}-data-docs"
    shutil.rmtree(folder, ignore_errors=True)
    build(folder, [(item, judged(tables, item)) for item in suites])
