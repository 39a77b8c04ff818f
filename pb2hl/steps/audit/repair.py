"""Send again what is missing: records of ours that somebody deleted, and what HighLevel refused, with what hangs on them; on record."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from pb2hl import plan
from pb2hl.apply.edits import SAME
from pb2hl.apply.send import lost_property
from pb2hl.diff import compare, flatten_payload, flatten_record
from pb2hl.diff.overlay import CHANGING, DELTA_PART
from pb2hl.diff.table import stored_value
from pb2hl.errors import ConfigError, Problem, Severity
from pb2hl.ledger import Entry, Ledger, LedgerPort, Outcome, State
from pb2hl.operations import RECORD_TARGETS, SCHEMA_TARGETS, Kind, Operation, Target
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.results import Status, StepResult
from pb2hl.steps.audit.lost_values import lost_values
from pb2hl.steps.audit.unkept import asked_for, still, unkept_values
from pb2hl.steps.balance.balance import Balance, balance
from pb2hl.steps.balance.pieces import Seen
from pb2hl.steps.delta.conflicts import kept
from pb2hl.steps.delta.later_export import aliases_of, current
from pb2hl.steps.load.load import require_ready
from pb2hl.steps.shared import in_hand
from pb2hl.steps.shared.additions import OTHER_COMPANY, Additions
from pb2hl.steps.shared.readback import read_records
from pb2hl.steps.shared.session import with_client
from pb2hl.steps.shared.unwritten import unwritten
from pb2hl.steps.shared.writing import make_ready, writing
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Workspace

STEP = "repair"
COLUMNS = ("object", "source_id", "target", "was", "now", "outcome")


def repair(ws: Workspace, *, who: str = "", progress: Progress = SILENT, cancel: Cancel | None = None) -> StepResult:
    """Send again, as asked for by `who`, what the last audit found missing and a look by id confirms is gone, and what HighLevel
    refused: a load leaves that alone while its values are the same, although the cause may have been in HighLevel.

    Only what this migration made is made again; a record that was there before and was deleted since is told. Raises
    ConfigError without a name, or without an audit where nothing was refused, GateClosed, TokenMissing, HighLevelError, Cancelled.
    """
    if not who.strip():
        raise ConfigError("a repair needs a name to put on record", hint='--by "Jane Roe"')
    audit = StepResult.load(ws.results("audit"))
    absent = audit.tables["absent"]["op_id"] if audit is not None and "absent" in audit.tables else None
    with ws.lock(STEP), Ledger.open(ws) as ledger:
        if absent is None and not _anything_refused(ledger):
            raise ConfigError("no audit has looked for what is missing yet", hint=f"pb2hl audit {ws.path}")
        require_ready(ws, ledger)
        make_ready(ws, ledger, STEP, progress, cancel)
        lacking = _lacking(ws, ledger, () if absent is None else absent, progress, cancel)
        again = _unkept(ws, ledger, audit, progress, cancel)
        ours, wanted = lacking.ours | ledger.entries(op.op_id for op in again), [*lacking.operations, *again]
        if wanted:
            in_hand.keep(ws, data=wanted, again=ours)
            _forget(ledger, who, [ours[operation.op_id] for operation in wanted if operation.op_id in ours])
            with writing(ws, ledger, STEP, progress, cancel) as session:
                session.carry_out(wanted, len(wanted))
        seen = _still(ledger, audit, lacking)
        asked = balance(current(ws), ledger, aliases=aliases_of(current(ws)), seen=seen)
        result = _result(ledger, wanted, lacking.gone | ours, asked)
        result = replace(result, problems=(*result.problems, *lacking.passed))
        result.save(ws.results(STEP))
    return result


def _still(ledger: LedgerPort, audit: StepResult | None, lacking: _Lacking) -> Seen:
    """What the audit found, and this repair neither made nor sent."""
    sent = {operation.op_id for operation in lacking.operations}
    gone = {op_id for op_id, entry in lacking.gone.items() if op_id not in sent and entry.state is State.DONE}
    if audit is None or "differs" not in audit.tables:
        return Seen(absent=gone)
    return still(ledger, audit.tables["differs"], audit.at, gone)


def _unkept(
    ws: Workspace, ledger: LedgerPort, audit: StepResult | None, progress: Progress, cancel: Cancel | None
) -> list[Operation]:
    """Updates that bring the values that the audit did not find, where a look by id does not find them either."""
    if audit is None or "unkept" not in audit.tables:
        return []
    asked = asked_for(audit.tables["unkept"])
    entries = [entry for entry in ledger.entries(asked).values() if entry.state is State.DONE]
    if not entries:
        return []
    records = with_client(ws, ledger, STEP, lambda client: read_records(client, entries, progress), progress, cancel)
    return unkept_values(ledger, asked, records, ws.config.country)


def _anything_refused(ledger: LedgerPort) -> bool:
    """Whether HighLevel refused an operation, or a value of a record that it took."""
    losses = (losses for (losses,) in ledger.columns(["losses"], state=State.DONE))
    refused = any(True for _ in ledger.columns(["op_id"], state=State.REFUSED))
    return refused or any(map(lost_property, (loss for text in losses for loss in json.loads(text or "[]"))))


@dataclass(frozen=True)
class _Lacking:
    """What is to be sent again: `ours` by op id as the ledger has it, and as `operations`; `gone` is everything that was found gone,
    `passed` what is left for the next delta."""

    operations: list[Operation]
    ours: dict[str, Entry]
    gone: dict[str, Entry]
    passed: list[Problem]


def _lacking(
    ws: Workspace, ledger: LedgerPort, absent: Iterable[str], progress: Progress, cancel: Cancel | None
) -> _Lacking:
    """What of the operations that the audit found `absent` is, and what was refused."""
    folder = current(ws).plan / "data"
    refused = _refused(ledger, folder)
    gone = _gone(ws, ledger, {*refused, *absent}, folder, progress, cancel)
    ours = {op_id: entry for op_id, entry in gone.items() if _is_ours(entry)} | refused
    ours |= _unwritten(ws, ledger, absent, progress, cancel)
    wanted = [operation for operation in plan.read(folder) if operation.op_id in ours]
    planned = {operation.op_id for operation in wanted}
    changes, passed = _refused_changes(ws, ledger, planned, progress, cancel)
    changes += [entry for op_id, entry in ours.items() if op_id not in planned and _of_delta(entry)]
    wanted += [*(entry.operation() for entry in changes), *lost_values(ledger, plan.read(folder))]
    return _Lacking(wanted, ours | {entry.op_id: entry for entry in changes}, gone, passed)


def _is_ours(entry: Entry) -> bool:
    """Whether what the entry did can be done again where its record is gone: not, where that was there before this migration."""
    return entry.kind is not Kind.UPDATE or entry.target is Target.CONTACT_TAGS


def _of_delta(entry: Entry) -> bool:
    """Whether it is a delta's change that is done and stands nowhere; one that was refused is judged by `_refused_changes`."""
    return entry.state is State.DONE and entry.part.startswith(DELTA_PART) and entry.kind in CHANGING


def _unwritten(
    ws: Workspace, ledger: LedgerPort, op_ids: Iterable[str], progress: Progress, cancel: Cancel | None
) -> dict[str, Entry]:
    """Of the updates among `op_ids`, those of which the record shows nothing now either."""
    updates = [
        entry
        for entry in ledger.entries(op_ids).values()
        if entry.kind is Kind.UPDATE and entry.target in RECORD_TARGETS and entry.state is State.DONE
    ]
    found = with_client(ws, ledger, STEP, lambda client: read_records(client, updates, progress), progress, cancel)
    records = {entry.destination_id: found[entry.op_id] for entry in updates}
    return {op_id: entry for op_id, entry in unwritten(ledger, records, kept(ws)).items() if op_id in found}


def _gone(
    ws: Workspace, ledger: LedgerPort, absent: Iterable[str], folder: Any, progress: Progress, cancel: Cancel | None
) -> dict[str, Entry]:
    """Entries that are done and whose record is not there: those of `absent`, what depends on them, the conversations they are in."""
    named = set(absent)
    within = _conversations(folder, named)
    hanging = within | _dependents(folder, named | within)
    entries = {op_id: entry for op_id, entry in ledger.entries(named | hanging).items() if entry.state is State.DONE}
    looked = [entry for entry in entries.values() if entry.target in RECORD_TARGETS or entry.op_id in within]
    progress.start("looking for what is missing", len(looked), "records")
    there = with_client(ws, ledger, STEP, lambda client: read_records(client, looked, progress), progress, cancel)
    progress.finish()
    gone = {op_id for op_id in entries if op_id in there and there[op_id] is None}
    lost = _dependents(folder, gone)
    links = Additions.of(ledger, [Target.LINK]).among(named)
    lacking = with_client(ws, ledger, STEP, lambda client: links.lacking(client, {}), progress, cancel)
    named -= {entry.op_id for entry in links.entries if lacking.get(entry.op_id, OTHER_COMPANY)}
    return {
        op_id: entry
        for op_id, entry in entries.items()
        if op_id in gone or (entry.target not in RECORD_TARGETS and (op_id in lost or op_id in named))
    }


def _conversations(folder: Any, op_ids: Collection[str]) -> set[str]:
    """The conversations that hold what is missing: somebody who deletes one takes its messages along."""
    needed = {one for operation in plan.read(folder) if operation.op_id in op_ids for one in operation.depends_on}
    every = (operation for operation in plan.read(folder) if operation.target is Target.CONVERSATION)
    return {operation.op_id for operation in every if operation.op_id in needed}


def _refused(ledger: LedgerPort, folder: Any) -> dict[str, Entry]:
    """Entries that HighLevel refused, and those that wait for them."""
    refused = {entry.op_id: entry for entry in ledger.iterate(state=State.REFUSED)}
    waiting = ledger.entries(_dependents(folder, refused)) if refused else {}
    return refused | {op_id: entry for op_id, entry in waiting.items() if entry.state is State.PLANNED}


def _refused_changes(
    ws: Workspace, ledger: LedgerPort, known: Collection[str], progress: Progress, cancel: Cancel | None
) -> tuple[list[Entry], list[Problem]]:
    """(what a delta was to change, was refused and can be sent again, what was changed in HighLevel since): a delta compares anew
    what is not as it was."""
    waiting = [
        entry
        for entry in ledger.iterate(state=State.REFUSED, part=DELTA_PART)
        if entry.kind in CHANGING and entry.target not in SCHEMA_TARGETS and entry.op_id not in known
    ]
    looked = [
        replace(entry, target=Target.CONTACT) if entry.target in (Target.LINK, Target.CONTACT_TAGS) else entry
        for entry in (replace(one, destination_id=one.existing_id) for one in waiting)
    ]
    records = with_client(ws, ledger, STEP, lambda client: read_records(client, looked, progress), progress, cancel)
    again = [entry for entry in waiting if _as_before(entry, records[entry.op_id], ws.config.country)]
    others = [entry for entry in waiting if entry not in again]
    return again, [
        Problem("changed_since", f"{entry.object} {entry.source_id}: a change that was refused is not sent again, for the record is not as it was then",
                Severity.WARNING, treatment="the next delta compares it anew")
        for entry in others
    ]  # fmt: skip


def _as_before(entry: Entry, record: Mapping[str, Any] | None, region: str) -> bool:
    """Whether the fields that the entry was to change are as they were before it."""
    if record is None or entry.before_image is None:
        return False
    if entry.target is Target.CONTACT_TAGS:
        return True
    was, now = flatten_record(entry.before_image), flatten_record(record)
    names = ("businessId",) if entry.target is Target.LINK else flatten_payload(entry.payload)
    pairs = ((name, stored_value(was, name), stored_value(now, name)) for name in names)
    return all(left == right or compare(left, right, name, region)[0] in SAME for name, left, right in pairs)


def _dependents(folder: Any, op_ids: Collection[str]) -> set[str]:
    """Ids of the operations that need one of `op_ids`, by any path."""
    found: set[str] = set()
    known = set(op_ids)
    for operation in plan.read(folder):  # in the order of targets: what is needed comes before what needs it
        if known.intersection(operation.depends_on):
            known.add(operation.op_id)
            found.add(operation.op_id)
    return found


def _forget(ledger: LedgerPort, who: str, entries: Iterable[Entry]) -> None:
    """What is gone or was refused counts as not sent from here on, durably, before anything is sent again."""
    why = {State.DONE: "it was not in the location any more; made again", State.REFUSED: "it was refused; sent again"}
    run = ledger.start_run(STEP, {"who": who})
    ledger.finish(
        run,
        [
            Outcome(
                entry.op_id, State.PLANNED, error=f"{why.get(entry.state, 'it was held; sent')}, as asked for by {who}"
            )
            for entry in entries
        ],
    )
    ledger.end_run(run, "done")


def _result(ledger: LedgerPort, wanted: list[Operation], gone: Mapping[str, Entry], asked: Balance) -> StepResult:
    now = ledger.entries(operation.op_id for operation in wanted)
    rows = [
        (op.object, op.source_id, str(op.target), was.destination_id if (was := gone.get(op.op_id)) else op.existing_id,
         now[op.op_id].destination_id, str(now[op.op_id].state))
        for op in wanted
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    made = int(table["outcome"].eq(State.DONE).sum())
    sent = {operation.op_id for operation in wanted}
    theirs = [
        entry
        for op_id, entry in gone.items()
        if entry.state is State.DONE and entry.kind is Kind.UPDATE and op_id not in sent
    ]
    problems = [*asked.problems]
    if theirs:
        text = f"{counted(len(theirs), 'record')} that {agree(len(theirs), 'was', 'were')} there before this migration {agree(len(theirs), 'is', 'are')} gone"
        problems.append(Problem("not_ours", text, Severity.WARNING, count=len(theirs),
                                treatment="restore them in HighLevel (a contact can be restored for 60 days); they are not made anew"))  # fmt: skip
    return StepResult(
        step=STEP,
        status=Status.INCOMPLETE if not asked.complete else Status.DONE if wanted else Status.NOTHING_TO_DO,
        headline=f"{made:,} of {counted(len(wanted), 'missing piece')} {agree(made, 'was', 'were')} made or sent again. {asked.headline}"
        if wanted
        else f"There is nothing that a repair makes or sends again. {asked.headline}",
        counts={"missing": len(gone), "made_again": made, "not_ours": len(theirs), **asked.counts},
        tables={"repaired": table, "balance": asked.table, "open": asked.open},
        problems=tuple(problems),
        next_step="audit",
    )
