"""Seconds and peak memory of every stage that sees a whole plan, at N records and at a tenth of them: both must grow in step.

Made-up staged tables (contacts 30 %, companies 5 %, deals 15 %, notes 30 %, tasks 20 %), nothing is sent: the plan, its cost,
the sample, the start of a load and of a resume over a ledger that has done all of it, the plan of a rollback, what the audit
reads of the ledger, and the accounting. Aimed at: 1,000,000 records under 6 GiB, and time in proportion (within a third).
Usage: python benchmarks/scale.py [records, default 100000]
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pb2hl import plan
from pb2hl.apply import plan_undo
from pb2hl.apply.execute import CHUNK
from pb2hl.highlevel import Destination
from pb2hl.ledger import Intent, Ledger, Outcome, State
from pb2hl.mapper import Mapping
from pb2hl.matching import Merges
from pb2hl.operations import Operation, Target
from pb2hl.plan import PlanInputs
from pb2hl.plan.building.estimate import whole
from pb2hl.steps.audit.compare import field_names, overlays
from pb2hl.steps.shared import outcomes
from pb2hl.workspace import Config

SHARES = {"contacts": 0.30, "companies": 0.05, "deals": 0.15, "notes": 0.30, "tasks": 0.20}
STAGES = ("New", "Quoted", "Won", "Lost")
AIM_GIB, AIM_GROWTH = 6.0, 1.34
DAY = np.datetime64("2015-01-01", "us")


def tables(records: int, shares: dict[str, float] = SHARES) -> dict[str, pd.DataFrame]:
    """Staged tables of about so many records, column by column; `shares`: what part of them each is."""
    count = {name: max(int(records * shares.get(name, 0)), 1) for name in SHARES}
    rng = np.random.default_rng(1)

    def some(name: str, of: str) -> pd.Series:
        return pd.Series(rng.integers(0, count[of], count[name])).astype("str")

    def ids(name: str) -> dict[str, Any]:
        numbers = pd.Series(np.arange(count[name])).astype("str")
        moments = pd.Series(DAY + rng.integers(0, 10 * 365 * 86_400, count[name]).astype("timedelta64[s]"))
        return {"source_id": numbers, "row_hash": numbers, "created_at": moments.dt.tz_localize("UTC")}

    contacts, companies, deals = ids("contacts"), ids("companies"), ids("deals")
    return {
        "contacts": pd.DataFrame({**contacts, "first_name": "Ann", "last_name": "Roe" + contacts["source_id"],
                                  "email": "ann" + contacts["source_id"] + "@example.com", "city": "Ottawa", "country": "CA",
                                  "company_id": some("contacts", "companies"), "company_source_id": some("contacts", "companies")}),
        "companies": pd.DataFrame({**companies, "name": "Works " + companies["source_id"], "city": "Ottawa", "country": "CA"}),
        "deals": pd.DataFrame({**deals, "name": "Deal " + deals["source_id"], "contact_id": some("deals", "contacts"), "pipeline": "Sales",
                               "stage": pd.Series(np.array(STAGES, dtype=object)[rng.integers(0, 4, count["deals"])], dtype="str"),
                               "amount": rng.random(count["deals"]) * 1_000}),
        "notes": pd.DataFrame({**ids("notes"), "body": "Called about the offer; they think it over.", "contact_id": some("notes", "contacts")}),
        "tasks": pd.DataFrame({**ids("tasks"), "title": "Call back", "contact_id": some("tasks", "contacts"), "completed": True}),
    }  # fmt: skip


def inputs(records: int) -> PlanInputs:
    """What a plan of those tables is made of, for an empty location."""
    staged = tables(records)
    stages = {("Sales", stage): ("Sales", stage, {"Won": "won", "Lost": "lost"}.get(stage, "open")) for stage in STAGES}
    settings = {"allow_duplicate_contact": False, "allow_duplicate_opportunity": True}
    return PlanInputs(
        staged,
        Merges(staged["contacts"], staged["companies"], {}, {}, {}),
        Mapping(fields={}, stages=stages, owners={}, tags={}, picklists={}),
        Destination("LOC", "2026-01-01T00:00:00Z", settings=settings),
        Config(export="x", location="LOC", timezone="America/Toronto"),
    )


def fill(ledger: Ledger, operations: Iterable[Operation]) -> None:
    """Every operation done, as a load leaves it."""
    run = ledger.start_run("load")
    stream = iter(operations)
    while chunk := list(islice(stream, CHUNK)):
        ledger.intend(run, [Intent(op, op.payload) for op in chunk])
        ledger.finish(run, [Outcome(op.op_id, State.DONE, f"d{op.op_id}", {"id": f"d{op.op_id}"}) for op in chunk])
    ledger.end_run(run, "done")


def look_up(ledger: Ledger, folder: Path) -> int:
    """What a load does before it sends anything: read the plan and find what is done."""
    stream, done = plan.read(folder), 0
    while chunk := list(islice(stream, CHUNK)):
        done += len(ledger.entries(op.op_id for op in chunk))
    return done


def walk(ledger: Ledger) -> int:
    """What the audit reads of the ledger: what deltas wrote, field names, and every record made, by its id and in turn."""
    field_names(ledger), overlays(ledger)
    seen = 0
    for target in (Target.BUSINESS, Target.CONTACT, Target.OPPORTUNITY, Target.NOTE, Target.TASK):
        stream = (entry.destination_id for entry in ledger.iterate(state=State.DONE, target=target))
        while page := list(islice(stream, 100)):
            seen += len(ledger.by_destination(page))
    return seen


class Stages:
    """Runs stages one after the other; `found`: stage → (seconds, peak MiB of the process until then)."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[float, float]] = {}

    def __call__(self, name: str, work: Callable[[], Any]) -> Any:
        """The result of `work()`."""
        began = time.process_time()
        result = work()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.found[name] = (time.process_time() - began, peak)
        return result


def plan_stages(stage: Stages, records: int, folder: Path) -> None:
    """Everything up to a plan on disk."""
    given = stage("staged tables", lambda: inputs(records))
    schema = plan.build_schema(given)
    built = stage("plan.build", lambda: plan.build(given))
    chosen = stage("sample", lambda: plan.sample(built.operations))
    sample = built.operations.pick(chosen)
    stage("estimate", lambda: whole(built.estimate, schema.operations, sample, given.destination, {}))
    stage("write the plan", lambda: built.operations.write(folder))


def ledger_stages(stage: Stages, folder: Path, ledger: Ledger) -> None:
    """Everything that walks a plan or a ledger."""
    stage("start of a load", lambda: look_up(ledger, folder))
    stage("ledger of it all", lambda: fill(ledger, plan.read(folder)))
    stage("resume when all is done", lambda: look_up(ledger, folder))
    stage(
        "outcomes, timeline, losses",
        lambda: [told(ledger) for told in (outcomes.outcomes, outcomes.timeline, outcomes.losses)],
    )
    stage("audit reads the ledger", lambda: walk(ledger))
    stage("plan of a rollback", lambda: plan_undo(ledger).table())


def measure(records: int, results: Any) -> None:
    """Every stage over `records`; what it cost is put into the queue `results`."""
    stage = Stages()
    with tempfile.TemporaryDirectory() as name:
        plan_stages(stage, records, Path(name) / "plan")
        with Ledger(Path(name) / "ledger.sqlite", "LOC", "perfect-books") as ledger:
            ledger_stages(stage, Path(name) / "plan", ledger)
    results.put(stage.found)


def apart(records: int) -> dict[str, tuple[float, float]]:
    """`measure` in a process of its own, so that peaks are its own."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=measure, args=(records, results))
    process.start()
    found = results.get()
    process.join()
    return found


def main(records: int) -> None:
    """Print every stage at a tenth and at the whole, and the growth a record."""
    small, large = apart(records // 10), apart(records)
    print(f"{'stage':28}{records // 10:>12,}{records:>12,}   CPU seconds; growth a record; peak MiB so far")
    for name, (seconds, peak) in large.items():
        growth = seconds / max(small[name][0], 0.01) / 10
        print(f"{name:28}{small[name][0]:12.2f}{seconds:12.2f}   x {growth:.2f}   {peak:,.0f}")
    total, before = sum(s for s, _ in large.values()), sum(s for s, _ in small.values())
    peak = max(peak for _, peak in large.values()) / 1024
    print(f"all: {total:.0f} s, x {total / before / 10:.2f} (aim {AIM_GROWTH}), peak {peak:.2f} GiB (aim {AIM_GIB})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
