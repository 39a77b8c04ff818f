"""Step 9: read everything back in pages, compare it with what was sent, and account for every cell of the export."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

import pandas as pd

from pb2hl.diff import Class
from pb2hl.diff.owner_sync import WHY
from pb2hl.errors import ConfigError, Problem, Severity
from pb2hl.highlevel import Client, Destination
from pb2hl.highlevel.capabilities import Capabilities
from pb2hl.ledger import Ledger, LedgerPort, State
from pb2hl.mapper import staged_tables
from pb2hl.operations import OWNER, Target
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.results import Status, StepResult
from pb2hl.sheets import table_rows
from pb2hl.steps.audit.accounting import ROWS, Accounting, accounting
from pb2hl.steps.audit.compare import UNLINKED, Comparison, compare_location
from pb2hl.steps.audit.related import UNRELATED
from pb2hl.steps.audit.unkept import unkept_table
from pb2hl.steps.balance.balance import Balance, balance
from pb2hl.steps.balance.pieces import OWNERS, SUPPORT, TAGS, Fate
from pb2hl.steps.check.check import check
from pb2hl.steps.check.tables import ARRIVED
from pb2hl.steps.delta.conflicts import kept
from pb2hl.steps.delta.later_export import aliases_of, current
from pb2hl.steps.proposal import sent_under
from pb2hl.steps.shared import outcomes, requests
from pb2hl.steps.shared.cannot_hold import cannot_hold
from pb2hl.steps.shared.owner_order import SWITCH
from pb2hl.steps.shared.refusals import with_archive
from pb2hl.steps.shared.session import with_client
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Workspace

STEP = "audit"


def audit(ws: Workspace, *, progress: Progress = SILENT, cancel: Cancel | None = None) -> StepResult:
    """Compare the location with the ledger, record by record and field by field.

    FAILED when a record is missing, twice there, or in doubt, a value, owner or link is not as it was sent (unless a person
    decided to keep it), or the accounting does not balance. Raises ConfigError before anything was written, TokenMissing,
    HighLevelError.
    """
    with ws.lock(STEP), Ledger.open(ws) as ledger:
        if not ledger.runs():
            raise ConfigError(
                "nothing was written to the location yet: there is nothing to audit", hint=f"pb2hl status {ws.path}"
            )

        async def work(client: Client) -> Comparison:
            return await compare_location(client, ledger, ws.config.country, progress, cancel or Cancel(), kept(ws))

        found = with_client(ws, ledger, STEP, work, progress, cancel)
        progress.start("accounting for every cell of the export", 1, "accounts")
        last = current(ws)
        asked = balance(last, ledger, aliases=aliases_of(last), seen=found.seen)
        result = with_archive(
            ws, ledger, _result(ledger, found, accounting(last, ledger, found), asked, sent_under.problems(ws, ledger))
        )
        known = Capabilities.of(ledger)
        unheld = cannot_hold(last, staged_tables(last), Destination.load(ws.path), planned=True, known=known)
        result = replace(result, tables={**result.tables, "cannot_hold": unheld})
        result.save(ws.results(STEP))
        progress.advance()
    return _with_checks(ws, result, progress, cancel)


def _with_checks(ws: Workspace, result: StepResult, progress: Progress, cancel: Cancel | None) -> StepResult:
    """The audit with the verdict of the suites on what arrived: what they find critical fails the audit too."""
    if not any(name.startswith(ARRIVED) for name in result.tables):
        return result
    checks = check(ws, stage="after", progress=progress, cancel=cancel)
    counts = {**result.counts, "rules_passed": checks.counts["passed"], "rules_failed": checks.counts["data_failed"],
              "rules_broken": checks.counts["rule_broken"]}  # fmt: skip
    known = {problem.message for problem in result.problems}
    criticals = tuple(
        item for item in checks.problems if item.severity is Severity.CRITICAL and item.message not in known
    )
    failed = checks.status is Status.FAILED
    whole = replace(
        result,
        status=Status.FAILED if failed else result.status,
        headline=result.headline + (f" {checks.headline}" if failed else ""),
        counts=counts,
        problems=(*result.problems, *criticals),
    )
    with ws.lock(STEP):
        whole.save(ws.results(STEP))
    return whole


def _result(
    ledger: LedgerPort, found: Comparison, accounted: Accounting, asked: Balance, otherwise: tuple[Problem, ...]
) -> StepResult:
    objects, diffs, off = found.objects(), found.differences(), accounted.off
    missing_outcomes = outcomes.errors(ledger)
    doubt = missing_outcomes[missing_outcomes["state"].isin(["in_doubt", "intended"])]
    totals = {name: int(objects[name].sum()) for name in ("expected", "arrived", "missing", "extra", "wrong")}
    links = {name: found.link[name] for name in (UNLINKED, UNRELATED)}
    problems = (
        *otherwise,
        *asked.problems,
        *outcomes.problems_of(doubt),
        *outcomes.not_cleared(ledger),
        *_not_there(totals),
        *_unbalanced(off),
        *_differing(diffs),
        *_moved(found.bystanders.moved),
        *_spot_checked(found),
        *_unlinked(links),
    )
    failed = any((totals["missing"], totals["extra"], totals["wrong"], *links.values(), len(doubt), len(off)))
    return StepResult(
        step=STEP,
        status=Status.FAILED if failed else Status.DONE if asked.complete and not otherwise else Status.INCOMPLETE,
        headline=f"{asked.headline} {_read_back(totals, asked.total(str(Fate.ARRIVED), SUPPORT))}",
        counts={**asked.counts, **totals, "in_doubt": len(doubt), "not_landed": int((missing_outcomes["state"] != State.SKIPPED).sum()), "unlinked": links[UNLINKED], "unbalanced_columns": len(off), **requests.counts(ledger),
                **outcomes.log_head(ledger), **found.classes()},
        tables={"balance": asked.table, "open": asked.open, "left_out": asked.left_out, "absent": _absent(found), "differs": _differs(found), "unkept": unkept_table(ledger, found.seen.differing), "objects": objects, "field_diffs": diffs, "class_counts": found.class_table(), "owners": found.owners(), "tags": found.tags(),
                "links": found.links(), "accounting": accounted.cells, "rows": accounted.rows, "unbalanced": off, "in_doubt": doubt, "not_landed": missing_outcomes,
                "requests": requests.table(ledger), **found.landed.tables()},
        problems=problems,
        next_step="report",
    )  # fmt: skip


def _read_back(totals: Mapping[str, int], supporting: int) -> str:
    """What the comparison came to; `supporting`: how many of the records that HighLevel took stand for no row of the export's own."""
    sent, missing = totals["expected"], totals["missing"]
    among = f", {supporting:,} of them to support others," if supporting else ""
    return (
        f"Of {counted(sent, 'record')} that HighLevel took{among or ','} {missing:,} {agree(missing, 'is', 'are')} missing, "
        f"{totals['extra']:,} extra, {totals['wrong']:,} with a value that differs."
    )


def _not_there(totals: Mapping[str, int]) -> Iterator[Problem]:
    if count := totals["missing"]:
        text = f"{counted(count, 'record')} {agree(count, 'is', 'are')} not in the location any more"
        yield Problem("missing", text, Severity.CRITICAL, count=count)
    if count := totals["extra"]:
        text = f"{counted(count, 'record')} {agree(count, 'carries', 'carry')} our marker and the ledger does not know them"
        yield Problem("extra", text, Severity.CRITICAL, count=count)


def _unbalanced(off: pd.DataFrame) -> Iterator[Problem]:
    for row in table_rows(off):
        text = f"{row.object}.{row.column}: {counted(row.filled, _unit(row.column))} {agree(row.filled, 'was', 'were')} read, {row.accounted:,} {agree(row.accounted, 'is', 'are')} accounted for"
        yield Problem("unbalanced", text, Severity.CRITICAL)


def _unit(column: str) -> str:
    return "row" if column == ROWS else "cell"


def _differing(diffs: pd.DataFrame) -> Iterator[Problem]:
    for (object_, field, kind), group in diffs.groupby(["object", "field", "class"], sort=True):
        if kind != "normalised" and field:
            text = f"{object_}.{field}: {kind} in {counted(len(group), 'record')}"
            treatment = "listed with its reason"
            severity = Severity.CRITICAL
            if kind == Class.SYNCED:  # one fact, told as what it is; that the owners are missing is told by the balance
                text = f"{object_}.{field}: {WHY} in {counted(len(group), 'record')}"
                severity, treatment = Severity.WARNING, SWITCH
            yield Problem("differs", text, severity, field=str(field), count=len(group), treatment=treatment)


def _moved(records: Collection[tuple[Target, str]]) -> Iterator[Problem]:
    """Owners of the client's own records that HighLevel changed by itself, because of one that we gave."""
    if records:
        count, named = len(records), ", ".join(f"{target} {id}" for target, id in sorted(records)[:5])
        text = f"{counted(count, 'record')} of the client's own {agree(count, 'has', 'have')} another owner than before ({named}): {WHY}"
        treatment = f"a rollback gives {agree(count, 'it its', 'them their')} owner back; {SWITCH}"
        yield Problem("owner_sync", text, Severity.WARNING, field=OWNER, count=count, treatment=treatment)


def _spot_checked(found: Comparison) -> Iterator[Problem]:
    treatment = "a tenth as many contacts as there are records was read by id for it"
    for (object_, name), count in sorted(found.unread.items()):
        text = f"{object_}.{name}: search does not tell it; {counted(count, 'value')} {agree(count, 'was', 'were')} sent and not read back one by one"
        yield Problem("spot_checked", text, Severity.INFO, field=name, count=count, treatment=treatment)


def _unlinked(links: Mapping[str, int]) -> Iterator[Problem]:
    if count := links[UNLINKED]:
        text = f"{counted(count, 'contact')} {agree(count, 'is', 'are')} not linked to the business they were linked to"
        yield Problem("unlinked", text, Severity.CRITICAL, count=count, treatment="listed")
    if count := links[UNRELATED]:
        text = f"{counted(count, 'relation')} {agree(count, 'is', 'are')} not in the location"
        yield Problem("unrelated", text, Severity.CRITICAL, count=count, treatment="listed as absent")


def _differs(found: Comparison) -> pd.DataFrame:
    """The operations whose record has another owner, or not all tags."""
    rows = [(op_id, OWNERS) for op_id in found.seen.owner_differs] + [(op_id, TAGS) for op_id in found.seen.tags_differ]
    return pd.DataFrame(sorted(rows), columns=["op_id", "what"], dtype="str")


def _absent(found: Comparison) -> pd.DataFrame:
    """The operations of which nothing is in the location: what a repair starts from."""
    missing = sorted(found.seen.missing.items())
    return pd.DataFrame(missing, columns=["op_id", "why"], dtype="str")
