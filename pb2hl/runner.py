"""The notebooks, run one after the other by papermill, into `WS/runs/`.

What papermill leaves to chance is decided here: unknown parameters are refused before anything runs, a notebook's error
comes back as the package's own error with its exit code, a kernel dies with the command that started it, and a run that
was cut off goes on with the first notebook that did not finish.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pb2hl import errors, report
from pb2hl.clock import SYSTEM_CLOCK
from pb2hl.errors import ConfigError, KernelDied, Pb2hlError, without_hint
from pb2hl.progress import SILENT, Progress, relayed
from pb2hl.register import Step, notebooks
from pb2hl.report.verdict import again
from pb2hl.resources import resource
from pb2hl.results import Status, StepResult
from pb2hl.steps.balance.balance import lacking
from pb2hl.whole import private_folder, read_json, write_json
from pb2hl.workspace import CONFIG_NAME, Workspace

if TYPE_CHECKING:
    from pb2hl.kernel import Kernel


def in_a_run() -> tuple[Step, ...]:
    """The steps whose notebooks `run` runs, in order: what undoes is asked for by name."""
    return tuple(step for step in notebooks() if not step.undoes)


def steps_between(first: str = "", last: str = "") -> tuple[Step, ...]:
    """The steps of a run from `first` to `last`, both included; "" for the ends."""
    steps = in_a_run()
    names = [step.id for step in steps]
    for given in (first, last):
        if given and given not in names:
            raise ConfigError(f"there is no step {given!r} in a run", hint=f"one of: {', '.join(names)}")
    start = names.index(first) if first else 0
    end = names.index(last) if last else len(names) - 1
    if start > end:
        raise ConfigError(f"--from {first} comes after --to {last}", hint=f"the order is: {', '.join(names)}")
    return steps[start : end + 1]


def writes(steps: Sequence[Step]) -> bool:
    """Whether any of their notebooks writes to HighLevel."""
    return any(step.writes for step in steps)


def run(
    ws: Workspace,
    steps: Sequence[Step],
    *,
    who: str = "",
    restart: bool = False,
    mask: bool = False,
    progress: Progress = SILENT,
) -> dict[str, Any]:
    """Run the notebooks of `steps` in order; with `who`, every decision is taken and recorded as given by that person.

    With `mask` the reports of all steps and notebooks so far are drawn once more with personal values hidden, also when a
    notebook fails; the index that is returned is theirs.
    Returns {"steps": those run, "skipped": those an earlier, cut-off run had finished, "notebooks": paths, "index": path}.
    Raises the error of the notebook that failed.
    """
    state = _RunState.open(ws, restart=restart)
    todo = [step for step in steps if step.id not in state.done]
    paths: list[Path] = []
    progress.start("notebooks", len(todo), "notebooks")
    running = ""
    try:
        with relayed(lambda note: progress.note(f"{running}: {note}")), closing(_kernel()) as kernel:
            for step in todo:
                progress.note(running := step.id)
                given = {"approved_by": who, "take_defaults": True} if who and step.decides else {}
                paths.append(execute(ws, step, state.folder, given, kernel=kernel))
                state.finish(step.id)
                progress.advance()
    finally:
        progress.finish()
        masked = report.write_all(ws, mask=True) if mask else []
    state.close()
    return {
        **_ended(ws, todo),
        "steps": [step.id for step in todo],
        "skipped": [step.id for step in steps if step not in todo],
        "notebooks": [str(path) for path in paths],
        "index": str(masked[-1] if masked else report.write_index(ws)),
    }


def _ended(ws: Workspace, steps: Sequence[Step]) -> dict[str, str]:
    """{"status": incomplete where a step's result is, "headline": the last such step's}."""
    results = (StepResult.load(ws.results(step.result())) for step in steps)
    lacking = [found.headline for found in results if found and found.status is Status.INCOMPLETE]
    return {"status": str(Status.INCOMPLETE) if lacking else "done", "headline": lacking[-1] if lacking else ""}


def _kernel() -> Kernel:
    from pb2hl.kernel import Kernel  # Jupyter's libraries are imported when a notebook runs

    return Kernel()


def execute(
    ws: Workspace, step: Step, folder: Path, parameters: Mapping[str, Any], *, kernel: Kernel | None = None
) -> Path:
    """Run the step's notebook with papermill and keep what it printed, also when it fails; returns the executed notebook.

    It runs in `kernel` when one is given, otherwise in one of its own.
    """
    if kernel is None:
        with closing(_kernel()) as own:
            return execute(ws, step, folder, parameters, kernel=own)
    source = resource("notebooks") / step.notebook
    given = {"workspace": str(ws.path), **parameters}
    _refuse_unknown(source, given)
    private_folder(folder)
    target = folder / step.notebook
    before = StepResult.left_at(ws.results(step.result()))
    try:
        _papermill(step, target, given, kernel)
    except Pb2hlError as error:
        if error.exit_code == errors.GateClosed.exit_code and _left_open(ws, step, before):
            error.exit_code = errors.ChecksFailed.exit_code
        report.write_failure(ws, step.result(), error)
        raise
    finally:
        if target.exists():
            report.notebook_html(target)
    return target


def _left_open(ws: Workspace, step: Step, before: str) -> bool:
    """Whether the step itself ended (since the moment `before`) with something that is not there: then a gate that nobody can
    open is no decision that waits, and a run ends as the step's own command does."""
    folder = ws.results(step.result())
    found = StepResult.load(folder) if StepResult.left_at(folder) != before else None
    return found is not None and (found.status is Status.FAILED or bool(lacking(found)))


def _papermill(step: Step, target: Path, given: Mapping[str, Any], kernel: Kernel) -> None:
    """Run the step's notebook into `target`; whatever goes wrong in it is raised as the package's own error."""
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from pb2hl.kernel import ENGINE, NAME

    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    try:
        papermill.execute_notebook(
            str(resource("notebooks") / step.notebook),
            str(target),
            dict(given),
            engine_name=ENGINE,
            kernel_name=NAME,
            kernel=kernel,
            progress_bar=False,
            cwd=str(target.parent),
            log_output=False,
        )
    except PapermillExecutionError as failure:
        raise _as_ours(failure, step, target) from None
    except KernelDied as death:
        raise KernelDied(
            f"{step.id}: {death.message}", hint=f"{death.hint}, it goes on here (details: {target})"
        ) from None


def _refuse_unknown(source: Path, given: Mapping[str, Any]) -> None:
    import papermill

    known = set(papermill.inspect_notebook(str(source)))
    unknown = sorted(set(given) - known)
    if unknown:
        raise ConfigError(
            f"{source.name} has no parameter {', '.join(unknown)}", hint=f"it knows {', '.join(sorted(known))}"
        )


def _as_ours(failure: Any, step: Step, target: Path) -> Pb2hlError:
    """The error that the notebook raised, as the package's own; anything else says where to look."""
    kind = getattr(errors, failure.ename, None)
    message, remedy = without_hint(str(failure.evalue))
    hint = f"{again(remedy)}, it goes on here (details: {target})"
    if isinstance(kind, type) and issubclass(kind, Pb2hlError):
        own = errors.Cancelled if kind is errors.Cancelled else Pb2hlError
        error = own(f"{step.id}: {message}", hint=hint)
        error.exit_code = kind.exit_code
        return error
    if failure.ename == "KeyboardInterrupt":
        return errors.Cancelled(f"{step.id} was stopped; what was done is recorded.", hint=hint)
    return Pb2hlError(f"{step.id} failed: {failure.ename}: {failure.evalue}", hint=hint)


class _RunState:
    """Which notebooks of the current run are finished, in a file that a crash leaves behind."""

    def __init__(self, path: Path, body: dict[str, Any]):
        self._path = path
        self._body = body

    @classmethod
    def open(cls, ws: Workspace, *, restart: bool) -> _RunState:
        path = ws.runs / "current.json"
        fingerprint = (ws.path / CONFIG_NAME).read_text(encoding="utf-8")
        body = (
            read_json(path, "delete it: the run then starts anew, and nothing is sent twice")
            if path.exists() and not restart
            else {}
        )
        if body.get("config") != fingerprint:
            name = SYSTEM_CLOCK.now().strftime("%Y%m%dT%H%M%S.%fZ")
            body = {"config": fingerprint, "folder": name, "done": []}
        return cls(path, body)

    @property
    def done(self) -> tuple[str, ...]:
        return tuple(self._body["done"])

    @property
    def folder(self) -> Path:
        """Where this run's notebooks go; kept by name, so that a copied workspace never writes into the original."""
        return self._path.parent / Path(self._body["folder"]).name

    def finish(self, step: str) -> None:
        self._body["done"].append(step)
        write_json(self._path, self._body)

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
