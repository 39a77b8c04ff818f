"""What the command modules share: options that several commands take, and modules imported only when a command needs them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from pb2hl.errors import ConfigError


def heavy(name: str) -> Any:
    """The module `pb2hl.<name>`, imported when a command needs it: `pb2hl --help` stays quick, and a bar is up before."""
    return import_module(f"pb2hl.{name}")


Ws = Annotated[Path, typer.Argument(metavar="WS", help="The workspace: the migration's folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout, and nothing else there.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before writing to HighLevel.")]
Mask = Annotated[bool, typer.Option("--mask", help="Hide personal values in the reports, for sharing: reports/masked.")]


def batch_name(approve_all: bool, by: str) -> str:
    """The name under which a batch run decides; "" when it is none. Raises ConfigError when only one of the two was given."""
    if approve_all and not by:
        raise ConfigError("--approve-all needs a name to put on record", hint='--approve-all --by "Jane Roe"')
    if by and not approve_all:
        raise ConfigError("--by belongs to --approve-all", hint="add --approve-all, or leave --by out")
    return by
