"""Where a migration stands: gates, counts by object and outcome, what is in doubt, requests used today, the next step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd

from pb2hl.clock import SYSTEM_CLOCK
from pb2hl.errors import Problem
from pb2hl.ledger import Ledger, LedgerPort, State
from pb2hl.progress import SILENT, Cancel, Progress
from pb2hl.register import AUDIT, DELTA, LOAD, PREVIEW, ROLLBACK, STEPS, Step, bring_over, results, results_of
from pb2hl.results import Status, StepResult, read_result
from pb2hl.sheets import read_sheet
from pb2hl.steps.gates import gates
from pb2hl.steps.overview.cut_short import unfinished_delta, unfinished_rollback
from pb2hl.steps.overview.open_ends import after_audit, before_approval
from pb2hl.steps.proposal import proposal, sent_under
from pb2hl.steps.shared import outcomes, requests
from pb2hl.workspace import Workspace

STEP = "status"
CONFLICTS = "conflicts"
"""The sheet of what was changed on both sides."""

BESIDE = "links_and_files"
"""What is sent beside the records themselves, in the counts."""

WINDOW = "delta_window"
"""The fact that holds start and end of the delta window (ISO 8601 UTC)."""


def status(ws: Workspace, *, progress: Progress = SILENT, cancel: Cancel | None = None) -> StepResult:
    """Read what the ledger and the steps' results say. Writes nothing but its own result; needs no token."""
    states = gates.states(ws)
    with Ledger.open(ws) as ledger:
        table = outcomes.outcomes(ledger)
        doubt = outcomes.errors(ledger, (State.IN_DOUBT, State.INTENDED))
        by_state = outcomes.counts_of(table)
        applied = proposal.in_place(ledger)
        runs = pd.DataFrame(
            [
                (item.run_id, item.step, item.started_at, item.ended_at, item.status or "cut off")
                for item in ledger.runs()
            ],
            columns=["run_id", "step", "started_at", "ended_at", "status"],
        )
        used, window = ledger.requests_today(), window_state(ledger) or _not_open(ws)
        cost, cost_counts = requests.table(ledger), requests.counts(ledger)
        begun = Begun.of(ws, ledger)
    by_object = _by_object(table)
    why, following = way_on(ws, _next_step(ws, states, applied, by_state, begun))
    result = StepResult(
        step=STEP,
        status=Status.WAITING if len(doubt) else Status.DONE,
        headline=f"The next step is: {why}{following}." if following else "Everything was taken back." if taken_back(ws) else "Every step is done.",
        counts={**{f"gate_{row['gate']}": row["state"] for row in states}, **by_state, **_lines(by_object),
                "in_doubt_now": len(doubt), "requests_used_today": used, **cost_counts, **window},
        tables={"gates": pd.DataFrame(states), "outcomes": table, "in_doubt": doubt, "runs": runs, "requests": cost},
        problems=(*outcomes.problems_of(doubt), *_outside(window)),
        facts={"gates": states, "by_object": by_object},
        next_step=following,
    )  # fmt: skip
    result.save(ws.results(STEP))
    return result


def _by_object(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Records by object and outcome; beside them, as an object of its own, what was sent for them: links, files, stand-ins."""
    found: dict[str, dict[str, int]] = {}
    for object_, target, state, count in table[["object", "target", "state", "count"]].itertuples(
        index=False, name=None
    ):
        of_itself = object_ in outcomes.RECORD_OF and target in outcomes.records_of(object_)
        of_it = found.setdefault(object_ if of_itself else BESIDE, {})
        told = outcomes.STANDS[state] if state == State.PLANNED else state
        of_it[told] = of_it.get(told, 0) + int(count)
    return found


def _lines(by_object: dict[str, dict[str, int]]) -> dict[str, int]:
    return {f"{object_}_{state}": count for object_, states in by_object.items() for state, count in states.items()}


def window_state(ledger: LedgerPort) -> dict[str, str]:
    """Where in the delta window one stands; empty before it opened."""
    window = ledger.recall(WINDOW)
    if not window:
        return {}
    end = datetime.fromisoformat(window["end"])
    left = (end - SYSTEM_CLOCK.now().astimezone(UTC)).total_seconds() / 3600
    where = f"{left:.1f} h left" if left > 0 else f"closed {-left:.1f} h ago: a delta now is outside the window"
    return {"delta_window_start": window["start"], "delta_window_end": window["end"], "delta_window": where}


def _not_open(ws: Workspace) -> dict[str, str]:
    """What there is to say of the window between the load and the first delta."""
    if StepResult.load(ws.results(LOAD.result())) is None:
        return {}
    hours = ws.config.policy.delta_window_hours
    return {"delta_window": f"not open yet: it opens with the first delta and lasts {hours} h"}


def _outside(window: dict[str, str]) -> list[Problem]:
    if "closed" not in window.get("delta_window", ""):
        return []
    return [
        Problem("delta_window", window["delta_window"], treatment="a delta is still possible; people may have moved on")
    ]


def next_step(ws: Workspace) -> str:
    """What comes next in `ws`, as a command without its workspace (`load`, `approve mapping`); "" once everything is proven."""
    with Ledger.open(ws) as ledger:
        by_state = outcomes.counts_of(outcomes.outcomes(ledger))
        applied = proposal.in_place(ledger)
        begun = Begun.of(ws, ledger)
    return _next_step(ws, gates.states(ws), applied, by_state, begun)


def way_on(ws: Workspace, following: str) -> tuple[str, str]:
    """What to know or do before `following` (the result of `next_step`), as the beginning of a sentence, and the command that is
    next in truth: where a gate cannot be approved as it stands, or the audit did not find everything, what mends that."""
    if not following and taken_back(ws):
        return "", ""  # whatever an audit before the rollback found missing
    if following in ("", AUDIT.id) and (export := clashing(ws)):
        undecided = f"decide what was changed on both sides in sheets/{CONFLICTS}.csv, then: "
        return undecided if _undecided(
            ws, CONFLICTS
        ) else f"what was decided in sheets/{CONFLICTS}.csv is brought over by: ", bring_over(export)
    name, _, gate = following.partition(" ")
    if name == DELTA.id:
        return _decided_since(ws), following
    why, command = before_approval(ws, gate) if name == "approve" else ("", "") if following else after_audit(ws)
    return why, command or following


def clashing(ws: Workspace) -> str:
    """The later export of which the last delta or preview found conflicts that nobody had decided; "" for none."""
    bodies = [body for step in (PREVIEW, DELTA) if (body := read_result(ws.results(step.result())))]
    last = max(bodies, key=lambda body: str(body["at"]), default=None)
    back = rollback_of(ws)
    if last is None or not last["counts"].get("conflicts") or (back is not None and back.at > last["at"]):
        return ""
    return str(last["facts"].get("export") or "")


def _decided_since(ws: Workspace) -> str:
    """What a delta brings over that is no later export's, as the beginning of a sentence; "" for nothing."""
    with Ledger.open(ws) as ledger:
        names = sent_under.since(ws, ledger)
    return (
        f"records were sent before this was decided otherwise ({', '.join(names)}), and it is brought over by: "
        if names
        else ""
    )


def open_sheets(ws: Workspace) -> tuple[str, ...]:
    """The sheets in which something waits for a person's decision, of the steps whose gate is not approved yet."""
    approved = {row["gate"] for row in gates.states(ws) if row["state"] == "approved"}
    found: list[str] = []
    for step in STEPS.values():
        if not step.sheets or step.optional or (step.gate or step.approved_by) in approved:
            continue
        result = StepResult.load(ws.results(step.result()))
        if result is not None and result.status is Status.WAITING:
            found += [name for name in step.sheets if _undecided(ws, name)]
    return tuple(found)


def _undecided(ws: Workspace, name: str) -> bool:
    path = ws.sheets / f"{name}.csv"
    if not path.exists():
        return False
    sheet = read_sheet(path, ())
    if "decision" not in sheet.columns:
        return False
    asked = sheet["proposal"] != "" if "proposal" in sheet.columns else pd.Series(True, index=sheet.index)
    return bool((asked & (sheet["decision"] == "")).any())


@dataclass(frozen=True)
class Begun:
    """What is to be carried on, each as a command without its workspace, "" for none: a rollback and a delta that were cut short,
    and what was decided otherwise since the records were sent."""

    rollback: str
    delta: str
    decided: str

    @classmethod
    def of(cls, ws: Workspace, ledger: LedgerPort) -> Begun:
        """As the ledger has it."""
        decided = sent_under.again(ledger) if sent_under.since(ws, ledger) else ""
        return cls(unfinished_rollback(ledger), unfinished_delta(ws, ledger), decided)


def _next_step(ws: Workspace, states: list[dict], applied: bool, by_state: dict[str, int], begun: Begun) -> str:
    """The first thing on the way that is still to be done, as the register lays the way out; after a rollback what that left to do."""
    if begun.rollback:
        return begun.rollback
    undone = rollback_of(ws)
    begun_anew = undone is not None and undone.whole and applied  # known to the ledger, were it within the same second
    back = undone if undone is not None and undone.last and not begun_anew else None
    if back is not None and (back.next_step or back.whole):
        return back.next_step
    gate = {row["gate"]: row["state"] for row in states}
    written = max((StepResult.left_at(ws.results(name)) for name in results_of(_loads)), default="")
    written = max(written, back.at if back is not None else "")
    for step in STEPS.values():
        if step.optional:
            continue
        at = _stands(ws, step, undone)
        if not at and not (step.must_pass and applied):
            return (begun.delta or begun.decided if step.proves else "") or step.id
        if step.must_pass and not applied and _failed(ws, step):
            return step.id
        if gates.outdated(ws, step):
            return step.id
        if step.gate and gate[step.gate] != "approved":
            at_hand = step.gate_of_sheets or gate[step.gate] != "not reached"
            return step.approval if at_hand else step.id
        if step.apply and not applied:
            return step.application
        if step.resumes and by_state.get("in_doubt", 0) + by_state.get("intended", 0):
            return begun.delta or step.id
        if step.proves and (begun.delta or begun.decided or at < written):
            return begun.delta or begun.decided or step.id
    return ""


def _stands(ws: Workspace, step: Step, undone: Back | None) -> str:
    """When a step left its result; "" for none, or one of records that a whole rollback took back since, where no later step of
    the way has loaded again what it was for."""
    at = StepResult.left_at(ws.results(step.result()))
    if undone is None or not undone.whole or not _loads(step) or at >= undone.at:
        return at
    return at if any(StepResult.left_at(ws.results(one.result())) >= undone.at for one in _loading_after(step)) else ""


def _loading_after(step: Step) -> list[Step]:
    """The steps of the way that load, and come after `step`."""
    way = list(STEPS.values())
    return [one for one in way[way.index(step) + 1 :] if _loads(one) and not one.optional]


def _loads(step: Step) -> bool:
    """Whether `step` writes what an audit after it has to prove."""
    return step.writes and not step.undoes


@dataclass(frozen=True)
class Back:
    """A rollback: when, whether all was asked for and something was taken back, and the command that carries it on."""

    at: str
    whole: bool
    next_step: str
    last: bool
    """Whether nothing was done since."""


def rollback_of(ws: Workspace) -> Back | None:
    """The latest rollback that took something back, or was to; None when there is none, or it was only rehearsed."""
    body = read_result(ws.results(ROLLBACK.result()))
    counts = body["counts"] if body else {}
    if body is None or counts.get("dry_run") or not (counts.get("undone") or body["next_step"]):
        return None
    since = max(StepResult.left_at(ws.results(name)) for name in results())
    facts = body["facts"]
    whole = bool(counts.get("undone")) and not facts.get("of_run") and not facts.get("objects")
    return Back(body["at"], whole, str(body["next_step"]), body["at"] >= since)


def last_rollback(ws: Workspace) -> Back | None:
    """The rollback after which nothing was done any more."""
    found = rollback_of(ws)
    return found if found is not None and found.last else None


def taken_back(ws: Workspace) -> bool:
    """Whether the whole migration was taken back, and nothing was done since."""
    found = last_rollback(ws)
    return found is not None and found.whole and not found.next_step


def _failed(ws: Workspace, step: Step) -> bool:
    result = StepResult.load(ws.results(step.result()))
    return result is not None and result.status is Status.FAILED
