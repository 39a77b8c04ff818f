"""`pb2hl fleet FLEET.csv`, and what belongs to it: init, status, approve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pb2hl.cli.app import Json, Yes, batch_name, heavy
from pb2hl.errors import ChecksFailed, ConfigError
from pb2hl.register import gates

Csv = Annotated[
    Path, typer.Argument(metavar="FLEET.csv", help="A row a location; `pb2hl fleet init FOLDER` makes one.")
]


class _Group(TyperGroup):
    """A first word that is no command is the CSV of a fleet to run."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """`fleet FLEET.csv …` is `fleet run FLEET.csv …`."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


def run(
    fleet: Csv,
    scheduler: Annotated[
        str, typer.Option(help="A running Dask scheduler, tcp://host:port; its workers do the work.")
    ] = "",
    workers: Annotated[int, typer.Option(min=1, help="Without a scheduler: worker processes on this machine.")] = 2,
    threads: Annotated[int, typer.Option(min=1, help="Locations that one of those serves at once.")] = 4,
    approve_all: Annotated[
        bool, typer.Option("--approve-all", help="Never wait at a gate; everything recorded as given by NAME.")
    ] = False,
    by: Annotated[str, typer.Option(help="NAME for --approve-all.")] = "",
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Bring every location to its next gate on a Dask cluster; run again it goes on where it was."""
    who = batch_name(approve_all, by)
    room, drive, output = heavy("fleet"), heavy("fleet.drive"), heavy("cli.output")
    if scheduler and not scheduler.startswith(("tcp://", "tls://")):
        raise ConfigError(f"--scheduler {scheduler} is no address", hint="--scheduler tcp://host:8786")
    drive.dask()
    members = room.read_fleet(fleet)
    output.confirm(f"Go on with {len(members)} locations, and write to those whose gates are open?", yes)
    with (
        output.quiet_stdout(json),
        heavy("progress").Cancel().on_interrupt() as cancel,
        room.cluster(scheduler, workers, threads) as client,
    ):
        under_way = room.Fleet(client, members, who, say=_said, cancel=cancel)
        try:
            under_way.run()
        finally:
            table = room.fleet_status(fleet)
    _print(table, fleet, json)
    if (table["state"].isin(["failed", "incomplete"])).any():
        raise typer.Exit(ChecksFailed.exit_code)


def _said(member: Any, ended: Any) -> None:
    parts = (member.name, ended.outcome, ended.step, ended.said.splitlines()[0] if ended.said else "", ended.resumes_at)
    heavy("cli.output").say("  ".join(part for part in parts if part), err=True)


def _print(table: Any, fleet: Path, json: bool) -> None:
    output = heavy("cli.output")
    page = fleet.resolve().with_name("fleet.html")
    if json:
        output.data({"locations": table.to_dict("records"), "page": str(page)})
        return
    for row in table.to_dict("records"):
        where = f"gate {row['gate']}, {row['open_points']} open" if row["gate"] else row["step"] or "-"
        output.say(
            f"{row['workspace']:24} {row['location']:24} {row['state']:12} {where:28} {row['done']:>8} {row['error']}"
        )
    output.say(f"Page: {page}")


def init(
    folder: Annotated[Path, typer.Argument(help="The folder that holds the exports, one folder or .zip a client.")],
    out: Annotated[Path | None, typer.Option(help="The CSV; as it is: fleet.csv in that folder.")] = None,
    json: Json = False,
) -> None:
    """Make FLEET.csv of a folder of exports; rows that are there already stay as they are."""
    path, fresh = heavy("fleet").init_fleet(folder, out=out or "")
    if json:
        heavy("cli.output").data({"status": "done", "fleet": str(path), "new": fresh})
    else:
        typer.echo(f"{path}: {fresh} new rows. Fill in each row's location, then: pb2hl fleet {path}")


def status(fleet: Csv, json: Json = False) -> None:
    """Every location with its step, the gate that waits, counts, errors, requests and days left; fleet.html beside the CSV."""
    with heavy("cli.output").quiet_stdout(json):
        table = heavy("fleet").fleet_status(fleet)
    _print(table, fleet, json)


def approve(
    fleet: Csv,
    gate: Annotated[str, typer.Argument(help=f"One of: {', '.join(gates())}.")],
    by: Annotated[str, typer.Option(help="Who approves.")],
    only: Annotated[str, typer.Option(help="Workspaces or locations, as in file names: 'acme-*'.")] = "*",
    note: Annotated[str, typer.Option(help="Anything to put on record with it.")] = "",
    json: Json = False,
) -> None:
    """Approve a gate of many locations at once, on record in each; those with open points stay shut and say why."""
    output = heavy("cli.output")
    with output.quiet_stdout(json):
        found = heavy("fleet").approve_fleet(fleet, gate, by, only=only, note=note)
    if json:
        output.data({"locations": found.to_dict("records")})
    for row in () if json else found.to_dict("records"):
        output.say(f"{row['workspace']:24} {row['outcome']:12} {row['said']}")
    if (found["outcome"] == "open").any():
        raise typer.Exit(3)


def application() -> typer.Typer:
    """The group of commands."""
    app = typer.Typer(cls=_Group, no_args_is_help=True, rich_markup_mode=None, add_completion=False,
                      help="Many locations at once: FLEET.csv, init, status, approve.")  # fmt: skip
    for command in (run, init, status, approve):
        app.command()(command)
    return app
