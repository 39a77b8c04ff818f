"""The entry point: turns errors of the tree into messages and exit codes, never into tracebacks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import typer

from pb2hl.cli import commands, fleet, steps
from pb2hl.cli.app import heavy
from pb2hl.errors import Cancelled, Pb2hlError
from pb2hl.lean import seldom_collect

__all__ = ["application", "main"]


def application() -> typer.Typer:
    """The command line: the commands around the steps, and one command a step of the register."""
    app = typer.Typer(
        name="pb2hl",
        help="Move data and schema from Perfect Books into HighLevel: reviewed, proved and undoable.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(commands.root)
    first, *others = commands.COMMANDS.items()
    _add(app, *first)
    steps.register(app)  # in the order of a migration, and so in its help
    for name, function in others:
        _add(app, name, function)
    app.add_typer(fleet.application(), name="fleet")
    return app


def _add(app: typer.Typer, name: str, function: Callable[..., None]) -> None:
    """Add one command; the list of commands tells its first sentence whole."""
    app.command(name=name, short_help=(function.__doc__ or "").partition(". ")[0].rstrip(".") + ".")(function)


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    arguments = sys.argv[1:] if argv is None else argv
    seldom_collect()
    os.umask(0o077)  # what a command writes holds client data: it is for its owner only
    try:
        application()(args=arguments, prog_name="pb2hl")
    except Pb2hlError as error:
        heavy("cli.output").error(error, as_json="--json" in arguments)
        sys.exit(error.exit_code)
    except OSError as failure:
        problem = heavy("whole").unwritable(failure)
        if problem is None:
            raise
        heavy("cli.output").error(problem, as_json="--json" in arguments)
        sys.exit(problem.exit_code)
    except KeyboardInterrupt:
        stopped = Cancelled("Stopped; what was done is recorded.", hint="run the same command again")
        heavy("cli.output").error(stopped, as_json="--json" in arguments)
        sys.exit(stopped.exit_code)
