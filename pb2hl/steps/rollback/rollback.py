"""Step 10: take everything back, in reverse order; what people touched since is kept and told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from pb2hl.apply import Rollback, UndoPlan, plan_undo
from pb2hl.apply.context import RunContext
from pb2hl.apply.freshness import REBUILD
from pb2hl.apply.last_sent import COMPANY
from pb2hl.apply.seal import NAME, unseal
from pb2hl.apply.undo import KEPT_COLUMNS, OBJECT_STAYS, OUTCOME_COLUMNS, Undo
from pb2hl.apply.undo_proof import UndoProof, unproven
from pb2hl.errors import ConfigError, HighLevelError, Problem, Severity, TokenMissing
from pb2hl.highlevel import PORTS, Client, Destination
from pb2hl.ledger import Ledger, LedgerPort
from pb2hl.ledger.port import OPEN
from pb2hl.mapper.sheets.gate import BY_HAND
from pb2hl.operations import OWNER, SCHEMA_TARGETS
from pb2hl.plan.building.estimate import Budget
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.results import Status, StepResult
from pb2hl.sheets import table_rows
from pb2hl.steps.overview.cut_short import rollback_again
from pb2hl.steps.prepare.doctor import swept
from pb2hl.steps.proposal import proposal, sent_under
from pb2hl.steps.proposal.undo_cost import PACE, requests, while_lagging
from pb2hl.steps.shared import outcomes, wizard
from pb2hl.steps.shared.session import sent, with_client
from pb2hl.steps.shared.writing import make_ready, whole_run, writing
from pb2hl.values.counting import agree, counted, lasting
from pb2hl.workspace import Workspace

STEP = "rollback"
MOST_TOLD = 100
"""Kept and failed records that are told one by one; the tables hold all of them."""


def rollback(
    ws: Workspace,
    *,
    run: str | None = None,
    objects: Sequence[str] = (),
    dry_run: bool = False,
    force: bool = False,
    progress: Progress = SILENT,
    cancel: Cancel | None = None,
) -> StepResult:
    """Undo the run `run` (default: all of them), or only what `objects` (source objects, such as contacts) became. With `dry_run` the
    location is read as the real one reads it, and what would be undone and kept is told; nothing is written.

    `force` also removes what people edited since; never a record that was there before, nor a pipeline that holds an
    opportunity of others. Raises ConfigError for an unknown run, TokenMissing, HighLevelError, Cancelled.
    """
    with ws.lock(STEP), Ledger.open(ws) as ledger:
        known = [item.run_id for item in ledger.runs()]
        if run and run not in known:
            raise ConfigError(f"there is no run {run!r}", hint=f"one of: {', '.join(known) or 'none yet'}")
        there = {str(row["object"]) for row in ledger.counts()}
        if unknown := sorted(set(objects) - there):
            raise ConfigError(
                f"nothing was made of {', '.join(unknown)}", hint=f"one of: {', '.join(sorted(there)) or 'none yet'}"
            )
        if dry_run:
            progress.start("planning the rollback", 2, "parts")
            undo_plan = plan_undo(ledger, of_runs=_runs(ledger, run or ""), objects=objects)
            progress.advance()
            cost = requests(undo_plan, ledger, Destination.load(ws.path))
            progress.advance()
            progress.finish()
            foretold, pace, unseen = _foretold(ws, ledger, undo_plan, force, progress, cancel)
            told = Cost(cost, while_lagging(undo_plan, ledger, pace))
            result = _result(undo_plan, foretold, told, outcomes.errors(ledger, OPEN), Asked(force, True, unseen))
        else:
            result = _undo(ws, ledger, Asked(force, of_run=run or "", objects=tuple(objects)), progress, cancel)
            wizard.write(ws, ledger)
        result.save(ws.results(STEP))
    return result


@dataclass(frozen=True)
class Asked:
    """How the rollback was asked for: by `force`, as a `dry_run`, and why that could not look at the location ("": it did); of which
    run ("": all) and objects ((): all)."""

    force: bool = False
    dry_run: bool = False
    unseen: str = ""
    of_run: str = ""
    objects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cost:
    """What is told of a rollback's requests beforehand, by what they are for: `sure` ones, and how many may come on top, at most, while
    HighLevel's search lags behind."""

    sure: Mapping[str, int]
    at_most: Mapping[str, int]

    @property
    def budget(self) -> Budget:
        """The sure ones."""
        return Budget({STEP: self.sure})

    @property
    def total(self) -> int:
        """Sure ones."""
        return self.budget.total

    @property
    def most(self) -> int:
        """As many as it can take."""
        return self.total + sum(self.at_most.values())

    def table(self) -> pd.DataFrame:
        """One row a purpose: requests that are sure, and how many it can be at most."""
        rows = [(what, count, count) for what, count in self.sure.items()]
        rows += [(what, 0, count) for what, count in self.at_most.items() if count]
        return pd.DataFrame(rows, columns=["what for", "requests", "at most"])


def _foretold(
    ws: Workspace, ledger: LedgerPort, undo_plan: UndoPlan, force: bool, progress: Progress, cancel: Cancel | None
) -> tuple[Rollback, tuple[int, float], str]:
    """(what the rollback would do, by the location as it is now; the pace that it allows; why it could not be looked at, "" when it was)."""
    if not len(undo_plan.entries):
        return Rollback(), PACE, ""

    async def work(client: Client) -> tuple[Rollback, tuple[int, float]]:
        context = RunContext(ledger, client, "", ws.config.country, progress, cancel or Cancel())
        return await Undo(context, force=force).run(undo_plan), client.limiter.allowance

    progress.start("looking at what would be undone", len(undo_plan.entries), "operations")
    try:
        return *with_client(ws, ledger, STEP, work, progress, cancel), ""
    except (TokenMissing, HighLevelError) as error:
        progress.finish()
        return Rollback(), PACE, error.message.strip().splitlines()[0].rstrip(".")


def _undo(ws: Workspace, ledger: LedgerPort, asked: Asked, progress: Progress, cancel: Cancel | None) -> StepResult:
    async def work(context: RunContext) -> tuple[UndoPlan, Cost, Rollback]:
        await swept(context.client, ledger)
        if unproven(ledger):  # a rollback that was killed before it could look
            await UndoProof(context, PORTS).untrue()
        progress.advance()
        undo_plan = plan_undo(ledger, of_runs=_runs(ledger, asked.of_run), objects=asked.objects)
        progress.advance()
        pace = context.client.limiter.allowance
        cost = Cost(requests(undo_plan, ledger, Destination.load(ws.path)), while_lagging(undo_plan, ledger, pace))
        progress.advance()
        if any(entry.target in SCHEMA_TARGETS for entry in undo_plan.entries):
            proposal.not_in_place(ledger)  # before the first of it goes: a rollback may be killed
        progress.start(STEP, len(undo_plan.entries), "operations")
        done = await Undo(context, force=asked.force).run(undo_plan)
        done.sealed = not await unseal(context.client, ledger)
        return undo_plan, cost, done

    facts = {"of_run": asked.of_run, "objects": list(asked.objects), "force": asked.force}
    before = sent(ledger).get(STEP, 0)
    with writing(ws, ledger, STEP, progress, cancel, facts) as session:
        make_ready(ws, ledger, STEP, progress, cancel, session.run)
        progress.start("planning the rollback", 3, "parts")
        undo_plan, cost, done = session.do(work)
        session.ending.update(undone=done.undone, kept=len(done.kept) - done.held, held=done.held, failed=done.failed)
    done.requests = sent(ledger).get(STEP, 0) - before
    result = _result(undo_plan, done, cost, outcomes.errors(ledger, OPEN), asked)
    if result.status is not Status.FAILED and not asked.objects:
        sent_under.taken_back(ledger, _runs(ledger, asked.of_run))
    counts = {**result.counts, **outcomes.log_head(ledger)}
    return replace(
        result,
        counts=counts,
        problems=(*result.problems, *_made_by_hand(ledger), *_behind(ws, session.sealer.behind)),
        facts=facts,
        next_step=rollback_again(asked.of_run, asked.objects, asked.force) if result.status is Status.FAILED else "",
    )


def _runs(ledger: LedgerPort, run: str) -> frozenset[str]:
    """The run with those that went on with it; none for all."""
    return whole_run(ledger, run) if run else frozenset()


def _behind(ws: Workspace, told: str) -> Iterator[Problem]:
    """What another ledger made is not taken back by this one."""
    if told:
        text = f"another ledger than this one wrote last to the location, and what it made stays ({told})"
        way_out = f"roll back there, or: {REBUILD.format(ws.path)}"
        yield Problem("ledger_behind", text, Severity.WARNING, treatment=way_out)


def _made_by_hand(ledger: LedgerPort) -> Iterator[Problem]:
    """What an admin made at our request is the client's own: it stays, and that is said."""
    names = ledger.recall(BY_HAND) or ()
    if names:
        text = f"pipelines that an admin made by hand for this migration stay: {', '.join(names)}"
        yield Problem("made_by_hand", text, Severity.INFO, treatment="delete them in HighLevel if nobody uses them")


def _result(plan: UndoPlan, done: Rollback, cost: Cost, doubt: pd.DataFrame, asked: Asked) -> StepResult:
    """`cost` is what was told beforehand; `doubt` what is not settled."""
    kept = pd.DataFrame(done.kept, columns=list(KEPT_COLUMNS))
    rows = pd.DataFrame(done.outcomes, columns=list(OUTCOME_COLUMNS))
    counts = {
        "planned": len(plan.entries) + len(done.further),
        "undone": done.undone,
        "kept": len(kept) - done.held,
        "held": done.held,
        "failed": done.failed,
        "in_doubt": len(doubt),
        "requests_told": cost.total,
        "requests_at_most": cost.most,
        "requests_sent": done.requests,
        "not_put_back": sum(map(len, done.left.values())),
        "seal_left": int(done.sealed),
        "dry_run": asked.dry_run,
        "looked": not asked.unseen,
    }
    return StepResult(
        step=STEP,
        status=_status(counts, kept, asked),
        headline=_headline(counts, cost, asked),
        counts=counts,
        tables={
            "plan": plan.table(),
            "account": _outcomes(plan, rows, doubt, done.further),
            "requests": cost.table(),
            "outcomes": rows,
            "kept": kept,
            "in_doubt": doubt,
        },
        problems=(
            *_problems(kept, rows, asked),
            *_covered(done.covered),
            *_left(done.left, asked),
            *_seal_left(done.sealed),
            *outcomes.problems_of(doubt),
        ),
    )


def _status(counts: Mapping[str, Any], kept: pd.DataFrame, asked: Asked) -> Status:
    """Done when everything that was asked for is undone, or stays by the rule that what people work on stays.

    Who forces a rollback sets that rule aside: what stays then was asked for and not done.
    """
    if asked.dry_run:
        return Status.DONE
    if counts["failed"] or counts["in_doubt"]:
        return Status.FAILED
    if not counts["planned"]:
        return Status.INCOMPLETE if counts["seal_left"] else Status.NOTHING_TO_DO
    stays = asked.force and (kept["why"] != OBJECT_STAYS).any()
    return Status.INCOMPLETE if stays or counts["not_put_back"] or counts["seal_left"] else Status.DONE


def _headline(counts: Mapping[str, Any], cost: Cost, asked: Asked) -> str:
    """Everything that was asked for, by what became or would become of it."""
    total, names = counts["planned"], counts["not_put_back"]
    if not total:
        text = "There is nothing to undo."
    elif asked.unseen:
        text = f"{counted(total, 'operation')} would be undone, {_told(cost)}; nothing was written. The location was not looked at ({asked.unseen}): what people changed since is kept when it runs, and told then."
    else:
        verb = "would be" if asked.dry_run else agree(counts["undone"], "was", "were")
        text = f"{counts['undone']:,} of {counted(total, 'operation')} {verb} undone"
        for name, why in (("kept", "kept, each for its reason"), ("held", "held by what could not be undone"), ("failed", "refused")):  # fmt: skip
            text += f", {counts[name]:,} {why}" if counts[name] else ""
        text += f"; {_told(cost)}. Nothing was written." if asked.dry_run else f"; with {counted(counts['requests_sent'], 'request')} ({_range(cost)} were told)."  # fmt: skip
    text += f" {counted(names, 'value')} that HighLevel wrote by itself {'would stay' if asked.dry_run else agree(names, 'stays', 'stay')}." if names else ""  # fmt: skip
    return text + (
        f" {counts['in_doubt']:,} {agree(counts['in_doubt'], 'stays', 'stay')} in doubt." if counts["in_doubt"] else ""
    )


def _told(cost: Cost) -> str:
    more = f", {cost.most:,} at most, as HighLevel's lists lag behind," if cost.most > cost.total else ""
    return f"with {counted(cost.total, 'request')}{more} in about {lasting(cost.budget.seconds)}"


def _range(cost: Cost) -> str:
    return f"{cost.total:,} to {cost.most:,}" if cost.most > cost.total else f"{cost.total:,}"


_NAMED = {"undone": "undone", "kept": "kept", "held": "held", "failed": "refused"}
"""The outcomes of operations, as the account of a rollback calls them."""


def _outcomes(plan: UndoPlan, rows: pd.DataFrame, doubt: pd.DataFrame, further: Sequence[Any]) -> pd.DataFrame:
    """One row an object and target: asked = undone + kept + held + refused + in doubt (all of them where nothing was looked at)."""
    more = pd.DataFrame([(row[1], row[0], 1) for row in further], columns=["object", "target", "operations"])
    listed = pd.concat([plan.table()[list(more)], more])
    asked = listed.groupby(["object", "target"], sort=True)["operations"].sum().rename("asked")
    found = rows.groupby(["object", "target", "outcome"]).size().unstack(fill_value=0)
    open_ones = doubt.groupby(["object", "target"]).size()
    index = asked.index.union(open_ones.index)
    table = pd.DataFrame(
        {"asked": asked.reindex(index, fill_value=0) + open_ones.reindex(index, fill_value=0)}, index=index
    )
    for name, column in _NAMED.items():
        table[column] = found[name].reindex(index, fill_value=0) if name in found else 0
    return (
        table.assign(**{"in doubt": open_ones.reindex(index, fill_value=0)})
        .astype("int64")
        .rename_axis(["object", "target"])
        .reset_index()
    )


def _covered(values: int) -> Iterator[Problem]:
    if values:
        text = f"{counted(values, 'value')} {agree(values, 'stays', 'stay')} as later runs, which stay, wrote them too; undone in their turn, those go back past this one"
        yield Problem("written_later", text, Severity.INFO, count=values)


_BY_ITSELF = {COMPANY: "company name", OWNER: "owner"}


def _left(left: Mapping[str, Sequence[str]], asked: Asked) -> Iterator[Problem]:
    """What HighLevel wrote by itself and nobody can ask it to take back."""
    for name, records in left.items():
        count, verb = len(records), "would keep" if asked.dry_run else agree(len(records), "keeps", "keep")
        text = (
            f"{counted(count, 'record')} that {agree(count, 'was', 'were')} there before {verb} the {_BY_ITSELF[name]} that HighLevel wrote "
            f"by itself ({name}): none of its requests takes it back ({', '.join(records[:5])})"
        )
        yield Problem(f"{_BY_ITSELF[name].replace(' ', '_')}_left", text, Severity.WARNING, count=count,
                      treatment="put it back in HighLevel by hand; the ledger's before-image has what stood there")  # fmt: skip


def _seal_left(left: bool) -> Iterator[Problem]:
    if left:
        text = f"the custom value {NAME!r} stays: HighLevel did not delete it"
        yield Problem("seal_left", text, Severity.WARNING, treatment="delete it under Settings > Custom Values")


def _problems(kept: pd.DataFrame, rows: pd.DataFrame, asked: Asked) -> Iterator[Problem]:
    objects = kept[kept["why"] == OBJECT_STAYS]
    if len(objects):
        names = ", ".join(objects["source_id"].str.removeprefix("object."))
        text = (
            f"{counted(len(objects), 'custom object')} {agree(len(objects), 'stays', 'stay')} ({names}): {OBJECT_STAYS}"
        )
        yield Problem("objects_stay", text, Severity.INFO, count=len(objects),
                      treatment="delete them in HighLevel (Settings, Objects) if they must go")  # fmt: skip
    for row in table_rows(kept[kept["why"] != OBJECT_STAYS].head(MOST_TOLD)):
        text = f"{row.target} {row.source_id} ({row.record_id}) {'would be' if asked.dry_run else 'is'} kept: {row.why}"
        left = "left as it is" if asked.force else "left as it is; --force takes back what it may"
        yield Problem("kept", text, Severity.WARNING, treatment=left)
    failed = rows[rows["outcome"] == "failed"].groupby(["target", "action", "error"], sort=False)
    for (target, action, error), group in list(failed)[:MOST_TOLD]:
        ids, by_hand = group["source_id"], "delete it" if action == "delete" else "put it back"
        text = f"{target} {', '.join(ids[:5])}{f' and {len(ids) - 5:,} more' if len(ids) > 5 else ''}: {error}"
        yield Problem("not_undone", text, Severity.CRITICAL, count=len(ids),
                      treatment=f"the next rollback tries it again; or {by_hand} in HighLevel by hand")  # fmt: skip
    cleared = rows[(rows["action"] == "clear") & (rows["outcome"] == "undone")]
    alone = [record for record in cleared["record_id"].str.split("/").str[0].unique() if record not in _deleted(rows)]
    if alone and not asked.dry_run:
        text = f"the file fields of {counted(len(alone), 'contact')} that were there before are cleared ({', '.join(alone[:5])})"
        yield Problem(
            "files_cleared", text, Severity.WARNING, count=len(alone), treatment="their files are gone with it"
        )


def _deleted(rows: pd.DataFrame) -> frozenset[str]:
    gone = rows[(rows["action"] == "delete") & (rows["outcome"] == "undone")]
    return frozenset(gone["record_id"])
