"""Writing reports: which results make which page, where its files go, and the index over all of them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pandas as pd

from pb2hl.clock import SYSTEM_CLOCK, stamp
from pb2hl.errors import Pb2hlError, Problem, Severity, WorkspaceLocked
from pb2hl.progress import SILENT, Progress
from pb2hl.register import AUDIT, SAMPLE, STEPS, Chapter, chapters, chapters_of, result_of, results
from pb2hl.report import pages
from pb2hl.report.client import brand
from pb2hl.report.client_page import ENGLISH, EVIDENCE, client_page
from pb2hl.report.drawing.context import Context
from pb2hl.report.drawing.figures import MOST, figures
from pb2hl.report.drawing.masking import Mask, mask_of
from pb2hl.report.drawing.page import Page, render, render_client
from pb2hl.report.drawing.paper import for_paper
from pb2hl.report.drawing.tables import Evidence
from pb2hl.report.index import index_page
from pb2hl.report.notebook import notebook_html
from pb2hl.report.status import MigrationState, approval_line, state_of, status_of
from pb2hl.report.workflows import WORKFLOWS, workflow_pages
from pb2hl.results import Failure, StepResult
from pb2hl.values.counting import counted
from pb2hl.whole import keep_only, replacing, write_text
from pb2hl.workspace import Workspace

MOST_PROBLEMS = 200
"""Problems a page lists; the CSV beside it has all."""
MASKED = "masked"
"""Folder of reports with personal values hidden, apart from the others so that it can be shared as it is."""
PAPER = {SAMPLE.id: 12}
"""Sheets of paper that a report may take, where it is not eight."""
_ORDER = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


def write(ws: Workspace, step: str, *, mask: bool = False) -> Path:
    """Draw the reports of `step` from its saved result; the path of the main one. Pb2hlError when the step left none."""
    result = StepResult.load(ws.results(step))
    if result is None:
        raise Pb2hlError(f"{step} has left no result in this workspace", hint=f"pb2hl {step.split('-')[0]} {ws.path}")
    return _write(ws, result, mask_of(ws, mask), _state_to_share(ws))[0]


def present(ws: Workspace, result: StepResult, *, mask: bool = False) -> Path:
    """Draw the report of `result` and the index; the path of the report. The audit draws its checks as well."""
    hidden, migration = mask_of(ws, mask), _state_to_share(ws)
    path = _write(ws, result, hidden, migration)[0]
    checks = StepResult.load(ws.results("check-after")) if result.step == AUDIT.id else None
    if checks is not None:
        _write(ws, checks, hidden, migration)
    _write_index(ws, hidden, migration)
    return path


def next_of(ws: Workspace, result: StepResult) -> str:
    """The true next thing after `result`, as its report says it."""
    return state_of(ws).next_of(result)


def write_all(ws: Workspace, *, mask: bool = False, progress: Progress = SILENT) -> list[Path]:
    """Draw the report of every step that left a result, the workflow reference, and the index last."""
    hidden, migration = mask_of(ws, mask), _state_to_share(ws)
    found = [StepResult.load(ws.results(step)) for step in results()]
    left = [result for result in found if result]
    progress.start("reports", len(left) + 1, "pages")
    paths: list[Path] = []
    for result in left:
        paths += _write(ws, result, hidden, migration)
        progress.advance()
    if mask:
        paths += _notebooks(ws, hidden)
    paths.append(_write_index(ws, hidden, migration))
    progress.advance()
    progress.finish()
    return paths


def write_failure(ws: Workspace, step: str, error: Pb2hlError, *, mask: bool = False) -> None:
    """Keep what `step` failed with, unless it left a result that says so, and tell it on the index.

    What cannot be kept, as on a full disk or beside a damaged file, never hides `error` itself.
    """
    if step in results() and not isinstance(error, WorkspaceLocked):
        with suppress(Pb2hlError, OSError):
            failure = Failure(error.message.removeprefix(f"{step}: "), error.hint, stamp(SYSTEM_CLOCK.now()))
            failure.save(ws.results(step))
            write_index(ws, mask=mask)


def write_again(ws: Workspace, steps: Iterable[str], *, mask: bool = False) -> None:
    """Draw the reports of `steps` once more, where they left a result, and the index."""
    hidden, migration = mask_of(ws, mask), _state_to_share(ws)
    for step in steps:
        result = StepResult.load(ws.results(STEPS[step].result()))
        if result is not None:
            _write(ws, result, hidden, migration)
    _write_index(ws, hidden, migration)


def pack(ws: Workspace, *, mask: bool = False) -> Path:
    """The reports as one zip beside their folder, to be sent as it is; masked ones never together with the others."""
    folder, target = _folder(ws, Mask(mask)), ws.path / ("reports-masked.zip" if mask else "reports.zip")
    with replacing(target) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and path.suffix != ".tmp" and (mask or inside.parts[0] != MASKED):
                packed.write(path, f"reports/{inside.as_posix()}")
    return target


def moments(ws: Workspace) -> dict[str, str]:
    """When each step was run last, by the title of its report."""
    found = {item.title: StepResult.load(ws.results(result_of(item))) for item in chapters()}
    return {title: result.at for title, result in found.items() if result is not None}


def write_index(ws: Workspace, *, mask: bool = False) -> Path:
    """Draw `reports/index.html`: the steps so far, the state of each gate, a link to every report there is, and beside
    it the workflow rebuild reference."""
    return _write_index(ws, mask_of(ws, mask), _state_to_share(ws))


def _state_to_share(ws: Workspace) -> MigrationState:
    """Where `ws` stands, the workspace as `WS` and an export as `EXPORT` in what is to be typed: who gets a report knows no path of ours,
    and folders bear clients' names."""
    state = state_of(ws)
    command, delta, _ = state.following.replace(str(ws.path), "WS").partition(" --export ")
    return replace(state, following=f"{command}{delta}EXPORT" if delta else command)


def _write_index(ws: Workspace, mask: Mask, migration: MigrationState) -> Path:
    folder = _folder(ws, mask)
    pages_of_workflows = workflow_pages(ws, mask)
    for file, page in pages_of_workflows.items():
        _save(folder / file, page)
    keep_only(folder / WORKFLOWS, {Path(file).name for file in pages_of_workflows})
    page, language = index_page(ws, mask, folder, migration), ws.config.agency.language
    if language == ENGLISH:
        (folder / EVIDENCE).unlink(missing_ok=True)
        return _save(folder / "index.html", page)
    _save(folder / EVIDENCE, replace(page, index="index.html"))
    write_text(folder / "index.html", render_client(*client_page(ws, page, mask, folder, migration)))
    return folder / "index.html"


def _notebooks(ws: Workspace, mask: Mask) -> list[Path]:
    """The notebook of each step that ran last, as HTML with personal values hidden."""
    latest = {path.name: path for path in sorted(ws.runs.glob("*/*.ipynb"))}
    folder = _folder(ws, mask) / "notebooks"
    return [notebook_html(path, mask=mask, folder=folder) for _, path in sorted(latest.items())]


def _write(ws: Workspace, result: StepResult, mask: Mask, migration: MigrationState) -> list[Path]:
    return [
        _draw(ws, pages.extract(result, chapter.file), chapter, mask, migration) for chapter in chapters_of(result.step)
    ]


def _first(item: Problem) -> tuple[int, int]:
    """The worst first, then the most; what stops the way stays in the step's own order, which names causes before what waits for them."""
    return _ORDER[item.severity], 0 if item.severity is Severity.CRITICAL else -item.count


def _draw(ws: Workspace, result: StepResult, chapter: Chapter, mask: Mask, migration: MigrationState) -> Path:
    main = chapter == chapters_of(result.step)[0]
    status, tone = status_of(chapter, result, migration.gates)
    folder = _folder(ws, mask)
    evidence = Evidence(folder / chapter.file, mask)
    context = Context(ws, result, chapter, evidence, pages.captions(result.step))
    problems = sorted((mask.problem(item) for item in result.problems), key=_first)
    link = ""
    if len(problems) > MOST_PROBLEMS:
        link = evidence.write("problems", pd.DataFrame([item.as_dict() for item in problems]))
    page = Page(
        title=chapter.title,
        question=chapter.question,
        kicker=f"Perfect Books to HighLevel · location {ws.config.location}",
        headline=mask.text(result.headline),
        status=status,
        tone=tone,
        summary=(
            *(mask.text(line) for line in (*migration.since(result), *(pages.summary(result) if main else ()))),
            _summary(problems),
        ),
        figures=figures(result.counts)[:MOST],
        more_figures=figures(result.counts)[MOST:],
        brand=brand(ws),
        problems=tuple(problems[:MOST_PROBLEMS]),
        problems_total=len(problems),
        problems_csv=link,
        sections=pages.sections(context),
        next_step=mask.text(migration.next_of(result)),
        approval=mask.text(approval_line(migration.gates, chapter.gate)),
        at=result.at,
        masked=mask.on,
        index="index.html",
    )
    path = _save(folder / f"{chapter.file}.html", for_paper(page, PAPER.get(chapter.file, 8)))
    evidence.drop_older()
    return path


def _summary(problems: list[Problem]) -> str:
    counts = {severity: sum(item.severity == severity for item in problems) for severity in Severity}
    if not problems:
        return "Nothing needs a look."
    parts = [
        counted(counts[severity], noun)
        for severity, noun in ((Severity.WARNING, "warning"), (Severity.INFO, "remark"))
        if counts[severity]
    ]
    listed = (
        f"{' and '.join(parts)} {'is' if sum(counts.values()) == 1 else 'are'} listed below with what is done about it."
    )
    if counts[Severity.CRITICAL]:
        return f"{counted(counts[Severity.CRITICAL], 'problem')} must be mended before going on." + (
            f" {' and '.join(parts)} beside them." if parts else ""
        )
    return f"Nothing stands in the way. {listed}"


def _folder(ws: Workspace, mask: Mask) -> Path:
    return ws.reports / MASKED if mask.on else ws.reports


def _save(path: Path, page: Page) -> Path:
    write_text(path, render(page))
    return path
