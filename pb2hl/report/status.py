"""Where a migration stands, read once for all pages: gates, what each step left and when, what failed since, what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pb2hl import register
from pb2hl.ledger import Ledger
from pb2hl.register import AUDIT, INVENTORY, REPAIR, ROLLBACK, STEPS, Chapter, chapters, result_of, results, results_of
from pb2hl.report.drawing.page import moment
from pb2hl.results import Failure, Status, StepResult, read_result
from pb2hl.steps.gates import gates
from pb2hl.steps.overview.status import next_step, open_sheets, rollback_of, taken_back, way_on
from pb2hl.workspace import Workspace

STATUS_TONES = {
    Status.DONE: "good",
    Status.NOTHING_TO_DO: "mute",
    Status.WAITING: "warn",
    Status.INCOMPLETE: "bad",
    Status.FAILED: "bad",
}
APPROVED = "approved"
GateStates = dict[str, dict[str, Any]]
"""The state of each gate by its name."""


def written() -> tuple[str, ...]:
    """The results of steps whose work a rollback takes back, and that an audit after them proves."""
    return results_of(lambda step: step.writes and not step.undoes)


def proofs() -> tuple[str, ...]:
    """The results of steps that prove what was written."""
    return results_of(lambda step: step.proves)


@dataclass(frozen=True)
class MigrationState:
    """`left_at`: when each step left its result; `undone_at`: when a rollback of everything last took something back; `failures`: what a
    step's last run failed with, where it left no result since; `following`: the command that comes next."""

    gates: GateStates
    left_at: Mapping[str, str] = field(default_factory=dict)
    undone_at: str = ""
    failures: Mapping[str, Failure] = field(default_factory=dict)
    following: str = ""
    proven_at: str = ""
    """When an audit last found everything there; "" where the last one did not."""
    changed_at: str = ""
    """When a rollback last took anything back, if only a run or an object."""

    def status(self, item: Chapter, result: StepResult) -> tuple[str, str]:
        """`status_of`, but what a writing step left open and a whole audit has found there since is settled."""
        settled = result.step in written() and result.status is Status.INCOMPLETE and self.proven_at > result.at
        return ("settled since", "good") if settled else status_of(item, result, self.gates)

    def went_on(self, result: StepResult) -> bool:
        """Whether a later step has run since, so that the next step of `result` is behind us."""
        names = results()
        own = {result_of(item) for item in STEPS[result.step].chapters} if result.step in STEPS else ()
        after = (
            [name for name in names[names.index(result.step) + 1 :] if name not in own] if result.step in names else []
        )
        return any(self.left_at.get(step, "") > result.at for step in after)

    def taken_back(self, result: StepResult) -> bool:
        """Whether a rollback has taken things back since `result` was left."""
        return result.step in (*written(), *proofs(), REPAIR.id) and self.undone_at > result.at

    def unproven(self) -> bool:
        """Whether something was written (or taken back) since the last audit."""
        last = max([self.changed_at, *(self.left_at.get(name, "") for name in written())])
        return last > self.left_at.get(AUDIT.result(), "")

    def next_of(self, result: StepResult) -> str:
        """What to do after the page of `result`; nothing once the migration went on without it, or where it failed."""
        if self.went_on(result):
            return ""
        own = result.next_step
        taken_back = result.step == ROLLBACK.id and not result.counts.get("dry_run")
        if not own and (taken_back or result.step not in results()):
            return ""
        sentence = bool(own) and own.split()[0] not in (*STEPS, "approve", "pb2hl")
        if result.status is Status.FAILED and not sentence and result.step not in (*written(), *proofs(), ROLLBACK.id):
            return ""  # nothing comes next until it is mended; of what was written and read back it is said how
        return own if sentence else self.following

    def since(self, result: StepResult) -> tuple[str, ...]:
        """What has happened to the work of `result` since it was left, as sentences."""
        failed = self.failures.get(result.step)
        return (
            *((f"This was taken back on {moment(self.undone_at)}: see Rollback.",) if self.taken_back(result) else ()),
            *((f"A later run did not end well: {failed.sentence()}",) if failed else ()),
        )


def state_of(ws: Workspace) -> MigrationState:
    """Where `ws` stands now."""
    bodies = {step: body for step in results() if (body := read_result(ws.results(step)))}
    left_at = {step: body["at"] for step, body in bodies.items()}
    back = rollback_of(ws)
    failures = {step: found for step in results() if (found := Failure.load(ws.results(step)))}
    began = Ledger.exists(ws)
    planned = next_step(ws) if began or bodies else INVENTORY.id
    first, following = ("", planned) if not began or taken_back(ws) else way_on(ws, planned)
    first = first_review(ws, planned) or first
    return MigrationState(
        gate_states(ws),
        left_at,
        back.at if back is not None and back.whole else "",
        {**_cut_off(ws, left_at), **failures} if began else failures,
        first + command(ws, following),
        _proven_at(bodies),
        back.at if back is not None else "",
    )


def _proven_at(bodies: Mapping[str, Mapping[str, Any]]) -> str:
    audit = bodies.get(AUDIT.result(), {})
    return str(audit["at"]) if audit.get("status") == Status.DONE else ""


def _cut_off(ws: Workspace, left_at: Mapping[str, str]) -> dict[str, Failure]:
    """Steps whose last run began after their result was left and has not ended: killed, or still at it."""
    with Ledger.open(ws) as ledger:
        last = {run.step: run for run in ledger.runs()}
    return {
        step: Failure("it began and has not ended", "run it again, it goes on where it stopped", run.started_at)
        for step, run in last.items()
        if not run.status and run.started_at[:19] > left_at.get(step, "")[:19]
    }


def command(ws: Workspace, step: str) -> str:
    """A step as what to type: `load` → `pb2hl load WS`, `approve mapping` → `pb2hl approve WS mapping --by NAME`."""
    if not step:
        return ""
    name, _, rest = step.partition(" ")
    rest = f" {rest}" if rest else ""
    signed = name == "approve" or any(option.name == "by" for option in STEPS[name].options)
    return f"pb2hl {name} {ws.path}{rest}" + (" --by NAME" if signed else "")


def first_review(ws: Workspace, following: str) -> str:
    """What a person decides in sheets before `following`, with a word that leads on to it; "" where nothing is open."""
    names = open_sheets(ws) if following else ()
    return f"review {', '.join(f'sheets/{name}.csv' for name in names)}, then: " if names else ""


def gate_states(ws: Workspace) -> GateStates:
    """The state of each gate by name; a workspace that has no ledger yet has reached none."""
    rows = gates.states(ws) if Ledger.exists(ws) else []
    found = {row["gate"]: row for row in rows}
    return {name: found.get(name, {"gate": name, "state": "not reached"}) for name in register.gates()}


def approval_line(states: GateStates, gate: str) -> str:
    """Who approved `gate` and when, or that nobody has yet; "" for a page without a gate."""
    row = states.get(gate, {})
    if not row.get("who"):
        return "Nobody has approved this yet." if row.get("state") == "waiting for approval" else ""
    forced = ", in spite of open points" if row.get("forced") else ""
    lapsed = "" if row["state"] == APPROVED else " It has changed since: the approval has lapsed."
    return f"Approved by {row['who']} on {moment(row['at'])}{forced}.{lapsed}"


def status_of(item: Chapter, result: StepResult, states: GateStates) -> tuple[str, str]:
    """What the index says of a step, and its tone: the gate's state counts where the step itself waits for it."""
    step = chapters().get(item)
    state = states.get(item.gate or (step.approved_by if step else ""), {}).get("state", "")
    of_sheets = step is not None and bool(item.gate) and step.gate_of_sheets
    ended_badly = result.status in (Status.FAILED, Status.INCOMPLETE)
    if ended_badly or not (result.status is Status.WAITING or of_sheets):
        return str(result.status), STATUS_TONES[result.status]
    if state == APPROVED:
        return APPROVED, "good"
    if state == "lapsed" and item.gate:
        return "approval lapsed", "bad"
    if state == "waiting for approval" and item.gate and result.facts.get("waits_for") != "admin":
        return ("waiting" if result.counts.get("waiting") else state), "warn"
    return str(result.status), STATUS_TONES[result.status]
