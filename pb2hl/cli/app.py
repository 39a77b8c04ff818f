"""The Typer application that the command modules register with, and the options that several commands share."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="pb2hl",
    help="Move data and schema from Perfect Books into HighLevel: reviewed, proved and undoable.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def heavy(name: str) -> Any:
    """The module `pb2hl.<name>`, imported when a command needs it: `pb2hl --help` stays quick, and a bar is up before."""
    return import_module(f"pb2hl.{name}")


Ws = Annotated[Path, typer.Argument(metavar="WS", help="The workspace: the migration's folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout, and nothing else there.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before writing to HighLevel.")]
Mask = Annotated[bool, typer.Option("--mask", help="Hide personal values in the reports, for sharing: reports/masked.")]
