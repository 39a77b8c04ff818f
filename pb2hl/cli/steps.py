"""One command a step, built from the register. Each opens the workspace, calls the step's function, writes its report, prints its result."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from pb2hl.cli.app import Json, Mask, Ws, Yes, batch_name, heavy
from pb2hl.errors import ConfigError, GateClosed, Pb2hlError
from pb2hl.register import STEPS, Option, Step


def register(app: typer.Typer) -> None:
    """Add the command of every step in the register to `app`."""
    for step in STEPS.values():
        if step.room and step.help:
            app.command(name=step.id, help=step.help, short_help=step.help)(command(step))


def command(step: Step) -> Callable[..., None]:
    """The command of `step` as a function whose signature Typer reads."""
    others = [other for other in STEPS.values() if other.command_of == step.id]

    def run(**given: Any) -> None:
        chosen = next((other for other in others if any(given[option.name] for option in other.options)), step)
        options = {option.name: given[option.name] for option in chosen.options}
        _refuse_unknown_choices(chosen, options)
        if chosen.batch:
            options["approve_all"] = batch_name(given["approve_all"], given["by"])
        if _writes(chosen, options):
            heavy("workspace").Workspace(given["ws"])  # a folder that is none is told before anything is asked
            heavy("cli.output").confirm(chosen.asks.format(**options), given["yes"])
        run_step(chosen, given["ws"], as_json=given["json"], mask=given.get("mask", False), options=options)

    parameters = [_parameter("ws", Ws), _parameter("json", Json, False)]
    if step.masks:
        parameters.append(_parameter("mask", Mask, False))
    for one in (step, *others):
        parameters += [_option(option) for option in one.options]
    if step.batch:
        parameters += [_parameter("approve_all", ApproveAll, False), _parameter("by", By, "")]
    if step.asks:
        parameters.append(_parameter("yes", Yes, False))
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


ApproveAll = Annotated[
    bool, typer.Option("--approve-all", help="Take every default for what the later export has more; needs --by.")
]
By = Annotated[str, typer.Option(help="NAME for --approve-all.")]


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _option(option: Option) -> inspect.Parameter:
    kinds = {list: list[str] | None, bool: bool}
    kind = kinds.get(option.kind, option.kind if option.default is not None else option.kind | None)
    flags = [f"--{option.name.replace('_', '-')}"]
    flag_option = typer.Option(*flags, help=option.help, min=option.least, max=option.most)
    default = None if option.kind is list else option.default
    return _parameter(option.name, Annotated[kind, flag_option], default)


def _refuse_unknown_choices(step: Step, options: dict[str, Any]) -> None:
    for option in step.options:
        if option.choices and options[option.name] not in option.choices:
            flag = f"--{option.name.replace('_', '-')}"
            raise ConfigError(
                f"{flag} {options[option.name]} is unknown",
                hint=", or ".join(f"{flag} {choice}" for choice in option.choices),
            )


def _writes(step: Step, options: dict[str, Any]) -> bool:
    """Whether the step, run with `options`, writes to HighLevel and has to ask before."""
    if not step.asks:
        return False
    return not ((step.asks_with and not options[step.asks_with]) or (step.asks_without and options[step.asks_without]))


def run_step(step: Step, ws: Path, *, as_json: bool, mask: bool, options: dict[str, Any]) -> None:
    """Run one step with progress and a clean Ctrl-C, write its report and the index, print its result."""
    output, progress = heavy("cli.output"), heavy("progress")
    with output.quiet_stdout(as_json), progress.Bar() as bar:
        workspace = heavy("workspace").Workspace(ws)
        try:
            with progress.Cancel().on_interrupt() as cancel:
                outcome = step.function()(workspace, progress=bar, cancel=cancel, **_arguments(step, options))
        except Pb2hlError as error:
            heavy("report").write_failure(workspace, step.result(**options), error, mask=mask)
            if isinstance(error, GateClosed):
                heavy("report").write_again(workspace, step.revises, mask=mask)
            raise
        path = heavy("report").present(workspace, outcome, mask=mask)
        outcome = replace(outcome, next_step=heavy("report").next_of(workspace, outcome))
    output.result(outcome, as_json, str(path))


def _arguments(step: Step, options: dict[str, Any]) -> dict[str, Any]:
    """What the step's function is called with: its own names for the options, lists as tuples, "" as not given."""
    known = {option.name: option for option in step.options}
    found = {}
    for name, value in options.items():
        option = known.get(name)
        if option is None:
            found[name] = value
        elif option.kind is list:
            found[option.parameter or name] = tuple(value or ())
        else:
            found[option.parameter or name] = option.default if value == "" else value
    return found
