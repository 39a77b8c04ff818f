"""The entry point: turns errors of the tree into messages and exit codes, never into tracebacks."""

from __future__ import annotations

import sys

from pb2hl.cli import commands, output, steps
from pb2hl.cli.app import app
from pb2hl.errors import Cancelled, Pb2hlError

__all__ = ["main"]

_REGISTERED = (commands, steps)
"""Importing these modules registers their commands."""


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    arguments = sys.argv[1:] if argv is None else argv
    try:
        app(args=arguments, prog_name="pb2hl")
    except Pb2hlError as error:
        output.error(error, as_json="--json" in arguments)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        stopped = Cancelled("Stopped; what was done is recorded.", hint="run the same command again to go on")
        output.error(stopped, as_json="--json" in arguments)
        sys.exit(stopped.exit_code)
