"""The index: the whole story in the order it happened, with the state of each gate."""

from __future__ import annotations

from pathlib import Path

from pb2hl.errors import Severity
from pb2hl.report.cells import figure, words
from pb2hl.report.masking import Mask
from pb2hl.report.page import Page, Section, Step
from pb2hl.report.story import CHAPTERS, STATUS_TONES, WORKFLOWS, Chapter
from pb2hl.results import Status, StepResult
from pb2hl.steps import gates
from pb2hl.workspace import Workspace


def index_page(ws: Workspace, mask: Mask, folder: Path) -> Page:
    """The page over the reports in `folder`."""
    results = {item.step: StepResult.load(ws.results(item.step)) for item in CHAPTERS}
    done = [(item, results[item.step]) for item in CHAPTERS if results[item.step] is not None]
    last = max((result for _, result in done), key=lambda result: result.at, default=None)
    return Page(
        title="A migration from Perfect Books to HighLevel",
        kicker=f"location {ws.config.location} · source {ws.config.source}",
        headline=mask.text(_headline(done)),
        status=str(last.status) if last else "not begun",
        tone=STATUS_TONES[last.status] if last else "mute",
        summary=tuple(mask.text(f"{item.title}: {result.headline}") for item, result in done),
        figures=_figures(results),
        sections=tuple(part for part in (_gates(ws), _story(results, mask, folder), _more(folder)) if part),
        next_step=mask.text(last.next_step) if last else "pb2hl inventory",
        at=last.at if last else "",
        masked=mask.on,
    )


def _headline(done: list[tuple[Chapter, StepResult]]) -> str:
    if not done:
        return "Nothing has been run yet."
    failed = [item.title for item, result in done if result.status is Status.FAILED]
    waiting = [item.title for item, result in done if result.status is Status.WAITING]
    if failed:
        return f"{', '.join(failed)}: checks failed. The rows are named in the report."
    if waiting:
        return f"Waiting for a person at: {', '.join(waiting)}."
    return f"{len(done)} of {len(CHAPTERS)} steps have been run, none of them with a failure."


def _figures(results: dict[str, StepResult | None]) -> tuple[tuple[str, str], ...]:
    for step in ("audit", "load", "sample", "inventory"):
        result = results.get(step)
        if result is not None:
            plain = [(name, value) for name, value in result.counts.items() if isinstance(value, int | float)]
            return tuple((words(name), figure(value)) for name, value in plain[:8])
    return ()


_GATE_TONES = {"approved": "good", "waiting for approval": "warn", "lapsed": "bad", "not reached": "mute"}


def _gates(ws: Workspace) -> Section:
    """The state of each gate; a workspace that has no ledger yet has reached none."""
    rows = (
        gates.states(ws)
        if ws.ledger_path.exists()
        else [{"gate": name, "state": "not reached"} for name in gates.GATES]
    )
    steps = []
    for row in rows:
        who = f"by {row['who']}, " + ("in spite of open points, " if row["forced"] else "") if row.get("who") else ""
        text = f"{who}{row['hash']}" if row.get("hash") else ""
        steps.append(
            Step(words(row["gate"]), text, row["state"], _GATE_TONES.get(row["state"], "mute"), at=row.get("at") or "")
        )
    return Section(
        "Gates",
        "What needs a person's approval; an approval names a hash and lapses when that changes.",
        steps=tuple(steps),
    )


def _story(results: dict[str, StepResult | None], mask: Mask, folder: Path) -> Section:
    steps = []
    for item in CHAPTERS:
        result = results[item.step]
        if result is None:
            steps.append(Step(item.title, item.question, "not yet", "mute"))
            continue
        critical = sum(problem.severity is Severity.CRITICAL for problem in result.problems)
        text = mask.text(result.headline) + (f" {critical} critical." if critical else "")
        href = f"{item.file}.html" if (folder / f"{item.file}.html").exists() else ""
        steps.append(Step(item.title, text, str(result.status), STATUS_TONES[result.status], href, result.at))
    return Section("The story", "Each step in its order; its report has the evidence.", steps=tuple(steps))


def _more(folder: Path) -> Section | None:
    known = {f"{item.file}.html" for item in CHAPTERS} | {"index.html"}
    titles = {f"{WORKFLOWS}.html": "Workflow rebuild reference"}
    files = sorted(path.name for path in folder.glob("*.html") if path.name not in known)
    steps = tuple(Step(titles.get(name, words(name.removesuffix(".html"))), href=name) for name in files)
    return Section("More", steps=steps) if steps else None
