"""Every command that may write to the location begins here: what earlier commands left open is settled, then one run is recorded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pb2hl import plan
from pb2hl.apply import Apply, Execution
from pb2hl.apply.context import RunContext
from pb2hl.apply.freshness import require_fresh, require_whole
from pb2hl.apply.ledger_end import LedgerEnd
from pb2hl.apply.lookup import settle_unfinished
from pb2hl.apply.seal import Sealer
from pb2hl.highlevel import Client
from pb2hl.highlevel.newest import Diary
from pb2hl.highlevel.records.appointments import moment_of
from pb2hl.ledger import LedgerPort, State
from pb2hl.ledger.port import OPEN
from pb2hl.operations import Operation, Target
from pb2hl.progress import Cancel, Progress
from pb2hl.steps.shared.session import with_client
from pb2hl.workspace import Workspace

CONTINUES = "continues"
"""The fact of a run that goes on where an earlier one of its step was cut off: the id of that run."""

DONE, STOPPED = "done", "stopped"

UNDOING = "rollback"
"""The step that goes on whatever the seal."""

T = TypeVar("T")


@dataclass(frozen=True)
class Session:
    """One recorded run of a step that writes. `ending` takes the status and facts that the run ends with."""

    ws: Workspace
    ledger: LedgerPort
    step: str
    run: str
    progress: Progress
    cancel: Cancel
    sealer: Sealer
    ending: dict[str, Any] = field(default_factory=dict)

    def context(self, client: Client) -> RunContext:
        """What the engine is given for this run."""
        return RunContext(self.ledger, client, self.run, self.ws.config.country, self.progress, self.cancel)

    def do(self, work: Callable[[RunContext], Awaitable[T]]) -> T:
        """Run `work` to its end with a client of its own; the location is sealed before the first write of the run."""

        async def sealed(client: Client) -> T:
            client.before_write = self.sealer
            return await work(self.context(client))

        return with_client(self.ws, self.ledger, self.step, sealed, self.progress, self.cancel)

    def carry_out(self, operations: Iterable[Operation], total: int) -> Execution:
        """Carry out `operations`, of which there are `total`."""
        self.progress.start(self.step, total, "operations")
        execution = self.do(lambda context: Apply(context).run(operations))
        for name in ("sent", "already", "refused"):
            self.ending[name] = self.ending.get(name, 0) + getattr(execution, name)
        return execution


def make_ready(
    ws: Workspace, ledger: LedgerPort, step: str, progress: Progress, cancel: Cancel | None, run: str = ""
) -> None:
    """Before anything is planned or written: every intent without outcome, of whatever step, gets its outcome, and a ledger that is
    behind the location is refused.

    With `run` (a rollback's) what never arrived counts as undone by it, and what the ledger does not know is left alone. Raises
    TokenMissing, TokenRefused, Unreachable, Cancelled, LedgerBehind.
    """
    open_ones = next(ledger.columns(["op_id"], state=OPEN), None) is not None
    if run and not open_ones:
        return
    if not run:
        require_whole(ledger, end_of(ws), str(ws.path))

    async def work(client: Client) -> None:
        context = RunContext(ledger, client, run, ws.config.country, progress, cancel or Cancel())
        if open_ones:
            await settle_unfinished(context, State.UNDONE if run else State.PLANNED)
        if not run:
            await require_fresh(context, str(ws.path), lambda: found_by_plan(ws), diary_of(ws, ledger))

    with_client(ws, ledger, step, work, progress, cancel)


def found_by_plan(ws: Workspace) -> frozenset[str]:
    """Ids of records that the plan found in the location and goes on with."""
    return frozenset(op.existing_id for op in plan.read(ws.plan / "data") if op.existing_id)


def diary_of(ws: Workspace, ledger: LedgerPort) -> Diary | None:
    """Where the plan's last appointment goes; None when there is none, or its calendar is not made yet."""
    op = plan.last(ws.plan / "data", Target.APPOINTMENT)
    calendar = op.payload.get("calendarId") if op else None
    if op is None or calendar is None:
        return None
    if isinstance(calendar, Mapping):
        made = ledger.operation(str(calendar.get("$ref")))
        calendar = made.destination_id if made else ""
    return Diary(str(calendar), moment_of(str(op.payload["startTime"]))) if calendar else None


@contextmanager
def writing(
    ws: Workspace,
    ledger: LedgerPort,
    step: str,
    progress: Progress,
    cancel: Cancel | None,
    facts: Mapping[str, Any] | None = None,
) -> Iterator[Session]:
    """One run of `step`, recorded with how it ended, whatever happens. `make_ready` comes first."""
    before = cut_off(ledger, step)
    run = ledger.start_run(step, {**(facts or {}), **({CONTINUES: before} if before else {})})
    end = end_of(ws)
    sealer = Sealer(ledger, progress, end, required=step != UNDOING)
    session = Session(ws, ledger, step, run, progress, cancel or Cancel(), sealer)
    try:
        yield session
    except BaseException as error:
        ledger.end_run(run, STOPPED, {**session.ending, "why": type(error).__name__})
        raise
    else:
        ending = dict(session.ending)
        ledger.end_run(run, str(ending.pop("status", DONE)), ending)
    finally:
        end.close()


def end_of(ws: Workspace) -> LedgerEnd:
    """How far the ledger of `ws` reached when the last write left, where it is a file."""
    return LedgerEnd(None if ws.config.ledger_url else ws.path / "ledger.end")


def cut_off(ledger: LedgerPort, step: str) -> str:
    """The id of the latest run of `step`, if it was killed or stopped before its end; "" else."""
    last = next((run for run in reversed(ledger.runs()) if run.step == step), None)
    return last.run_id if last is not None and last.status in ("", STOPPED) else ""


def whole_run(ledger: LedgerPort, run_id: str) -> frozenset[str]:
    """The ids of `run_id` and of every run that went on with it, or that it went on with: together they are one."""
    before = {run.run_id: str(run.facts.get(CONTINUES) or "") for run in ledger.runs()}

    def first(run: str) -> str:
        while before.get(run):
            run = before[run]
        return run

    return frozenset(run for run in before if first(run) == first(run_id))
