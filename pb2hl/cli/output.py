"""What the command line prints: results, errors, questions."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer

from pb2hl.errors import ChecksFailed, GateClosed, Pb2hlError
from pb2hl.results import Status, StepResult
from pb2hl.values.visible import escaped, visible

MAX_PROBLEMS_SHOWN = 20


@contextmanager
def quiet_stdout(as_json: bool) -> Iterator[None]:
    """With --json, send whatever a library prints to stderr, so that stdout holds the JSON alone."""
    if not as_json:
        yield
        return
    real, sys.stdout = sys.stdout, sys.stderr
    try:
        yield
    finally:
        sys.stdout = real


def data(body: Mapping[str, Any]) -> None:
    """Print `body` as JSON."""
    typer.echo(escaped(json.dumps(body, ensure_ascii=False, indent=1, default=str)))


def result(outcome: StepResult, as_json: bool, report: str = "") -> None:
    """Print a step's result; raises ChecksFailed or GateClosed when the step ended that way."""
    if as_json:
        data({**outcome.as_json(), "report": report})
    else:
        _result_text(outcome, report)
    if outcome.status in (Status.FAILED, Status.INCOMPLETE):
        raise typer.Exit(ChecksFailed.exit_code)
    if outcome.status == Status.WAITING and outcome.facts.get("waits_for") in ("admin", "person"):
        raise typer.Exit(GateClosed.exit_code)


def say(text: str, *, err: bool = False) -> None:
    """Print `text`, which may quote the data, so that nothing in it acts on the terminal."""
    typer.echo(visible(text), err=err)


def _result_text(outcome: StepResult, report: str) -> None:
    say(f"{outcome.step}: {outcome.status}. {outcome.headline}")
    for name, value in outcome.counts.items():
        say(f"  {name.replace('_', ' ')}: {value}")
    problems = sorted(
        outcome.problems, key=lambda problem: ("critical", "warning", "info").index(str(problem.severity))
    )
    for problem in problems[:MAX_PROBLEMS_SHOWN]:
        say(f"  [{problem.severity}] {problem}")
    if len(problems) > MAX_PROBLEMS_SHOWN:
        say(f"  … and {len(problems) - MAX_PROBLEMS_SHOWN} more in the report")
    if report:
        say(f"  report: {report}")
    if outcome.next_step:
        say(f"  next: {outcome.next_step}")


def error(problem: Pb2hlError, *, as_json: bool) -> None:
    """Say what went wrong on stderr, and with --json as JSON on stdout as well."""
    say(f"Error: {problem}", err=True)
    if as_json:
        body = {
            "status": "error",
            "error": type(problem).__name__,
            "message": problem.message,
            "hint": problem.hint,
            "problems": [item.as_dict() for item in problem.problems],
            "exit_code": problem.exit_code,
        }
        data(body)


def confirm(question: str, yes: bool) -> None:
    """Ask before something is written to HighLevel; without a terminal `--yes` is required."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Pb2hlError(f"{question} This writes to HighLevel and nobody is there to ask.", hint="add --yes")
    if not typer.confirm(question, err=True):
        raise GateClosed("Nothing was sent: not confirmed.", hint="run it again and say y, or add --yes")
