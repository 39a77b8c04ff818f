"""The index: the whole story in the order it happened, with the state of each gate."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pb2hl.errors import Severity
from pb2hl.report.cells import figure, words
from pb2hl.report.extracts import extract
from pb2hl.report.masking import Mask
from pb2hl.report.page import Page, Section, Step
from pb2hl.report.pages.told import HIDDEN, LABELS, plain
from pb2hl.report.story import CHAPTERS, STATUS_TONES, WORKFLOWS, Chapter
from pb2hl.results import Status, StepResult
from pb2hl.steps import gates
from pb2hl.workspace import Workspace

APPROVED = "approved"
Standing = dict[str, dict[str, Any]]
"""The state of each gate by its name."""


def index_page(ws: Workspace, mask: Mask, folder: Path, standing: Standing) -> Page:
    """The page over the reports in `folder`."""
    results = {item.step: StepResult.load(ws.results(item.step)) for item in CHAPTERS}
    done = [(item, results[item.step]) for item in CHAPTERS if results[item.step] is not None]
    last = max((result for _, result in done), key=lambda result: result.at, default=None)
    state, tone = _outcome(done, standing)
    return Page(
        title="A migration from Perfect Books to HighLevel",
        kicker=f"location {ws.config.location} · source {ws.config.source}",
        headline=mask.text(_headline(done, standing)),
        status=state,
        tone=tone,
        summary=tuple(mask.text(line) for line in _abstract(results)),
        figures=_figures(results),
        sections=tuple(
            part for part in (_story(results, mask, folder, standing), _gates(standing), _more(folder)) if part
        ),
        next_step=mask.text(_next(last, standing)) if last else "pb2hl inventory",
        at=last.at if last else "",
        masked=mask.on,
    )


def _next(last: StepResult, standing: Standing) -> str:
    """What comes after the last step; nothing once only reports are left to draw, or what it asks for was approved."""
    approved = standing.get(last.step, {}).get("state") == APPROVED
    return "" if last.next_step == "report" or (approved and "approve" in last.next_step) else next_line(last.next_step)


def next_line(step: str) -> str:
    """The next step as a command: `load` → `pb2hl load`; a sentence stays as it is."""
    return f"pb2hl {step}" if step and step.split()[0] in _COMMANDS else step


_COMMANDS = (
    "inventory",
    "match",
    "mapping",
    "check",
    "schema",
    "sample",
    "load",
    "delta",
    "audit",
    "rollback",
    "report",
    "approve",
)


@dataclass(frozen=True)
class Stand:
    """Where the migration stands: the state of each gate, and when each step left its result; read once for all pages."""

    gates: Standing
    left_at: dict[str, str]

    def went_on(self, result: StepResult) -> bool:
        """Whether a later step has run since, so that the next step of `result` is behind us."""
        steps = list(dict.fromkeys(item.step for item in CHAPTERS))
        after = steps[steps.index(result.step) + 1 :] if result.step in steps else []
        return any(self.left_at.get(step, "") > result.at for step in after)


def stand_of(ws: Workspace) -> Stand:
    """Where `ws` stands now."""
    steps = dict.fromkeys(item.step for item in CHAPTERS)
    files = {step: ws.results(step) / "result.json" for step in steps}
    left_at = {
        step: json.loads(path.read_text(encoding="utf-8"))["at"] for step, path in files.items() if path.exists()
    }
    return Stand(standing_of(ws), left_at)


def standing_of(ws: Workspace) -> Standing:
    """The state of each gate by name; a workspace that has no ledger yet has reached none."""
    rows = gates.states(ws) if ws.ledger_path.exists() else []
    found = {row["gate"]: row for row in rows}
    return {name: found.get(name, {"gate": name, "state": "not reached"}) for name in gates.GATES}


def approval_line(standing: Standing, gate: str) -> str:
    """Who approved `gate` and when; "" for a page without a gate or a gate nobody approved."""
    row = standing.get(gate, {})
    if not row.get("who"):
        return ""
    lapsed = "" if row["state"] == "approved" else " It has changed since: the approval has lapsed."
    return f"Approved by {row['who']} at {row['at']} ({row['hash'][:12]}).{lapsed}"


def status_of(item: Chapter, result: StepResult, standing: Standing) -> tuple[str, str]:
    """What the story says of a step: one that waited for an approval is approved once its gate stands so."""
    gate = {"match": "mapping"}.get(item.step, item.gate)
    if result.status is Status.WAITING and standing.get(gate, {}).get("state") == "approved":
        return APPROVED, "good"
    return str(result.status), STATUS_TONES[result.status]


def _outcome(done: list[tuple[Chapter, StepResult]], standing: Standing) -> tuple[str, str]:
    states = [status_of(item, result, standing) for item, result in done]
    steps = {item.step for item, _ in done}
    for tone, word in (("bad", "needs attention"), ("warn", "waiting")):
        if any(found == tone for _, found in states):
            return word, tone
    if "rollback" in steps:
        return "rolled back", "mute"
    return ("complete", "good") if "audit" in steps else ("under way", "mute") if done else ("not begun", "mute")


def _headline(done: list[tuple[Chapter, StepResult]], standing: Standing) -> str:
    if not done:
        return "Nothing has been run yet."
    found = {item.step: result for item, result in done}
    failed = [item.title for item, result in done if result.status is Status.FAILED]
    waiting = [item.title for item, result in done if status_of(item, result, standing)[1] == "warn"]
    if failed:
        return f"Needs attention: {', '.join(failed)}. The records are named in the report."
    if waiting:
        return f"Waiting for a person at: {', '.join(waiting)}."
    if "rollback" in found:
        return f"The migration was taken back. {found['rollback'].headline}"
    if "audit" in found:
        return f"The migration is complete and proven. {found['audit'].headline}"
    every = len({item.step for item in CHAPTERS})
    return f"{len(found)} of {every} steps have been run, none of them with a failure."


def _abstract(results: dict[str, StepResult | None]) -> list[str]:
    """What a reader in a hurry should know: what came, what became of it, what was proven."""
    lines = []
    for step in ("inventory", "load", "audit", "check-after"):
        result = results.get(step)
        if result is not None:
            own = () if step in {"load", "audit"} else (result.headline,)
            lines += [*own, *plain(result)]
    return lines


def _figures(results: dict[str, StepResult | None]) -> tuple[tuple[str, str], ...]:
    for step in ("audit", "load", "sample", "inventory"):
        result = results.get(step)
        if result is not None:
            shown = [
                (k, v) for k, v in result.counts.items() if isinstance(v, int | float) and not k.startswith(HIDDEN)
            ]
            return tuple((LABELS.get(name, words(name)), figure(value)) for name, value in shown[:8])
    return ()


_GATE_TONES = {"approved": "good", "waiting for approval": "warn", "lapsed": "bad", "not reached": "mute"}


def _gates(standing: Standing) -> Section:
    """The state of each gate with who, when and which hash."""
    steps = []
    for row in standing.values():
        forced = ", in spite of open points" if row.get("forced") else ""
        text = f"by {row['who']}{forced}; what was approved has the hash {row['hash']}" if row.get("who") else ""
        steps.append(
            Step(words(row["gate"]), text, row["state"], _GATE_TONES.get(row["state"], "mute"), at=row.get("at") or "")
        )
    return Section(
        "Gates",
        "What needs a person's approval. An approval names the hash of what was approved and lapses when that changes.",
        steps=tuple(steps),
    )


def _story(results: dict[str, StepResult | None], mask: Mask, folder: Path, standing: Standing) -> Section:
    steps = []
    for item in CHAPTERS:
        result = results[item.step]
        if result is None:
            steps.append(Step(item.title, item.question, "not yet", "mute"))
            continue
        critical = sum(problem.severity is Severity.CRITICAL for problem in result.problems)
        open_ = critical if status_of(item, result, standing)[1] in {"bad", "warn"} else 0
        text = mask.text(extract(result, item.file).headline) + (f" {open_} critical." if open_ else "")
        href = f"{item.file}.html" if (folder / f"{item.file}.html").exists() else ""
        steps.append(Step(item.title, text, *status_of(item, result, standing), href, result.at))
    return Section("The story", "Each step in its order; its report has the evidence.", steps=tuple(steps))


def _more(folder: Path) -> Section | None:
    known = {f"{item.file}.html" for item in CHAPTERS} | {"index.html"}
    titles = {f"{WORKFLOWS}.html": "Workflow rebuild reference"}
    files = sorted(path.name for path in folder.glob("*.html") if path.name not in known)
    files += sorted(path.relative_to(folder).as_posix() for path in (folder / "notebooks").glob("*.html"))
    steps = tuple(
        Step(titles.get(name, words(name.removesuffix(".html").replace("/", " "))), href=name) for name in files
    )
    return Section("More", steps=steps) if steps else None
