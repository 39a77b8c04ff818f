"""Step 8: bring over what changed in Perfect Books since the load, without overwriting what people changed in HighLevel."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pandas as pd

from pb2hl import plan
from pb2hl.apply import Execution
from pb2hl.apply.undo import OUTCOME_COLUMNS
from pb2hl.clock import SYSTEM_CLOCK, stamp
from pb2hl.errors import GateClosed, Problem, Severity
from pb2hl.highlevel import Destination
from pb2hl.ledger import Entry, Ledger, LedgerPort, Outcome, State
from pb2hl.operations import Kind, Operation, Target, references
from pb2hl.plan.building.estimate import seconds_at_limit
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.register import DELTA, MAPPING, SAMPLE
from pb2hl.results import Status, StepResult
from pb2hl.steps.balance.balance import balance
from pb2hl.steps.delta import (
    absent_rows,
    conflicts,
    later_export,
    moved_records,
    removals,
    schema_additions,
    sheet_additions,
)
from pb2hl.steps.delta.account import account
from pb2hl.steps.delta.carried_out import new_operations, outdated
from pb2hl.steps.delta.changed_files import take_away
from pb2hl.steps.delta.conflicts import CONFLICT_COLUMNS, Decisions
from pb2hl.steps.delta.outlook import Looking, Outlook, look_ahead
from pb2hl.steps.delta.threeway import Changes, Scope, changes
from pb2hl.steps.delta.wording import CHANGED, Wording
from pb2hl.steps.gates import gates
from pb2hl.steps.load import growth
from pb2hl.steps.load.making import make_pieces
from pb2hl.steps.overview.cut_short import BROUGHT
from pb2hl.steps.overview.status import WINDOW, window_state
from pb2hl.steps.proposal import proposal, sent_under
from pb2hl.steps.proposal.decisions import decided, of_plan
from pb2hl.steps.shared import in_hand, outcomes, requests
from pb2hl.steps.shared.session import with_client
from pb2hl.steps.shared.wizard import with_wizard
from pb2hl.steps.shared.writing import Session, make_ready, writing
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Workspace, existing_export

STEP = "delta"


def delta(
    ws: Workspace,
    *,
    export: Path | str | None = None,
    approve_all: str = "",
    progress: Progress = SILENT,
    cancel: Cancel | None = None,
) -> StepResult:
    """Compare a later export with what was loaded: create what is new, update what changed, report what was removed.

    A field that people changed in HighLevel since the load is kept; it goes to `sheets/conflicts.csv`, where the decision
    `source` makes the next delta write it. What the mapping or the schema never saw goes through their gates again;
    `approve_all` is the name for which every default is taken there. Raises GateClosed for what waits for a person and
    before the load, ConfigError, ExportError, HighLevelError.
    """
    if export is None:
        with ws.lock(STEP):
            result = StepResult(
                STEP, Status.NOTHING_TO_DO, "There is no second export; nothing to bring over.",
                tables={"conflicts": pd.DataFrame(columns=list(CONFLICT_COLUMNS))}, next_step=DELTA.next,
            )  # fmt: skip
            result.save(ws.results(STEP))
        return result
    return bring_over(ws, Path(export), approve_all=approve_all, progress=progress, cancel=cancel)


def bring_over(
    ws: Workspace,
    path: Path,
    *,
    approve_all: str = "",
    keep_removed: bool = False,
    progress: Progress = SILENT,
    cancel: Cancel | None = None,
) -> StepResult:
    """The delta of one later export; with `keep_removed` nothing is deleted for rows that are gone, whatever the policy."""
    existing_export(path)
    _require_mapping(ws, approve_all)
    gates.check(ws, SAMPLE.gate, of_decisions=False)
    with ws.lock(STEP), Ledger.open(ws) as ledger:
        ledger.remember(BROUGHT, str(path))
        make_ready(ws, ledger, STEP, progress, cancel)
        ready = later_export.prepare(ws, ledger, path, approve_all, progress, cancel)
        planned = planned_later(ws, ready, ledger, progress)
        pieces = pieces_more(ws, ledger, planned.schema, progress)
        schema_additions.require_approved(ws, pieces, approve_all)
        deletes = ws.config.policy.removed_rows == "delete" and not keep_removed
        given = Looking(
            STEP, ws, ledger, ready, conflicts.decisions(ws), planned.total, deletes, planned.hosted, progress, cancel or Cancel()
        )  # fmt: skip
        ahead = look_ahead(given, pieces)
        requests.keep_more(ledger, STEP, ahead.requests)
        progress.note(
            f"this delta takes {counted(ahead.requests, 'request')} more, about {seconds_at_limit(ahead.requests):,} s"
        )
        with writing(ws, ledger, STEP, progress, cancel, {"export": str(path)}) as session:
            result = with_wizard(ws, ledger, _bring_over(session, given, planned, ahead))
        _plan_again(ws, ledger)
        sent_under.brought(ws, ledger, str(result.facts["run"]), path)
        result.save(ws.results(STEP))
    return result


@dataclass(frozen=True)
class Planned:
    """The later export's plan: operations of its schema, its tables, how many operations its data has (on disk), `hosted` as in
    `plan.Estimate`."""

    schema: Sequence[Operation]
    tables: Mapping[str, pd.DataFrame]
    total: int
    hosted: Set[str]


@dataclass(frozen=True)
class Brought:
    """What a delta did: pieces of the schema, new operations, changes, what it took away or moved, and what came of sending them."""

    pieces: Sequence[Operation]
    new: Sequence[Operation]
    found: Changes
    sent: Sequence[Execution]
    replaced: Sequence[Problem]
    moved: moved_records.Moved
    removed: pd.DataFrame
    gone: removals.Deleted | None

    def total(self, count: Callable[[Execution], int]) -> int:
        """The sum of a count of the executions."""
        return sum(map(count, self.sent))


def _require_mapping(ws: Workspace, who: str) -> None:
    """Raise GateClosed unless the mapping stands approved; with `who` what an earlier try left undecided takes its default."""
    try:
        gates.check(ws, MAPPING.gate)
    except GateClosed:
        if not who:
            raise
        sheet_additions.take_defaults(ws, who)


def planned_later(ws: Workspace, ready: later_export.LaterExport, ledger: LedgerPort, progress: Progress) -> Planned:
    """The plan of the later export; its data is kept on disk in its workspace."""
    second = ready.workspace
    inputs = proposal.plan_inputs(second, ledger, ready.location, ready.aliases)
    inputs = replace(inputs, loaded=_opportunities(ledger))
    inputs = absent_rows.with_sharers(absent_rows.reconnected(inputs, absent_rows.gone(ws, second, ledger)), ws)
    schema, data = plan.build_schema(inputs, progress=progress), plan.build(inputs, progress=progress)
    data.operations.write(second.plan / "data")
    return Planned(list(schema.operations), data.tables, len(data.operations), data.estimate.hosted)


def _bring_over(session: Session, given: Looking, planned: Planned, ahead: Outlook) -> StepResult:
    """All phases of one delta, as one run: what changed first, so that nothing new meets an address that is being given up."""
    ws, ledger, ready = session.ws, session.ledger, given.ready
    _keep(ws, planned, ahead)
    _make_schema(session, planned.schema, ahead.pieces)
    window = _window(ws, ledger, ready.workspace.export_path == ws.export_path)
    replaced = _replace_files(session, ahead.stale)
    moved = _move(session, ready, ahead.wanted, given.decided)
    new = new_operations(ledger, given.plan())
    sent = [session.carry_out(ahead.found.updates, len(ahead.found.updates))] if ahead.found.updates else []
    first, last = _in_two(new)
    sent.append(session.carry_out(first, len(first)))
    later = _compare_rest(session, given, ahead, {op.op_id for op in new})
    in_hand.keep(ws, data=later.updates, before=later.before)
    sent += [session.carry_out(operations, len(operations)) for operations in (later.updates, last) if operations]
    found = ahead.found
    found.add(later)
    ledger.finish(session.run, [Outcome(op.op_id, State.DONE, op.existing_id, operation=op) for op in found.agreed])
    ledger.finish(session.run, outdated(ledger, {op.op_id for op in found.updates}))
    gone = removals.delete(session, ahead.removed) if given.deletes else None
    later_export.brought(ws, ready, planned.tables)
    return _result(
        session, ready, Brought(ahead.pieces, new, found, sent, replaced, moved, ahead.removed, gone), window
    )


def _keep(ws: Workspace, planned: Planned, ahead: Outlook) -> None:
    """Write down what is about to be sent. The whole schema goes along: what is new may refer to any of it."""
    again = {entry.op_id for entry in ahead.stale} | {move.op.op_id for move in ahead.wanted}
    if ahead.requests:
        grown = [op for op in ahead.pieces if op.kind is Kind.UPDATE]
        data = [*ahead.new, *ahead.found.updates]
        in_hand.keep(ws, schema=[*planned.schema, *grown], data=data, before=ahead.found.before, again=again)


def _compare_rest(session: Session, given: Looking, ahead: Outlook, new: Collection[str]) -> Changes:
    """What waited for something that this delta made, and what was to be made anew and stays where it is."""
    again = {move.op.op_id for move in ahead.wanted} | {entry.op_id for entry in ahead.stale}
    only = {*ahead.found.waits, *(again - set(new))}
    if not only:
        return Changes()
    scope = Scope(given.there(), only=only)
    return session.do(lambda context: changes(context, given.plan(), scope, given.decided, given.total))


def _result(session: Session, ready: later_export.LaterExport, done: Brought, window: Mapping[str, str]) -> StepResult:
    ws, ledger, found, new = session.ws, session.ledger, done.found, done.new
    words = Wording(ws, ledger, ready.workspace)
    clashes = [*found.conflicts, *done.moved.conflicts()]
    waiting = conflicts.write(ws, clashes, frozenset(found.taken | done.moved.taken()), words.conflict)
    entries = ledger.entries(op.op_id for op in [*new, *found.updates])
    failed = outcomes.errors(ledger)
    failed = failed[failed["source_id"].isin({entry.source_id for entry in entries.values()})]
    undone = done.gone.table if done.gone else pd.DataFrame(columns=list(OUTCOME_COLUMNS))
    sent, deleted = done.total(lambda one: one.sent), int((undone["outcome"] == "undone").sum())
    asked = balance(ready.workspace, ledger, aliases=later_export.aliases_of(ready.workspace))
    mine = account(ledger, [*done.pieces, *new], found, done.moved, done.gone, done.removed)
    doubt = mine.total("in doubt")
    whole, people = asked.complete and mine.whole, len(waiting) - len(done.moved.refused)
    settled = Status.WAITING if len(waiting) else Status.DONE
    status = Status.FAILED if doubt else settled if whole else Status.INCOMPLETE
    return StepResult(
        step=STEP,
        status=Status.NOTHING_TO_DO if status is Status.DONE and not (sent or deleted) else status,
        headline=f"{_brought(new, entries)} new and {_brought(found.updates, entries)} changed operations were brought over; {counted(people, 'field')} {agree(people, 'was', 'were')} changed "
        f"by people in HighLevel and kept; {counted(len(done.removed), 'row')} {agree(len(done.removed), 'is', 'are')} gone from the export, {counted(deleted, 'record')} deleted."
        + (f" {counted(len(found.kept), 'field')} {agree(len(found.kept), 'stays', 'stay')} as decided." if found.kept else "")
        + (f" {doubt} stay in doubt." if doubt else "") + ("" if mine.whole else f" {mine.headline}") + ("" if asked.complete else f" {asked.headline}"),
        counts={"new": len(new), "updated": len(found.updates), "unchanged": found.unchanged, "conflicts": len(waiting),
                "unresolved": found.unresolved, "removed": len(done.removed), "deleted": deleted, "sent": sent,
                "removed_waits": _kept_rows(ws, done), "refused": done.total(lambda one: one.refused), "held": done.total(lambda one: one.held), "in_doubt": doubt, **mine.counts, **asked.counts, **window, **requests.counts(ledger), **outcomes.log_head(ledger)},
        tables={"updates": pd.DataFrame(map(words.changed, found.fields), columns=list(CHANGED), dtype="str"),
                "conflicts": waiting, "removed": words.named(done.removed), "deleted": undone, "errors": failed, "new": _new_table(new, words), "account": mine.table, "balance": asked.table, "open": asked.open, "left_out": asked.left_out, "requests": requests.table(ledger)},
        problems=(*outcomes.problems_of(failed), *_problems(people, done.removed, window, done.gone), *ready.not_compared,
                  *removals.missing_tables(ws, ready.workspace), *outcomes.not_cleared(ledger), *done.replaced, *done.moved.problems(), *_fixed(found.fixed)),
        facts={"export": str(ready.workspace.export_path), "run": session.run},
        next_step=DELTA.next,
    )  # fmt: skip


def _brought(operations: Sequence[Operation], entries: Mapping[str, Entry]) -> str:
    """How many of `operations` were carried out, and of how many where some were not."""
    there = sum(op.op_id in entries and entries[op.op_id].state == State.DONE for op in operations)
    return f"{there:,}" if there == len(operations) else f"{there:,} of {len(operations):,}"


def _fixed(count: int) -> list[Problem]:
    """Messages that stay as they were logged."""
    text = f"the later export says something else of {counted(count, 'message')} than was logged: HighLevel changes no message"
    treatment = "look them up in the later export; they stay as they were"
    return [Problem("message_fixed", text, Severity.WARNING, count=count, treatment=treatment)] if count else []


def _kept_rows(ws: Workspace, done: Brought) -> int:
    """Rows that are gone and that the policy would delete, where this delta was to leave that to a person."""
    return len(done.removed) if ws.config.policy.removed_rows == "delete" and done.gone is None else 0


def _new_table(new: Sequence[Operation], words: Wording) -> pd.DataFrame:
    rows = [
        (op.object, op.source_id, words.record(op.object, op.source_id), str(op.target), str(op.kind)) for op in new
    ]
    return pd.DataFrame(rows, columns=["object", "source_id", "record", "target", "kind"])


def pieces_more(
    ws: Workspace, ledger: LedgerPort, planned: Sequence[Operation], progress: Progress, step: str = STEP
) -> list[Operation]:
    """What the later export needs in the location beyond the approved schema."""
    grown = with_client(ws, ledger, step, lambda client: growth.growth(client, ledger, planned), progress)
    return [*new_operations(ledger, planned), *grown]


def _make_schema(session: Session, planned: Sequence[Operation], pieces: Sequence[Operation]) -> None:
    """Make `pieces`; what the token may not make stops the delta with the steps for an admin."""
    if waiting := session.do(lambda context: make_pieces(context, planned, pieces)):
        schema_additions.ask_admin(session.ws, waiting)


def _replace_files(session: Session, old: Sequence[Entry]) -> list[Problem]:
    """Take away the files whose bytes changed; the plan's uploads then count as new."""
    return session.do(lambda context: take_away(context, old)) if old else []


def _move(
    session: Session, ready: later_export.LaterExport, wanted: Sequence[moved_records.Move], decided: Decisions
) -> moved_records.Moved:
    """Take away what hangs on another contact now; the plan's own operation then makes it anew there."""
    one_open = ready.location.settings.get("allow_duplicate_opportunity") is False
    if not wanted:
        return moved_records.Moved()
    return session.do(lambda context: moved_records.take_away(context, wanted, decided, one_open))


def _in_two(new: Sequence[Operation]) -> tuple[list[Operation], list[Operation]]:
    """(what goes first, deals and what needs them): where a contact may have one open deal, the one that ended makes room for the next.

    `new` comes in the order of a plan: what is needed before what needs it.
    """
    late: set[str] = set()
    for op in new:
        if op.target is Target.OPPORTUNITY or not late.isdisjoint((*op.depends_on, *references(op.payload))):
            late.add(op.op_id)
    return [op for op in new if op.op_id not in late], [op for op in new if op.op_id in late]


def _opportunities(ledger: LedgerPort) -> dict[str, bool]:
    """Source ids of the deals that this migration made opportunities of, and whether each hangs on a stand-in."""
    made = {
        target: {
            source_id
            for source_id, object_, kind in ledger.columns(
                ["source_id", "object", "kind"], state=State.DONE, target=target
            )
            if object_ == "deals" and kind == Kind.CREATE
        }
        for target in (Target.OPPORTUNITY, Target.CONTACT)
    }
    return {source_id: source_id in made[Target.CONTACT] for source_id in made[Target.OPPORTUNITY]}


def _plan_again(ws: Workspace, ledger: LedgerPort) -> None:
    """The first export's plan by the sheets as they are now: what a later export added to them lets no load lapse."""
    first, planned = Destination.load(ws.path), ledger.recall(proposal.PLANNED)
    if first is not None and planned and planned["decisions"] != of_plan(decided(ws, ledger)):
        in_place = proposal.in_place(ledger)
        proposal.propose(ws, ledger, first)
        gates.carry_approvals(ws, ledger)
        if in_place:
            proposal.put_in_place(ledger)


def _window(ws: Workspace, ledger: LedgerPort, same: bool) -> dict[str, str]:
    """The delta window opens with the first delta and lasts `delta_window_hours`; to bring over what was decided otherwise of the
    export that was loaded opens none."""
    if ledger.recall(WINDOW) is None and not same:
        start = SYSTEM_CLOCK.now()
        end = start + timedelta(hours=ws.config.policy.delta_window_hours)
        ledger.remember(WINDOW, {"start": stamp(start), "end": stamp(end)})
    return window_state(ledger)


def _problems(
    waiting: int, removed: pd.DataFrame, window: Mapping[str, str], gone: removals.Deleted | None
) -> Sequence[Problem]:
    found = []
    if waiting:
        found.append(Problem("conflicts", f"{counted(waiting, 'field')} {agree(waiting, 'was', 'were')} changed on both sides", Severity.WARNING, file="conflicts.csv",
                             count=waiting, treatment="HighLevel's value is kept until decided"))  # fmt: skip
    for object_, group in removed.groupby("object", sort=True):
        ids = ", ".join(group["source_id"].head(5))
        treatment = "reported; nothing is deleted" if gone is None else "deleted, but for what people touched"
        found.append(Problem("removed", f"{object_}: {counted(len(group), 'row')} {agree(len(group), 'is', 'are')} gone from the later export ({ids})", Severity.WARNING,
                             count=len(group), treatment=treatment))  # fmt: skip
    found += gone.problems if gone else ()
    if "closed" in window.get("delta_window", ""):
        found.append(Problem("delta_window", window["delta_window"], Severity.WARNING, treatment="done all the same"))
    return found
