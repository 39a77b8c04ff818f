"""Steps as a notebook calls them: parameters understood or refused, one bar, a clean stop, the report written, the result drawn."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from pb2hl import report
from pb2hl.analyst.decisions import gate_panel
from pb2hl.analyst.earlier import begun_anew
from pb2hl.analyst.outcome import Result, stops
from pb2hl.analyst.parameters import arguments, yes_or_no
from pb2hl.errors import Cancelled, ChecksFailed, ConfigError, GateClosed, Pb2hlError
from pb2hl.notebook import PARENT_VARIABLE
from pb2hl.progress import Bar, Cancel
from pb2hl.register import STEPS, Step, gates
from pb2hl.report.drawing.charts import for_notebook, timeline
from pb2hl.results import Status, StepResult
from pb2hl.workspace import Workspace


def step_function(name: str) -> Callable[..., Result]:
    """The step `name` as a function of a workspace and its options."""
    step = STEPS[name]

    def run(ws: Workspace, **options: Any) -> Result:
        return run_step(step, ws, **options)

    run.__name__ = run.__qualname__ = name
    option_lines = "".join(f"\n    {option.name}: {option.help}" for option in step.options)
    run.__doc__ = f"{step.help or 'The audit log: verify it, export it.'}\n{option_lines}"
    return run


def run_step(step: Step, ws: Workspace, **options: Any) -> Result:
    """Run `step` with a bar and a clean stop, and write its report.

    The result draws itself as the last line of a cell. Where the step did not end well it is drawn at once, and ChecksFailed or
    GateClosed ends the notebook. Raises ConfigError, before anything runs, for a parameter that is not understood.
    """
    ws = type(ws)(ws.path)  # edits of migration.toml count at the next step
    given = arguments(step, options)
    begun_anew(step.id)
    try:
        with Bar() as bar, Cancel().on_interrupt() as cancel:
            outcome = step.function()(ws, progress=bar, cancel=cancel, **given)
    except Pb2hlError as error:
        report.write_failure(ws, step.result(**options), error)
        if isinstance(error, Cancelled):
            raise Cancelled(error.message, hint="run this cell again, and it goes on with what is left") from None
        if isinstance(error, GateClosed):
            _offer(ws, error)
        raise
    return shown(ws, outcome)


def _offer(ws: Workspace, closed: GateClosed) -> None:
    """Where somebody sits before the notebook: the panel of the gate that is in the way, so that nobody has to leave for a command line."""
    if not closed.gate or PARENT_VARIABLE in os.environ:
        return
    from IPython.display import display

    step = gates()[closed.gate]
    display(gate_panel(ws, step.id))  # type: ignore[no-untyped-call]
    closed.hint = f"review it in {step.notebook}, approve it here or there, then run this cell again"


def shown(ws: Workspace, outcome: StepResult) -> Result:
    """`outcome` with its report written; one that ends the notebook is drawn first."""
    result = Result(ws, outcome, report.present(ws, outcome))
    if stops(outcome):
        result._ipython_display_()
        kind = GateClosed if outcome.status is Status.WAITING else ChecksFailed
        raise kind(outcome.headline, hint=f"open {result.report}", problems=outcome.problems[:20])
    return result


def show(ws: Workspace, result: Result | StepResult | str) -> Result:
    """A step's result once more: the one given, or the one that the step of that name left last."""
    if isinstance(result, str):
        saved = StepResult.load(ws.results(STEPS[result].result() if result in STEPS else result))
        if saved is None:
            raise ConfigError(f"{result} has left no result", hint=f"run it: {result}(ws)")
        return shown(ws, saved)
    return result if isinstance(result, Result) else shown(ws, result)


def follow_decisions(ws: Workspace) -> Result:
    """The match's result as the sheets stand after decisions."""
    from pb2hl.steps.prepare.match import follow_decisions as follow

    return shown(ws, follow(ws))


def follow_edits(ws: Workspace) -> Result:
    """The mapping's result as the sheets stand after edits; the tables are staged again as decided."""
    from pb2hl.steps.prepare.mapping import follow_edits as follow

    with Bar() as bar, Cancel().on_interrupt() as cancel:
        outcome = follow(ws, progress=bar, cancel=cancel)
    return shown(ws, outcome)


def show_reports(ws: Workspace, *, mask: Any = False) -> None:
    """Write every report and the index again, and pack them to be sent.

    Shows the story in a few sentences, when each step ran, the pages, and where the folder and the zip are.
    """
    hidden = yes_or_no(mask, "mask")
    with Bar() as bar:
        paths = report.write_all(ws, mask=hidden, progress=bar)
    packed = report.pack(ws, mask=hidden)
    from IPython.display import HTML, display

    display(HTML(report.story_html(ws, mask=hidden)))
    if moments := report.moments(ws):
        data, how = for_notebook(timeline(moments), "When each step was run")
        display(data, metadata=how, raw=True)
    display(HTML(report.links_html([*paths[-1:], *paths[:-1], packed])))
    personal = "personal values are hidden" if hidden else "personal values are shown: mask = True hides them"
    display(
        HTML(
            str(
                Markup("<p>To send: <b>{}</b> ({}). It holds the folder {}.</p>").format(
                    packed, personal, paths[-1].parent
                )
            )
        )
    )


def status(ws: Workspace) -> Result:
    """Where the migration stands: gates, counts by object and outcome, what is in doubt, what comes next."""
    from pb2hl.steps.overview.status import status as read_status

    outcome = read_status(ws)
    return Result(ws, outcome, report.write_index(ws))
