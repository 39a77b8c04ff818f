"""The index: the answer, what became of everything, what is left to do, who approved; then each step with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pb2hl import register
from pb2hl.errors import Severity
from pb2hl.register import AUDIT, INVENTORY, REPAIR, ROLLBACK, SAMPLE, Chapter, chapters, result_of
from pb2hl.report.client import brand, by_object, latest_balance, records_by_object, to_do
from pb2hl.report.drawing.cells import words
from pb2hl.report.drawing.figures import figures
from pb2hl.report.drawing.masking import Mask
from pb2hl.report.drawing.page import Page, Section, Step
from pb2hl.report.drawing.tables import Evidence
from pb2hl.report.pages import extract, summary
from pb2hl.report.status import GateStates, MigrationState, written
from pb2hl.report.workflows import WORKFLOWS
from pb2hl.results import Status, StepResult
from pb2hl.steps.balance.balance import ASKED, Balance, lacking
from pb2hl.steps.balance.pieces import OPEN_FATES
from pb2hl.values.counting import agree, counted
from pb2hl.workspace import Workspace

MOST_LACKING = 6
"""Lines of what is not there that the headline tells."""


def index_page(ws: Workspace, mask: Mask, folder: Path, migration: MigrationState) -> Page:
    """The page over the reports in `folder`."""
    results = results_now(ws)
    done = [(item, result) for item in chapters() if (result := results[result_of(item)]) is not None]
    last = max(
        (result for _, result in done), key=lambda result: (result.at, list(results).index(result.step)), default=None
    )
    state, tone = _outcome(done, migration)
    evidence = Evidence(folder / "index", mask)
    parts = (
        by_object(results, evidence, migration),
        to_do(results, mask, migration),
        _approvals(migration.gates, mask),
        steps_of(results, mask, folder, migration),
        _more(folder),
    )
    return Page(
        title="A migration from Perfect Books to HighLevel",
        kicker=f"location {ws.config.location} · source {ws.config.source}",
        headline=mask.text(_headline(done, migration)),
        status=state,
        tone=tone,
        summary=tuple(mask.text(line) for line in dict.fromkeys(_abstract(results, migration))),
        figures=_figures(results, migration, back=_taken_back(done, migration)),
        sections=tuple(part for part in parts if part),
        next_step=mask.text(migration.next_of(last) if last else migration.following),
        at=last.at if last else "",
        masked=mask.on,
        brand=brand(ws),
    )


def results_now(ws: Workspace) -> dict[str, StepResult | None]:
    """The saved result of every step, a repair's too, None where it left none."""
    return {name: StepResult.load(ws.results(name)) for name in (*register.results(), REPAIR.result())}


def _outcome(done: list[tuple[Chapter, StepResult]], migration: MigrationState) -> tuple[str, str]:
    states = [migration.status(item, result) for item, result in done if not migration.taken_back(result)]
    steps = {result_of(item) for item, _ in done}
    if _taken_back(done, migration):
        return "rolled back", "mute"
    for tone, word in (("bad", "needs attention"), ("warn", "waiting")):
        if any(found == tone for _, found in states) or (tone == "bad" and migration.failures):
            return word, tone
    if AUDIT.result() in steps and not migration.unproven():
        return "complete", "good"
    return ("under way", "mute") if done else ("not begun", "mute")


def _taken_back(done: list[tuple[Chapter, StepResult]], migration: MigrationState) -> bool:
    """Whether the last thing that was written is a rollback, which came to its end."""
    if any(result.step == ROLLBACK.id and result.status is Status.FAILED for _, result in done):
        return False
    others = [at for step, at in migration.left_at.items() if step in written()]
    return bool(migration.undone_at) and migration.undone_at >= max(others, default="")


def _headline(done: list[tuple[Chapter, StepResult]], migration: MigrationState) -> str:
    if not done and not migration.failures:
        return "Nothing has been run yet."
    found = {result_of(item): result for item, result in done}
    if _taken_back(done, migration):
        return f"The migration was taken back. {found[ROLLBACK.result()].headline}"
    titles = {result_of(item): item.title for item in reversed(chapters())}
    left = [(item, result) for item, result in done if not migration.taken_back(result)]
    failed = [item.title for item, result in left if migration.status(item, result)[1] == "bad"]
    failed += [title for step in migration.failures if (title := titles.get(step, step)) not in failed]
    if failed:
        order = [item.title for item in chapters()]
        failed.sort(key=lambda title: order.index(title) if title in order else len(order))
        return f"{_answer(found, migration)}Needs attention: {', '.join(failed)}. The reports below say what to do."
    waiting = [item.title for item, result in left if migration.status(item, result)[1] == "warn"]
    if waiting:
        return f"{_answer(found, migration)}Waiting for a person at: {', '.join(waiting)}."
    if AUDIT.result() in found and not migration.unproven():
        return f"The migration is complete and proven. {found[AUDIT.result()].headline}"
    if AUDIT.result() in found:
        return "Records were written since the last audit: run the audit again to prove them."
    return f"{len(found)} of {len(register.results())} steps have been run, none of them with a failure."


def _answer(found: Mapping[str, StepResult], migration: MigrationState) -> str:
    """What became of the export, as the last step that asked balanced it: the first thing that anybody wants to know."""
    result = latest_balance(found, migration)
    return f"{Balance(result.tables['balance']).headline} " if result is not None else ""


def _not_there(found: Mapping[str, StepResult | None], migration: MigrationState) -> str:
    """What is missing and why, as the last step that asked tells it."""
    result = _asked(found, migration)
    told = lacking(result) if result is not None else []
    more = [f"{counted(len(told) - MOST_LACKING, 'more line')} in the report"] if len(told) > MOST_LACKING else []
    return f"Not there: {'; '.join([*told[:MOST_LACKING], *more])}." if told else ""


def _asked(results: Mapping[str, StepResult | None], migration: MigrationState) -> StepResult | None:
    """The last step that asked what became of everything, else of the sample; None where none of it is left."""
    if (latest := latest_balance(results, migration)) is not None:
        return latest
    sample = results.get(SAMPLE.result())
    return None if sample is None or migration.taken_back(sample) else sample


def _abstract(results: dict[str, StepResult | None], migration: MigrationState) -> list[str]:
    """What a reader in a hurry should know: what came, what became of it, what was proven."""
    lines = []
    for item in chapters():
        result = results.get(result_of(item)) if item.sums_up else None
        if result is not None and not migration.taken_back(result):
            own = () if result.step in (*written(), AUDIT.result()) else (result.headline,)
            lines += [*own, *summary(result)]
    if absent := _not_there(results, migration):
        lines.append(absent)
    asked = latest_balance(results, migration)
    if asked is not None and (
        left := sum(int(asked.counts.get(f"{ASKED}{fate.replace(' ', '_')}", 0)) for fate in OPEN_FATES)
    ):
        lines.append(
            f"{counted(left, 'piece')} of what the export asks for {agree(left, 'is', 'are')} not there: each is listed with its reason."
        )
    return lines


FIGURES = {"expected": "Records asked for", "arrived": "Arrived", "merged": "Merged", "left_out": "Left out", "refused": "Refused", "open": "To do"}  # fmt: skip
"""Column of `records_by_object` → what its sum is called at the head of the index; the same words as in the table below it."""


def _figures(
    results: dict[str, StepResult | None], migration: MigrationState, *, back: bool
) -> tuple[tuple[str, str], ...]:
    if back and (rollback := results.get(ROLLBACK.result())) is not None:
        return figures({name: n for name, n in rollback.counts.items() if n})[:6]
    if (latest := latest_balance(results, migration)) is not None and len(table := records_by_object(latest)):
        total = table.drop(columns="object").sum()
        return tuple((FIGURES[str(name)], f"{int(n):,}") for name, n in total.items())
    for result in (_asked(results, migration), results.get(INVENTORY.result())):
        if result is not None and not migration.taken_back(result):
            counts = {name: n for name, n in result.counts.items() if isinstance(n, int | float)}
            asked = {
                name: n for name, n in counts.items() if name.startswith(ASKED) and (n or name == ASKED + "arrived")
            }
            return figures(asked or counts)[:6]
    return ()


GATE_TONES = {"approved": "good", "waiting for approval": "warn", "lapsed": "bad", "not reached": "mute"}


def _approvals(states: GateStates, mask: Mask) -> Section:
    """The state of each gate with who, when and which hash."""
    steps = []
    for row in states.values():
        forced = ", in spite of open points" if row.get("forced") else ""
        text = f"by {row['who']}{forced}" if row.get("who") else ""
        tone = GATE_TONES.get(row["state"], "mute")
        steps.append(Step(words(row["gate"]), mask.text(text), row["state"], tone, at=row.get("at") or ""))
    return Section(
        "Approvals",
        "What needs a person's approval. An approval names the hash of what was approved and lapses when that changes.",
        steps=tuple(steps),
    )


def steps_of(results: dict[str, StepResult | None], mask: Mask, folder: Path, migration: MigrationState) -> Section:
    """Every report in its order, with its state, what it found and the way to it."""
    steps = []
    for item in chapters():
        result, failure = results[result_of(item)], migration.failures.get(result_of(item))
        href = f"{item.file}.html" if (folder / f"{item.file}.html").exists() else ""
        if failure is not None:
            steps.append(
                Step(item.title, mask.text(failure.sentence()), "failed", "bad", href if result else "", failure.at)
            )
        elif result is None:
            steps.append(Step(item.title, item.question, "not yet", "mute"))
        else:
            steps.append(_step(item, result, mask, href, migration))
    return Section("The evidence", "Each step in its order; its report has the evidence.", steps=tuple(steps))


def _step(item: Chapter, result: StepResult, mask: Mask, href: str, migration: MigrationState) -> Step:
    state, tone = migration.status(item, result)
    critical = (
        sum(problem.severity is Severity.CRITICAL for problem in result.problems) if tone in {"bad", "warn"} else 0
    )
    sentence = extract(result, item.file).headline + (f" {critical} critical." if critical else "")
    if migration.taken_back(result):
        state, tone, sentence = "taken back", "mute", f"{sentence} Taken back since."
    if result.counts.get("dry_run"):
        state, tone = "rehearsed", "mute"
    return Step(item.title, mask.text(sentence), state, tone, href, result.at)


def _more(folder: Path) -> Section | None:
    known = {f"{item.file}.html" for item in chapters()} | {"index.html", "evidence.html"}
    titles = {f"{WORKFLOWS}.html": "Workflow rebuild reference"}
    files = sorted(path.name for path in folder.glob("*.html") if path.name not in known)
    files += sorted(path.relative_to(folder).as_posix() for path in (folder / "notebooks").glob("*.html"))
    steps = tuple(
        Step(titles.get(name, words(name.removesuffix(".html").replace("/", " "))), href=name) for name in files
    )
    return Section("More", steps=steps) if steps else None
